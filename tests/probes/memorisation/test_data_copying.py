from random import Random

import numpy as np
import pytest

from harness.contracts import Budget
from harness.controls import run_controls
from harness.images.features import NAMES
from harness.records import Absence, Capability, Judged
from probes.memorisation.data_copying import DataCopying
from probes.pictures import scripted

BUDGET = Budget(60, 0, Capability.DRAW)


def put(training, nearest, *, features=None):
    probe = DataCopying()
    cases = list(probe.cases(training(members=60, held_out=60), BUDGET))
    random = Random(5)

    def respond(case):
        arm = case.groups["arm"]
        values = {name: random.gauss(0.5, 0.1) for name in NAMES}
        if features and arm == "drawn":
            values = features
        return scripted({**values, "nearest": nearest(arm, random), "own": 0.1, "cell": float(random.randrange(2))})

    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {its.metric.partition("/")[2]: its for its in probe.summarise(judged)}


def test_fresh_pictures_are_compatible_with_every_null(training):
    found = put(training, lambda _, random: random.uniform(0, 0.2))
    for name in ("copying_test", "worst_region", "authentic_difference"):
        interval = found[name].interval
        assert interval.low <= 0 <= interval.high, name
    assert abs(found["likelihood_gap"].interval.value) < 10


def test_pictures_that_hug_the_training_set_are_found(training):
    found = put(training, lambda arm, random: random.uniform(0, 0.02 if arm == "drawn" else 0.2))
    assert found["copying_test"].interval.high < 0
    assert found["worst_region"].interval.high < 0
    assert found["authentic_difference"].interval.high < 0


def test_pictures_far_from_the_data_lie_above_zero(training):
    found = put(training, lambda arm, random: random.uniform(0.3, 0.5) if arm == "drawn" else random.uniform(0, 0.2))
    assert found["copying_test"].interval.low > 0


def test_too_few_pictures_give_an_absence_that_says_so(training):
    probe = DataCopying()
    cases = list(probe.cases(training(members=5, held_out=60), BUDGET))
    judged = [
        Judged(
            case, probe.judge(case, scripted({**dict.fromkeys(NAMES, 0.1), "nearest": 0.1, "own": 0.1, "cell": 0}), {})
        )
        for case in cases
    ]
    found = list(probe.summarise(judged))
    assert all(isinstance(its, Absence) for its in found)
    assert "5 member" in found[0].reason


@pytest.mark.parametrize("seed", range(3))
def test_its_controls_pass(training, seed):
    probe = DataCopying()
    cases = list(probe.cases(training(members=120, held_out=120), Budget(120, 0, Capability.DRAW)))
    assert [control.passed for control in run_controls(probe, cases, seed, lambda _: {})] == [True, True, None]


@pytest.mark.slow
def test_intervals_hold_zero_for_fresh_pictures_as_often_as_they_claim(training):
    held = {"copying_test": 0, "worst_region": 0, "authentic_difference": 0}
    for seed in range(60):
        random = np.random.default_rng(seed)
        found = put(training, lambda *_, random=random: float(random.uniform(0, 0.2)))
        for name in held:
            interval = found[name].interval
            held[name] += interval.low <= 0 <= interval.high
    assert min(held.values()) >= 54
