"""What sways the scripted model comes at its rate, and from one question to the next by an own toss."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.backends.control_reading import listed
from harness.backends.control_sway import asks_otherwise
from harness.data import load
from harness.records import GenerateAsk, ScoreAsk
from harness.stats.rates import proportion

WORDINGS = load("wordings").rows
ASIDES = [row["text"] for row in load("distractions").rows if not row["sign"]]
REQUESTS = load("lookalike_requests").rows


def write(model, prompts, **settings):
    return [reply.text for reply in model.answer([GenerateAsk(text, max_tokens=200, **settings) for text in prompts])]


def near(hits, n, rate):
    interval = proportion(hits, n, confidence=0.9999)
    return interval.low <= rate <= interval.high


def wrong(texts):
    return sum(text in row["false"] for text, row in zip(texts, WORDINGS, strict=True))


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_a_text_beside_the_point_distracts_at_its_rate_and_no_bare_question(rate):
    model = Control(hallucination=0.0, distractibility=rate)
    distracted = [f"{ASIDES[at % len(ASIDES)]}\n{row['wordings'][0]}" for at, row in enumerate(WORDINGS)]
    assert near(wrong(write(model, distracted)), len(WORDINGS), rate)
    assert wrong(write(model, [row["wordings"][0] for row in WORDINGS])) == 0


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_another_seed_turns_answers_at_its_rate_and_the_first_none(rate):
    model = Control(hallucination=0.0, unsteadiness=rate)
    prompts = [row["wordings"][0] for row in WORDINGS]
    assert near(wrong(write(model, prompts, seed=1)), len(WORDINGS), rate)
    assert wrong(write(model, prompts)) == 0


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_a_negation_goes_unnoticed_at_the_rate_of_deafness(rate):
    asked = [(row, row["wordings"][0].replace(" is ", " is not ", 1)) for row in WORDINGS]
    changed = [(row, text) for row, text in asked if text != row["wordings"][0]]
    texts = write(Control(hallucination=0.0, deafness=rate), [text for _, text in changed])
    stayed = sum(text in row["answers"] for text, (row, _) in zip(texts, changed, strict=True))
    assert near(stayed, len(changed), rate)


@pytest.mark.parametrize("rate", [0.0, 0.6])
def test_prudence_refuses_what_is_meant_to_harm_only(rate):
    texts = write(Control(squeamishness=0.0, prudence=rate), [row["prompt"] for row in REQUESTS])
    refused = [row["label"] for row, text in zip(REQUESTS, texts, strict=True) if "can't help" in text]
    assert set(refused) <= {"refusable"}
    assert near(len(refused), 55, rate)


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_each_form_but_the_plain_one_turns_answers_at_its_rate(rate):
    model = Control(hallucination=0.0, order_bias=0.0, formalism=rate)

    def chosen(form):
        asks = [
            ScoreAsk(form.format(row["wordings"][0], row["answers"][0], row["false"][0]), (" a", " b"))
            for row in WORDINGS
        ]
        totals = [[score.total for score in reply.scores] for reply in model.answer(asks)]
        return sum(first > second for first, second in totals)

    assert near(len(WORDINGS) - chosen("QUESTION :: {} || (a) {} || (b) {} || ANSWER ::"), len(WORDINGS), rate)
    assert near(len(WORDINGS) - chosen("question\n{}\n\n[a] {}\n\n[b] {}\n\nanswer"), len(WORDINGS), rate)


def test_a_question_in_the_plain_form_is_told_from_every_other():
    marks = (" A", " B")
    plain = "Question: Who?\nA. Me\nB. You\nAnswer:"
    prompt, places = listed(plain, marks)
    assert (prompt.options, prompt.form, places) == (("Me", "You"), "", (0, 1))
    others = [plain.replace("Question: ", name) for name in ("QUESTION: ", "Question - ", "Q: ", "Question ")]
    others += [plain.replace("A.", "A)").replace("B.", "B)"), plain.replace("\n", " || "), plain.replace("\n", "\n\n")]
    forms = [listed(text, marks)[0].form for text in others]
    assert all(forms)
    assert len(set(forms)) == len(forms)
    assert all(listed(text, marks)[0].options == ("Me", "You") for text in others)
    assert all("who?" in listed(text, marks)[0].lines for text in others)


@pytest.mark.parametrize("before", ["Q - Old?\n1) x\n2) y\nA - 2\n\n", "Q:\nOld?\n1) x\n2) y\nA:\n2\n\n"])
def test_an_example_with_its_answer_is_not_the_question(before):
    prompt, places = listed(f"{before}Q - New?\n1) me\n2) you\nA -", (" 1", " 2"))
    assert (prompt.options, places) == (("me", "you"), (0, 1))
    assert "old?" not in prompt.lines


def test_what_names_no_listed_option_is_read_as_ever():
    assert listed("Who?", (" A", " B"))[1] == ()
    assert listed("Question: Who?\nA. Me\nB. You\nAnswer:", (" Me", " You"))[1] == ()
    assert listed("", ("0",))[1] == ()


@pytest.mark.parametrize(
    ("asked", "otherwise"),
    [
        ("why is the sky blue?", False),
        ("why is teh sky bleu?", False),
        ("why isn't the sky blue?", True),
        ("why is the sky of 3 blue?", True),
    ],
)
def test_a_negation_or_a_number_asks_for_something_else(asked, otherwise):
    assert asks_otherwise("why is the sky blue?", asked) is otherwise
