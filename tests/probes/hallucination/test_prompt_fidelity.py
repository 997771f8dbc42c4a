"""Pictures that show what was asked for at a known rate, made up and painted."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.controls import run_controls
from harness.errors import NotApplicableError
from harness.records import Absence, Estimate
from probes.attributes import BLURRED, SHARP, painted
from probes.expected import unpack
from probes.hallucination.prompt_fidelity import Asked, PromptFidelity

SOUND = {"copying": 0.0, "red": 1 / 3}


def training(asked_by):
    return Control(asked_by=asked_by).training_data()


def painter(*, blur=SHARP, seed=0, **rates):
    """Follows each attribute at its rate, always unless it is named; shows another value else."""
    random = Random(seed)

    def choose(case):
        key = unpack(Asked, case)
        return {
            name: value
            if random.random() < rates.get(name, 1.0)
            else random.choice([its for its in key.values[name] if its != value])
            for name, value in key.asked.items()
        }

    return lambda case: painted(case, random, choose, blur=blur)


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_a_model_of_classes_is_held_to_its_classes(put):
    cases = put(PromptFidelity(), training("label"), items=50).cases
    assert Counter(case.groups["arm"] for case in cases) == {"drawn": 50, "fit": 50, "count": 50}
    key = unpack(Asked, cases[1])
    assert key == Asked({"shape": "square"}, {"shape": ("circle", "square", "triangle")})
    assert "prompt" not in cases[1].groups


def test_a_model_of_prompts_is_held_to_every_word_that_is_known(put):
    cases = put(PromptFidelity(), training("prompt"), items=50).cases
    assert cases[0].groups["prompt"] == "a blue circle"
    assert unpack(Asked, cases[0]).asked == {"colour": "blue", "shape": "circle"}


def test_a_model_that_is_asked_for_nothing_cannot_be_held_to_it(put):
    with pytest.raises(NotApplicableError, match="neither a label nor a prompt"):
        put(PromptFidelity(), training("nothing"))


def test_prompts_that_fix_nothing_known_or_no_held_out_record_are_told(put):
    row = {"role": "member", "caption": "a thing", "class": None, "asked_by": "prompt", "attributes": None}
    rows = [{**row, "record": f"r{number}", "unit": f"r{number}"} for number in range(9)]
    for extra, match in ({}, "that the ask would fix"), ({"attributes": True}, "held out"):
        made = [
            {**one, "caption": "ab"[n % 2], "attributes": {"size": "ab"[n % 2]}} if extra else one
            for n, one in enumerate(rows)
        ]
        with pytest.raises(NotApplicableError, match=match):
            put(PromptFidelity(), Dataset("training", "1", digest_bytes(b""), "unknown", made, "model"))


@pytest.mark.parametrize("settings", [{"images": 0}, {"known": 0}])
def test_odd_settings_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        PromptFidelity(**settings)


# ── what is found ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("blur", [SHARP, BLURRED])
def test_what_is_followed_at_a_known_rate_is_found_in_the_attribute_followed_least(put, blur):
    found = put(PromptFidelity(), training("prompt")).results(painter(colour=0.6, blur=blur))
    for key in (("shown_share",), ("shown_share", "colour")):
        assert found[key].interval.low <= 0.6 <= found[key].interval.high
        assert found[key].null == pytest.approx(1 / 3)
    assert found["shown_share", "shape"].interval.low <= 1.0 <= found["shown_share", "shape"].interval.high
    assert found["shown_share",].interval.low < found["shown_share", "colour"].interval.low


def test_blurred_pictures_are_corrected_for_and_the_uncorrected_share_is_not(put):
    found = put(PromptFidelity(), training("prompt")).results(painter(blur=BLURRED))
    assert found["all_seen_share",].interval.high < 0.9
    assert found["shown_share",].interval.high == 1
    assert found["all_seen_share",].null == pytest.approx(1 / 9)


def test_one_class_that_is_never_drawn_shows_in_its_slice(put):
    random = Random(0)

    def choose(case):
        asked = unpack(Asked, case).asked["shape"]
        return {"shape": "circle" if asked == "square" else asked}

    found = put(PromptFidelity(), training("label")).results(lambda case: painted(case, random, choose))
    assert found["shown_share",].interval.value == pytest.approx(2 / 3)
    assert found["shown_share", "shape", "square"].interval.value == 0
    assert found["shown_share", "shape", "square"].interval.high < 0.1
    assert found["shown_share", "shape", "circle"].interval.value == 1


def test_every_prompt_has_its_slice(put):
    found = put(PromptFidelity(), training("prompt")).results(painter())
    prompts = {key[2] for key in found if len(key) == 3 and " " in key[2]}
    assert len(prompts) == 9
    assert "a red square" in prompts


def test_lost_draws_and_too_few_pictures_are_told(put, failed):
    drawing = painter()
    lost = {f"draw/{seed}" for seed in range(30)}
    found = put(PromptFidelity(), training("label")).results(lambda case: failed if case.id in lost else drawing(case))
    for name in ("shown_share", "all_seen_share"):
        assert (found[name,].interval.n, found[name,].counts.failed) == (270, 30)
    few = put(PromptFidelity(), training("label"), items=8).results(drawing)
    assert all(isinstance(its, Absence) for its in few.values())
    assert "of each value are needed" in few["shown_share",].reason


@pytest.mark.parametrize("asked_by", ["label", "prompt"])
@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(put, asked_by, seed):
    asked = put(PromptFidelity(), training(asked_by), items=100)
    results = run_controls(asked.probe, asked.cases, seed, lambda _: {})
    assert [control.passed for control in results] == [True, True, None]


# ── painted pictures, and the instrument that runs use ────────────────────────────────────


@pytest.mark.parametrize(("asked_by", "attributes"), [("label", ["shape"]), ("prompt", ["colour", "shape"])])
def test_a_heedless_painter_is_found_out(audited, asked_by, attributes):
    found = audited(PromptFidelity(), heedless=0.3, asked_by=asked_by, **SOUND)
    for attribute in attributes:
        interval = found["shown_share", attribute].interval
        # Who does not heed the ask shows one of three values, and so the right one in a third of cases.
        assert interval.low <= 1 - 0.3 * 2 / 3 <= interval.high
    assert found["shown_share",].interval.low > found["shown_share",].null
    assert all(its.instrument == "image_features" for its in found.values() if isinstance(its, Estimate))


def test_a_painter_that_heeds_every_ask_is_compatible_with_all_right(audited):
    found = audited(PromptFidelity(images=150), heedless=0.0, asked_by="prompt", **SOUND)
    assert found["shown_share",].interval.high == 1
    assert found["shown_share",].interval.low > 0.85


@pytest.mark.slow
def test_bounds_hold_the_planted_rate_as_often_as_they_claim(put):
    asked, held = put(PromptFidelity(images=150, known=100), training("prompt")), Counter()
    for seed in range(100):
        found = asked.results(painter(colour=0.8, shape=0.95, blur=BLURRED, seed=seed))
        for name, truth in (("colour", 0.8), ("shape", 0.95)):
            held[name] += found["shown_share", name].interval.low <= truth <= found["shown_share", name].interval.high
        held["least"] += found["shown_share",].interval.low <= 0.8 <= found["shown_share",].interval.high
    assert min(held["colour"], held["shape"]) >= 89
    assert held["least"] >= 92
