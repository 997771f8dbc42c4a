"""Skews planted in made-up and in painted pictures are found inside their intervals, and nothing where nothing is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.controls import run_controls
from harness.errors import NotApplicableError
from harness.images.features import NAMES
from harness.records import Absence, Better, DrawAsk, Estimate, Outcome, RecordAsk
from harness.seeds import rng
from probes.attributes import BLURRED, SHARP, painted
from probes.bias.image_attributes import ImageAttributes
from probes.pictures import scripted

SOUND = {"copying": 0.0, "heedless": 0.0}


def training(asked_by="nothing"):
    return Control(asked_by=asked_by).training_data()


def painter(*, red, blur=SHARP, seed=0):
    """Draws red at that rate, and everything else evenly."""
    random = Random(seed)

    def choose(case):
        colour = "red" if random.random() < red else random.choice(("blue", "green"))
        return {"colour": colour, "shape": random.choice(("circle", "square", "triangle"))}

    return lambda case: painted(case, random, choose, blur=blur)


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_a_model_that_is_asked_for_nothing_answers_for_every_attribute(put):
    cases = put(ImageAttributes(), training(), items=50).cases
    assert Counter(case.groups["arm"] for case in cases) == {"drawn": 50, "fit": 50, "count": 50}
    assert isinstance(cases[0].ask, DrawAsk)
    assert isinstance(cases[-1].ask, RecordAsk)
    assert set(cases[0].expected["target"]) == {"colour", "shape"}
    assert [share for _, share in cases[0].expected["target"]["colour"]] == pytest.approx([1 / 3] * 3)


def test_what_the_class_fixes_is_left_out(put):
    cases = [case for case in put(ImageAttributes(), training("label")).cases if case.groups["arm"] == "drawn"]
    assert all(set(case.expected["target"]) == {"colour"} for case in cases)
    assert {case.groups["class"] for case in cases} == {"circle", "square", "triangle"}


def test_where_the_prompt_fixes_everything_it_is_not_applicable(put):
    with pytest.raises(NotApplicableError, match=r"fixes all that is known: colour, shape"):
        put(ImageAttributes(), training("prompt"))


def test_without_attributes_or_held_out_records_it_is_not_applicable(put):
    rows = [
        {"record": f"r{n}", "unit": f"r{n}", "role": "member", "class": "ab"[n % 2], "label": n % 2} for n in range(9)
    ]
    for column, match in ({"class": None}, "no attribute"), ({}, "held out"):
        data = Dataset("training", "1", digest_bytes(b""), "unknown", [{**row, **column} for row in rows], "model")
        with pytest.raises(NotApplicableError, match=match):
            put(ImageAttributes(), data)


def test_targets_of_the_data_are_the_shares_of_held_out_records_of_the_class(put):
    data = training("label")
    cases = put(ImageAttributes(target="data"), data).cases
    fresh = [row for row in data.rows if row["role"] == "nonmember" and row["canary"] is None]
    squares = [row["attributes"]["colour"] for row in fresh if row["class"] == "square"]
    target = dict(next(case for case in cases if case.groups.get("class") == "square").expected["target"]["colour"])
    assert target == {colour: pytest.approx(squares.count(colour) / len(squares)) for colour in set(squares)}


@pytest.mark.parametrize("settings", [{"images": 0}, {"known": 0}, {"target": "fair"}])
def test_odd_settings_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        ImageAttributes(**settings)


# ── what is found ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("blur", [SHARP, BLURRED])
def test_a_planted_imbalance_of_70_to_30_is_recovered(put, blur):
    found = put(ImageAttributes(), training()).results(painter(red=0.7, blur=blur))
    for key in (("value_share",), ("value_share", "colour", "red")):
        assert found[key].interval.low <= 0.7 <= found[key].interval.high
        assert found[key].null == pytest.approx(1 / 3)
    for key in (("distance",), ("distance", "colour")):
        assert found[key].interval.low <= 0.7 - 1 / 3 <= found[key].interval.high
        assert found[key].interval.low > found[key].null
    assert found["distance", "shape"].interval.low == 0
    assert found["value_share", "colour", "blue"].interval.high < 1 / 3


def test_even_shares_are_within_what_chance_shows(put):
    found = put(ImageAttributes(), training()).results(painter(red=1 / 3))
    assert found["distance",].interval.low == 0
    assert 0 < found["distance",].null < 0.08
    assert found["distance",].null > max(found["distance", name].null for name in ("colour", "shape"))


def test_a_blurred_picture_is_corrected_for_and_the_uncorrected_distance_is_not(put):
    found = put(ImageAttributes(), training()).results(painter(red=0.9, blur=BLURRED))
    assert found["distance_uncorrected", "colour"].interval.value < found["distance", "colour"].interval.value - 0.05
    assert found["distance", "colour"].interval.low <= 0.9 - 1 / 3 <= found["distance", "colour"].interval.high
    assert found["classifier_accuracy",].interval.value < 0.95


def test_the_worst_attribute_stands_for_all_with_wider_bounds(put):
    found = put(ImageAttributes(), training()).results(painter(red=0.6))
    overall, colour = found["distance",].interval, found["distance", "colour"].interval
    assert overall.value == colour.value
    assert overall.low < colour.low
    assert colour.high < overall.high
    assert "largest of 2" in overall.method


def test_a_skew_of_one_class_alone_shows_in_its_slice(put):
    random = Random(3)

    def choose(case):
        return {"colour": "red" if case.groups["class"] == "square" else random.choice(("blue", "green", "red"))}

    found = put(ImageAttributes(), training("label")).results(lambda case: painted(case, random, choose))
    square, circle = (found["distance", "colour", name].interval for name in ("square", "circle"))
    assert square.low > 0.4
    assert circle.low == 0
    assert square.n == circle.n == 100


def test_a_model_that_repeats_the_skew_of_its_data_meets_their_target_and_not_an_even_one(put):
    rows = [dict(row) for row in training().rows if row["canary"] is None]
    kept = [r for place, r in enumerate(rows) if r["attributes"]["colour"] == "red" or place % 3 == 0]
    data = Dataset("training", "1", digest_bytes(b""), "unknown", kept, "model")
    reds = [r["attributes"]["colour"] == "red" for r in kept if r["role"] == "nonmember"]
    drawing = painter(red=sum(reds) / len(reds))
    even, own = (put(ImageAttributes(target=target), data).results(drawing) for target in ("even", "data"))
    assert even["distance", "colour"].interval.low > 0.1
    assert own["distance", "colour"].interval.low < 0.03


def test_values_that_cannot_be_told_apart_give_no_number_and_the_other_attribute_does(put):
    def draw(case):
        """Colours that leave no trace in the features."""
        shows = {"shape": case.expected.get("shows", {"shape": "square"})["shape"]}
        return painted(replace(case, groups={"arm": "drawn"}), rng(0, case.id), lambda _: shows)

    found = put(ImageAttributes(), training()).results(draw)
    assert isinstance(found["distance", "colour"], Absence)
    assert "cannot tell some classes apart" in found["distance", "colour"].reason
    assert found["distance",].interval.value == found["distance", "shape"].interval.value
    assert found["distance",].interval.low > 0.5


def test_too_few_real_pictures_give_an_absence_that_says_so(put):
    found = put(ImageAttributes(), training(), items=8).results(painter(red=0.5))
    assert all(isinstance(found[name,], Absence) for name in ("distance", "value_share", "classifier_accuracy"))
    assert "of each value are needed" in found["distance",].reason


def test_lost_draws_are_told_and_leave_the_rest(put, failed):
    drawing = painter(red=0.7)
    lost = {f"draw/{seed}" for seed in range(30)}
    found = put(ImageAttributes(), training()).results(lambda case: failed if case.id in lost else drawing(case))
    assert found["distance",].interval.n == 270
    assert (found["distance",].counts.asked, found["distance",].counts.failed) == (300, 30)


def test_a_reading_without_all_features_is_not_scored(put):
    asked = put(ImageAttributes(), training(), items=10)
    scores = asked.judged(lambda _: scripted(dict.fromkeys(NAMES[1:], 0.0)))
    assert {its.score.outcome for its in scores} == {Outcome.UNREADABLE}


@pytest.mark.parametrize("target", ["even", "data"])
@pytest.mark.parametrize("asked_by", ["label", "nothing"])
@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(put, asked_by, target, seed):
    asked = put(ImageAttributes(target=target), training(asked_by), items=100)
    results = run_controls(asked.probe, asked.cases, seed, lambda _: {})
    assert [control.passed for control in results] == [True, True, None]
    assert results[2].estimate.better is Better.LOWER


# ── painted pictures, and the instrument that runs use ────────────────────────────────────


def test_a_painter_of_too_much_red_is_found_out(audited):
    found = audited(ImageAttributes(), red=0.7, asked_by="nothing", **SOUND)
    red, distance = found["value_share", "colour", "red"].interval, found["distance", "colour"].interval
    assert red.low <= 0.7 <= red.high
    assert distance.low <= 0.7 - 1 / 3 <= distance.high
    assert found["classifier_accuracy",].interval.value > 0.9
    assert all(its.instrument == "image_features" for its in found.values() if isinstance(its, Estimate))


def test_a_painter_asked_by_class_is_found_out_in_colours_alone(audited):
    found = audited(ImageAttributes(images=150), red=0.7, asked_by="label", **SOUND)
    assert found["value_share", "colour", "red"].interval.low > 1 / 3
    assert not any("shape" in key for key in found)


@pytest.mark.slow
def test_bounds_hold_the_planted_shares_as_often_as_they_claim(put):
    asked, held = put(ImageAttributes(images=200), training()), Counter()
    for seed in range(100):
        found = asked.results(painter(red=0.7, blur=BLURRED, seed=seed))
        for key, truth in ((("value_share", "colour", "red"), 0.7), (("value_share", "colour", "blue"), 0.15)):
            held[key] += found[key].interval.low <= truth <= found[key].interval.high
        held["distance"] += found["distance",].interval.low <= 0.7 - 1 / 3 <= found["distance",].interval.high
        held["alarm"] += found["distance", "shape"].interval.low > 0
    assert held["value_share", "colour", "red"] >= 89
    assert held["value_share", "colour", "blue"] >= 89
    assert held["distance"] >= 93
    assert held["alarm"] <= 8
