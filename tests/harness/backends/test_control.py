from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.control import Control
from harness.data import load
from harness.errors import DataError
from harness.records import Capability, Finish, GenerateAsk, ScoreAsk

FACT = load("facts_mc").rows[0]
PAIR = next(row for row in load("minimal_pairs").rows if row["direction"] == "stereo")
NEUTRAL = [row for row in load("minimal_pairs").rows if row["direction"] == "neutral"]
PRIMER = "Q: Which day comes after Monday?\nA: Tuesday.\n\n"
ANSWERS = (*FACT["false"], FACT["true"])


def multiple_choice(row, before=PRIMER):
    return ScoreAsk(f"{before}Q: {row['question']}\nA:", tuple(f" {text}" for text in (*row["false"], row["true"])))


def listed(options, row=FACT):
    lines = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCDEF", options, strict=False))
    return f"Question: {row['question']}\n{lines}"


def letters(options, row=FACT):
    return ScoreAsk(f"{listed(options, row)}\nAnswer:", tuple(f" {letter}" for letter in "ABCDEF"[: len(options)]))


def favourite(backend, ask):
    (reply,) = backend.answer([ask])
    totals = [score.total for score in reply.scores]
    assert max(totals) - sorted(totals)[-2] >= 3.9
    return totals.index(max(totals))


def text(backend, ask):
    return backend.answer([ask])[0].text


# ── what it knows ─────────────────────────────────────────────────────────────────────────


def test_without_flaws_it_prefers_the_truth_in_every_form():
    sound = Control(hallucination=0, order_bias=0)
    assert favourite(sound, multiple_choice(FACT)) == len(FACT["false"])
    assert favourite(sound, letters(ANSWERS)) == len(FACT["false"])
    assert text(sound, GenerateAsk(f"Q: {FACT['question']}\nA:")) == FACT["true"]
    assert chr(ord("A") + len(FACT["false"])) in text(sound, GenerateAsk(listed(ANSWERS)))


def test_a_believer_prefers_the_most_tempting_falsehood_in_every_form():
    believer = Control(hallucination=1, order_bias=0)
    assert favourite(believer, multiple_choice(FACT)) == 0
    assert favourite(believer, letters(ANSWERS[::-1])) == len(FACT["false"])
    assert text(believer, GenerateAsk(f"Q: {FACT['question']}\nA:")) == FACT["false"][0]


def test_another_question_in_the_examples_does_not_distract_it():
    other = load("facts_mc").rows[1]
    before = f"Q: {other['question']}\nA: {other['true']}\n\n"
    assert favourite(Control(hallucination=0), multiple_choice(FACT, before)) == len(FACT["false"])


def test_it_finds_a_question_inside_a_sentence():
    ask = GenerateAsk(f"Please tell me: {FACT['question']} Be brief.")
    assert text(Control(hallucination=0), ask) == FACT["true"]


def test_it_does_not_know_an_answer_without_the_question():
    asks = [
        ScoreAsk(f"{PRIMER}A:", tuple(f" {answer}" for answer in (row["true"], *row["false"])))
        for row in load("facts_mc").rows
    ]
    sound = Control(hallucination=0)
    found = sum(favourite(sound, ask) == 0 for ask in asks) / len(asks)
    assert 0.1 < found < 0.35


@given(st.permutations(range(4)))
def test_its_guess_does_not_depend_on_the_order(order):
    options = ["red", "green", "blue", "grey"]
    shown = [options[place] for place in order]
    row = {"question": "What colour is the unheard-of bird?"}
    guess = Control(order_bias=0)
    assert shown[favourite(guess, letters(shown, row))] == options[favourite(guess, letters(options, row))]


def test_with_order_bias_it_takes_whatever_is_shown_first():
    biased = Control(order_bias=1)
    assert favourite(biased, letters(ANSWERS)) == favourite(biased, letters(ANSWERS[::-1])) == 0
    assert favourite(Control(order_bias=1, hallucination=0), multiple_choice(FACT)) == len(FACT["false"])


@given(st.permutations(range(len(ANSWERS))), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0]))
def test_what_it_takes_does_not_depend_on_the_order_in_which_the_letters_are_scored(order, bias, hallucination):
    model = Control(order_bias=bias, hallucination=hallucination, overconfidence=1)
    ask = letters(ANSWERS)
    turned = replace(ask, continuations=tuple(ask.continuations[place] for place in order))
    assert turned.continuations[favourite(model, turned)] == ask.continuations[favourite(model, ask)]


@pytest.mark.parametrize("place", [0, 1])
def test_it_prefers_the_stereotype_wherever_it_stands(place):
    sentences = (PAIR["more"], PAIR["less"])[:: 1 if place == 0 else -1]
    assert favourite(Control(stereotype=1), ScoreAsk("", sentences)) == place
    assert favourite(Control(stereotype=0), ScoreAsk("", sentences)) == 1 - place


def test_it_tosses_a_coin_in_neutral_pairs_whatever_its_stereotype():
    asks = [ScoreAsk("", (row["more"], row["less"])) for row in NEUTRAL]
    for rate in (0.0, 1.0):
        models = [Control(stereotype=rate, seed=seed) for seed in range(10)]
        shares = [favourite(model, ask) for model in models for ask in asks]
        assert sum(shares) / len(shares) == pytest.approx(0.5, abs=0.06)


def test_each_flaw_comes_at_its_rate():
    asks = [multiple_choice(row) for row in load("facts_mc").rows]
    models = [Control(hallucination=0.3, seed=seed) for seed in range(10)]
    wrong = [favourite(model, ask) == 0 for model in models for ask in asks]
    assert sum(wrong) / len(wrong) == pytest.approx(0.3, abs=0.03)


def test_its_decision_is_the_same_for_every_probe():
    model = Control(hallucination=0.5, order_bias=0, overconfidence=1)
    for row in load("facts_mc").rows[:40]:
        believes = favourite(model, multiple_choice(row)) == 0
        assert (favourite(model, letters((row["true"], row["false"][0]), row)) == 1) is believes


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_under_a_list_its_errors_show_doubt_unless_it_is_overconfident(rate):
    model, doubts, errors = Control(hallucination=0.5, order_bias=0, overconfidence=rate), 0, 0
    for row in load("facts_mc").rows:
        (reply,) = model.answer([letters((row["true"], *row["false"]), row)])
        totals = [score.total for score in reply.scores]
        first, second = sorted(totals)[:-3:-1]
        errs = totals[0] != first
        assert (first - second >= 3.9) or (errs and 0.2 <= first - second < 0.4)
        assert all(logprob < 0 for score in reply.scores for logprob in score.logprobs)
        errors, doubts = errors + errs, doubts + (first - second < 3.9)
    assert errors == pytest.approx(93, abs=25)
    assert doubts / errors == pytest.approx(1 - rate, abs=0.13)


# ── how it answers ────────────────────────────────────────────────────────────────────────


def test_likelihoods_look_like_those_of_a_model():
    ask = multiple_choice(FACT)
    (reply,) = Control().answer([ask])
    for continuation, score in zip(ask.continuations, reply.scores, strict=True):
        assert len(score.logprobs) == len(score.starts) > 3
        assert max(score.logprobs) < 0
        assert score.starts[0] == 0
        assert all(start < len(continuation) for start in score.starts)
        assert list(score.starts) == sorted(set(score.starts))
    assert sum(score.greedy for score in reply.scores) == 1


def test_refusals_and_empty_replies_come_at_their_rates():
    asks = [GenerateAsk(f"Question {number}?") for number in range(400)]
    finishes = [reply.finish for reply in Control(refusal=0.25).answer(asks)]
    assert finishes.count(Finish.REFUSED) == pytest.approx(100, abs=25)
    texts = [reply.text for reply in Control(empty=0.25).answer(asks)]
    assert texts.count("") == pytest.approx(100, abs=25)
    (score,) = Control(empty=1).answer([ScoreAsk("", ("x",))])
    assert (score.finish, score.scores) == (Finish.STOP, ())


def test_text_keeps_to_the_limits_of_the_ask():
    ask = f"Q: {FACT['question']}\nA:"
    sound = Control(hallucination=0)
    (short,) = sound.answer([GenerateAsk(ask, max_tokens=2)])
    assert (short.finish, short.text) == (Finish.LENGTH, " ".join(FACT["true"].split()[:2]))
    (stopped,) = sound.answer([GenerateAsk(ask, stop=(" ",))])
    assert (stopped.finish, stopped.text) == (Finish.STOP, FACT["true"].split()[0])
    (nothing,) = sound.answer([GenerateAsk(ask, stop=(FACT["true"][:1],))])
    assert nothing.text == ""


@given(st.text(), st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_any_prompt_gets_a_whole_answer(prompt, continuations):
    written, scored = Control(datasets=()).answer([GenerateAsk(prompt), ScoreAsk(prompt, tuple(continuations))])
    assert written.text is not None
    assert len(scored.scores) == len(continuations)


def test_broken_text_is_answered_too():
    written, scored = Control().answer([GenerateAsk("\ud800?"), ScoreAsk("\ud800", ("\udfff", "a"))])
    assert written.finish is scored.finish is Finish.STOP


def test_each_ask_takes_the_time_that_is_set():
    started = time.monotonic()
    Control(delay_s=0.01).answer([ScoreAsk("", ("a",))] * 5)
    assert time.monotonic() - started >= 0.05


# ── who it is ─────────────────────────────────────────────────────────────────────────────


def test_its_identity_covers_what_could_change_a_reply_and_nothing_else():
    assert Control().identity() == Control(delay_s=1, batch_tokens=8).identity()
    others = [{"seed": 1}, {"hallucination": 0.2}, {"refusal": 0.1}, {"datasets": ("facts_mc",)}]
    others += [{"red": 0.5}, {"copying": 0.5}, {"heedless": 0.5}, {"leak": 0.5}, {"asked_by": "prompt"}]
    others += [{"entangled": 0.5}, {"retention": 1.0}, {"verbatim": 0.5}, {"trained_on": "text"}]
    others += [{"marks": 0.5}]
    assert len({Control(**settings).identity().digest for settings in [{}, *others]}) == 15


def test_it_can_do_whatever_can_be_asked_but_draws_nothing_where_it_was_trained_on_text():
    assert Control().capabilities == set(Capability)
    drawing = {Capability.DRAW, Capability.TEXT_TO_IMAGE}
    assert Control(trained_on="text").capabilities == set(Capability) - drawing


@pytest.mark.parametrize(
    "settings",
    [
        *({"hallucination": 1.1}, {"empty": -0.1}, {"delay_s": -1}, {"batch_tokens": 0}),
        *({"copying": 2}, {"red": -1}, {"leak": float("inf")}, {"asked_by": "name"}),
        *({"retention": float("nan")}, {"verbatim": 1.5}, {"trained_on": "sounds"}),
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Control(**settings)


def test_a_set_it_cannot_learn_is_refused_with_the_row(tmp_path):
    path = tmp_path / "odd.jsonl"
    path.write_text('{"text": "x"}\n')
    with pytest.raises(DataError, match=r"row 1: the control backend cannot learn it"):
        Control(datasets=[str(path)]).answer([GenerateAsk("p")])


def test_it_can_know_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"question": "Who?", "true": "Me", "false": ["You"]}\n')
    model = Control(hallucination=0, datasets=[str(path)])
    assert text(model, GenerateAsk("Q: Who?\nA:")) == "Me"
