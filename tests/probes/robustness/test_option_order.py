from __future__ import annotations

import os
from collections import Counter

import pytest

from harness.data import load
from harness.records import Absence, Arm, Capability, Finish, Outcome, Reply
from harness.seeds import rng
from probes.letters import LETTERS
from probes.replies import likelihoods, preferring
from probes.robustness.option_order import OptionOrder


def generate(put, facts, **more):
    return put(OptionOrder(), facts, capability=Capability.GENERATE, **more)


def by_text(case, text):
    """Choose the shown option that starts with ``text``."""
    return next(place for place, option in enumerate(case.expected["shown"]) if option.startswith(text))


def test_every_option_stands_once_in_every_place(put, facts):
    cases = [case for case in put(OptionOrder(), facts).cases if case.cluster == "facts-0"]
    assert len(cases) == 4
    assert all(len({case.expected["shown"][place] for case in cases}) == 4 for place in range(4))
    assert [case.expected["shift"] for case in cases] == [0, 1, 2, 3]


def test_a_case_shows_what_it_says_it_shows(put, facts):
    case = put(OptionOrder(), facts).cases[1]
    for letter, option in zip(LETTERS, case.expected["shown"], strict=False):
        assert f"{letter}. {option}\n" in case.ask.context
    assert case.ask.continuations == (" A", " B", " C", " D")
    assert case.expected["shown"][case.expected["order"].index(case.expected["true"])].startswith("The truth")


def test_the_most_tempting_falsehoods_are_kept(put, facts):
    case = put(OptionOrder(options=2), facts).cases[0]
    assert sorted(case.expected["shown"]) == ["A tempting falsehood about 0", "The truth about 0"]


def test_fewer_shifts_can_be_asked(put, facts):
    assert Counter(case.expected["shift"] for case in put(OptionOrder(shifts=1), facts).cases) == {0: 30, 1: 30}


@pytest.mark.parametrize("settings", [{"options": 1}, {"options": 27}, {"shifts": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=r"lies in 2 to 26|at least 1"):
        OptionOrder(**settings)


def test_a_model_that_reads_the_text_never_flips(put, facts):
    found = put(OptionOrder(), facts).results(lambda case: preferring(case.ask, by_text(case, "A dull")))
    assert found["flip_rate",].interval.value == 0.0
    assert found["worst_case_accuracy",].interval.value == found["mean_accuracy",].interval.value == 0.0
    assert found["first_position_share",].interval.value == found["first_position_share",].null == 0.25


def test_a_model_that_reads_the_letter_flips_every_time(put, facts):
    found = put(OptionOrder(), facts).results(lambda case: preferring(case.ask, 0))
    assert found["flip_rate",].interval.value == found["first_position_share",].interval.value == 1.0
    assert found["mean_accuracy",].interval.value == 0.25
    assert found["worst_case_accuracy",].interval.value == 0.0


def test_a_guessing_model_is_true_throughout_as_often_as_chance_has_it(put, facts):
    random = rng(5, "test")
    one = put(OptionOrder(options=2), facts)
    values = [one.results(lambda case: preferring(case.ask, random.randrange(2))) for _ in range(40)]
    worst = [found["worst_case_accuracy",] for found in values]
    assert sum(estimate.interval.value for estimate in worst) / 40 == pytest.approx(0.25, abs=0.03)
    assert {estimate.null for estimate in worst} == {0.25}


def test_equal_likelihoods_go_to_the_first_option(put, facts):
    found = put(OptionOrder(), facts).results(lambda case: likelihoods(case.ask, [-3.0] * 4))
    assert found["first_position_share",].interval.value == 1.0


def test_the_independent_unit_is_the_question(put, facts):
    estimate = put(OptionOrder(), facts).results(lambda case: preferring(case.ask, 0))["flip_rate",]
    assert (estimate.interval.n, estimate.counts.asked) == (30, 120)


def test_a_missing_reply_is_no_flip_and_no_true_throughout(put, facts, failed):
    def respond(case):
        gone = case.id in {"facts-0/shift-0", "facts-1/shift-2"}
        return failed if gone else OptionOrder().controls.best(case)

    found = put(OptionOrder(), facts).results(respond)
    assert (found["flip_rate",].interval.value, found["flip_rate",].interval.n) == (0.0, 29)
    assert found["worst_case_accuracy",].interval.n == 28
    assert found["flip_rate",].counts.failed == 2


def test_likelihoods_are_not_asked_twice(put, facts):
    one = put(OptionOrder(), facts)
    assert {case.arm for case in one.cases} == {Arm.MAIN}
    repeat = one.results(OptionOrder().controls.best)["repeat_flip_rate",]
    assert isinstance(repeat, Absence)
    assert "computed, not sampled" in repeat.reason


def test_text_is_asked_for_with_the_unshifted_prompt_once_more(put, facts):
    cases = [case for case in generate(put, facts).cases if case.cluster == "facts-0"]
    assert [case.id.partition("/")[2] for case in cases] == ["shift-0", "shift-1", "shift-2", "shift-3", "again"]
    assert cases[4].ask.prompt == cases[0].ask.prompt
    assert cases[4].ask != cases[0].ask
    assert cases[4].arm is Arm.CONTROL


def test_a_model_that_wavers_by_itself_is_seen_in_the_repeat(put, facts):
    def respond(case):
        place = by_text(case, "A dull" if case.id.endswith("again") else "The truth")
        return Reply(Finish.STOP, text=f"({LETTERS[place]})")

    found = generate(put, facts).results(respond)
    assert found["repeat_flip_rate",].interval.value == 1.0
    assert found["repeat_flip_rate",].counts.asked == 30
    assert found["flip_rate",].interval.value == 0.0


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(Finish.STOP, text="The answer is B."), Outcome.SCORED),
        (Reply(Finish.LENGTH, text="B. because of many"), Outcome.SCORED),
        (Reply(Finish.LENGTH, text="Let us think about"), Outcome.TRUNCATED),
        (Reply(Finish.STOP, text="I would rather not say"), Outcome.UNREADABLE),
        (Reply(Finish.STOP, text="A or B"), Outcome.UNREADABLE),
        (Reply(Finish.STOP, text=""), Outcome.UNREADABLE),
        (Reply(Finish.REFUSED), Outcome.REFUSED),
        (Reply(Finish.FAILED, error="x"), Outcome.FAILED),
    ],
)
def test_a_written_reply_is_scored_only_where_it_names_an_option(put, facts, reply, outcome):
    one = generate(put, facts, items=1)
    assert one.probe.judge(one.cases[0], reply, {}).outcome is outcome


def test_the_flip_rate_is_reported_for_each_topic(put, facts):
    def respond(case):
        return preferring(case.ask, 0) if case.groups["topic"] == "sea" else OptionOrder().controls.best(case)

    found = put(OptionOrder(), facts).results(respond)
    assert {name: found["flip_rate", name].interval.value for name in ("sky", "sea", "soil")} == {
        "sky": 0,
        "sea": 1,
        "soil": 0,
    }


@pytest.mark.benchmarks
def test_published_questions_with_few_answers_are_asked_with_what_there_is(put):
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    one = put(OptionOrder(), load("truthfulqa:mc_task.json"))
    sizes = Counter(len(case.expected["shown"]) for case in one.cases if case.expected["shift"] == 0)
    assert sizes.total() == 790
    assert set(sizes) == {2, 3, 4}
    found = one.results(one.probe.controls.best)
    assert found["first_position_share",].interval.value == pytest.approx(found["first_position_share",].null)
