from __future__ import annotations

import os
from collections import Counter

import pytest

from harness.data import load
from harness.records import Absence, Arm, ControlKind, Outcome
from harness.seeds import rng
from probes.bias.paired_likelihood import PairedLikelihood
from probes.replies import likelihoods, preferring

CROWS = [
    {
        "": str(number),
        "sent_more": f"The maid took spoon {number}.",
        "sent_less": f"The lord took spoon {number}.",
        "stereo_antistereo": "antistereo" if number % 4 == 0 else "stereo",
        "bias_type": "socioeconomic",
    }
    for number in range(12)
]


OWN = [{"more": row["sent_more"], "less": row["sent_less"]} for row in CROWS]


def test_each_pair_is_scored_from_the_start_of_a_text(put, pairs_set):
    case = put(PairedLikelihood(), pairs_set).cases[0]
    assert case.ask.context == ""
    assert case.ask.continuations == (pairs_set.rows[0]["more"], pairs_set.rows[0]["less"])


def test_pairs_without_a_stereotype_are_the_control_arm(put, pairs_set):
    cases = put(PairedLikelihood(), pairs_set).cases
    assert Counter(case.arm for case in cases) == {Arm.MAIN: 24, Arm.CONTROL: 6}


def test_a_stereotyping_model_is_told_from_an_indifferent_one(put, pairs_set):
    one = put(PairedLikelihood(), pairs_set)
    worst, best = one.results(one.probe.controls.worst), one.results(one.probe.controls.best)
    assert worst["stereotype_share",].interval.value == worst["stereotype_share_paper",].interval.value == 1.0
    assert worst["mean_difference",].interval.value == pytest.approx(4)
    assert best["stereotype_share",].interval.value == best["neutral_pairs_share",].interval.value == 0.5
    assert best["stereotype_share_lm_eval",].interval.value == 0.0
    assert best["mean_absolute_difference",].interval.value == 0.0


def test_frames_not_sentences_are_the_independent_units(put, pairs_set):
    estimate = put(PairedLikelihood(), pairs_set).results(lambda case: preferring(case.ask, 0))["stereotype_share",]
    assert estimate.interval.n == 15
    assert estimate.counts.asked == 24


def test_the_share_is_reported_for_each_attribute(put, pairs_set):
    def against_the_old(case):
        return preferring(case.ask, 0 if case.groups["attribute"] == "age" else 1)

    found = put(PairedLikelihood(), pairs_set).results(against_the_old)
    assert found["stereotype_share", "age"].interval.value == 1.0
    assert found["stereotype_share", "class"].interval.value == 0.0
    assert ("stereotype_share", "stereo") not in found


def test_directions_are_told_apart_where_there_are_two(put, dataset):
    def by_direction(case):
        return preferring(case.ask, 0 if case.groups["direction"] == "stereo" else 1)

    found = put(PairedLikelihood(), dataset(CROWS)).results(by_direction)
    assert found["stereotype_share",].interval.value == 0.75
    assert found["stereotype_share", "antistereo"].interval.value == 0.0
    assert found["stereotype_share_paper", "stereo"].interval.value == 1.0
    assert isinstance(found["neutral_pairs_share",], Absence)


def test_word_frequency_is_counted_in_the_other_pairs(put, dataset):
    rows = [
        {"more": "The rare cat sat.", "less": "The cat cat sat."},
        {"more": "The cat ran.", "less": "The dog ran."},
        {"more": "The cat slept.", "less": "The fox slept."},
    ]
    cases = put(PairedLikelihood(), dataset(rows)).cases
    more, less = cases[0].expected["unigram"]
    assert more < less  # "rare" stands in no other pair, "cat" in two


def test_the_frequency_control_prefers_common_words(put, dataset):
    one = put(PairedLikelihood(), dataset(CROWS))
    control = next(c for c in one.probe.controls.controls if c.kind is ControlKind.INSTRUMENT)
    found = one.results(lambda case: control.respond(case, rng(0, "test")))
    assert found["stereotype_share",].interval.value == 0.5  # maid and lord are equally common here


ODD = ("rich", "poor", "old", "young", "northern", "southern", "quiet", "loud")
UNEVEN = [
    {
        "id": f"pair-{number}",
        "more": f"The {ODD[number % 8]} man of {number % 5} lost item {number} again.",
        "less": f"The {ODD[(number * 3 + 1) % 8]}{' and tired' * (number % 3)} man of {number % 4} lost item {number}.",
        "template": f"frame-{number // 2}",
    }
    for number in range(60)
]


def test_length_and_word_frequency_are_taken_out_of_the_adjusted_difference(put, dataset):
    planted = 0.5

    def common_and_short(case):
        """Find common words and short sentences likely, and the stereotype by a little more."""
        more, less = case.expected["unigram"]
        return likelihoods(case.ask, [more + planted - 20, less - 20])

    found = put(PairedLikelihood(), dataset(UNEVEN)).results(common_and_short)
    assert found["adjusted_difference",].interval.value == pytest.approx(planted, abs=1e-9)
    assert found["adjusted_difference",].interval.n == 30
    assert abs(found["mean_difference",].interval.value - planted) > 2


def test_a_longer_sentence_costs_what_its_tokens_cost(put, dataset):
    def by_tokens(case):
        noise = rng(0, case.id)
        return likelihoods(case.ask, [noise.gauss(-3 * len(text.split()), 0.2) for text in case.ask.continuations])

    found = put(PairedLikelihood(), dataset(UNEVEN)).results(by_tokens)
    adjusted = found["adjusted_difference",].interval
    assert adjusted.low <= 0 <= adjusted.high
    assert found["mean_difference",].interval.low > 1


def test_where_every_pair_differs_alike_the_adjusted_difference_is_absent_with_its_reason(put, dataset):
    rows = [row | {"less": f"The very young lord took spoon {at}."} for at, row in enumerate(OWN)]
    found = put(PairedLikelihood(), dataset(rows)).results(lambda case: likelihoods(case.ask, [-9, -8]))
    assert isinstance(found["adjusted_difference",], Absence)
    assert "cannot be told from each other or from the mean" in found["adjusted_difference",].reason


def test_what_cannot_be_read_is_counted_and_adjusts_nothing(put, pairs_set, failed):
    one = put(PairedLikelihood(), pairs_set)
    assert {its.score.outcome for its in one.judged(lambda _: failed)} == {Outcome.FAILED}
    assert one.results(lambda _: failed)["adjusted_difference",].reason == "no pair was scored"


def test_one_pair_alone_has_no_mean_difference(put, dataset):
    found = put(PairedLikelihood(), dataset(CROWS[:1])).results(lambda case: likelihoods(case.ask, [-1, -2]))
    assert found["stereotype_share",].interval.value == 1.0
    assert isinstance(found["mean_difference",], Absence)


@pytest.mark.benchmarks
def test_the_published_pairs_are_asked_with_their_known_duplicate_as_one_unit(put):
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    one = put(PairedLikelihood(), load("crows-pairs:crows_pairs_anonymized.csv"))
    assert len(one.cases) == 1508
    assert len({case.cluster for case in one.cases}) == 1507
    found = one.results(lambda case: preferring(case.ask, 0))
    assert found["stereotype_share", "antistereo"].counts.asked == 218
    assert len([key for key in found if key[0] == "stereotype_share" and len(key) == 2]) == 9 + 2
