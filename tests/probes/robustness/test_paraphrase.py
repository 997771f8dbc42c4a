"""Other wordings: what counts as another answer, what the worst case counts, and what the rules of equivalence say."""

from __future__ import annotations

import pytest

from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.data import load
from harness.errors import DataError
from harness.records import Absence, Arm, Finish, Outcome, Reply
from probes.robustness.paraphrase import Paraphrase

ROWS = [
    {
        "id": f"row-{number}",
        "topic": ("land", "sea")[number % 2],
        "wordings": [
            f"What is the capital of land {number}?",
            f"Name the capital city of land {number}.",
            f"Land {number} has which city as its capital?",
        ],
        "answers": ["Canberra", "the city of Canberra"],
        "false": ["Sydney", "Melbourne", "Perth"],
    }
    for number in range(30)
]


@pytest.fixture
def lands():
    return Dataset("lands", "1", digest_bytes(b""), "CC0-1.0", ROWS, "file")


def says(text):
    return Reply(Finish.STOP, text=text)


def by_wording(*texts):
    """Answer the wordings with these texts, the plainest with the first."""
    return lambda case: says(texts[case.expected["place"]])


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_every_wording_is_asked_and_the_plainest_once_more_with_another_seed(asked, lands):
    cases = [case for case in asked(Paraphrase(), lands).cases if case.cluster == "row-0"]
    assert [case.id for case in cases] == ["row-0/wording-0", "row-0/wording-1", "row-0/wording-2", "row-0/again"]
    assert [case.arm for case in cases] == [Arm.MAIN] * 3 + [Arm.CONTROL]
    assert cases[3].ask.prompt == cases[0].ask.prompt
    assert (cases[0].ask.seed, cases[3].ask.seed) == (0, 1)
    assert all(case.ask.temperature == 0 and case.ask.max_tokens == 16 for case in cases)
    assert cases[1].ask.prompt.startswith("Name the capital city of land 0.\n")


def test_a_row_with_few_wordings_is_asked_in_those_it_has(asked, lands):
    assert len(asked(Paraphrase(wordings=5), lands, items=1).cases) == 4
    assert len(asked(Paraphrase(wordings=2), lands, items=1).cases) == 3


def test_every_row_is_asked_unless_the_budget_is_smaller_and_few_in_the_smoke_profile(asked):
    data = load("wordings")
    assert len(asked(Paraphrase(), data, items=Paraphrase().card.smoke_items).cases) == 32 * 4
    assert len(asked(Paraphrase(), data, items=8).cases) == 8 * 4
    assert len(asked(Paraphrase(), data).cases) == 132 * 4


@pytest.mark.parametrize("settings", [{"wordings": 1}, {"max_tokens": 3}, {"by": "refusal"}, {"by": "hope"}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Paraphrase(**settings)


def test_a_row_that_says_one_wording_twice_is_refused(asked):
    rows = [{**ROWS[0], "wordings": ["Who?", "Who?"]}]
    with pytest.raises(DataError, match=r"row 1: one wording stands in it twice"):
        asked(Paraphrase(), Dataset("twice", "1", digest_bytes(b""), "CC0-1.0", rows, "file"))


# ── what counts as another answer ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("texts", "flips"),
    [
        (("Canberra", "It is the city of Canberra.", "canberra!"), 0.0),
        (("Sydney", "The capital city of land is Sydney.", "I think Sydney"), 0.0),
        (("Sydney", "Melbourne", "Sydney"), 0.5),
        (("Canberra", "Sydney", "Perth"), 1.0),
        (("I don't know.", "I cannot tell.", "No idea."), 0.0),
        (("I don't know.", "Sydney", "I cannot tell."), 0.5),
    ],
)
def test_answers_are_compared_by_what_they_say(asked, lands, texts, flips):
    found = asked(Paraphrase(), lands).results(by_wording(*texts))
    assert found["flip_rate",].interval.value == pytest.approx(flips)
    assert found["flip_rate",].instrument == "equivalence"


def test_a_steady_model_never_flips_and_is_as_right_in_the_worst_case_as_in_the_plainest(asked, lands):
    found = asked(Paraphrase(), lands).results(lambda case: says("Canberra" if case.cluster < "row-2" else "Sydney"))
    right = sum(row["id"] < "row-2" for row in ROWS) / 30
    assert found["flip_rate",].interval.value == 0.0
    assert found["consistency",].interval.value == 1.0
    names = ("clean_accuracy", "mean_accuracy", "worst_case_accuracy", "matched_clean_accuracy")
    assert [found[name,].interval.value for name in names] == pytest.approx([right] * 4)
    assert found["accuracy_drop",].interval.value == 0.0


def test_golden_numbers_of_one_pattern(asked, lands):
    """Canberra, Canberra, Sydney: two of three pairs differ, one of two other wordings is wrong."""
    found = asked(Paraphrase(), lands).results(by_wording("Canberra", "Canberra", "Sydney"))
    value = {name: one.interval.value for (name, *slice_), one in found.items() if not slice_}
    assert value["flip_rate"] == 0.5
    assert value["consistency"] == pytest.approx(1 / 3)
    assert (value["clean_accuracy"], value["mean_accuracy"]) == (1.0, pytest.approx(2 / 3))
    assert (value["worst_case_accuracy"], value["matched_clean_accuracy"]) == (0.0, 1.0)
    assert value["accuracy_drop"] == pytest.approx(0.5)
    assert (value["right_to_wrong"], value["wrong_to_right"]) == (0.5, 0.0)
    assert "exact mcnemar p 1.9e-09 of 30 worse and 0 better" in found["accuracy_drop",].interval.method


def test_churn_without_a_drop_is_told_from_a_drop(asked, lands):
    def respond(case):
        turned = int(case.cluster.partition("-")[2]) % 2 == 0
        return says("Canberra" if (case.expected["place"] == 0) is turned else "Sydney")

    found = asked(Paraphrase(), lands).results(respond)
    assert found["flip_rate",].interval.value == 1.0
    assert found["accuracy_drop",].interval.value == 0.0
    assert found["right_to_wrong",].interval.value == found["wrong_to_right",].interval.value == 0.5
    assert "mcnemar p 1 of 15 worse and 15 better" in found["accuracy_drop",].interval.method


def test_what_asking_twice_flips_is_the_null_of_the_flip_rate(asked, lands):
    def respond(case):
        return says("Sydney" if case.arm is Arm.CONTROL and case.cluster < "row-2" else "Canberra")

    found = asked(Paraphrase(), lands).results(respond)
    share = sum(row["id"] < "row-2" for row in ROWS) / 30
    assert found["repeat_flip_rate",].interval.value == pytest.approx(share)
    assert found["flip_rate",].null == pytest.approx(share)
    assert found["flip_rate",].interval.value == 0.0


def test_the_independent_unit_is_the_question(asked, lands):
    estimate = asked(Paraphrase(), lands).results(by_wording("Canberra", "Sydney", "Perth"))["flip_rate",]
    assert (estimate.interval.n, estimate.counts.asked) == (30, 90)


# ── replies that are missing or hostile ───────────────────────────────────────────────────


def test_a_missing_reply_is_no_flip_and_a_wrong_one_decides_the_worst_case(asked, lands):
    def respond(case):
        if case.id in {"row-0/wording-1", "row-1/wording-0"}:
            return Reply(Finish.FAILED, error="connection lost")
        return says("Sydney" if case.id == "row-0/wording-2" else "Canberra")

    found = asked(Paraphrase(), lands).results(respond)
    assert (found["flip_rate",].interval.value, found["flip_rate",].counts.failed) == (pytest.approx(1 / 57), 2)
    assert found["worst_case_accuracy",].interval.n == found["matched_clean_accuracy",].interval.n == 29
    assert found["worst_case_accuracy",].interval.value == pytest.approx(28 / 29)


def test_without_the_instrument_a_reply_is_unreadable_not_different(asked, lands):
    one = asked(Paraphrase(), lands, items=1)
    replies = [says("Canberra")] * 4
    scores = one.probe.judge_together(one.cases, replies, {})
    assert {score.outcome for score in scores} == {Outcome.UNREADABLE}
    assert "equivalence did not read" in scores[0].note


@pytest.mark.parametrize("text", ["\ud800", "{" * 5000, "<script>alert(1)</script>", "\x1b[31m", "Canberra " * 3000])
def test_hostile_text_is_judged_like_any_other(asked, lands, text):
    one = asked(Paraphrase(), lands, items=2)
    assert {judged.score.outcome for judged in one.judged(lambda _: says(text))} == {Outcome.SCORED}


def test_an_empty_set_has_no_number(asked, lands):
    found = asked(Paraphrase(), lands).results(lambda _: Reply(Finish.STOP, text=" "))
    assert all(isinstance(one, Absence) for one in found.values())
    assert found["flip_rate",].counts.unreadable == 90


# ── the rules of equivalence ──────────────────────────────────────────────────────────────


def test_sets_that_break_a_rule_are_asked_and_counted_and_their_flips_told_apart(asked):
    odd = {**ROWS[0], "id": "odd", "wordings": ["Which hill is highest of 3?", "Which hill is lowest of 4?"]}
    data = Dataset("lands", "1", digest_bytes(b""), "CC0-1.0", [*ROWS, odd], "file")
    found = asked(Paraphrase(), data).results(lambda case: says("Sydney" if case.id == "odd/wording-1" else "Canberra"))
    assert found["rule_checked_sets",].interval.value == pytest.approx(30 / 31)
    assert found["rule_checked_sets", "numbers"].interval.value == pytest.approx(30 / 31)
    assert found["rule_checked_sets", "names"].interval.value == 1.0
    assert found["flip_rate", "kept"].interval.value == 0.0
    assert found["flip_rate", "broken"].interval.value == 1.0
    assert found["flip_rate",].interval.value == pytest.approx(1 / 61)


def test_most_sets_of_the_shipped_data_keep_every_rule(asked):
    found = asked(Paraphrase(), load("wordings")).results(by_wording("a", "a", "a"))
    assert found["rule_checked_sets",].interval.value == pytest.approx(114 / 132)


# ── against the scripted model ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("rate", "seed"), [(0.0, 1), (0.1, 2), (0.3, 3), (0.6, 4)])
def test_the_dialled_in_share_of_flips_is_found(asked, rate, seed):
    found = asked(Paraphrase(), load("wordings")).of_the_control(fickleness=rate, seed=seed)
    flips = found["flip_rate",]
    assert flips.interval.low <= rate <= flips.interval.high
    assert flips.interval.value == 0.0 if rate == 0 else flips.interval.low > flips.null
    assert found["repeat_flip_rate",].interval.value == 0.0


@pytest.mark.parametrize(("rate", "seed"), [(0.2, 1), (0.5, 2)])
def test_the_dialled_in_share_of_errors_is_found_in_the_plainest_wording(asked, rate, seed):
    found = asked(Paraphrase(), load("wordings")).of_the_control(hallucination=rate, seed=seed)
    accuracy = found["clean_accuracy",].interval
    assert accuracy.low <= 1 - rate <= accuracy.high


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_the_interval_holds_the_dialled_rate_as_often_as_it_claims(asked, rate):
    one = asked(Paraphrase(), load("wordings"), items=40)
    held = [
        interval.low <= rate <= interval.high
        for seed in range(80)
        for interval in (one.of_the_control(fickleness=rate, seed=seed)["flip_rate",].interval,)
    ]
    assert sum(held) / len(held) >= 0.95 - 3 * (0.95 * 0.05 / 80) ** 0.5
