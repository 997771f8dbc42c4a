"""An audit of the private step itself, in seconds: is what it adds up clipped, noised once, and sampled as claimed?

Every record of a made-up data set owns one coordinate of a linear network, and its gradient, ten times the clipping
norm C long, lies along that coordinate. After one step the sum of clipped gradients plus noise can be read off the
weights: divided by C, coordinate j is N(bit_j, sigma^2), where bit_j says whether record j was in the batch. So each
step gives as many independent observations as there are records, each with known mean and standard deviation, and a
few hundred steps tell a noise multiplier of 1 from one of 1.05.

A violation that is found voids the ledger's epsilon. None found says that this step adds what the ledger says, on
this network; it says nothing of the network that is trained (per-record losses that are coupled are refused by the
step, and proved absent for each kind by its tests).

Source: Nasr et al. (2023), "Tight Auditing of Differentially Private Machine Learning", arXiv:2302.07956.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harness.records import Interval
from harness.stats.intervals import contained, critical
from harness.stats.rates import proportion

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from harness.models.generator import Player, Rows

__all__ = ["Check", "Sampler", "StepAudit", "StepFactory", "StepSettings", "TakesSteps", "audit_step"]

OVERLONG = 10.0
"""Length of each record's gradient before clipping, in units of the clipping norm."""

QUIET = 0.01
"""Noise multiplier at which one record's part in the sum can be read off."""

ROUNDING = 1e-5
"""Noise below this, in units of the clipping norm, is the rounding of float32."""

CONFIDENCE = 0.95
"""Of the intervals beside what was observed; decisions rest on p-values."""

Sampler = Callable[[], NDArray[np.int64]]
"""Draws the rows of the next logical batch; possibly none."""


@dataclass(frozen=True, slots=True)
class StepSettings:
    """What a step and its sampling claim to do; the subject of the audit.

    Attributes:
        noise_multiplier: Standard deviation of the noise on the sum of clipped gradients, in units of ``clip``.
        clip: Largest l2 norm of one record's gradient, C.
        records: Records to sample from, which is also the number of coordinates.
        sample_rate: Chance of each record to be in a batch, apart from all others.
        physical: Records in memory at once; below the batch's size the step works in micro-batches.
    """

    noise_multiplier: float
    clip: float
    records: int
    sample_rate: float
    physical: int

    @property
    def expected_batch(self) -> float:
        """What the noised sum is divided by."""
        return self.records * self.sample_rate


class TakesSteps(Protocol):
    """A private step, as `harness.training.private_step.PrivateStep` is one."""

    def take(self, rows: Rows | None, *, records: int, physical: int) -> object:
        """Take one logical step over ``records`` rows; None and 0 for an empty batch."""


StepFactory = Callable[["Player", "Optimizer", StepSettings], TakesSteps]
"""Makes the step to audit, on a fresh network."""


@dataclass(frozen=True, slots=True)
class Check:
    """One property of a step, tested.

    Attributes:
        name: Of the property, such as ``noise``.
        claimed: What was claimed.
        observed: What was seen.
        p_value: Chance of a departure at least this large where the claim is true.
        failure: What the departure means, as a finished sentence; empty where there is none.
    """

    name: str
    claimed: float
    observed: Interval
    p_value: float
    failure: str


@dataclass(frozen=True, slots=True)
class StepAudit:
    """What the audit of a step found.

    Attributes:
        checks: Every property that was tested, passed or not.
        steps: Logical steps that were taken.
        significance: Chance that a true step fails any check.
    """

    checks: tuple[Check, ...]
    steps: int
    significance: float

    @property
    def findings(self) -> tuple[str, ...]:
        """One sentence for each property that does not hold; empty where the step does what it claims."""
        return tuple(check.failure for check in self.checks if check.failure)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Noised sums divided by C, ``[steps, records]``, and who was in the batch."""

    sums: NDArray[np.float64]
    bits: NDArray[np.bool_]

    @property
    def noise(self) -> NDArray[np.float64]:
        """What was added on coordinates of records that took no part, where nothing else can be."""
        return self.sums[~self.bits]


def audit_step(
    factory: StepFactory, sampler: Sampler, claimed: StepSettings, *, steps: int = 200, significance: float = 1e-6
) -> StepAudit:
    """Take ``steps`` logical steps of a made-up training and test each claim about them.

    Args:
        factory: Makes the step to audit.
        sampler: Draws batches as the training does: rows in ``[0, claimed.records)``.
        claimed: What step and sampling are said to do.
        steps: Half of them go through whole batches, half through micro-batches. Those of the second half are taken
            again with little noise, to see what each gradient adds, and a tenth more are empty.
        significance: Chance that a true step fails any check; small, since violations are seen with certainty.

    Raises:
        ValueError: too few steps, or an expected batch below 5 records, for the tests to hold.
    """
    if steps < 20 or min(claimed.expected_batch, steps * claimed.sample_rate) < 5:
        raise ValueError("the audit needs batches of 5 records or more, 20 steps or more, and each record in 5 or more")
    batches = [np.asarray(sampler(), dtype=np.int64) for _ in range(steps)]
    bench = _Bench(factory, claimed)
    half = steps // 2
    whole = bench.run(batches[:half], physical=claimed.records)
    split = bench.run(batches[half:], physical=claimed.physical)
    empty = bench.run([np.empty(0, dtype=np.int64)] * max(2, steps // 10), physical=claimed.physical)
    quiet = _Bench(factory, replace(claimed, noise_multiplier=QUIET)).run(batches[half:], physical=claimed.physical)
    bits = np.concatenate([whole.bits, split.bits])
    found = (
        _noise(whole, claimed),
        _noise_in_micro_batches(split, whole),
        _noise_in_empty_batches(empty, whole),
        _noise_of_the_next_step(whole),
        _noise_of_the_next_coordinate(whole),
        _clipping(quiet),
        _sampling_rate(bits, claimed),
        _batch_sizes(bits),
        _participation(bits),
    )
    level = significance / len(found)
    checks = tuple(replace(check, failure="") if check.p_value > level else check for check in found)
    return StepAudit(checks, steps, significance)


class _Bench:
    """A linear network whose weights are the records' coordinates, and the step under audit on it."""

    def __init__(self, factory: StepFactory, claimed: StepSettings) -> None:
        import torch

        from harness.models.generator import Player

        self._torch, self._claimed = torch, claimed
        network = torch.nn.Linear(claimed.records, 1, bias=False)
        player = Player("bench", network, lambda rows: network(rows["x"]).squeeze(1))
        # With plain descent at rate 1 a step moves the weights by the noised mean itself.
        optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
        self._weight = network.weight
        self._step = factory(player, optimizer, claimed)

    def run(self, batches: list[NDArray[np.int64]], *, physical: int) -> _Seen:
        """Take one step for each batch and read what was added up."""
        sums = np.stack([self._take(rows, physical) for rows in batches])
        bits = np.zeros(sums.shape, dtype=np.bool_)
        for at, rows in enumerate(batches):
            bits[at, rows] = True
        return _Seen(sums, bits)

    def _take(self, rows: NDArray[np.int64], physical: int) -> NDArray[np.float64]:
        torch, claimed = self._torch, self._claimed
        with torch.no_grad():
            # The loss is linear, so gradients do not depend on the weights: zero keeps all their digits.
            self._weight.zero_()
        x = torch.zeros(len(rows), claimed.records)
        x[torch.arange(len(rows)), torch.from_numpy(rows)] = OVERLONG * claimed.clip
        self._step.take({"x": x} if len(rows) else None, records=len(rows), physical=physical)
        moved = -self._weight.detach().double().numpy().reshape(-1)
        return np.asarray(moved * claimed.expected_batch / claimed.clip, dtype=np.float64)


def _noise(seen: _Seen, claimed: StepSettings) -> Check:
    """The noise's standard deviation against the claimed one, by the chi-square distribution."""
    noise, sigma = seen.noise, claimed.noise_multiplier
    total, n = float(np.sum(noise**2)), noise.size
    observed = _deviation(total, n)
    harm = "understates" if observed.value < sigma else "does not describe"
    return Check(
        "noise",
        sigma,
        observed,
        _two_sided(stats.chi2(n), total / sigma**2),
        f"The noise has a standard deviation of {observed.value:.3g} C, not {sigma:.3g} C: the ledger {harm} what is"
        " spent.",
    )


def _noise_in_micro_batches(split: _Seen, whole: _Seen) -> Check:
    ratio, p_value = _compared(split.noise, whole.noise)
    return Check(
        "noise in micro-batches",
        1.0,
        ratio,
        p_value,
        f"In micro-batches the noise is {ratio.value:.3g} times that of whole batches: it is not added exactly once"
        " for each logical batch.",
    )


def _noise_in_empty_batches(empty: _Seen, whole: _Seen) -> Check:
    ratio, p_value = _compared(empty.noise, whole.noise)
    return Check(
        "noise in empty batches",
        1.0,
        ratio,
        p_value,
        f"For an empty batch the noise is {ratio.value:.3g} times that of others: such a batch must be a step of"
        " noise alone, since the accounting counts it.",
    )


def _noise_of_the_next_step(seen: _Seen) -> Check:
    out = ~seen.bits
    both = out[1:] & out[:-1]
    correlation, p_value = _correlated(seen.sums[1:][both], seen.sums[:-1][both])
    return Check(
        "noise of the next step",
        0.0,
        correlation,
        p_value,
        f"The noise of one step and of the next correlate by {correlation.value:.3g}: it is not drawn afresh.",
    )


def _noise_of_the_next_coordinate(seen: _Seen) -> Check:
    out = ~seen.bits
    both = out[:, 1:] & out[:, :-1]
    correlation, p_value = _correlated(seen.sums[:, 1:][both], seen.sums[:, :-1][both])
    return Check(
        "noise of the next coordinate",
        0.0,
        correlation,
        p_value,
        f"The noise on neighbouring weights correlates by {correlation.value:.3g}: it can be cancelled.",
    )


def _clipping(seen: _Seen) -> Check:
    """What an overlong gradient adds to the sum, in units of C, by the normal distribution."""
    added = seen.sums[seen.bits]
    # The noise is measured where nothing was added; without noise only rounding is left.
    spread = max(float(np.std(seen.noise)), ROUNDING) / sqrt(added.size)
    mean = float(np.mean(added))
    half = critical(CONFIDENCE) * spread
    return Check(
        "clipping",
        1.0,
        Interval(mean, mean - half, mean + half, CONFIDENCE, added.size, "normal"),
        float(2 * stats.norm.sf(abs(mean - 1) / spread)),
        f"A gradient of {OVERLONG:.0f} C adds {mean:.4g} C to the sum instead of C: records are not clipped one by one"
        " at the claimed norm, or not all are added up.",
    )


def _sampling_rate(bits: NDArray[np.bool_], claimed: StepSettings) -> Check:
    """Who took part against the claimed rate, by the binomial distribution."""
    hits, n = int(bits.sum()), int(bits.size)
    observed = proportion(hits, n, confidence=CONFIDENCE, method="clopper-pearson")
    return Check(
        "sampling rate",
        claimed.sample_rate,
        observed,
        float(stats.binomtest(hits, n, claimed.sample_rate).pvalue),
        f"A record takes part with a chance of {observed.value:.3g}, not {claimed.sample_rate:.3g}: the ledger's"
        " sampling rate is wrong.",
    )


def _batch_sizes(bits: NDArray[np.bool_]) -> Check:
    ratio, p_value = _dispersion(bits.sum(axis=1), bits.shape[1])
    return Check(
        "batch sizes",
        1.0,
        ratio,
        p_value,
        f"The sizes of batches have {ratio.value:.3g} times the variance of Poisson sampling: records are not drawn"
        " independently, and amplification by Poisson sampling may not be claimed.",
    )


def _participation(bits: NDArray[np.bool_]) -> Check:
    ratio, p_value = _dispersion(bits.sum(axis=0), bits.shape[0])
    return Check(
        "participation",
        1.0,
        ratio,
        p_value,
        f"How often each record takes part has {ratio.value:.3g} times the variance of Poisson sampling: some records"
        " are drawn more often than others, or in turns.",
    )


def _two_sided(law: Any, value: float) -> float:
    return float(min(1.0, 2 * min(law.cdf(value), law.sf(value))))


def _deviation(total: float, n: int) -> Interval:
    """Standard deviation of normal noise about 0, from its sum of squares."""
    tail = (1 - CONFIDENCE) / 2
    low, high = (sqrt(total / float(stats.chi2.ppf(level, n))) for level in (1 - tail, tail))
    return contained(sqrt(total / n), (low, high), confidence=CONFIDENCE, n=n, method="chi-square")


def _compared(noise: NDArray[np.float64], usual: NDArray[np.float64]) -> tuple[Interval, float]:
    """Ratio of two standard deviations about 0, and the p-value of a ratio of 1, by the F distribution."""
    law = stats.f(noise.size, usual.size)
    top, bottom = float(np.mean(noise**2)), float(np.mean(usual**2))
    if bottom <= ROUNDING**2:
        # No noise to compare with, which the check of the noise itself reports.
        return Interval(1.0, 1.0, 1.0, CONFIDENCE, noise.size, "no noise"), 1.0
    ratio, tail = top / bottom, (1 - CONFIDENCE) / 2
    bounds = sqrt(ratio / float(law.ppf(1 - tail))), sqrt(ratio / float(law.ppf(tail)))
    interval = contained(sqrt(ratio), bounds, confidence=CONFIDENCE, n=noise.size, method="F")
    return interval, _two_sided(law, ratio)


def _correlated(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[Interval, float]:
    """Correlation about 0 and the p-value of none, by the normal distribution of many products."""
    scale = max(float(np.sqrt(np.sum(one**2) * np.sum(other**2))), ROUNDING**2 * one.size)
    value, spread = float(np.sum(one * other)) / scale, 1 / sqrt(one.size)
    half = critical(CONFIDENCE) * spread
    bounds = (value - half, value + half)
    interval = contained(value, bounds, within=(-1.0, 1.0), confidence=CONFIDENCE, n=one.size, method="normal")
    return interval, float(2 * stats.norm.sf(abs(value) / spread))


def _dispersion(counts: NDArray[np.int64], trials: int) -> tuple[Interval, float]:
    """Variance of ``counts`` over that of independent draws at their mean rate, by the chi-square distribution."""
    rate = float(np.mean(counts)) / trials
    expected, df = trials * rate * (1 - rate), counts.size - 1
    total = float(np.sum((counts - trials * rate) ** 2))
    if expected == 0.0:
        # Nobody ever, or everybody always: the rate's check says so where it was not claimed.
        return Interval(1.0, 1.0, 1.0, CONFIDENCE, counts.size, "constant"), 1.0
    tail = (1 - CONFIDENCE) / 2
    law = stats.chi2(df)
    bounds = total / expected / float(law.ppf(1 - tail)), total / expected / float(law.ppf(tail))
    interval = contained(total / expected / df, bounds, confidence=CONFIDENCE, n=counts.size, method="chi-square")
    return interval, _two_sided(law, total / expected)
