"""What events cost: epsilon at a given delta, for neighbours that differ by adding or removing one record.

Claims are computed by the PRV accountant of Opacus (Gopi et al. 2021, arXiv:2106.02848): numerical composition of
privacy losses with a stated error, reported from above. While training goes on, epsilon is shown by Rényi accounting
(Mironov et al. 2019, arXiv:1908.10530), also from above: instant and a little too high. The Gaussian approximation
(``gdp``) can lie below the truth and is refused.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf, isfinite, log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from harness.errors import UsageError
from harness.privacy.ledger import GaussianSteps, Ledger, NonPrivate, Unsupported

__all__ = ["ADJACENCY", "SAMPLING", "Accountant", "Spent", "epsilon", "noise_for", "refuse_accountant", "steps_within"]

Accountant = Literal["prv", "rdp"]
ADJACENCY = "add or remove one record"
SAMPLING = "poisson"

ERROR = 0.01
"""Error of epsilon that PRV is asked for; smaller below 0.2 and larger above 10, in proportion to epsilon."""

POINTS = 2**25
"""Most points of a discretised privacy loss: about 2 GiB at work."""

ORDERS = (*(1 + tenth / 10 for tenth in range(1, 100)), *range(12, 64), *range(64, 1025, 32))
"""Rényi orders: those of Opacus and, for much noise, larger ones."""

Mechanism = tuple[float, float]
"""Noise multiplier and sample rate."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Privacy spent under one record added or removed.

    Attributes:
        epsilon: Not below the true value; infinite where privacy was given up.
        delta: At which.
        accountant: ``prv`` or ``rdp``.
        error: What is known of the accountant's error, in words.
    """

    epsilon: float
    delta: float
    accountant: str
    error: str


def refuse_accountant(name: str) -> None:
    """Refuse accountants that may understate.

    Raises:
        UsageError: ``name`` is not prv or rdp.
    """
    if name == "gdp":
        raise UsageError(
            "The accountant gdp is a central-limit approximation and can lie below the true epsilon, so nothing may be"
            " claimed by it. Use prv, or rdp for a quick upper bound."
        )
    if name not in {"prv", "rdp"}:
        raise UsageError(f"There is no accountant {name!r}. Use prv for claims, or rdp for a quick upper bound.")


def epsilon(ledger: Ledger, *, delta: float, accountant: Accountant) -> Spent:
    """Epsilon of everything in ``ledger``, composed.

    Raises:
        UsageError: delta is not in (0, 1), the accountant may understate, an event is unsupported, or the accounting
            does not hold for how batches were drawn.
    """
    refuse_accountant(accountant)
    _check_delta(delta)
    unsupported = [event.reason for event in ledger.events if isinstance(event, Unsupported)]
    if unsupported:
        raise UsageError(f"No epsilon can be computed: {'; '.join(unsupported)}")
    if any(isinstance(event, NonPrivate) for event in ledger.events):
        return Spent(inf, delta, accountant, "none: records were used without privacy")
    if ledger.sampling != SAMPLING or ledger.adjacency != ADJACENCY:
        raise UsageError(
            f"No epsilon can be computed for batches drawn by {ledger.sampling!r} under {ledger.adjacency!r}: the"
            f" accountants hold for {SAMPLING!r} sampling under {ADJACENCY!r}."
        )
    return _spend(_history(ledger.gaussian), delta, accountant)


def noise_for(*, epsilon: float, delta: float, sample_rate: float, steps: int) -> float:
    """The smallest noise multiplier, to 0.1 %, whose ``steps`` cost at most ``epsilon``, by PRV.

    Args:
        epsilon: Budget, above 0.
        delta: In (0, 1).
        sample_rate: Probability of each record to be in a step, in (0, 1].
        steps: Private steps in all; steps, not epochs, so that none is lost to rounding.

    Raises:
        UsageError: the budget is not positive, or so small that no noise reaches it.
    """
    _check_budget(epsilon, delta)
    if steps < 1:
        raise UsageError(f"There is no noise to find for {steps} steps. Train for 1 step or more.")

    def cost(noise: float) -> float:
        return _spend(((noise, sample_rate, steps),), delta, "prv").epsilon

    start = _roughly(epsilon, delta, sample_rate, steps)
    low, high = start, start
    found = {start: cost(start)}
    while found[high] > epsilon:
        low, high = high, high * 1.1 * max(1.0, sqrt(min(found[high] / epsilon, 4.0)))
        if high > 1e5:
            raise UsageError(
                f"epsilon = {epsilon} at delta = {delta:.2g} is out of reach with {steps} steps: no noise is enough."
                " Allow a larger epsilon, or train for fewer steps."
            )
        found[high] = cost(high)
    while found[low] <= epsilon:
        high, low = low, low / 1.05
        found[low] = cost(low)
    _narrow(found, low, high, epsilon, cost, done=lambda low, high: high <= low * 1.001)
    return min(noise for noise, spent in found.items() if spent <= epsilon)


def steps_within(*, epsilon: float, delta: float, sample_rate: float, noise_multiplier: float, at_most: int) -> int:
    """The most steps, up to ``at_most``, that cost at most ``epsilon``, by PRV; 0 where not even one does.

    Raises:
        UsageError: the budget is not positive.
    """
    _check_budget(epsilon, delta)

    def cost(steps: float) -> float:
        return _spend(((noise_multiplier, sample_rate, round(steps)),), delta, "prv").epsilon

    if at_most < 1 or cost(1) > epsilon:
        return 0
    found = {1.0: cost(1), float(at_most): cost(at_most)}
    if found[at_most] <= epsilon:
        return at_most
    _narrow(found, at_most, 1, epsilon, cost, done=lambda over, within: over - within <= 1, whole=True)
    return round(max(steps for steps, spent in found.items() if spent <= epsilon))


def _narrow(
    found: dict[float, float],
    over: float,
    within: float,
    target: float,
    cost: Callable[[float], float],
    *,
    done: Callable[[float, float], bool],
    whole: bool = False,
) -> None:
    """Add costs to ``found`` until the places just over and just within ``target`` are close enough.

    Costs are near to powers of noise and steps, so the next place is interpolated on logarithmic scales, and halved
    where that does not shrink the interval much.
    """
    turn = 0
    while not done(over, within):
        share = (log(target) - log(found[within])) / (log(found[over]) - log(found[within]))
        # Aimed a little to the side, so that both ends close in; every third turn in the middle, so that they must.
        aim = 0.5 if turn % 3 == 2 else min(0.98, max(0.02, share + (0.02 if turn % 3 else -0.02)))
        place = exp(log(within) + aim * (log(over) - log(within)))
        if whole:
            low, high = sorted((over, within))
            place = float(min(high - 1, max(low + 1, round(place))))
        found[place] = cost(place)
        if found[place] <= target:
            within = place
        else:
            over = place
        turn += 1


# ── accountants ───────────────────────────────────────────────────────────────────────────


def _check_delta(delta: float) -> None:
    if not 0 < delta < 1:
        raise UsageError(f"delta = {delta} is no probability in (0, 1). Use 1 / (10 n) for n records, or less.")


def _check_budget(epsilon: float, delta: float) -> None:
    _check_delta(delta)
    if not (isfinite(epsilon) and epsilon > 0):
        raise UsageError(f"epsilon = {epsilon} is no budget: it must be a finite number above 0, such as 8.")


def _history(events: tuple[GaussianSteps, ...]) -> tuple[tuple[float, float, int], ...]:
    """Noise multiplier, sample rate and steps of each distinct mechanism."""
    steps: Counter[Mechanism] = Counter()
    for event in events:
        steps[event.noise_multiplier, event.sample_rate] += event.steps
    return tuple((noise, rate, count) for (noise, rate), count in sorted(steps.items()) if count)


def _spend(history: tuple[tuple[float, float, int], ...], delta: float, accountant: Accountant) -> Spent:
    if not history:
        return Spent(0.0, delta, accountant, "none: no private step was taken")
    bound = _renyi(history, delta)
    if accountant == "prv" and isfinite(bound):
        # In proportion to epsilon where that is far from 1; the method's own bound on the error holds below 1.
        error = min(0.9, max(1e-4, 0.001 * bound, min(ERROR, 0.05 * bound)))
        if _points(history, delta, error) <= POINTS:
            value = _numerical(history, delta, error)
            # Where much noise makes the loss tiny, either bound may be the lower one; both hold.
            if value <= bound:
                return Spent(value, delta, "prv", f"an upper bound, at most {2 * error:.2g} too high")
    return Spent(bound, delta, "rdp", "an upper bound, some percent too high")


@lru_cache(maxsize=64)
def _rates(noise: float, rate: float) -> NDArray[np.float64]:
    """Rényi divergence of one step at each order."""
    from opacus.accountants.analysis.rdp import compute_rdp

    with _quiet():
        found = compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=list(ORDERS))
    return np.asarray(found, dtype=np.float64)


def _renyi(history: tuple[tuple[float, float, int], ...], delta: float) -> float:
    """Epsilon by Rényi accounting; conversion by Balle et al. (2020), arXiv:1905.09982, theorem 21."""
    total = np.sum([steps * _rates(noise, rate) for noise, rate, steps in history], axis=0)
    orders = np.asarray(ORDERS)
    found = total - (log(delta) + np.log(orders)) / (orders - 1) + np.log((orders - 1) / orders)
    finite = found[np.isfinite(found)]
    return max(0.0, float(finite.min())) if finite.size else inf


def _numerical(history: tuple[tuple[float, float, int], ...], delta: float, error: float) -> float:
    from opacus.accountants import PRVAccountant

    accountant = PRVAccountant()
    accountant.history = list(history)
    try:
        with _quiet():
            return float(accountant.get_epsilon(delta, eps_error=error, delta_error=delta / 1000))
    except (RuntimeError, ValueError):
        # Its own refusals: the discretisation would not hold. The Rényi bound does.
        return inf


def _points(history: tuple[tuple[float, float, int], ...], delta: float, error: float) -> float:
    """Points that the discretised loss would have, as the accountant will choose them."""
    steps = sum(count for _, _, count in history)
    width = 2 * (_renyi(history, delta / 4000) + 3)
    return width / (error / sqrt(steps * log(12_000 / delta) / 2))


@contextmanager
def _quiet() -> Iterator[None]:
    """Opacus takes logarithms of 0 on purpose at sample rate 1 and lets quadrature warn of what it then checks."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _roughly(target: float, delta: float, rate: float, steps: int) -> float:
    """A noise multiplier near the wanted one: where the search begins, and never what is claimed.

    From the central limit of Bu et al. (2020), arXiv:1911.11607.
    """

    def excess(logarithm: float) -> float:
        mu = rate * sqrt(steps * np.expm1(min(700.0, exp(-2 * logarithm))))
        return float(_gaussian_delta(target, mu) - delta)

    low, high = log(0.05), log(1e4)
    if excess(low) < 0 or excess(high) > 0:
        return exp(low if excess(low) < 0 else high)
    return exp(float(optimize.brentq(excess, low, high, xtol=1e-3)))


def _gaussian_delta(target: float, mu: float) -> float:
    """Delta at which mu-Gaussian privacy gives epsilon = ``target``; Dong et al. (2019), arXiv:1905.02383."""
    if mu == 0:
        return 0.0
    second = exp(min(700.0, target + float(special.log_ndtr(-target / mu - mu / 2))))
    return float(special.ndtr(-target / mu + mu / 2)) - second
