"""What steps cost, beside worked examples and closed forms; what may not be claimed by."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.privacy.accounting import ADJACENCY, epsilon, noise_for, refuse_accountant, steps_within
from harness.privacy.distinguishing import gaussian_epsilon
from harness.privacy.ledger import GaussianSteps, Ledger, NonPrivate, Unsupported

# Noise multiplier, sampling rate, steps; epsilon at delta = 1e-5 by PRV, by the PLD of dp-accounting, by RDP, by the
# central limit. PLD is exact to four digits; a dash is where it was not asked.
GOLDEN = [
    (1.0, 1.0, 1, 4.3874, 4.3772, 4.7285, 6.0071),
    (4.0, 1.0, 16, 4.3874, None, 4.7285, 4.4575),
    (1.0, 0.01, 1000, 1.8384, 1.8282, 2.1014, 1.6177),
    (0.8, 0.05, 200, 7.7127, 7.7022, 8.7318, 6.3464),
    (1.1, 256 / 60000, 14040, 2.3897, 2.3796, 2.5944, 2.3222),
    (2.0, 0.1, 500, 5.5658, None, 6.0343, 5.3695),
]


def ledger(*mechanisms, sampling="poisson", adjacency=ADJACENCY, events=()):
    steps = [GaussianSteps("model", rate, noise, 1.0, count) for noise, rate, count in mechanisms]
    return Ledger((*steps, *events), sampling, adjacency, "one image", 60_000, ())


def cost(*mechanisms, accountant="prv", delta=1e-5):
    return epsilon(ledger(*mechanisms), delta=delta, accountant=accountant).epsilon


def by_central_limit(noise, rate, steps):
    """The accountant that is refused, written out (Bu et al. 2020)."""
    mu = rate * math.sqrt(steps * math.expm1(noise**-2))
    return gaussian_epsilon(mu=mu, delta=1e-5)


@pytest.mark.parametrize("row", GOLDEN)
def test_costs_are_those_of_the_worked_examples(row):
    noise, rate, steps, prv, pld, rdp, clt = row
    ours, quick = cost((noise, rate, steps)), cost((noise, rate, steps), accountant="rdp")
    assert ours == pytest.approx(prv, abs=0.011)
    assert quick == pytest.approx(rdp, abs=1e-3)
    assert quick >= ours
    if pld is not None:
        assert pld <= ours <= pld + 0.011
    assert by_central_limit(noise, rate, steps) == pytest.approx(clt, abs=1e-3)


def test_the_central_limit_lies_below_the_truth_where_records_are_sampled():
    # Which is why it may not be claimed by.
    sampled = [row for row in GOLDEN if row[1] < 1]
    assert len(sampled) == 4
    for noise, rate, steps, prv, pld, _, _ in sampled:
        assert by_central_limit(noise, rate, steps) < (pld or prv - 0.011)


@pytest.mark.parametrize(("noise", "steps"), [(1.0, 1), (4.0, 16), (2.0, 1), (0.5, 1), (10.0, 100)])
def test_full_batches_cost_what_the_closed_form_says(noise, steps):
    exact = gaussian_epsilon(mu=math.sqrt(steps) / noise, delta=1e-5)
    spent = epsilon(ledger((noise, 1.0, steps)), delta=1e-5, accountant="prv")
    assert exact <= spent.epsilon <= exact + 0.021
    assert spent.accountant == "prv"
    assert spent.error.startswith("an upper bound")


def test_events_of_one_mechanism_compose_as_if_they_were_one():
    assert cost((1.0, 0.01, 400), (1.0, 0.01, 600)) == cost((1.0, 0.01, 1000))
    # Of several mechanisms the whole costs no less than each, and no more than all apart.
    both = cost((1.0, 0.01, 500), (2.0, 0.05, 100))
    apart = cost((1.0, 0.01, 500)), cost((2.0, 0.05, 100))
    assert max(apart) <= both <= sum(apart)


def test_nothing_taken_costs_nothing():
    spent = epsilon(ledger((1.0, 0.01, 0)), delta=1e-5, accountant="prv")
    assert (spent.epsilon, spent.error) == (0.0, "none: no private step was taken")


def test_records_used_without_privacy_cost_everything():
    spent = epsilon(ledger((1.0, 0.01, 10), events=[NonPrivate("trained before")]), delta=1e-5, accountant="prv")
    assert spent.epsilon == math.inf


@pytest.mark.parametrize(
    ("its", "says"),
    [
        (ledger((1.0, 0.01, 10), events=[Unsupported("an adaptive clip")]), "an adaptive clip"),
        (ledger((1.0, 0.01, 10), sampling="shuffled"), "drawn by 'shuffled'.*hold for 'poisson'"),
        (ledger((1.0, 0.01, 10), adjacency="replace one record"), "under 'replace one record'"),
    ],
)
def test_what_no_accountant_covers_has_no_epsilon(its, says):
    with pytest.raises(UsageError, match=says):
        epsilon(its, delta=1e-5, accountant="prv")


def test_the_central_limit_is_refused_with_the_reason_and_so_is_what_nobody_knows():
    with pytest.raises(UsageError, match=r"gdp is a central-limit approximation.*Use prv"):
        epsilon(ledger((1.0, 0.01, 10)), delta=1e-5, accountant="gdp")
    with pytest.raises(UsageError, match=r"no accountant 'moments'.*Use prv"):
        refuse_accountant("moments")


@pytest.mark.parametrize("delta", [0.0, 1.0, -1e-5, float("nan")])
def test_a_delta_that_is_no_probability_is_refused(delta):
    with pytest.raises(UsageError, match=r"is no probability in \(0, 1\)"):
        cost((1.0, 0.01, 10), delta=delta)


def test_little_noise_has_a_price_too_and_is_never_free():
    # A noise of 0.1 leaves next to nothing private: both accountants must still say so, and PRV must not fail.
    assert cost((0.1, 0.1, 10)) > 100
    assert cost((0.05, 1.0, 1)) > 100


def test_much_noise_is_cheap_by_either_accountant():
    # At the orders Opacus comes with, RDP would stop near 0.1.
    assert cost((10.0, 0.001, 100), accountant="rdp") < 0.02
    assert cost((10.0, 0.001, 100)) < cost((10.0, 0.001, 100), accountant="rdp")


# ── noise for a budget ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("budget", "rate", "steps", "noise"), [(8.0, 64 / 1797, 842, 0.9225), (1.0, 0.01, 1000, 1.4258)]
)
def test_the_noise_for_a_budget_is_that_of_the_worked_examples(budget, rate, steps, noise):
    found = noise_for(epsilon=budget, delta=1e-5, sample_rate=rate, steps=steps)
    assert found == pytest.approx(noise, rel=2e-3)
    # Enough, and hardly more than enough.
    assert cost((found, rate, steps)) <= budget < cost((found / 1.002, rate, steps))


@pytest.mark.slow
@settings(max_examples=12)
@given(
    budget=st.sampled_from([0.3, 1.0, 4.0, 20.0]),
    rate=st.sampled_from([0.004, 0.05, 0.5, 1.0]),
    steps=st.sampled_from([1, 30, 500]),
)
def test_noise_that_was_found_never_costs_more_than_its_budget(budget, rate, steps):
    found = noise_for(epsilon=budget, delta=1e-6, sample_rate=rate, steps=steps)
    assert cost((found, rate, steps), delta=1e-6) <= budget


@pytest.mark.parametrize("budget", [0.0, -1.0, float("inf"), float("nan")])
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(UsageError, match="is no budget: it must be a finite number above 0"):
        noise_for(epsilon=budget, delta=1e-5, sample_rate=0.1, steps=10)


def test_a_budget_out_of_reach_is_refused_with_what_to_do():
    with pytest.raises(UsageError, match=r"out of reach with 10 steps.*Allow a larger epsilon"):
        noise_for(epsilon=1e-9, delta=1e-12, sample_rate=1.0, steps=10)
    with pytest.raises(UsageError, match="no noise to find for 0 steps"):
        noise_for(epsilon=1.0, delta=1e-5, sample_rate=0.1, steps=0)


# ── steps for a budget ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("budget", "noise", "rate"), [(1.0, 1.0, 0.02), (0.8, 1.5, 0.07)])
def test_the_most_steps_are_within_the_budget_and_one_more_is_not(budget, noise, rate):
    steps = steps_within(epsilon=budget, delta=1e-4, sample_rate=rate, noise_multiplier=noise, at_most=200)
    assert 0 < steps < 200
    assert cost((noise, rate, steps), delta=1e-4) <= budget < cost((noise, rate, steps + 1), delta=1e-4)


def test_a_large_budget_affords_all_and_a_tiny_one_nothing():
    asked = {"delta": 1e-5, "sample_rate": 0.01, "noise_multiplier": 1.0}
    assert steps_within(epsilon=50.0, at_most=77, **asked) == 77
    assert steps_within(epsilon=1e-4, at_most=77, **asked) == 0
    assert steps_within(epsilon=50.0, at_most=0, **asked) == 0
