"""Pictures moved by known amounts, and a scripted painter that jumps at the rate that is set."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from harness.backends.control import Control
from harness.controls import compatible, run_controls
from harness.data import load
from harness.images.features import NAMES, describe
from harness.images.pictures import from_png
from harness.records import Absence, Capability, ControlKind, DrawAsk, Finish, Judged, Outcome, Reading, Reply
from harness.seeds import rng
from probes.pictures import FEATURES, scripted
from probes.robustness.image_noise import BASE, LEAST, SEED, ImageNoise
from probes.subjects import PROMPTS

WORDS = Capability.TEXT_TO_IMAGE


def at(place):
    return scripted({**dict.fromkeys(NAMES, 0.0), NAMES[1]: place})


def training(asked_by="label"):
    return Control(asked_by=asked_by).training_data()


def length(case):
    """A distance of the case's own, 1 on average over cases."""
    return rng(0, case.cluster).uniform(0.5, 1.5)


def moving(**by):
    """A painter who moves pictures by so many seed distances, each by its own."""
    return lambda case: at(0.0 if case.groups["change"] == BASE else by.get(case.groups["change"], 1.0) * length(case))


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_a_model_of_classes_is_asked_for_jitters_and_another_seed(put):
    cases = put(ImageNoise(images=10), training()).cases
    assert Counter(case.groups["change"] for case in cases) == dict.fromkeys(
        [BASE, SEED, "jitter-0.05", "jitter-0.2", "jitter-0.5"], 10
    )
    base, seed, *jitters = [case.ask for case in cases[:5]]
    assert [ask.jitter for ask in jitters] == [0.05, 0.2, 0.5]
    assert {(ask.seed, ask.label) for ask in jitters} == {(base.seed, base.label)}
    assert seed.label == base.label
    assert seed.seed != base.seed


def test_a_model_of_prompts_is_asked_in_other_words_besides_with_the_seed_kept(put):
    cases = [case for case in put(ImageNoise(), training("prompt"), capability=WORDS).cases if case.cluster == "draw/0"]
    asked = {case.groups["rewording"]: case.ask for case in cases if "rewording" in case.groups}
    assert asked.pop("typo").prompt != "a blue circle"
    assert asked == {
        "capitals": DrawAsk(0, prompt="A BLUE CIRCLE"),
        "polite": DrawAsk(0, prompt="Please draw a blue circle."),
        "article": DrawAsk(0, prompt="blue circle"),
    }
    assert len(cases) == 9


def test_prompts_of_a_file_are_reworded_by_hand_too_and_asked_without_jitter(put):
    cases = put(ImageNoise(), load(PROMPTS), capability=WORDS).cases
    found = Counter(case.groups["change"] for case in cases)
    assert found[BASE] == found[SEED] == found["rephrased"] == found["typo"] == 60
    assert {case.ask.jitter for case in cases} == {0.0}
    by_hand = next(case for case in cases if case.id == "animals-001/rephrased")
    assert by_hand.ask.prompt == "Beside a birch tree, a red fox sleeping in the snow"
    assert by_hand.groups["topic"] == "animals"


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        ImageNoise(images=0)


# ── closed forms ──────────────────────────────────────────────────────────────────────────


def test_movement_is_told_in_distances_between_seeds_for_each_strength(put):
    moves = {"jitter-0.05": 0.1, "jitter-0.2": 0.25, "jitter-0.5": 0.7}
    found = put(ImageNoise(), training()).results(moving(**moves))
    assert found["movement",].interval.value == pytest.approx(0.25)
    for strength, moved in (("0.05", 0.1), ("0.2", 0.25), ("0.5", 0.7)):
        assert found["movement", strength].interval.value == pytest.approx(moved)
    assert found["movement",].null is None
    assert found["movement",].instrument == FEATURES
    assert found["movement",].counts.asked == 180
    mean = np.mean([rng(0, f"draw/{number}").uniform(0.5, 1.5) for number in range(60)])
    assert found["seed_distance",].interval.value == pytest.approx(mean, abs=1e-5)


def test_it_is_a_ratio_of_means_with_pictures_as_units(put):
    # Pictures whose seeds lie far apart weigh more: (1 · 0.5 + 3 · 0.1) / (1 + 3), not the mean of 0.5 and 0.1.
    def respond(case):
        even = int(case.cluster.removeprefix("draw/")) % 2 == 0
        far, moved = (1.0, 0.5) if even else (3.0, 0.3)
        return at({BASE: 0.0, SEED: far}.get(case.groups["change"], moved))

    found = put(ImageNoise(), training()).results(respond)["movement",].interval
    assert found.value == pytest.approx(0.2)
    assert found.n == 60
    assert found.method == "bca bootstrap"
    assert 0.1 < found.low < 0.2 < found.high < 0.35


def test_rewordings_are_averaged_over_and_told_apart(put):
    moves = {"typo": 0.8, "capitals": 0.0, "polite": 0.4, "article": 0.4}
    found = put(ImageNoise(), training("prompt"), capability=WORDS).results(moving(**moves, **{"jitter-0.2": 0.3}))
    assert found["rewording_movement",].interval.value == pytest.approx(0.4)
    assert found["rewording_movement",].null == 0.0
    for name, moved in moves.items():
        assert found["rewording_movement", name].interval.value == pytest.approx(moved)
    assert found["movement",].interval.value == pytest.approx(0.3)
    assert found["rewording_movement",].counts.asked == 6 * 60


def test_prompts_of_a_file_are_judged_by_their_rewordings(put):
    found = put(ImageNoise(), load(PROMPTS), capability=WORDS).results(
        moving(rephrased=1.0, **dict.fromkeys(["typo", "capitals", "polite", "article"], 0.0))
    )
    assert found["movement",].interval.value == found["rewording_movement",].interval.value
    # Five rewordings where the prompt begins with an article, four where it does not.
    assert 0.2 <= found["movement",].interval.value <= 0.25
    assert found["rewording_movement", "article"].counts.asked < found["rewording_movement", "typo"].counts.asked == 180


def test_what_never_moved_is_bounded_by_what_could_have_gone_unseen(put):
    found = put(ImageNoise(), training()).results(moving(**{"jitter-0.2": 0.0}))["movement",].interval
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 60))


# ── what is missing ───────────────────────────────────────────────────────────────────────


def test_a_model_without_prompts_has_no_rewordings_and_the_reason_is_said(put):
    found = put(ImageNoise(), training("nothing")).results(moving())
    assert isinstance(found["rewording_movement",], Absence)
    assert "without a prompt" in found["rewording_movement",].reason


def test_a_model_that_ignores_its_seed_has_no_scale_and_a_seed_distance_of_nothing(put):
    found = put(ImageNoise(), training()).results(lambda _: at(0.3))
    assert found["movement",].reason == f"needs {LEAST} pictures that another seed changes, and has 0"
    assert found["seed_distance",].interval.value == 0.0


def test_too_few_pictures_give_no_number(put):
    found = put(ImageNoise(images=LEAST - 1), training()).results(moving())
    assert all(isinstance(result, Absence) for result in found.values())
    found = put(ImageNoise(images=LEAST), training()).results(moving())
    assert not isinstance(found["movement",], Absence)


def test_a_picture_without_its_fellows_is_counted_and_left_out(put, failed):
    def respond(case):
        lost = (SEED, "draw/0"), ("jitter-0.2", "draw/1"), (BASE, "draw/2")
        return failed if (case.groups["change"], case.cluster) in lost else moving(**{"jitter-0.2": 0.5})(case)

    found = put(ImageNoise(), training()).results(respond)
    assert found["movement",].interval.value == pytest.approx(0.5)
    assert found["movement",].interval.n == 57
    assert (found["movement",].counts.asked, found["movement",].counts.failed) == (180, 3)
    assert found["movement", "0.5"].interval.n == 58


def test_a_picture_that_was_not_fully_described_is_unreadable(put):
    probe = put(ImageNoise(), training())
    reply = Reply(Finish.STOP, media=("a.png",))
    (reading,) = probe.probe.readings(probe.cases[0], reply)
    assert reading == Reading(FEATURES, "", media="a.png")
    assert probe.probe.judge(probe.cases[0], reply, {reading: {"edge-000": 1.0}}).outcome is Outcome.UNREADABLE


# ── planted, and controls ─────────────────────────────────────────────────────────────────


def painted(put, data, dials, *, capability=None, seed=0):
    """Put the probe to the scripted painter, its pictures described as the instrument describes them."""
    backend = Control(red=1 / 3, copying=0.0, heedless=0.0, **dials, seed=seed)

    def respond(case):
        (reply,) = backend.answer([case.ask])
        values = describe(from_png(backend.media(reply.media[0]))[None])[0]
        return scripted(dict(zip(NAMES, map(float, values), strict=True)))

    return put(ImageNoise(), data, capability=capability).results(respond)


@pytest.mark.parametrize(("jumpy", "seed"), [(0.0, 1), (0.0, 2), (0.5, 1), (0.5, 2), (1.0, 1)])
def test_a_painter_that_jumps_at_a_known_rate_is_found_out_at_every_strength(put, jumpy, seed):
    # A picture that jumps is as far from where it was as that of another seed; the others stay.
    found = painted(put, training(), {"jumpy": jumpy}, seed=seed)
    values = []
    for strength in (0.05, 0.2, 0.5):
        movement = found["movement", f"{strength:g}"]
        assert compatible(movement, jumpy + (1 - jumpy) * strength)
        values.append(movement.interval.value)
    assert values == sorted(values)


def test_a_painter_whose_pictures_hang_on_the_very_wording_moves_as_far_as_with_another_seed(put):
    found = painted(put, training("prompt"), {"asked_by": "prompt"}, capability=WORDS)
    for name in ("polite", "capitals", "article"):
        interval = found["rewording_movement", name].interval
        assert interval.low <= 1 <= interval.high
    assert found["movement", "0.05"].interval.high < 0.3


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("source", ["label", "prompt", "nothing", PROMPTS])
def test_its_controls_pass_on_every_kind_of_model(put, source, seed):
    data = load(source) if source == PROMPTS else training(source)
    probe = put(ImageNoise(), data, capability=WORDS if source in ("prompt", PROMPTS) else Capability.DRAW)
    results = run_controls(probe.probe, probe.cases, seed, lambda _: {})
    assert [result.passed for result in results] == [True, True, None]
    specks = next(result.estimate for result in results if result.kind is ControlKind.INSTRUMENT)
    # Where seeds hardly differ, everything else moves as far.
    assert specks.interval.low <= 1 <= specks.interval.high + 0.3


# ── pictures to show ──────────────────────────────────────────────────────────────────────


def test_the_gallery_shows_what_moved_furthest_with_all_its_changes(put):
    probe = put(ImageNoise(), training())
    respond = moving(**{"jitter-0.2": 0.1})
    far = {"draw/7", "draw/31"}
    judged = probe.judged(lambda case: at(9.0) if case.id in {f"{name}/jitter-0.2" for name in far} else respond(case))
    exhibits = list(probe.probe.exhibits(judged, {case.id: f"{case.id}.png" for case in probe.cases}))
    assert len(exhibits) == 6
    shown = [exhibit.pictures[0][0].rpartition("/")[0] for exhibit in exhibits]
    assert set(shown[:2]) == far
    assert [label for _, label in exhibits[0].pictures] == [BASE, SEED, "jitter-0.05", "jitter-0.2", "jitter-0.5"]
    assert exhibits[0].title.startswith("Moved by 9.")
    assert list(probe.probe.exhibits(judged, {})) == []
    assert list(probe.probe.exhibits([], {})) == []
    unmoved = [Judged(case, probe.probe.judge(case, at(0.0), {})) for case in probe.cases]
    assert list(probe.probe.exhibits(unmoved, {case.id: "x.png" for case in probe.cases})) == []
