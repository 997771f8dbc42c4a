"""Averaging over orders: what it must do by arithmetic, and to a model that is planted to go by the order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.control import Control
from harness.contracts import Budget
from harness.data import load
from harness.evidence.verify import verify
from harness.execute import Journal, Stop, ask_all
from harness.judge import judge_cases, replies_to
from harness.mitigations.permute_average import PermuteAverage
from harness.records import (
    Capability,
    ContinuationScore,
    DrawAsk,
    Finish,
    GenerateAsk,
    LossAsk,
    Reply,
    ScoreAsk,
    Usage,
)
from harness.registry import Registry
from harness.text.option_lists import find
from probes.hallucination.calibration import Calibration
from probes.replies import read_totals
from probes.robustness.format import PromptFormat
from probes.robustness.option_order import OptionOrder

LETTERS = "ABCDEFGH"
OPTIONS = ("red", "green", "blue", "grey")


def listing(options=OPTIONS):
    lines = "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, options, strict=False))
    return f"Question: Which colour is it?\n{lines}"


def letters(options=OPTIONS):
    return ScoreAsk(f"{listing(options)}\nAnswer:", tuple(f" {letter}" for letter in LETTERS[: len(options)]))


def written(options=OPTIONS, **settings):
    return GenerateAsk(f"{listing(options)}\n\nReply with the letter of the correct option only.", **settings)


def shown(ask):
    return find(ask.context if isinstance(ask, ScoreAsk) else ask.prompt).options


def scored(totals, *, best=None):
    best = max(totals) if best is None else best
    return Reply(Finish.STOP, scores=tuple(ContinuationScore((total,), (0,), greedy=total == best) for total in totals))


def driven(mitigation, ask, respond):
    """Answer ``ask`` through ``mitigation`` over the function ``respond``; return the reply and all inner asks."""
    steps = mitigation.steps(ask)
    asked, wanted = [], next(steps)
    while True:
        asked += wanted
        try:
            wanted = steps.send([respond(one) for one in wanted])
        except StopIteration as end:
            return end.value, asked


def totals_of(ask, respond, **settings):
    reply, _ = driven(PermuteAverage(**settings), ask, respond)
    return read_totals(ask, reply)


# ── arithmetic ────────────────────────────────────────────────────────────────────────────


def by_letter(ask):
    """Give A nine tenths, whatever stands there."""
    names = [text.strip() for text in ask.continuations]
    return scored([log(0.9) if name == "A" else log(0.02) for name in names])


def by_text(ask, liking={"red": 0.1, "green": 0.5, "blue": 0.15, "grey": 0.05}):  # noqa: B006
    here = dict(zip(LETTERS, shown(ask), strict=False))
    return scored([log(liking[here[text.strip()]]) for text in ask.continuations])


def test_a_model_that_always_answers_a_becomes_uniform():
    totals = totals_of(letters(), by_letter)
    assert totals == pytest.approx([log(0.96 / 4)] * 4, abs=2e-9)


def test_a_model_that_reads_the_options_is_left_as_it_is():
    assert totals_of(letters(), by_text) == pytest.approx([log(p) for p in (0.1, 0.5, 0.15, 0.05)], abs=2e-9)


def test_place_and_text_are_told_apart():
    def both(ask):
        text, place = by_text(ask), by_letter(ask)
        return scored([(a.total + b.total) for a, b in zip(text.scores, place.scores, strict=True)])

    alone = [score.total for score in both(letters()).scores]
    assert alone.index(max(alone)) == 0
    averaged = totals_of(letters(), both)
    assert averaged.index(max(averaged)) == 1


def test_equal_options_are_told_apart_by_their_texts_wherever_they_stand():
    chosen = set()
    for by in range(4):
        options = OPTIONS[by:] + OPTIONS[:by]
        totals = totals_of(letters(options), by_letter)
        chosen.add(options[totals.index(max(totals))])
    assert len(chosen) == 1


probabilities = st.lists(st.floats(1e-6, 0.24), min_size=4, max_size=4)


@given(st.lists(probabilities, min_size=4, max_size=4), st.integers(0, 3))
def test_shifting_the_options_shifts_the_result(table, by):
    """For any model whose probabilities depend on text and place, row and column of the table."""

    def respond(ask):
        here = shown(ask)
        return scored([log(table[OPTIONS.index(here[at])][at]) for at in range(4)])

    one = totals_of(letters(), respond)
    other = totals_of(letters(OPTIONS[by:] + OPTIONS[:by]), respond)
    assert other == pytest.approx(one[by:] + one[:by], abs=1e-12)


@given(st.lists(st.lists(st.floats(-800, 0), min_size=4, max_size=4), min_size=4, max_size=4))
def test_what_comes_back_is_a_valid_reply(table):
    def respond(ask):
        return scored(table[OPTIONS.index(shown(ask)[0])])

    reply, _ = driven(PermuteAverage(), letters(), respond)
    totals = read_totals(letters(), reply)
    assert all(total <= 0 for total in totals)
    assert all(len(score.logprobs) == len(score.starts) == 1 for score in reply.scores)
    assert sum(exp(total) for total in totals) <= max(1, *(sum(map(exp, row)) for row in table)) + 1e-9
    assert sum(score.greedy for score in reply.scores) == 1


def test_each_order_has_one_say_however_much_it_gives_to_the_letters():
    def shy(ask):
        """Speak up only where red stands first; the other orders like green best, and say little."""
        if shown(ask)[0] == "red":
            return scored([log(p) for p in (0.5, 0.3, 0.05, 0.05)])
        return scored([log(0.001 * p) for p in (0.3 if text != "green" else 0.5 for text in shown(ask))])

    totals = totals_of(letters(), shy)
    assert totals.index(max(totals)) == 1


# ── asking ────────────────────────────────────────────────────────────────────────────────


def test_every_option_stands_once_in_every_place_under_letters_that_stay():
    _, asked = driven(PermuteAverage(), letters(), by_text)
    assert sorted(zip(*(shown(one) for one in asked), strict=True)) != []
    for place in range(4):
        assert sorted(shown(one)[place] for one in asked) == sorted(OPTIONS)
    assert {one.continuations for one in asked} == {(" A", " B", " C", " D")}
    assert asked[0] == letters()


def test_all_shifts_of_one_question_share_their_asks():
    asked = set()
    for by in range(4):
        asked |= set(driven(PermuteAverage(), letters(OPTIONS[by:] + OPTIONS[:by]), by_text)[1])
    assert len(asked) == 4


@pytest.mark.parametrize(("orders", "calls"), [(None, 4), (1, 1), (2, 2), (3, 3), (9, 4)])
def test_the_dose_is_how_many_orders_and_the_placebo_costs_the_same(orders, calls):
    for ask, respond in ((letters(), by_text), (written(), lambda _: Reply(Finish.STOP, text="B"))):
        mitigation = PermuteAverage(orders=orders)
        placebo = PermuteAverage(**mitigation.placebo)
        for one in (mitigation, placebo):
            _, asked = driven(one, ask, respond)
            assert len(set(asked)) == calls
        assert {shown(one) for one in driven(placebo, ask, respond)[1]} == {OPTIONS}


def test_the_placebo_gives_what_was_asked():
    placebo = PermuteAverage(**PermuteAverage().placebo)
    reply, _ = driven(placebo, letters(), by_letter)
    assert [score.total for score in reply.scores] == pytest.approx(
        [score.total for score in by_letter(letters()).scores]
    )
    reply, _ = driven(placebo, written(), lambda _: Reply(Finish.STOP, text="(A) red"))
    assert reply.text == "(A) red"


@pytest.mark.parametrize(
    "ask",
    [
        LossAsk("one"),
        DrawAsk(1, prompt="A. one\nB. two\nWhich option?"),
        GenerateAsk("Q: Which day comes after Monday?\nA:"),
        GenerateAsk("Do this:\n1. Boil water.\n2. Add salt.\nWrite it as one sentence."),
        written(("red", "green", "both A and B")),
        written(("red", "green", "none of the above")),
        written(("red", "red")),
        GenerateAsk("Which?\na) red\nb) green\nc) both a and b\nPick a letter."),
        GenerateAsk("Which option?\n1. red\n2. green\n3. 1 or 2"),
        GenerateAsk(f"Why is option B wrong?\n{listing()[9:]}\nPick one."),
        ScoreAsk(f"{listing()}\nAnswer:", (" red", " green", " blue", " grey")),
        ScoreAsk(f"{listing()}\nAnswer:", (" A", " B")),
        ScoreAsk("Which colour is it?", (" A", " B")),
        ScoreAsk("", (" A",)),
    ],
)
def test_an_ask_without_options_to_move_is_passed_on(ask):
    said = Reply(Finish.STOP, text="A", usage=Usage(3, 1))
    reply, asked = driven(PermuteAverage(), ask, lambda _: said)
    assert (reply, asked) == (said, [ask])


def test_options_that_name_letters_of_no_option_are_moved():
    _, inner = driven(
        PermuteAverage(), written(("vitamins D and E", "vitamin C")), lambda _: Reply(Finish.STOP, text="A")
    )
    assert len(inner) == 2


def test_one_order_is_what_was_asked():
    said = scored([-1.0, -1.0, -2.0, -2.0])
    reply, inner = driven(PermuteAverage(orders=1), letters(), lambda _: said)
    assert (reply, inner) == (said, [letters()])


def test_what_else_is_asked_stays_as_it_is():
    ask = written(system="Be brief.", temperature=0.7, max_tokens=9, stop=("\n",), seed=4)
    _, asked = driven(PermuteAverage(), ask, lambda _: Reply(Finish.STOP, text="A"))
    assert {replace(one, prompt="") for one in asked} == {replace(ask, prompt="")}


# ── votes ─────────────────────────────────────────────────────────────────────────────────


def naming(*texts):
    """Say the letter of the option ``texts[n]`` in the order that is shifted by n; other texts as they are."""

    def respond(ask):
        here = shown(ask)
        text = texts[OPTIONS.index(here[0])]
        return Reply(Finish.STOP, text=f"({LETTERS[here.index(text)]})" if text in here else text)

    return respond


def test_most_replies_win_in_the_letters_that_were_asked():
    reply, _ = driven(PermuteAverage(), written(), naming("red", "green", "green", "blue"))
    assert reply.text == "(B)"


def test_what_else_the_winning_reply_says_is_kept():
    def respond(ask):
        at = shown(ask).index("grey")
        return Reply(Finish.STOP, text=f"{LETTERS[at]}\nConfidence: 80 %")

    reply, _ = driven(PermuteAverage(), written(OPTIONS[1:] + OPTIONS[:1]), respond)
    assert reply.text == "C\nConfidence: 80 %"


def test_unreadable_replies_have_no_vote():
    reply, _ = driven(PermuteAverage(), written(), naming("red or green", "hm", "blue", "A, or else B"))
    assert reply.text == "(C)"
    reply, _ = driven(PermuteAverage(), written(), naming("who knows", "hm", "", "no"))
    assert reply.text == "who knows"


def test_equal_votes_are_decided_by_the_texts_alone():
    always = {}
    for by in range(4):
        options = OPTIONS[by:] + OPTIONS[:by]
        reply, _ = driven(PermuteAverage(), written(options), lambda _: Reply(Finish.STOP, text="A"))
        always[by] = options[LETTERS.index(reply.text)]
    assert len(set(always.values())) == 1


@pytest.mark.parametrize("finish", [Finish.FAILED, Finish.REFUSED, Finish.TOO_LONG])
@pytest.mark.parametrize("ask", [letters(), written()])
def test_a_reply_that_is_none_is_returned_as_it_is(ask, finish):
    broken = Reply(finish, error="so it is")

    def respond(one):
        return broken if shown(one)[0] == "blue" else by_text(one) if isinstance(one, ScoreAsk) else Reply("stop", "A")

    assert driven(PermuteAverage(), ask, respond)[0] is broken


@pytest.mark.parametrize(
    "scores",
    [(), scored([-1.0]).scores, scored([-1.0, 0.5, -1, -1]).scores, scored([-1.0, float("nan"), -1, -1]).scores],
)
def test_likelihoods_that_cannot_be_read_are_returned_as_they_are(scores):
    odd = Reply(Finish.STOP, scores=scores)
    assert driven(PermuteAverage(), letters(), lambda _: odd)[0] is odd


# ── the planted effect ────────────────────────────────────────────────────────────────────


@dataclass
class Writing:
    """The control backend, of which only text can be had."""

    control: Control
    batch_tokens: int = 4096
    capabilities = frozenset({Capability.GENERATE})
    identity = property(lambda self: self.control.identity)
    length = property(lambda self: self.control.length)
    answer = property(lambda self: self.control.answer)
    close = property(lambda self: self.control.close)


@dataclass
class Measure:
    """Runs a probe on a backend, and names its overall numbers by metric."""

    folder: object
    counted: dict = field(default_factory=dict)

    def __call__(self, probe, backend, items=32):
        way = next(need for need in probe.card.needs if need in backend.capabilities)
        cases = list(probe.cases(load("facts_mc"), Budget(items, 0, way)))
        identity = backend.identity().digest
        with Journal(self.folder / Journal.file_name(identity), identity) as journal:
            asked = ask_all(backend, [case.ask for case in cases], journal, stop=Stop())
        judged = judge_cases(probe, cases, replies_to(cases, asked.replies), {})
        return {
            one.metric.rpartition("/")[2]: getattr(one, "interval", None)
            for one in probe.summarise(judged)
            if not one.slice
        }


@pytest.fixture
def measure(tmp_path):
    return Measure(tmp_path)


BIAS = 0.6


@pytest.mark.parametrize("way", [lambda model: model, Writing], ids=["scoring", "writing"])
def test_a_planted_preference_for_the_first_option_is_repaired_and_the_placebo_repairs_nothing(measure, tmp_path, way):
    model = way(Control(order_bias=BIAS, hallucination=0.2))
    before = measure(OptionOrder(), model)
    after = measure(OptionOrder(), PermuteAverage().apply(model, tmp_path))
    placebo = measure(OptionOrder(), PermuteAverage(**PermuteAverage().placebo).apply(model, tmp_path))
    # Of questions answered by place, three of three shifts turn the answer; the others are answered by text.
    assert before["flip_rate"].low < BIAS < before["flip_rate"].high
    assert after["flip_rate"].value == 0
    assert after["first_position_share"].value == pytest.approx(1 / 4, abs=0.1)
    assert before["first_position_share"].value > 0.55
    # Questions answered by place are right by chance with it and without it.
    assert after["mean_accuracy"].low < before["mean_accuracy"].value < after["mean_accuracy"].high
    assert {name: one and one.value for name, one in placebo.items()} == {
        name: one and one.value for name, one in before.items()
    }


@pytest.mark.parametrize(("orders", "kept"), [(1, 1), (2, 7 / 9), (3, 1 / 2), (4, 0)])
def test_the_dose_repairs_as_much_as_arithmetic_says(orders, kept):
    """A model that goes by place gives one vote each to ``orders`` neighbours, and their texts decide.

    The winner of two windows of k of 4 neighbours, shifted against each other by 1, 2 or 3 places, is another one with
    probability 1, 7/9, 1/2, 0 on average.
    """
    flips = []
    for name in range(400):
        options = tuple(f"{colour} {name}" for colour in OPTIONS)
        chosen = []
        for by in range(4):
            turned = options[by:] + options[:by]
            said, _ = driven(PermuteAverage(orders=orders), written(turned), lambda _: Reply(Finish.STOP, text="A"))
            chosen.append(turned[LETTERS.index(said.text)])
        flips += [one != chosen[0] for one in chosen[1:]]
    # Three standard errors at 400 questions, whose three shifts may all go together.
    assert sum(flips) / len(flips) == pytest.approx(kept, abs=0.075)


def test_a_model_that_reads_the_options_keeps_its_answers(measure, tmp_path):
    sound = Control(order_bias=0, hallucination=0.3)
    before, after = (measure(OptionOrder(), one) for one in (sound, PermuteAverage().apply(sound, tmp_path)))
    assert after["mean_accuracy"].value == before["mean_accuracy"].value
    assert after["flip_rate"].value == before["flip_rate"].value == 0


def test_options_are_averaged_in_every_layout_of_a_question(measure, tmp_path):
    model = Control(order_bias=BIAS, hallucination=0.2)
    before, after = (measure(PromptFormat(formats=6), one) for one in (model, PermuteAverage().apply(model, tmp_path)))
    assert before["flip_rate"].low > 0.1
    assert after["flip_rate"].value == 0
    assert after["accuracy"].n == before["accuracy"].n


def test_written_choices_stay_readable_in_every_layout(measure, tmp_path):
    model = Writing(Control(order_bias=BIAS, hallucination=0.2))
    before, after = (measure(PromptFormat(formats=6), one) for one in (model, PermuteAverage().apply(model, tmp_path)))
    assert after["accuracy"].n >= before["accuracy"].n > 0
    assert after["flip_rate"].value < before["flip_rate"].value


def test_a_stated_confidence_outlives_the_vote(measure, tmp_path):
    model = Writing(Control(order_bias=BIAS, hallucination=0))
    before, after = (measure(Calibration(), one, 16) for one in (model, PermuteAverage().apply(model, tmp_path)))
    assert after["accuracy"].n == before["accuracy"].n == 16


# ── what it is ────────────────────────────────────────────────────────────────────────────


def test_settings_are_checked_and_told():
    with pytest.raises(ValueError, match="orders is at least 1"):
        PermuteAverage(orders=0)
    assert PermuteAverage(orders=3).details() == {"orders": 3, "permuted": True}
    assert PermuteAverage().material() == ()
    assert Registry().create("mitigation", "permute_average").card.id == "permute_average"


def test_it_fits_what_scores_or_writes(tmp_path):
    assert PermuteAverage().misfit(Control()) is None

    @dataclass
    class Painter:
        capabilities = frozenset({Capability.DRAW})

    assert "neither scores nor writes" in PermuteAverage().misfit(Painter())
    names = {PermuteAverage(orders=k).apply(Control(), tmp_path).identity().digest for k in (None, 2)}
    assert len(names) == 2


def test_a_run_with_it_is_on_record_and_verifies(audit_text):
    done = audit_text(
        '[model]\nbackend = "control"\norder_bias = 0.6\n[[mitigation]]\nname = "permute_average"\norders = 3\n'
        '[run]\nprobes = ["robustness.option_order"]\n[probe."robustness.option_order"]\nitems = 10\n'
    )
    assert "permute_average" in str(done.evidence.run)
    assert verify(done.folder, Registry()) == []
