"""Layouts of one question: what a format is, how its marks are read, and what the spread is held against."""

from __future__ import annotations

import pytest

from harness.data import load
from harness.records import Absence, Arm, Capability, Finish, GenerateAsk, Outcome, Reply, ScoreAsk
from harness.text.safe import printable
from probes.letters import LETTERS
from probes.replies import preferring
from probes.robustness.format import PromptFormat
from probes.robustness.formats import PLAIN, Format, formats, place_in, put

OPTIONS = ("red", "green", "blue")


def right(case):
    key = case.expected
    return preferring(case.ask, key["order"].index(key["true"]))


def wrong(case):
    key = case.expected
    return preferring(case.ask, key["order"].index((key["true"] + 1) % len(key["order"])))


# ── formats ───────────────────────────────────────────────────────────────────────────────


def test_the_plain_format_reads_as_every_other_probe_asks():
    ask = put("What colour is it?", OPTIONS, PLAIN, Capability.SCORE)
    assert ask.context.endswith("\n\nQuestion: What colour is it?\nA. red\nB. green\nC. blue\nAnswer:")
    assert ask.continuations == (" A", " B", " C")
    assert "Question: Which day comes after Monday?\nA. Friday\nB. Tuesday\nC. Sunday\nAnswer: B\n\n" in ask.context


def test_another_format_changes_fields_marks_and_examples_alike():
    how = Format(("QUESTION", "ANSWER"), " :: ", " || ", "({})", "1", turned=True)
    ask = put("What colour is it?", OPTIONS, how, Capability.SCORE)
    assert ask.context == (
        "QUESTION :: What does a bakery sell? || (1) Bread || (2) Shoes || (3) Stamps || ANSWER :: (1)\n\n"
        "QUESTION :: Which day comes after Monday? || (1) Friday || (2) Tuesday || (3) Sunday || ANSWER :: (2)\n\n"
        "QUESTION :: What colour is it? || (1) red || (2) green || (3) blue || ANSWER ::"
    )
    assert ask.continuations == (" (1)", " (2)", " (3)")


def test_a_field_that_ends_its_line_is_answered_on_the_next():
    ask = put("What colour is it?", OPTIONS, Format(separator=":\n", style="{})", marks="a"), Capability.SCORE)
    assert ask.context.endswith("Question:\nWhat colour is it?\na) red\nb) green\nc) blue\nAnswer:\n")
    assert ask.continuations == ("a", "b", "c")


def test_fewer_formats_are_the_first_of_more_and_no_two_are_alike():
    many = formats(12, 3, 5, writes=False)
    assert formats(4, 3, 5, writes=False) == many[:4]
    assert len(set(many)) == 12
    assert many[0] == PLAIN
    assert formats(4, 3, 6, writes=False) != many[:4]
    assert {one.chat for one in many} == {False}
    assert {one.chat for one in formats(12, 3, 5, writes=True)} == {False, True}


def test_a_format_is_told_in_words_that_fit_a_line_and_a_terminal():
    assert PLAIN.words == "Question, colon, lines, A."
    for one in formats(40, 3, 1, writes=True):
        assert printable(one.words) == one.words
        assert len(one.words) < 57


@pytest.mark.parametrize(
    ("text", "how", "place"),
    [
        ("B", PLAIN, 1),
        ("b) green", Format(style="{})", marks="a"), 1),
        ("(2)", Format(style="({})", marks="1"), 1),
        ("2. green", Format(marks="1"), 1),
        ("The answer is 3.", Format(marks="1"), 2),
        ("[1]", Format(style="[{}]", marks="1"), 0),
        ("7", Format(marks="1"), None),
        ("green", Format(marks="1"), 1),
        ("C\n\nQuestion: A. B. C.", PLAIN, 2),
        ("I would rather not", PLAIN, None),
        ("1 or 2", Format(marks="1"), None),
        ("", PLAIN, None),
    ],
)
def test_a_written_mark_is_read_in_its_own_format(text, how, place):
    assert place_in(text, OPTIONS, how) == place


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_every_question_is_asked_in_every_format_with_the_same_options(asked, facts):
    one = asked(PromptFormat(), facts)
    cases = [case for case in one.cases if case.cluster == "facts-0"]
    assert [case.id for case in cases] == [f"facts-0/format-{number}" for number in range(6)]
    assert len({frozenset(case.expected["shown"]) for case in cases}) == 1
    assert len({case.ask for case in cases}) == 6
    for case in one.cases:
        key = case.expected
        assert key["shown"][key["order"].index(key["true"])].startswith("The truth")
        assert isinstance(case.ask, ScoreAsk)
        assert all(text in case.ask.context for text in key["shown"])


def test_where_text_is_written_the_plain_format_is_sent_once_more(asked, facts):
    cases = [c for c in asked(PromptFormat(), facts, capability=Capability.GENERATE).cases if c.cluster == "facts-0"]
    assert [case.arm for case in cases] == [Arm.MAIN] * 6 + [Arm.CONTROL]
    assert (cases[6].ask.prompt, cases[6].ask.seed) == (cases[0].ask.prompt, 1)
    assert all(isinstance(case.ask, GenerateAsk) for case in cases)


@pytest.mark.parametrize("settings", [{"formats": 1}, {"options": 1}, {"options": 5}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        PromptFormat(**settings)


# ── what the numbers count ────────────────────────────────────────────────────────────────


def test_a_model_that_reads_the_text_has_no_spread(asked, facts):
    found = asked(PromptFormat(), facts).results(right)
    assert found["spread",].interval.value == found["held_out_spread",].interval.value == 0.0
    assert found["worst_format_accuracy",].interval.value == found["accuracy",].interval.value == 1.0
    assert found["flip_rate",].interval.value == 0.0


def test_a_format_that_throws_the_model_is_found_again_on_other_questions(asked, facts):
    found = asked(PromptFormat(), facts).results(
        lambda case: wrong(case) if case.expected["number"] == 3 else right(case)
    )
    assert found["spread",].interval.value == found["held_out_spread",].interval.value == 1.0
    assert found["worst_format_accuracy",].interval.value == 0.0
    assert found["worst_format_accuracy",].null == pytest.approx(5 / 6)
    assert found["flip_rate",].interval.value == found["right_to_wrong",].interval.value == pytest.approx(1 / 5)
    assert "permutation p 0.0005 of 6 formats" in found["spread",].interval.method
    accuracies = [one.interval.value for (name, *rest), one in found.items() if name == "accuracy" and rest]
    assert accuracies == [1.0, 1.0, 1.0, 0.0, 1.0, 1.0]


def test_guessing_has_the_spread_of_its_null_and_none_on_other_questions(asked):
    one = asked(PromptFormat(), load("facts_mc"))
    found = [one.results(lambda case, s=seed: one.probe.controls.controls[0].respond(case, s)) for seed in _streams(8)]
    spreads = [its["spread",] for its in found]
    assert sum(its.interval.value - its.null for its in spreads) / 8 == pytest.approx(0.0, abs=0.02)
    assert all(its.null > 0.05 for its in spreads)
    assert sum(its["held_out_spread",].interval.value for its in found) / 8 == pytest.approx(0.0, abs=0.05)


def _streams(n):
    from harness.seeds import rng

    return [rng(seed, "guess") for seed in range(n)]


def test_the_first_option_moves_with_the_format_and_shows(asked, facts):
    found = asked(PromptFormat(formats=8), facts).results(lambda case: preferring(case.ask, 0))
    assert found["flip_rate",].interval.value > 0.3


def test_a_question_that_is_not_scored_in_every_format_is_left_out_of_the_spread(asked, facts, failed):
    one = asked(PromptFormat(), facts)
    found = one.results(lambda case: failed if case.id == f"{one.cases[0].cluster}/format-2" else right(case))
    assert found["spread",].interval.n == 29
    few = one.results(
        lambda case: right(case) if case.cluster in {one.cases[0].cluster, one.cases[-1].cluster} else failed
    )
    assert isinstance(few["spread",], Absence)
    assert "20 independent units" in few["spread",].reason
    none = one.results(lambda case: failed if case.id.endswith("format-2") else right(case))
    assert "no question was scored in every format" in none["spread",].reason


def test_the_null_of_likelihoods_is_exactly_0_and_said_so(asked, facts):
    found = asked(PromptFormat(), facts).results(right)
    assert "exactly 0" in found["repeat_flip_rate",].reason


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(Finish.STOP, text="I would rather not say"), Outcome.UNREADABLE),
        (Reply(Finish.LENGTH, text="Let us think about"), Outcome.TRUNCATED),
        (Reply(Finish.REFUSED), Outcome.REFUSED),
        (Reply(Finish.STOP, text="\ud800"), Outcome.UNREADABLE),
    ],
)
def test_a_written_reply_is_scored_only_where_it_names_an_option(asked, facts, reply, outcome):
    one = asked(PromptFormat(), facts, items=1, capability=Capability.GENERATE)
    assert {one.probe.judge(case, reply, {}).outcome for case in one.cases} == {outcome}


# ── against the scripted model ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("rate", "seed"), [(0.0, 1), (0.2, 2), (0.5, 3)])
def test_the_dialled_in_share_of_flips_is_found(asked, rate, seed):
    one = asked(PromptFormat(), load("facts_mc"))
    # Formats in the plain words are plain to it, whatever their order.
    others = [case for case in one.cases if case.expected["number"] and not _plain(case)]
    told = rate * len(others) / (len(one.cases) * 5 / 6)
    flips = one.of_the_control(formalism=rate, order_bias=0.0, seed=seed)["flip_rate",].interval
    assert flips.low <= told <= flips.high


def _plain(case):
    how = case.expected["format"]
    named = how["names"][0] + how["separator"] + how["style"].format(how["marks"]) + how["between"]
    return named == "Question: A.\n"


def test_a_preference_for_the_first_option_shows_in_the_flips(asked):
    one = asked(PromptFormat(), load("facts_mc"))
    steady, biased = (one.of_the_control(order_bias=rate)["flip_rate",].interval for rate in (0.0, 1.0))
    assert steady.value == 0.0
    moved = {case.expected["number"]: case.expected["format"]["shift"] for case in one.cases}
    assert biased.value == pytest.approx(sum(shift > 0 for shift in moved.values()) / 5)


def test_marks_of_every_format_are_named_in_its_own_way():
    for how in formats(30, 3, 2, writes=False):
        ask = put("Who?", OPTIONS, how, Capability.SCORE)
        marks = [text.strip(" ([])").upper() for text in ask.continuations]
        assert marks in (list(LETTERS[:3]), ["1", "2", "3"])
