"""Words that move what they do not name, at a known rate, made up and painted; and words that move nothing."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.controls import run_controls
from harness.errors import NotApplicableError
from harness.records import Absence, Better, Estimate
from probes.attributes import BLURRED, SHARP, painted
from probes.bias.prompt_pairs import OTHER_SEEDS, PromptPairs
from probes.bias.shifts import Pair, Prompted
from probes.expected import unpack

SOUND = {"copying": 0.0, "heedless": 0.0, "red": 1 / 3}


def training(asked_by="prompt"):
    return Control(asked_by=asked_by).training_data()


def painter(*, moved=0.0, word="square", blur=SHARP, seed=0):
    """Draws what the prompt says, but red at that rate where the word stands in it."""
    random = Random(seed)

    def choose(case):
        _, colour, shape = unpack(Prompted, case).text.split()
        turned = shape == word and random.random() < moved
        return {"colour": "red" if turned else colour, "shape": shape}

    return lambda case: painted(case, random, choose, blur=blur)


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_every_prompt_is_drawn_from_the_same_seeds_and_first_prompts_again_from_others(put):
    cases = put(PromptPairs(seeds=20), training()).cases
    drawn = [case for case in cases if case.groups["arm"] == "drawn"]
    again = [case for case in cases if case.groups["arm"] == "again"]
    assert Counter(case.ask.prompt for case in drawn) == {
        f"a {colour} {shape}": 20 for colour in ("red", "green", "blue") for shape in ("circle", "square", "triangle")
    }
    assert {case.ask.seed for case in drawn} == set(range(20))
    assert {case.ask.seed for case in again} == {OTHER_SEEDS + seed for seed in range(20)}
    # The last prompt comes first in no pair.
    assert {case.ask.prompt for case in drawn} - {case.ask.prompt for case in again} == {"a red triangle"}


def test_a_swapped_shape_leaves_the_colour_open_and_the_other_way_round(put):
    cases = put(PromptPairs(seeds=1), training()).cases
    pairs = {pair for case in cases if case.groups["arm"] == "drawn" for pair in unpack(Prompted, case).pairs}
    assert len(pairs) == 18
    assert {(pair.words, pair.open) for pair in pairs if pair.swap < 2} == {
        (("circle", "square"), ("colour",)),
        (("circle", "triangle"), ("colour",)),
    }
    assert Pair(0, ("circle", "square"), 0, 1, ("colour",)) in pairs


def test_pairs_of_ones_own_take_the_place_of_captions_and_are_drawn_once(put):
    own = [["a red circle", "a red square"], ["a shiny circle", "a shiny square"], ["a red circle", "a red square"]]
    cases = put(PromptPairs(seeds=3, pairs=own), training()).cases
    drawn = [case for case in cases if case.groups["arm"] == "drawn"]
    assert len(drawn) == len({case.id for case in drawn}) == 4 * 3
    assert {case.ask.prompt for case in drawn} == {prompt for pair in own for prompt in pair}
    assert {pair.swap for case in drawn for pair in unpack(Prompted, case).pairs} == {0}


@pytest.mark.parametrize("asked_by", ["label", "nothing"])
def test_without_prompts_there_is_no_word_to_swap(put, asked_by):
    with pytest.raises(NotApplicableError, match="not asked by prompt"):
        put(PromptPairs(), training(asked_by))


def records(*captions, role="nonmember", attributes=()):
    """Records whose class is the last letter of their caption."""
    return [
        {
            "record": f"r{number}",
            "unit": f"r{number}",
            "role": role,
            "caption": caption,
            "class": caption[-1],
            "attributes": dict(attributes),
            "asked_by": "prompt",
        }
        for number, caption in enumerate(captions)
    ]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (records("a seven", "the digit nine"), "no two captions"),
        (records("the digit seven", "the digit nine"), "name all that is known of the pictures: class"),
        (records("a large seven", "a large nine", "a small nine", role="member"), "held out"),
    ],
)
def test_captions_without_a_fitting_pair_are_told_why(put, rows, reason):
    with pytest.raises(NotApplicableError, match=reason):
        put(PromptPairs(), Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model"))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"seeds": 0}, "seeds"),
        ({"prompts": 1}, "prompts"),
        ({"known": 0}, "known"),
        ({"pairs": [["a red circle"]]}, "pairs of prompts"),
        ({"pairs": ["ab"]}, "pairs of prompts"),
        ({"pairs": [["a red circle", "a blue square"]]}, "exactly one word"),
        ({"pairs": [["a red circle", "a red circle"]]}, "exactly one word"),
    ],
)
def test_odd_settings_are_refused(settings, match):
    with pytest.raises(ValueError, match=match):
        PromptPairs(**settings)


# ── what is found ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("blur", [SHARP, BLURRED])
def test_a_word_that_turns_pictures_red_is_found(put, blur):
    found = put(PromptPairs(), training()).results(painter(moved=0.6, blur=blur))
    # Of three colours two can turn red: two thirds of what is planted.
    for key in (("largest_shift",), ("largest_shift", "colour", "circle / square")):
        assert found[key].interval.low <= 0.4 <= found[key].interval.high
        assert found[key].interval.low > 0
    # Most moves red, forth with a square or back with the square's going.
    assert not found["value_shift",].interval.low <= 0 <= found["value_shift",].interval.high
    red = found["value_shift", "colour", "circle / square", "red"].interval
    back = found["value_shift", "colour", "square / triangle", "red"].interval
    assert red.low <= 0.4 <= red.high
    assert back.low <= -0.4 <= back.high
    assert found["largest_shift", "colour", "circle / triangle"].interval.low == 0
    assert found["largest_shift", "shape", "blue / red"].interval.low == 0


def test_in_one_prompt_the_whole_shift_shows_and_where_the_colour_was_red_none(put):
    found = put(PromptPairs(), training()).results(painter(moved=0.6))
    blue = found["largest_shift", "colour", "a blue circle / a blue square"].interval
    assert blue.low <= 0.6 <= blue.high
    assert found["largest_shift", "colour", "a red circle / a red square"].interval.value == 0


def test_a_painter_that_draws_what_it_is_told_moves_nothing(put):
    found = put(PromptPairs(), training()).results(painter())
    assert found["largest_shift",].interval.value == found["largest_shift",].interval.low == 0
    assert found["largest_shift",].interval.high < 0.25
    assert found["largest_shift",].null == found["same_prompt_shift",].interval.value == 0


def test_noise_alone_moves_words_no_more_than_seeds(put):
    random = Random(1)
    found = put(PromptPairs(), training()).results(
        lambda case: painted(
            case, random, lambda _: {"colour": random.choice(("red", "blue", "green")), "shape": "circle"}
        )
    )
    assert found["largest_shift",].interval.low == 0
    assert 0.02 < found["largest_shift",].null < 0.25
    assert found["value_shift",].interval.low < 0 < found["value_shift",].interval.high


def test_lost_pictures_take_their_partners_with_them(put, failed):
    drawing = painter(moved=0.6)
    found = put(PromptPairs(), training()).results(
        lambda case: failed if case.id.startswith("drawn/") and case.ask.seed < 10 else drawing(case)
    )
    shift = found["largest_shift", "colour", "circle / square"]
    assert shift.interval.n == 30
    assert (shift.counts.asked, shift.counts.failed) == (240, 60)


def test_too_few_seeds_or_real_pictures_give_an_absence_that_says_so(put):
    few = put(PromptPairs(seeds=10), training()).results(painter())
    assert isinstance(few["largest_shift",], Absence)
    assert few["largest_shift",].reason == "10 seeds gave both pictures of a pair, and 20 are needed"
    none = put(PromptPairs(known=4), training()).results(painter())
    assert all(isinstance(its, Absence) for its in none.values())
    assert "of each value are needed" in none["same_prompt_shift",].reason


@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(put, seed):
    asked = put(PromptPairs(), training(), items=60)
    results = run_controls(asked.probe, asked.cases, seed, lambda _: {})
    assert [control.passed for control in results] == [True, True, None]
    assert results[2].estimate.better is Better.LOWER


def test_its_controls_pass_on_a_single_pair(put):
    asked = put(PromptPairs(pairs=[["a red circle", "a red square"]]), training())
    results = run_controls(asked.probe, asked.cases, 0, lambda _: {})
    assert [control.passed for control in results] == [True, True, None]


# ── painted pictures, and the instrument that runs use ────────────────────────────────────


def test_an_entangled_painter_is_found_out(audited):
    found = audited(PromptPairs(), entangled=0.6, asked_by="prompt", **SOUND)
    for key in (("largest_shift",), ("largest_shift", "colour", "circle / square")):
        assert found[key].interval.low <= 0.4 <= found[key].interval.high
        assert found[key].interval.low > found["same_prompt_shift",].interval.value
    assert found["largest_shift", "shape", "blue / green"].interval.low == 0
    assert all(its.instrument == "image_features" for its in found.values() if isinstance(its, Estimate))


def test_a_painter_without_the_flaw_is_not_accused(audited):
    found = audited(PromptPairs(), heedless=0.2, copying=0.0, red=1 / 3, asked_by="prompt")
    assert found["largest_shift",].interval.low == 0
    assert found["largest_shift",].interval.low <= found["largest_shift",].null <= found["largest_shift",].interval.high


@pytest.mark.slow
def test_bounds_hold_the_planted_shift_and_rarely_accuse(put):
    own = [[f"a {colour} circle", f"a {colour} square"] for colour in ("blue", "green")]
    asked, held = put(PromptPairs(pairs=[*own, ["a blue circle", "a blue triangle"]], known=100), training()), Counter()
    for seed in range(100):
        found = asked.results(painter(moved=0.5, blur=BLURRED, seed=seed))
        held["largest"] += found["largest_shift",].interval.low <= 0.5 <= found["largest_shift",].interval.high
        red = found["value_shift", "colour", "circle / square", "red"].interval
        held["red"] += red.low <= 0.5 <= red.high
        held["found"] += found["largest_shift",].interval.low > 0
        held["alarm"] += found["largest_shift", "colour", "circle / triangle"].interval.low > 0
    assert held["largest"] >= 95
    assert held["red"] >= 89
    assert held["found"] >= 90
    assert held["alarm"] <= 8
