"""The probe of image watermarks: on scripted p-values, and on pictures whose marks were planted at known rates."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import Materials
from harness.controls import run_controls
from harness.errors import NotApplicableError, NothingToRunError, UsageError
from harness.evidence.bundle import read_bundle
from harness.evidence.verify import verify
from harness.images.features import NAMES
from harness.instruments.image_features import ImageFeatures
from harness.instruments.image_watermark import ImageWatermark as Instrument
from harness.records import Absence, Arm, Capability, DrawAsk, Finish, Judged, Outcome, Reading, RecordAsk, Reply
from harness.registry import Registry
from harness.watermark.keys import fingerprint
from harness.watermark.look import Look
from probes.pictures import scripted
from probes.watermark.image import ATTACKS, ImageWatermark

BUDGET = Budget(None, 0, Capability.DRAW)
KEY = "a long and random key, 0123456789"


def short(result):
    return (result.metric.partition("/")[2], *result.slice.values())


def results(probe, cases, respond):
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {short(its): its for its in probe.summarise(judged)}


def said(case, p, wrong=0.5, attacked=0.5, features=None):
    values = {"p": p, **(features or {})}
    if case.groups["arm"] == "drawn":
        values |= {"p/wrong_key": wrong, **{f"p/{attack}": attacked for attack in ATTACKS}}
    return scripted(values)


# ── what it asks ──────────────────────────────────────────────────────────────────────────


def test_it_draws_every_picture_with_its_mark_and_without_and_looks_at_real_ones(training):
    cases = list(ImageWatermark(images=30).cases(training(), BUDGET))
    arms = {name: [case for case in cases if case.groups["arm"] == name] for name in ("drawn", "unmarked", "held_out")}
    assert {name: len(its) for name, its in arms.items()} == {"drawn": 30, "unmarked": 30, "held_out": 30}
    assert [case.ask for case in arms["drawn"]] == [DrawAsk(seed, label=seed % 3) for seed in range(30)]
    assert [case.ask for case in arms["unmarked"]] == [DrawAsk(s, label=s % 3, marked=False) for s in range(30)]
    assert all(isinstance(case.ask, RecordAsk) for case in arms["held_out"])
    assert {case.arm for case in arms["unmarked"] + arms["held_out"]} == {Arm.CONTROL}


def test_a_tree_ring_mark_is_not_looked_for_where_no_noise_can_be_told(training):
    probe = ImageWatermark(scheme="tree_ring")
    with pytest.raises(NotApplicableError, match="lies in the noise"):
        list(probe.cases(training(invertible=False), BUDGET))
    assert list(probe.cases(training(invertible=True), BUDGET))
    # Who says nothing of it is asked; what cannot be read is counted.
    assert list(probe.cases(training(), BUDGET))


def test_a_missing_key_is_told_when_the_run_is_planned(training, monkeypatch):
    monkeypatch.delenv("WM_KEY", raising=False)
    probe = ImageWatermark(key_env="WM_KEY")
    with pytest.raises(UsageError, match="WM_KEY"):
        list(probe.cases(training(), BUDGET))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"images": 0}, "at least 1"),
        ({"scheme": "ink"}, "scheme is spread_spectrum or tree_ring"),
        ({"key_env": KEY}, "NAME of an environment variable"),
        ({"radius": 3.0}, "only a tree_ring mark"),
        ({"scheme": "tree_ring", "radius": 0.0}, "above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, match):
    with pytest.raises(ValueError, match=match):
        ImageWatermark(**settings)


def test_each_drawn_picture_is_searched_with_a_wrong_key_and_after_every_attack_the_others_once(training):
    probe = ImageWatermark(images=1, scheme="tree_ring", radius=5.0)
    drawn, unmarked, real = probe.cases(training(), BUDGET)
    reply = Reply(Finish.STOP, media=("a" * 64 + ".png",))
    looks = [Look.of(its.context) for its in probe.readings(drawn, reply) if its.instrument == "image_watermark"]
    assert [(look.wrong, look.attack) for look in looks] == [(None, None), (1, None), *((None, a) for a in ATTACKS)]
    assert {(look.scheme, look.radius) for look in looks} == {("tree_ring", 5.0)}
    for case in (unmarked, real):
        assert [its.instrument for its in probe.readings(case, reply)] == ["image_features", "image_watermark"]
    assert list(probe.readings(drawn, Reply(Finish.FAILED, media=reply.media))) == []


# ── what it makes of the readings ─────────────────────────────────────────────────────────


def test_shares_are_counted_at_their_level_and_arm(training):
    probe = ImageWatermark(images=40)
    cases = list(probe.cases(training(), BUDGET))
    places = {case.id: place for place, case in enumerate(cases)}

    def respond(case):
        if case.groups["arm"] == "drawn":
            place = places[case.id]
            return said(case, 0.0005 if place < 10 else 0.01 if place < 30 else 0.02, wrong=0.001 if place < 4 else 0.9)
        return said(case, 0.009 if case.id in {"unmarked/3", "unmarked/4"} else 0.5)

    found = results(probe, cases, respond)
    shares = {name: its.interval.value for name, its in found.items() if not isinstance(its, Absence)}
    assert shares["detected",] == pytest.approx(30 / 40)
    assert shares["surely_detected",] == pytest.approx(10 / 40)
    assert shares["false_alarms_drawn",] == pytest.approx(2 / 40)
    assert shares["false_alarms_real",] == 0
    assert shares["wrong_key",] == pytest.approx(4 / 40)
    assert all(shares["detected", attack] == 0 for attack in ATTACKS)
    assert found["detected",].instrument == "image_watermark"
    assert isinstance(found["quality_cost",], Absence)


def test_survival_is_told_for_each_attack(training):
    probe = ImageWatermark(images=20)
    cases = list(probe.cases(training(), BUDGET))

    def respond(case):
        if case.groups["arm"] != "drawn":
            return said(case, 0.5)
        lost = {f"p/{attack}": 0.5 if attack in {"jpeg-50", "blur-1"} else 0.001 for attack in ATTACKS}
        return scripted({"p": 0.001, "p/wrong_key": 0.5, **lost})

    found = results(probe, cases, respond)
    survived = {attack: found["detected", attack].interval.value for attack in ATTACKS}
    assert survived == {attack: float(attack not in {"jpeg-50", "blur-1"}) for attack in ATTACKS}


@pytest.mark.parametrize("moved", [0.0, 0.3])
def test_the_cost_is_how_far_the_mark_moves_the_pictures_from_real_ones(training, moved):
    probe = ImageWatermark(images=80)
    cases = list(probe.cases(training(), BUDGET))
    random = np.random.default_rng(0)
    # The two pictures of one seed are alike but for the mark.
    own = {case.cluster: random.normal(0.3, 0.1, len(NAMES)) for case in cases}

    def respond(case):
        shift = moved if case.groups["arm"] == "drawn" else 0.0
        features = dict(zip(NAMES, (own[case.cluster] + shift).round(6).tolist(), strict=True))
        return said(case, 0.5, features=features)

    cost = results(probe, cases, respond)["quality_cost",]
    plain, shifted = 0.3, 0.3 + moved
    expected = (plain**2 + 1) ** 3 + (shifted**2 + 1) ** 3 - 2 * (plain * shifted + 1) ** 3
    assert cost.interval.low - 1e-9 <= expected <= cost.interval.high + 1e-9
    assert cost.interval.high - cost.interval.low < 0.1
    assert cost.interval.n == 160
    assert (cost.interval.low > 0) == (moved > 0)


def test_a_picture_that_could_not_be_searched_is_unreadable_never_unmarked(training):
    probe = ImageWatermark(images=1, scheme="tree_ring")
    case = next(iter(probe.cases(training(), BUDGET)))
    reply = Reply(Finish.STOP, media=("a" * 64 + ".png",))
    wanted = list(probe.readings(case, reply))
    features = dict.fromkeys(NAMES, 0.1)
    readings = {
        its: {"p": 0.5, "statistic": 0.0} if its.instrument == "image_watermark" else features for its in wanted
    }
    assert probe.judge(case, reply, readings).outcome is Outcome.SCORED
    for missing in (1, 2, -1):
        assert probe.judge(case, reply, {**readings, wanted[missing]: {}}).outcome is Outcome.UNREADABLE
    assert probe.judge(case, reply, {}).outcome is Outcome.UNREADABLE


@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(training, seed):
    probe = ImageWatermark()
    cases = list(probe.cases(training(), Budget(80, 0, Capability.DRAW)))
    assert [control.passed for control in run_controls(probe, cases, seed, lambda _: {})] == [True, True, None]


# ── planted marks ─────────────────────────────────────────────────────────────────────────


def put(probe, backend):
    """Results of ``probe`` on a scripted painter, through its instruments."""
    cases = list(probe.cases(backend.training_data(), BUDGET))
    replies, pictures = backend.answer([case.ask for case in cases]), {}
    for reply in replies:
        pictures |= {name: backend.media(name) for name in reply.media}

    def no_noise(images):
        raise AssertionError("a spread-spectrum mark needs no noise")

    materials = Materials(pictures.__getitem__, lambda: ([], np.empty(0)), no_noise)
    wanted = [its for case, reply in zip(cases, replies, strict=True) for its in probe.readings(case, reply)]
    readings: dict[Reading, dict[str, float]] = {}
    for instrument in (ImageFeatures(), Instrument()):
        its = [reading for reading in dict.fromkeys(wanted) if reading.instrument == instrument.card.id]
        readings |= zip(its, instrument.read(its, materials), strict=True)
    judged = [Judged(case, probe.judge(case, reply, readings)) for case, reply in zip(cases, replies, strict=True)]
    assert {its.score.outcome for its in judged} == {Outcome.SCORED}
    return {short(its): its for its in probe.summarise(judged)}


@pytest.mark.parametrize("marks", [0.0, 0.4, 0.9])
def test_the_share_of_marked_pictures_is_recovered_inside_its_interval(marks):
    found = put(ImageWatermark(images=60), Control(marks=marks, seed=1))
    detected, without = found["detected",], found["false_alarms_drawn",]
    # What has no mark is found as often as it is where the mark was left out: about 1 of 100 over keys.
    expected = marks + (1 - marks) * without.interval.value
    assert detected.interval.low <= expected <= detected.interval.high
    assert without.interval.value <= 0.06
    assert found["wrong_key",].interval.value <= 0.06
    assert (detected.interval.low > 0.06) == (marks > 0)
    cost = found["quality_cost",].interval
    assert (cost.low > 0) if marks == 0.9 else (cost.low <= 0 <= cost.high or marks > 0)


@pytest.mark.slow
def test_intervals_hold_the_planted_rate_over_many_painters():
    random, held = Random(0), 0
    for seed in range(20):
        marks = random.uniform(0.1, 0.9)
        interval = put(ImageWatermark(images=60), Control(marks=marks, seed=100 + seed))["detected",].interval
        held += interval.low <= marks + (1 - marks) * 0.01 <= interval.high
    assert held >= 17


# ── in evidence ───────────────────────────────────────────────────────────────────────────


def test_no_key_is_anywhere_in_what_a_run_leaves_behind(audit_text, monkeypatch, tmp_path):
    monkeypatch.setenv("WM_KEY", KEY)
    done = audit_text(
        """
[model]
backend = "control"
marks = 0.5
[run]
probes = ["watermark.image"]
[probe."watermark.image"]
key_env = "WM_KEY"
items = 10
"""
    )
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"run.json", "readings.parquet", "report.html"} <= {path.name for path in files}
    assert all(KEY.encode() not in path.read_bytes() for path in files)
    # Tables are compressed: what is in them is asked of the records that come back.
    evidence = read_bundle(done.folder)
    everything = repr([evidence.run, evidence.cases, evidence.readings, evidence.judged, evidence.results])
    assert KEY not in everything
    assert "WM_KEY" in everything
    assert str(fingerprint(KEY)) in everything
    found = {short(its): its for its in evidence.results[0].results}
    # The painter marks with the public key: with another one, nothing is found.
    assert found["detected",].interval.value <= 0.1
    assert verify(done.folder, Registry()) == []


def test_a_tree_ring_mark_is_not_applicable_to_a_model_whose_noise_cannot_be_told(audit_text):
    with pytest.raises(NothingToRunError, match="a tree_ring mark lies in the noise"):
        audit_text(
            """
[model]
backend = "control"
[run]
probes = ["watermark.image"]
[probe."watermark.image"]
scheme = "tree_ring"
"""
        )


@pytest.mark.slow
def test_a_checkpoint_that_marks_is_audited_from_end_to_end_and_its_key_stays_secret(
    audit_text, tiny_folder, monkeypatch, tmp_path
):
    monkeypatch.setenv("WM_KEY", KEY)
    done = audit_text(
        f"""
[model]
backend = "local"
checkpoint = "{tiny_folder("diffusion")}"
watermark = "tree_ring"
watermark_key_env = "WM_KEY"
[run]
probes = ["watermark.image"]
[probe."watermark.image"]
scheme = "tree_ring"
key_env = "WM_KEY"
items = 4
"""
    )
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    evidence = read_bundle(done.folder)
    assert str(fingerprint(KEY)) in repr(evidence.run["plan"])
    assert {its.score.outcome for its in evidence.judged["watermark.image@training"]} == {Outcome.SCORED}
    assert verify(done.folder, Registry()) == []
