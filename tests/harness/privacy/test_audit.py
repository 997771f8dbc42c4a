from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from harness.canonical import dumps
from harness.errors import ModelError, UsageError
from harness.privacy.audit import Claimed, Ruling, decide
from harness.privacy.canary_scores import Score
from harness.privacy.distinguishing import gaussian_epsilon
from harness.stats.one_run import Guesses, epsilon_bound


def score(values, name="loss"):
    return Score(name, f"the {name}", np.asarray(values, dtype=np.float64))


def coins(n, seed=1):
    return np.random.default_rng(seed).random(n) < 0.5


def test_a_model_that_gives_its_members_away_refutes_a_claim_of_one():
    included = coins(200)
    audit = decide([score(included)], included, claimed=Claimed(1.0, 1e-5), delta=1e-5)
    assert audit.ruling is Ruling.REFUTED
    (reading,) = audit.readings
    assert reading.found == Guesses(200, 60, 60)
    assert audit.bound == reading.bound == reading.ceiling == epsilon_bound(Guesses(200, 60, 60), delta=1e-5) > 2.9
    assert any(line.startswith("Refuted: claimed epsilon 1.000") for line in audit.lines())


def test_scores_without_a_signal_refute_even_no_leakage_at_all_one_time_in_twenty():
    rng, runs = np.random.default_rng(2), 200
    rulings = [
        decide(
            [score(rng.normal(size=200)), score(rng.normal(size=200))],
            rng.random(200) < 0.5,
            claimed=Claimed(0.0, 1e-5),
            delta=1e-5,
        ).ruling
        for _ in range(runs)
    ]
    refuted = rulings.count(Ruling.REFUTED)
    assert stats.binomtest(refuted, runs, 0.05, alternative="greater").pvalue > 0.01


def test_a_true_claim_of_gaussian_noise_is_rarely_refuted_and_a_false_one_mostly():
    rng, runs, truth = np.random.default_rng(3), 60, gaussian_epsilon(mu=1.0, delta=1e-5)
    rulings = {1.0: [], 10.0: []}
    for mu, found in rulings.items():
        for _ in range(runs):
            included = rng.random(500) < 0.5
            values = mu * included + rng.normal(size=500)
            found.append(decide([score(values)], included, claimed=Claimed(truth, 1e-5), delta=1e-5).ruling)
    assert rulings[1.0].count(Ruling.REFUTED) <= stats.binom.ppf(0.99, runs, 0.05)
    # 75 + 75 right guesses show 3.89: a claim of 4.38 is out of reach of 500 canaries at this share.
    assert rulings[10.0].count(Ruling.REFUTED) == 0
    included = rng.random(2000) < 0.5
    noisy = score(10.0 * included + rng.normal(size=2000))
    assert decide([noisy], included, claimed=Claimed(truth, 1e-5), delta=1e-5).ruling is Ruling.REFUTED


def test_an_audit_without_power_says_so_and_how_many_canaries_it_takes():
    included = coins(200)
    audit = decide([score(included)], included, claimed=Claimed(4.0, 1e-5), delta=1e-5)
    assert audit.ruling is Ruling.NOT_REFUTED
    (line,) = [line for line in audit.lines() if line.startswith("No power")]
    needed = int(line.split("about ")[1].split()[0])
    for canaries, ruling in ((needed, Ruling.REFUTED), (needed - 10, Ruling.NOT_REFUTED)):
        bits = coins(canaries)
        assert decide([score(bits)], bits, claimed=Claimed(4.0, 0.0), delta=0.0).ruling is ruling


def test_a_claim_beyond_any_number_of_canaries_is_told_as_such():
    included = coins(200)
    for epsilon in (14.0, 1e6):
        lines = decide([score(included)], included, claimed=Claimed(epsilon, 1e-5), delta=1e-5).lines()
        assert any("more than a million coin canaries" in line for line in lines)


def test_the_larger_of_two_scores_counts_and_the_choice_is_paid_for():
    included = coins(200)
    noise = np.random.default_rng(4).normal(size=200)
    both = decide([score(noise, "one"), score(included, "two")], included, claimed=None, delta=0.0)
    alone = decide([score(included)], included, claimed=None, delta=0.0)
    assert both.bound == both.readings[1].bound < alone.bound
    assert both.readings[0].significance == pytest.approx(0.025)


def test_without_a_claim_the_bound_stands_alone():
    included = coins(100)
    audit = decide([score(included)], included, claimed=None, delta=1e-4, confidence=0.9)
    assert audit.ruling is Ruling.NO_CLAIM
    assert "No claim to compare it with" in audit.lines()[-1]
    assert "with 90 % confidence" in " ".join(audit.lines())


def test_every_ruling_says_how_it_may_be_read():
    included = coins(100)
    for epsilon in (0.5, 50.0):
        lines = decide([score(included)], included, claimed=Claimed(epsilon, 1e-5), delta=1e-5).lines()
        assert "the gap between the two is not a measurement" in lines[-1]


def test_the_audit_is_canonical_json_and_holds_no_single_score():
    included = coins(40)
    audit = decide([score(included)], included, claimed=Claimed(1.0, 1e-5), delta=1e-5)
    data = json.loads(dumps(audit.dump()))
    assert data["ruling"] == "refuted"
    assert data["claimed"] == {"epsilon": 1.0, "delta": 1e-5}
    assert set(data["readings"][0]) == {"score", "definition", "found", "significance", "bound", "ceiling"}


def test_numbers_that_make_no_audit_are_refused():
    included = coins(10)
    with pytest.raises(UsageError, match=r"between 0 and 1, such as 0\.95"):
        decide([score(included)], included, claimed=None, delta=0.0, confidence=95)
    with pytest.raises(UsageError, match="finite"):
        decide([score(included)], included, claimed=Claimed(float("inf"), 1e-5), delta=1e-5)
    with pytest.raises(UsageError, match="two canaries"):
        decide([score([1.0])], [True], claimed=None, delta=0.0)


def test_a_diverged_model_is_refused_and_not_guessed_about():
    values = np.where(np.arange(10) < 3, np.nan, 1.0)
    with pytest.raises(ModelError, match="3 of 10 canaries no finite loss"):
        decide([score(values)], coins(10), claimed=None, delta=0.0)
