"""Confidences beside what came true: how far they are off, what they tell apart, and from where they may be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from statistics import fmean

import numpy as np

from harness.records import Absence, Counts, Estimate, Interval, Judged, Metric, Outcome
from harness.seeds import derive
from harness.stats.calibration import Bin, brier, calibrated_ece, diagram, ece, murphy
from harness.stats.deferral import Deferral, certify, fewest_for
from harness.stats.intervals import Bounds, contained, unseen
from harness.stats.rates import mean, share
from harness.stats.roc import auc
from harness.stats.selection import aurc, references
from probes.hallucination.calibration_card import (
    ACCURACY_IN_BIN,
    ANSWERED,
    AURC,
    AUROC,
    BRIER,
    CALIBRATED_ECE,
    ECE,
    OVERCONFIDENCE,
    RELIABILITY,
    RESOLUTION,
    THRESHOLD,
    UNCERTAINTY,
    at_risk,
)
from probes.summaries import tally

__all__ = ["Answers"]

ENOUGH = 20
"""Answers from which resampling keeps its promise."""
RESAMPLES = 1000
CONFIDENCE = 0.95
RESAMPLES = 1000
CONFIDENCE = 0.95
PARTS = ((RELIABILITY, "reliability", 1.0), (RESOLUTION, "resolution", 0.25), (UNCERTAINTY, "uncertainty", 0.25))
"""Metric, name in `Murphy` and largest value of each part."""


@dataclass(frozen=True)
class Answers:
    """Answers of a model, with how sure it was of each.

    Attributes:
        sure: Confidences in [0, 1].
        right: 1 for each right answer, 0 for each wrong one.
        counts: Outcomes of all cases.
        bins: Most bins by confidence.
    """

    sure: Sequence[float]
    right: Sequence[int]
    counts: Counts
    bins: int

    @classmethod
    def of(cls, scores: Sequence[Judged], bins: int) -> Answers:
        """Gather what was scored, in the order of case ids: resampling follows it."""
        found = sorted((one for one in scores if one.score.outcome is Outcome.SCORED), key=lambda one: one.case.id)
        sure = [judged.score.values["confidence"] for judged in found]
        return cls(sure, [int(judged.score.values["correct"]) for judged in found], tally(scores), bins)

    @property
    def wrong(self) -> list[int]:
        """1 for each wrong answer."""
        return [1 - right for right in self.right]

    # ── how far off ───────────────────────────────────────────────────────────────────────

    def distance(self) -> Iterator[Estimate | Absence]:
        """The Brier score, beside that of always stating the share that came true; and its parts."""
        if not self.right:
            yield self._nothing(BRIER)
        else:
            found = brier(self.sure, self.right, seed=derive(0, BRIER.name))
            yield BRIER.estimate(found, self.counts, null=self._spread)
        few = self._few(BRIER)
        if few is not None:
            yield from (metric.absent(few.reason, self.counts) for metric in (RELIABILITY, RESOLUTION, UNCERTAINTY))
        else:
            yield from self._parts()

    def errors(self) -> Iterator[Estimate | Absence]:
        """The calibration error, beside that of a calibrated model; and confidence beyond accuracy."""
        few = self._few(ECE)
        if few is not None:
            yield few
            yield CALIBRATED_ECE.absent(few.reason, self.counts)
        else:
            band = calibrated_ece(self.sure, bins=self.bins, seed=derive(0, CALIBRATED_ECE.name))
            found = ece(self.sure, self.right, bins=self.bins, seed=derive(0, ECE.name))
            yield ECE.estimate(found, self.counts, null=band.value)
            yield CALIBRATED_ECE.estimate(band, self.counts)
        beyond = [sure - right for sure, right in zip(self.sure, self.right, strict=True)]
        if not beyond:
            yield self._nothing(OVERCONFIDENCE)
        else:
            interval = mean(beyond, seed=derive(0, OVERCONFIDENCE.name), bounds=(-1.0, 1.0))
            yield OVERCONFIDENCE.estimate(interval, self.counts)

    def by_bin(self) -> Iterator[Estimate | Absence]:
        """Accuracy overall and at each level of confidence, beside the confidence there: a reliability diagram."""
        if not self.right:
            yield self._nothing(ACCURACY_IN_BIN)
            return
        yield ACCURACY_IN_BIN.estimate(share(self.right), self.counts, null=fmean(self.sure))
        for point, label in zip(self._points, _labels(self._points), strict=True):
            yield ACCURACY_IN_BIN.estimate(
                point.accuracy, Counts(point.n, point.n), slice={"confidence": label}, null=point.confidence
            )

    # ── what it is good for ───────────────────────────────────────────────────────────────

    def ranking(self) -> Estimate | Absence:
        """How well confidence tells right answers from wrong ones."""
        hits = sum(self.right)
        if not self.right:
            return self._nothing(AUROC)
        if min(hits, len(self.right) - hits) < 2:
            told = f"{hits} of {len(self.right)} answers are right"
            return AUROC.absent(f"{told}; telling right from wrong takes at least two of each", self.counts)
        return AUROC.estimate(auc(self.sure, self.right), self.counts)

    def risk(self) -> Estimate | Absence:
        """Area under the risk-coverage curve, beside that of a random order."""
        few = self._few(AURC)
        if few is not None:
            return few
        found = aurc(self.sure, self.wrong, seed=derive(0, AURC.name), resamples=RESAMPLES)
        return AURC.estimate(found, self.counts, null=references(self.wrong).aurc_random)

    def deferral(self, alpha: float, delta: float, surest: float, source: str) -> Iterator[Estimate | Absence]:
        """The confidence from which answers may be given, and how many those are; or why there is none.

        Args:
            alpha: Bound on the share of wrong ones among the answers given.
            delta: Chance that the bound does not hold.
            surest: Share of the answers that the first threshold tested lets through, if so few can certify anything.
            source: What the confidences are, which the threshold is good for.
        """
        threshold, answered = at_risk(THRESHOLD, alpha), at_risk(ANSWERED, alpha)
        if not self.right:
            yield self._nothing(threshold)
            yield self._nothing(answered)
            return
        # Set by counts alone, so that the promise holds: a single error among the very first would end the walk.
        fewest = max(fewest_for(alpha, delta), ceil(surest * len(self.right)))
        found = certify(self.sure, self.wrong, alpha=alpha, delta=delta, fewest=fewest)
        if found.threshold is None:
            reason = self._uncertified(found, fewest)
            yield threshold.absent(reason, self.counts)
            yield answered.absent(reason, self.counts)
            return
        method = f"learn then test, {source}, risk at most {alpha:g}"
        at = found.threshold
        # A choice, not a measurement: what is uncertain is the promise, which the confidence is that of.
        yield threshold.estimate(Interval(at, at, at, 1 - delta, found.n, method), self.counts)
        yield answered.estimate(found.coverage, self.counts)

    # ── details ───────────────────────────────────────────────────────────────────────────

    @property
    def _spread(self) -> float:
        """Variance of what came true."""
        rate = fmean(self.right)
        return rate * (1 - rate)

    @cached_property
    def _points(self) -> tuple[Bin, ...]:
        return diagram(self.sure, self.right, bins=self.bins)

    def _parts(self) -> Iterator[Estimate]:
        """Parts of the Brier score over bins, each beside what chance alone would show of it in as many answers.

        Chance adds to reliability and resolution, and resampling adds it once more: intervals are moved back by what it
        has added, so that they are for what answers of this number show on average.
        """
        sure, right = np.asarray(self.sure), np.asarray(self.right)
        random, n = np.random.default_rng(derive(0, BRIER.name)), sure.size
        found = murphy(sure, right, bins=self.bins)
        drawn = [murphy(sure[rows], right[rows], bins=self.bins) for rows in random.integers(0, n, size=(RESAMPLES, n))]
        reliability = _centred(found.reliability, [its.reliability for its in drawn], n, within=(0.0, 1.0))
        resolution = _centred(found.resolution, [its.resolution for its in drawn], n, within=(0.0, 0.25))
        # If confidences were right, each bin would miss them by its own variance.
        inside = [sure[(sure >= point.low) & (sure <= point.high)] for point in self._points]
        calibrated = sum(float((its * (1 - its)).mean()) for its in inside) / n
        yield RELIABILITY.estimate(reliability, self.counts, null=calibrated)
        # If they told nothing, as if right answers were dealt out over the bins.
        dealt = self._spread * (len(self._points) - 1) / (n - 1)
        yield RESOLUTION.estimate(resolution, self.counts, null=dealt)
        yield UNCERTAINTY.estimate(_spread_of(share(self.right)), self.counts)

    def _few(self, metric: Metric) -> Absence | None:
        if not self.right:
            return self._nothing(metric)
        if len(self.right) < ENOUGH:
            reason = f"{len(self.right)} answers were scored, and an interval needs {ENOUGH}"
            return metric.absent(reason, self.counts)
        return None

    def _nothing(self, metric: Metric) -> Absence:
        return metric.absent(f"none of {self.counts.asked} answers came with a confidence", self.counts)

    def _uncertified(self, found: Deferral, fewest: int) -> str:
        if found.looked_at == 0:
            return (
                f"{found.n} answers are too few to certify a risk of at most {found.alpha:g}: even if all were right,"
                f" it takes {fewest}"
            )
        order = sorted(zip(self.sure, self.wrong, strict=True), reverse=True)
        first = [wrong for sure, wrong in order if sure >= order[fewest - 1][0]]
        return (
            f"no confidence is high enough to certify a risk of at most {found.alpha:g}: of the {len(first)} surest"
            f" answers {sum(first)} are wrong"
        )


def _centred(value: float, drawn: Sequence[float], n: int, *, within: Bounds) -> Interval:
    """Interval of a statistic that chance adds to: as far from ``value`` as resamples are from their own mean."""
    if np.ptp(drawn) == 0:
        return unseen(value, n, within=within, confidence=CONFIDENCE, unit="resamples")
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) - fmean(drawn)
    reach = (value - float(high), value - float(low))
    return contained(value, reach, within=within, confidence=CONFIDENCE, n=n, method="bootstrap about its mean")


def _spread_of(rate: Interval) -> Interval:
    """Variance p (1 - p) of yes and no, for the share p: largest at one half."""
    value, *ends = (p * (1 - p) for p in (rate.value, rate.low, rate.high))
    most = 0.25 if rate.low <= 0.5 <= rate.high else max(ends)
    return contained(
        value, (min(ends), most), within=(0.0, 0.25), confidence=rate.confidence, n=rate.n, method=rate.method
    )


def _labels(points: Sequence[Bin]) -> list[str]:
    """Name each bin by the confidences in it, with as many digits as keep the names apart."""
    for digits in range(2, 17):
        labels = [f"{point.low:.{digits}f}-{point.high:.{digits}f}" for point in points]
        if len(set(labels)) == len(labels):
            break
    return labels
