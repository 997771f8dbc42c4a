"""What a classifier reads off pictures is as good as its confusion says, and it says where it knows nothing."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.images.features import NAMES
from harness.records import Absence, Better, Case, Judged, Metric, Outcome, RecordAsk, Score
from probes.attributes import BLURRED, in_arm, painted, real_pictures
from probes.pictures import described
from probes.rulers import STRANGE, accuracies, rulers, strangers

METRIC = Metric("bias.made/share", "t", "p", "share", "pictures", Better.HIGHER)
VALUES = {"colour": ("blue", "green", "red"), "shape": ("circle", "square", "triangle")}


@pytest.fixture(scope="module")
def shapes():
    return Control(asked_by="nothing").training_data()


def data_of(rows):
    return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")


def judged(data, *, blur=0.05, n=100, lost=()):
    scores = []
    for place, case in enumerate(real_pictures(data, VALUES, n, most=1000)):
        reply = painted(case, Random(place), lambda _: {}, blur=blur)
        score = Score(Outcome.FAILED) if case.id in lost else described(reply, {})
        scores.append(Judged(case, score))
    return scores


def drawn(*shows, blur=0.05):
    """Drawn pictures that show these attributes."""
    return [
        Judged(case, described(painted(case, Random(place), lambda _, its=its: its, blur=blur), {}))
        for place, its in enumerate(shows)
        for case in (Case(f"draw/{place}", RecordAsk("x"), {}, {"arm": "drawn"}, f"draw/{place}"),)
    ]


def test_clear_pictures_are_read_right_and_blurred_ones_are_counted_wrong(shapes):
    for blur, low, high in ((0.05, 1, 1), (BLURRED, 0.6, 0.98)):
        for ruler in rulers(judged(shapes, blur=blur), VALUES).values():
            assert ruler.weakness == ""
            assert ruler.confusion.sum() == len(ruler.tried) == 100
            right = np.trace(ruler.confusion) / 100
            assert low <= right <= high
            assert right == sum(its for its, _ in ruler.right) / 100


def test_a_ruler_reads_others_by_the_same_names(shapes):
    ruler = rulers(judged(shapes), VALUES)["colour"]
    pictures = drawn(*({"colour": colour, "shape": "square"} for colour in ruler.values))
    assert ruler.read(pictures) == [0, 1, 2]
    assert ruler.read([]) == []


def test_the_order_of_the_scores_makes_no_difference(shapes):
    scores = judged(shapes, blur=BLURRED)
    first, turned = (rulers(its, VALUES)["shape"].confusion.tolist() for its in (scores, scores[::-1]))
    assert first == turned
    assert [its.case.id for its in in_arm(scores, "fit")] == sorted(
        its.case.id for its in scores if its.case.groups["arm"] == "fit"
    )


def test_noise_is_too_weak_and_says_so(shapes):
    ruler = rulers(judged(shapes, blur=50.0), VALUES)["shape"]
    assert "cannot tell some classes apart" in ruler.weakness
    assert ruler.right


def test_too_few_pictures_of_a_value_are_told_by_number(shapes):
    few = data_of([r for r in shapes.rows if r["attributes"]["colour"] != "green" or r["role"] == "member"])
    ruler = rulers(judged(few), VALUES)["colour"]
    assert ruler.weakness == "0 real pictures of the colour green to try the classifier on: 5 of each value are needed"
    with pytest.raises(ValueError, match="0 real pictures"):
        ruler.read([])
    single = rulers(judged(shapes), {"colour": ("red",)})["colour"]
    assert single.weakness == "the real pictures show a single value of colour"


def test_pictures_that_could_not_be_shown_are_in_the_denominator_only(shapes):
    lost = {case.id for case in real_pictures(shapes, VALUES, 100, most=1000) if case.groups["arm"] == "count"}
    lost = set(sorted(lost)[:10])
    ruler = rulers(judged(shapes, lost=lost), VALUES)["colour"]
    overall, colour = accuracies(METRIC, {"colour": ruler}, judged(shapes, lost=lost))
    assert overall.interval.n == colour.interval.n == 90
    assert (overall.counts.asked, overall.counts.failed) == (100, 10)


def test_the_accuracy_of_the_worst_read_attribute_stands_for_all(shapes):
    scores = judged(shapes, blur=BLURRED)
    found = list(accuracies(METRIC, rulers(scores, VALUES), scores))
    assert [dict(its.slice) for its in found] == [{}, {"attribute": "colour"}, {"attribute": "shape"}]
    assert found[0].interval.value == min(its.interval.value for its in found[1:])
    assert found[0].interval.low < min(its.interval.low for its in found[1:])
    assert found[0].null == pytest.approx(1 / 3)


def test_without_a_single_picture_there_is_no_accuracy(shapes):
    scores = [replace(its, score=Score(Outcome.FAILED)) for its in judged(shapes)]
    found = list(accuracies(METRIC, rulers(scores, VALUES), scores))
    assert all(isinstance(its, Absence) for its in found)
    assert "0 real pictures" in found[0].reason
    (nothing,) = accuracies(METRIC, {}, [])
    assert nothing.reason


# ── pictures unlike all real ones ─────────────────────────────────────────────────────────


def test_pictures_like_real_ones_are_rarely_strange(shapes):
    scores = judged(shapes)
    pictures = drawn(*({"colour": "red", "shape": "square"} for _ in range(300)))
    for name, ruler in rulers(scores, VALUES).items():
        assert sum(ruler.strange(in_arm(scores, "count"))) == 4  # 5 of 100 less the one at the edge
        assert sum(ruler.strange(pictures)) < 45, name
        assert ruler.silent(pictures) == ""


def smudges(n):
    """Squares half way between blue and red."""
    first, second = (drawn(*({"colour": colour, "shape": "square"} for _ in range(n))) for colour in ("blue", "red"))
    return [
        replace(
            one,
            score=Score(
                Outcome.SCORED, {name: (one.score.values[name] + other.score.values[name]) / 2 for name in NAMES}
            ),
        )
        for one, other in zip(first, second, strict=True)
    ]


def test_smudges_between_two_values_are_strange_in_that_attribute_and_silence_it(shapes):
    tools = rulers(judged(shapes), VALUES)
    assert tools["colour"].silent(smudges(40)) == (
        "40 of 40 drawn pictures are, in colour, unlike all real ones, so that the mistakes counted on real ones say"
        " nothing of them"
    )
    assert tools["shape"].silent(smudges(40)) == ""
    red = drawn(*({"colour": "red", "shape": "square"} for _ in range(60)))
    assert tools["colour"].silent([*smudges(40), *red]) == ""


def test_strange_pictures_are_counted_for_the_attribute_with_most_and_for_each(shapes):
    tools = rulers(judged(shapes), VALUES)
    found = list(strangers(METRIC, tools, {name: smudges(40) for name in tools}))
    assert [dict(its.slice) for its in found] == [{}, {"attribute": "colour"}, {"attribute": "shape"}]
    assert found[0].interval.value == found[1].interval.value == 1
    assert found[0].interval.low < found[1].interval.low
    assert found[2].interval.value < 0.3
    assert {its.null for its in found} == {STRANGE}


def test_without_a_ruler_or_a_picture_nothing_can_be_called_strange(shapes):
    tools = rulers(judged(shapes), VALUES)
    (none,) = strangers(METRIC, tools, dict.fromkeys(tools, ()))
    assert none.reason == "no drawn picture could be read"
    weak = rulers([], VALUES)
    (few,) = strangers(METRIC, weak, dict.fromkeys(weak, drawn({"colour": "red"})))
    assert "0 real pictures" in few.reason
    with pytest.raises(ValueError, match="0 real pictures"):
        weak["colour"].strange([])
    assert weak["colour"].silent([]) == weak["colour"].weakness
