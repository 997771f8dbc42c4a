from random import Random

import numpy as np
import pytest
from scipy import stats

from harness.backends.control import Control
from harness.backends.control_memory import LOSS_NOISE
from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.controls import run_controls
from harness.errors import NotApplicableError
from harness.records import Absence, Arm, Capability, Finish, Judged, LossAsk, Outcome, Reply
from harness.stats.exposure import MOST_BITS, null_mean
from probes.memorisation.canary import Exposure

MOST = np.log2(201)


def row(record, repeats, family="digits"):
    return {
        "record": record,
        "unit": record,
        "role": "member" if repeats else "nonmember",
        "repeats": repeats,
        "text": "Ada keeps the number 1 2",
        "canary": {"template": "Ada keeps the number", "fill": " 1 2", "family": family},
    }


def planted(levels=(1, 4, 16, 64), each=4, unseen=0):
    rows = [
        row(f"canary/ladder/{repeats:02d}/{n}", repeats, ("digits", "marks")[n % 2])
        for repeats in levels
        for n in range(each)
    ]
    rows += [row(f"canary/coin/{n:04d}", 0) for n in range(unseen)]
    rows.append({**row("document/1", 1), "canary": None})
    return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")


def cases_of(data, items=None, **settings):
    return list(Exposure(**settings).cases(data, Budget(items, 0, Capability.LOSS)))


def results(cases, respond):
    probe = Exposure()
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {(its.metric.partition("/")[2], *its.slice.values()): its for its in probe.summarise(judged)}


def scripted(doubling, seed=0):
    """Normal losses; a canary's lie lower by ``doubling`` for each doubling of its repeats."""
    random = Random(seed)

    def respond(case):
        repeats = int(case.groups["repeats"]) if case.groups["arm"] == "canary" else 0
        return Reply(Finish.STOP, losses={"loss": random.gauss(0, 1) - doubling * np.log2(max(1, repeats))})

    return respond


def expected_exposure(shift, references, runs=20_000):
    """Mean exposure of a canary whose loss lies ``shift`` standard deviations lower than those of references."""
    below = stats.norm.cdf(np.random.default_rng(0).normal(size=runs) - shift)
    return np.log2((references + 1) / (1 + np.random.default_rng(1).binomial(references, below))).mean()


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def test_each_canary_is_asked_for_with_its_references_under_one_seed():
    cases = cases_of(planted(unseen=3))
    assert len(cases) == 19 * 201
    assert {case.ask.seed for case in cases} == {0}
    one = [case for case in cases if case.cluster == "canary/ladder/16/2"]
    assert [case.groups["arm"] for case in one] == ["canary"] + ["reference"] * 200
    assert one[1].ask == LossAsk("canary/ladder/16/2/reference/00000")
    assert {case.groups["repeats"] for case in one} == {"16"}
    assert {case.arm for case in cases if case.groups["repeats"] == "0"} == {Arm.CONTROL}
    assert len({case.id for case in cases}) == len(cases)


def test_few_items_take_levels_in_turn():
    levels = [case.groups["repeats"] for case in cases_of(planted(unseen=4), 7) if case.groups["arm"] == "canary"]
    assert levels == ["1", "4", "16", "64", "0", "1", "4"]


def test_no_level_has_more_than_is_set():
    cases = cases_of(planted(each=10, unseen=30), per_level=3, references=20)
    assert len(cases) == 5 * 3 * 21


def test_without_a_canary_in_the_training_it_says_how_to_plant_some():
    for data in (planted(levels=()), planted(levels=(), unseen=5)):
        with pytest.raises(NotApplicableError, match=r"\[train\.canaries\]"):
            cases_of(data)


@pytest.mark.parametrize("settings", [{"references": 19}, {"references": 5000}, {"per_level": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Exposure(**settings)


def test_whole_texts_are_compared_where_the_reply_counts_tokens():
    (case, *_) = cases_of(planted())
    judge = Exposure().judge
    both = Reply(Finish.STOP, losses={"loss": 0.5, "mean": 0.5, "total": 30.0, "tokens": 60.0})
    assert judge(case, both, {}).values == {"loss": 30.0}
    assert judge(case, Reply(Finish.STOP, losses={"loss": 0.5, "total": 9.0}), {}).values == {"loss": 0.5}
    assert judge(case, Reply(Finish.STOP, losses={"loss": float("nan")}), {}).outcome is Outcome.UNREADABLE


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def test_a_model_that_learned_nothing_stays_in_the_band_of_chance_as_often_as_it_should():
    cases = cases_of(planted(unseen=4), references=60)
    names = ("excess_exposure", "exposure", "extrapolated_exposure", "unseen_exposure", "repeats_correlation")
    held, flagged, fitting = dict.fromkeys((*names, "band"), 0), [], []
    for seed in range(24):
        found = results(cases, scripted(0.0, seed))
        for name in names:
            held[name] += found[name,].interval.low <= found[name,].null <= found[name,].interval.high
        band = found["chance_exposure",].interval
        held["band"] += band.low <= found["exposure",].interval.value <= band.high
        flagged.append(found["flagged_share",].interval.value)
        fitting.append(found["fitting_share",].interval.value)
    assert min(held.values()) >= 20, held
    assert np.mean(flagged) < 0.02
    assert np.mean(fitting) > 0.95


def test_a_model_that_holds_all_of_them_shows_the_most_there_is_and_stands_out():
    found = results(cases_of(planted(unseen=4)), scripted(20.0))
    for repeats in ("4", "16", "64"):
        assert found["exposure", repeats].interval.value == pytest.approx(MOST)
        assert found["extrapolated_exposure", repeats].interval.value == pytest.approx(MOST_BITS)
        assert found["flagged_share", repeats].interval.value == 1
        band = found["chance_exposure", repeats].interval
        assert band.high < found["exposure", repeats].interval.low
    assert found["exposure", "1"].interval.low < null_mean(201) < found["exposure", "1"].interval.high
    unseen = found["unseen_exposure",]
    assert unseen.interval.low < unseen.null < unseen.interval.high


def test_exposure_rises_with_repeats():
    found = results(cases_of(planted()), scripted(0.5))
    means = [found["exposure", repeats].interval.value for repeats in ("1", "4", "16", "64")]
    assert means == sorted(means)
    assert found["repeats_correlation",].interval.low > 0.3


def test_a_constant_loss_is_no_memory_and_no_curve_can_be_fitted_to_it():
    found = results(cases_of(planted()), lambda _: Reply(Finish.STOP, losses={"loss": 1.0}))
    assert found["exposure",].interval.value == 0
    assert isinstance(found["extrapolated_exposure",], Absence)
    assert "one loss" in found["flagged_share",].reason
    assert isinstance(found["repeats_correlation",], Absence)


def test_every_level_and_family_is_told_apart():
    found = results(cases_of(planted()), scripted(1.0))
    assert {key[1] for key in found if len(key) > 1} == {"1", "4", "16", "64", "digits", "marks"}
    assert found["exposure", "marks"].interval.n == 8
    assert found["exposure", "4"].counts.asked == 4 * 201


def test_a_canary_without_its_own_loss_or_with_few_references_is_not_ranked():
    cases = cases_of(planted())
    answer = scripted(1.0)

    def respond(case):
        lost = case.id == "canary/ladder/01/0" or (case.cluster == "canary/ladder/04/0" and case.id[-2:] > "05")
        return Reply(Finish.FAILED, error="x") if lost else answer(case)

    found = results(cases, respond)
    assert found["exposure",].interval.n == 14
    assert found["exposure",].counts.asked == len(cases)
    assert found["exposure",].counts.failed > 1


def test_levels_of_one_canary_and_canaries_of_one_level_are_said_to_lack_a_number():
    single = results(cases_of(planted(each=1)), scripted(1.0))
    assert "no level has two canaries" in single["excess_exposure",].reason
    level = results(cases_of(planted(levels=(4,), each=6)), scripted(1.0))
    assert "equally often" in level["repeats_correlation",].reason
    assert "`coins`" in level["unseen_exposure",].reason
    assert level["exposure",].interval.n == 6


# ── the scripted model ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trained_on", ["pictures", "text"])
def test_intervals_hold_what_was_dialled_into_the_scripted_model(trained_on):
    chance, spread = null_mean(61), np.sqrt(1 + LOSS_NOISE**2)
    truth = {repeats: expected_exposure(0.5 * np.log2(int(repeats)) / spread, 60) for repeats in ("1", "4", "16", "64")}
    held = dict.fromkeys(("excess_exposure", *truth), 0)
    for seed in range(20):
        backend = Control(trained_on=trained_on, retention=0.5, seed=seed)
        cases = cases_of(backend.training_data(), references=60)
        replies = dict(zip((case.id for case in cases), backend.answer([case.ask for case in cases]), strict=True))
        found = results(cases, lambda case, replies=replies: replies[case.id])
        overall = found["excess_exposure",].interval
        asked = [case.groups["repeats"] for case in cases if case.groups["arm"] == "canary" and case.arm is Arm.MAIN]
        held["excess_exposure"] += overall.low <= np.mean([truth[its] for its in asked]) - chance <= overall.high
        for repeats, expected in truth.items():
            interval = found["exposure", repeats].interval
            held[repeats] += interval.low <= expected <= interval.high
    # 95 % of 20 are 19; fewer than 17 come once in forty times.
    assert min(held.values()) >= 17, held


@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(seed):
    cases = cases_of(planted())
    assert [control.passed for control in run_controls(Exposure(), cases, seed, lambda _: {})] == [True, True, None]


def test_its_controls_know_the_number_of_references():
    few, many = (Exposure(references=n).controls.controls[1].expected for n in (20, 2000))
    assert few < many == pytest.approx(4.0, abs=0.05)
    cases = cases_of(planted(), references=20)
    passed = [control.passed for control in run_controls(Exposure(references=20), cases, 0, lambda _: {})]
    assert passed == [True, True, None]
