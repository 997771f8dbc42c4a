import pytest

from harness.contracts import Budget
from harness.controls import run_controls
from harness.images.features import NAMES
from harness.records import Absence, Capability, Judged
from harness.seeds import rng
from probes.pictures import scripted
from probes.utility.image_quality import ImageQuality

BUDGET = Budget(60, 0, Capability.DRAW)


def put(data, centre):
    probe = ImageQuality()
    cases = list(probe.cases(data, BUDGET))

    def respond(case):
        random = rng(1, case.id)
        return scripted({name: random.gauss(centre(case.groups["arm"]), 0.1) for name in NAMES})

    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {its.metric.partition("/")[2]: its for its in probe.summarise(judged)}


def test_pictures_like_real_ones_reach_every_null(training):
    found = put(training(60, 60), lambda _: 0.3)
    for name in ("kernel_distance", "density", "coverage"):
        interval, null = found[name].interval, found[name].null
        assert interval.low - 0.03 <= null <= interval.high + 0.03, name
    assert found["frechet_distance"].null == pytest.approx(found["frechet_distance"].interval.value, rel=0.2)
    assert all(estimate.instrument == "image_features" for estimate in found.values())


def test_pictures_unlike_real_ones_are_far_and_cover_nothing(training):
    found = put(training(60, 60), lambda arm: 3.0 if arm == "drawn" else 0.3)
    assert found["kernel_distance"].interval.low > 1
    assert found["precision"].interval.value == found["coverage"].interval.value == 0
    assert found["frechet_distance"].interval.low > found["frechet_distance"].null


def test_too_few_pictures_give_an_absence(training):
    found = put(training(60, 20), lambda _: 0.3)
    assert all(isinstance(its, Absence) for its in found.values())
    assert "20 held out" in found["recall"].reason


def test_its_controls_pass(training):
    probe = ImageQuality()
    cases = list(probe.cases(training(120, 120), Budget(120, 0, Capability.DRAW)))
    results = run_controls(probe, cases, 0, lambda _: {})
    assert [control.passed for control in results] == [True, True, None]
    assert results[2].estimate.interval.value < 0.1
