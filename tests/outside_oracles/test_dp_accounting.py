"""Our epsilon beside that of dp-accounting 0.6.0, whose privacy loss distributions are exact to four digits.

Its pins do not fit the packages this project is tested with, so it is installed without them into a folder of its own
and asked in a process of its own; nothing of it is seen by any other test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness.privacy.accounting import ADJACENCY, epsilon, noise_for
from harness.privacy.ledger import GaussianSteps, Ledger

pytestmark = [pytest.mark.slow, pytest.mark.network]

PACKAGES = ("dp-accounting==0.6.0", "absl-py<3", "attrs<24", "dm-tree~=0.1.8", "mpmath~=1.2")
DELTA = 1e-5
# Noise multiplier, sampling rate and steps of each row, and beside it epsilon as dp-accounting gave it once.
ROWS = [
    ([(1.0, 1.0, 1)], 4.3772),
    ([(4.0, 1.0, 16)], 4.3772),
    ([(1.0, 0.01, 1000)], 1.8282),
    ([(0.8, 0.05, 200)], 7.7022),
    ([(1.1, 256 / 60000, 14040)], 2.3796),
    ([(2.0, 0.1, 500)], 5.5555),
    # A ledger of two players, or of a training and the one before it.
    ([(1.0, 0.01, 500), (2.0, 0.05, 100)], None),
]

ASK = """
import json, sys
from dp_accounting import NeighboringRelation, dp_event
from dp_accounting.pld import PLDAccountant
found = []
for mechanisms, delta in json.load(sys.stdin):
    accountant = PLDAccountant(NeighboringRelation.ADD_OR_REMOVE_ONE)
    for noise, rate, steps in mechanisms:
        event = dp_event.GaussianDpEvent(noise)
        accountant.compose(event if rate == 1 else dp_event.PoissonSampledDpEvent(rate, event), steps)
    found.append(accountant.get_epsilon(delta))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def pld(tmp_path_factory):
    """Return a function: lists of mechanisms, each with a delta -> epsilons by dp-accounting."""
    folder = tmp_path_factory.mktemp("dp-accounting")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *PACKAGES]
    done = subprocess.run(install, capture_output=True, text=True, timeout=600)
    if done.returncode:
        pytest.skip(f"dp-accounting cannot be installed here: {done.stderr.strip()[-200:]}")

    def ask(asked):
        environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
        answered = subprocess.run(
            [sys.executable, "-c", ASK], input=json.dumps(asked), capture_output=True, text=True, env=environment
        )
        assert answered.returncode == 0, answered.stderr[-2000:]
        return json.loads(answered.stdout)

    return ask


def ours(mechanisms, accountant):
    events = tuple(GaussianSteps("model", rate, noise, 1.0, steps) for noise, rate, steps in mechanisms)
    ledger = Ledger(events, "poisson", ADJACENCY, "one image", 60_000, ())
    return epsilon(ledger, delta=DELTA, accountant=accountant).epsilon


def test_our_epsilon_is_that_of_privacy_loss_distributions_and_never_below(pld):
    found = pld([(mechanisms, DELTA) for mechanisms, _ in ROWS])
    for (mechanisms, expected), exact in zip(ROWS, found, strict=True):
        if expected is not None:
            assert exact == pytest.approx(expected, abs=1e-3)
        claimed, quick = ours(mechanisms, "prv"), ours(mechanisms, "rdp")
        print(f"{mechanisms}: PLD {exact:.4f}, PRV {claimed:.4f}, RDP {quick:.4f}")
        assert exact - 1e-4 <= claimed <= exact + 0.011 * max(1.0, exact / 10)
        assert quick >= claimed


@pytest.mark.parametrize(("budget", "rate", "steps"), [(8.0, 64 / 1797, 842), (1.0, 0.01, 1000), (0.5, 0.2, 50)])
def test_noise_that_we_find_for_a_budget_keeps_it_by_their_account_too(pld, budget, rate, steps):
    noise = noise_for(epsilon=budget, delta=DELTA, sample_rate=rate, steps=steps)
    enough, little = pld([([(noise, rate, steps)], DELTA), ([(noise / 1.02, rate, steps)], DELTA)])
    assert enough <= budget < little
