from random import Random

import pytest

from probes.bias.swaps import Swap, named, one_word_apart, swapped

CAPTIONS = [f"a {colour} {shape}" for colour in ("red", "blue") for shape in ("circle", "square", "star")]
VALUES = {"colour": ("red", "blue"), "garment": ("T-shirt/top", "ankle boot"), "gender": ("female", "male")}


def test_one_word_is_swapped_in_its_place():
    assert swapped("a red circle", "a red square") == Swap("a red circle", "a red square", ("circle", "square"))
    assert swapped("red", "blue") == Swap("red", "blue", ("red", "blue"))


@pytest.mark.parametrize(
    "second", ["a red circle", "a blue square", "a circle", "a red red circle", "circle red a", ""]
)
def test_other_differences_are_no_swap(second):
    assert swapped("a red circle", second) is None


def test_all_captions_one_word_apart_are_found_in_order():
    found = one_word_apart(reversed(CAPTIONS), most=99)
    assert len(found) == 3 + 2 * 3  # a colour for each shape, three pairs of shapes for each colour
    assert found == sorted(found)
    assert found[0] == Swap("a blue circle", "a blue square", ("circle", "square"))
    assert all(swap.first < swap.second for swap in found)


def test_no_more_prompts_are_used_than_may_be():
    for most in (2, 3, 5):
        found = one_word_apart(CAPTIONS, most=most)
        assert found
        assert len({prompt for swap in found for prompt in (swap.first, swap.second)}) <= most


def test_it_finds_what_trying_every_pair_finds():
    random = Random(0)
    prompts = {" ".join(random.choices("abc", k=random.randint(1, 4))) for _ in range(60)}
    every = {(a, b) for a in prompts for b in prompts if a < b and swapped(a, b)}
    assert {(swap.first, swap.second) for swap in one_word_apart(prompts, most=999)} == every


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("a red shoe", "a blue shoe", {"colour"}),
        ("a RED, old shoe", "a pink, old shoe", {"colour"}),
        ("a boot", "a shoe", {"garment"}),
        ("a red shoe", "a male shoe", {"colour", "gender"}),
        ("a nurse", "a doctor", set()),
    ],
)
def test_a_word_names_what_has_it_for_a_value(first, second, names):
    assert named(swapped(first, second), VALUES) == names
