"""What is known of real pictures, and that each of them has one use."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.records import Arm
from probes.attributes import asked_for, attributes_in, real_pictures, shown
from probes.pictures import draws

VALUES = {"colour": ("blue", "green", "red"), "shape": ("circle", "square", "triangle")}


def row(number, role="nonmember", **its):
    made = {
        "record": f"r{number:03}",
        "unit": f"r{number:03}",
        "role": role,
        "label": number % 2,
        "class": "ab"[number % 2],
        "attributes": {"size": ("small", "large")[number // 2 % 2]},
        "canary": None,
    }
    return {**made, **its}


def data_of(rows):
    return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")


@pytest.fixture(scope="module")
def shapes():
    return Control(asked_by="nothing").training_data()


# ── what is known ─────────────────────────────────────────────────────────────────────────


def test_a_record_shows_its_attributes_and_its_class():
    assert shown(row(3)) == {"size": "large", "class": "b"}
    assert shown(row(3, attributes=None)) == {"class": "b"}
    assert shown({"attributes": {"size": 3}, "class": None}) == {}


def test_attributes_with_several_values_are_asked_about_and_planted_records_are_not():
    rows = [row(number) for number in range(8)]
    rows.append(row(8, attributes={"size": "canary"}, canary={"fill": "f"}))
    assert attributes_in(data_of(rows)) == {"class": ("a", "b"), "size": ("large", "small")}
    alike = [row(number, attributes={"size": "small"}) for number in range(4)]
    assert attributes_in(data_of(alike)) == {"class": ("a", "b")}


def test_a_class_that_repeats_an_attribute_is_left_out(shapes):
    assert attributes_in(shapes) == VALUES


@pytest.mark.parametrize(
    ("asked_by", "fixed"), [("label", {"shape"}), ("prompt", {"colour", "shape"}), ("nothing", set())]
)
def test_what_the_ask_fixes_is_known(asked_by, fixed):
    data = Control(asked_by=asked_by).training_data()
    for draw in draws(data, 12):
        assert set(asked_for(draw, VALUES)) == fixed
        assert all(value in VALUES[name] for name, value in asked_for(draw, VALUES).items())


# ── which pictures are used ───────────────────────────────────────────────────────────────


def test_every_real_picture_has_one_use_and_mistakes_are_counted_on_pictures_the_model_never_saw(shapes):
    roles = {r["record"]: r["role"] for r in shapes.rows}
    for most in (20, 1000):
        cases = list(real_pictures(shapes, VALUES, most, most=most))
        names = [case.ask.record for case in cases]
        assert len(set(names)) == len(names)
        assert {roles[case.ask.record] for case in cases if case.groups["arm"] == "count"} == {"nonmember"}
        fitted = {roles[case.ask.record] for case in cases if case.groups["arm"] == "fit"}
        assert fitted == ({"nonmember"} if most == 20 else {"member"})
        assert {case.arm for case in cases} == {Arm.CONTROL}


def test_validation_pictures_come_before_training_pictures():
    roles = ["nonmember"] * 5 + ["validation"] * 5 + ["member"] * 5
    data = data_of([row(number, role) for number, role in enumerate(roles)])
    fitted = [case.ask.record for case in real_pictures(data, {}, 7, most=10) if case.groups["arm"] == "fit"]
    assert set(fitted[:5]) == {f"r{number:03}" for number in range(5, 10)}
    assert all(name >= "r010" for name in fitted[5:])


def test_pictures_of_one_unit_are_not_split():
    data = data_of([row(number, unit=f"u{number // 4}") for number in range(80)])
    arms = {}
    for case in real_pictures(data, {}, 80, most=20):
        arms.setdefault(case.cluster, set()).add(case.groups["arm"])
    assert all(len(its) == 1 for its in arms.values())
    assert {"fit"} in arms.values()


def test_a_smaller_number_is_the_head_of_a_larger(shapes):
    few, more = ([case.id for case in real_pictures(shapes, VALUES, n, most=40)] for n in (10, 30))
    assert set(few) < set(more)
