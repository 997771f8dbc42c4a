from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.duplicates import image_duplicates
from harness.data.synthetic import COLOURS, SHAPES, Plan, coloured_shapes, parse_plan
from harness.errors import DataError


def test_options_are_read_from_the_name():
    assert parse_plan("") == Plan(n=2000, size=16, seed=0)
    plan = parse_plan("n=500, red=0.7,seed=3,size=32,circle=0.5")
    assert plan == Plan(n=500, size=32, seed=3, shares=(("circle", 0.5), ("red", 0.7)))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("redd=0.7", "Did you mean 'red'?"),
        ("n", "no option 'n'"),
        ("n=7", "whole number from 8 to 1000000"),
        ("n=1e3", "whole number"),
        ("size=9999", "from 8 to 256"),
        ("seed=-1", "whole number"),
        ("red=1.2", "no share from 0 to 1"),
        ("red=nan", "no share from 0 to 1"),
        ("red=much", "no share from 0 to 1"),
        ("red=0.7,blue=0.5", "add up to 1.2"),
        ("red=0.5,blue=0.2,green=0.2", "add up to 0.9"),
        ("n=10,n=20", "given twice"),
        ("red=0.1,red=0.2", "given twice"),
    ],
)
def test_options_that_cannot_be_met_are_refused_with_the_next_step(options, told):
    with pytest.raises(DataError, match="synthetic") as refused:
        parse_plan(options)
    assert told in str(refused.value)


def test_planted_shares_hold_exactly_and_the_rest_is_even():
    shapes = coloured_shapes(parse_plan("n=1000,red=0.7"))
    assert Counter(shapes.attributes["colour"]) == {"red": 700, "green": 150, "blue": 150}
    assert sorted(Counter(shapes.attributes["shape"]).values()) == [333, 333, 334]
    two = coloured_shapes(parse_plan("n=1000,red=0.7,blue=0.3"))
    assert Counter(two.attributes["colour"]) == {"red": 700, "blue": 300}


@given(n=st.integers(8, 200), red=st.floats(0, 1), green=st.floats(0, 1))
def test_counts_are_within_one_of_the_share(n, red, green):
    green *= 1 - red
    counts = Counter(coloured_shapes(Plan(n, 8, 1, (("green", green), ("red", red)))).attributes["colour"])
    assert counts.total() == n
    assert abs(counts["red"] - red * n) < 1
    assert abs(counts["green"] - green * n) < 1


def test_colour_and_shape_are_independent():
    shapes = coloured_shapes(Plan(n=9000, size=8))
    pairs = Counter(zip(shapes.attributes["colour"], shapes.attributes["shape"], strict=True))
    expected = 9000 / 9
    # Chi-squared with 4 degrees of freedom stays below 18.5 with probability 0.999.
    assert sum((pairs[c, s] - expected) ** 2 / expected for c in COLOURS for s in SHAPES) < 18.5


def test_captions_labels_and_attributes_agree():
    shapes = coloured_shapes(Plan(n=50))
    assert shapes.classes == ("circle", "square", "triangle")
    for row in range(50):
        colour, shape = shapes.attributes["colour"][row], shapes.attributes["shape"][row]
        assert shapes.texts[row] == f"a {colour} {shape}"
        assert shapes.classes[shapes.labels[row]] == shape


def test_the_colour_of_the_ink_is_the_planted_one():
    shapes = coloured_shapes(Plan(n=300))
    ink = shapes.images.reshape(300, -1, 3)
    darkest = ink[np.arange(300), ink.sum(axis=2).argmin(axis=1)].astype(int)
    wanted = np.array([COLOURS[name] for name in shapes.attributes["colour"]])
    assert (darkest.argmax(axis=1) == wanted.argmax(axis=1)).all()
    assert shapes.images.shape == (300, 16, 16, 3)
    assert shapes.images.dtype == np.uint8


def test_shapes_can_be_told_by_the_ink_in_their_box():
    shapes = coloured_shapes(Plan(n=600, size=48))
    ground = shapes.images[:, :1, :1, :].astype(int)
    ink = np.abs(shapes.images.astype(int) - ground).sum(axis=3) > 150
    area = ink.sum(axis=(1, 2))
    box = ink.any(axis=1).sum(axis=1) * ink.any(axis=2).sum(axis=1)
    # A square fills its box, a circle π/4 of it, a triangle half.
    fill = area / box
    guess = np.where(fill > 0.9, 1, np.where(fill > 0.65, 0, 2))
    assert (guess == shapes.labels).all()


def test_equal_plans_give_equal_images_and_other_seeds_others():
    assert coloured_shapes(Plan(n=40)).digest == coloured_shapes(Plan(n=40)).digest
    assert coloured_shapes(Plan(n=40)).digest != coloured_shapes(Plan(n=40, seed=1)).digest


def test_hardly_any_two_images_are_duplicates():
    assert len(image_duplicates(coloured_shapes(Plan()).images).removed) <= 5
