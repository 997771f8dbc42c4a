"""How long does the model take to draw a picture?

The time is what the backend attributes to each picture. Pictures drawn in one batch share its time in equal parts, so
equal times are one timing: the independent unit is the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, isfinite
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import Absence, Case, ControlKind, Estimate, Interval, Judged, Outcome, Reply, Score
from harness.seeds import rng
from harness.stats.clusters import clustered_mean
from probes.pictures import scripted, values_of
from probes.subjects import subjects
from probes.summaries import tally
from probes.utility.sample_speed_card import CARD, RATE, SECONDS

__all__ = ["SampleSpeed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSpeed:
    """Reads how long each picture took.

    Attributes:
        images: Pictures to draw, at most; other probes draw the same ones.
    """

    images: int = 120

    def __post_init__(self) -> None:
        if self.images < 1:
            raise ValueError(f"images is at least 1, not {self.images}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield one case for each picture.

        Raises:
            DataError: a row is no prompt.
            NotApplicableError: the data are prompts, and the model draws from none.
        """
        for subject in subjects(data, budget, self.images):
            yield Case(subject.name, subject.ask, {}, {}, subject.name)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the time."""
        del case, readings
        drawn = values_of(reply, {})
        if isinstance(drawn, Score):
            return drawn
        if not (isfinite(reply.seconds) and reply.seconds > 0):
            return Score(Outcome.UNREADABLE, note="the backend does not say how long the picture took")
        return Score(Outcome.SCORED, {"seconds": reply.seconds})

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Mean time of a picture, and its inverse."""
        counts = tally(scores)
        seconds = [its.score.values["seconds"] for its in scores if its.score.values]
        timings = {repr(value) for value in seconds}
        if len(timings) < 2:
            reason = (
                "all pictures share one timing, which shows no spread"
                if timings
                else "no picture came with the time that it took"
            )
            yield from (metric.absent(reason, counts) for metric in CARD.metrics)
            return
        interval = _positive(clustered_mean(seconds, [repr(value) for value in seconds]))
        yield SECONDS.estimate(interval, counts)
        inverse = replace(interval, value=1 / interval.value, low=1 / interval.high, high=1 / interval.low)
        yield RATE.estimate(inverse, counts)


def _positive(interval: Interval) -> Interval:
    """The interval of a mean of positive numbers, with its reach taken on the log scale.

    So it stays above 0, and that of the inverse is its inverse. The standard error of log x is that of x over x.
    """
    reach = (interval.high - interval.value) / interval.value
    low, high = interval.value * exp(-reach), interval.value * exp(reach)
    return replace(interval, low=low, high=high, method=f"{interval.method}, log scale")


# ── controls ──────────────────────────────────────────────────────────────────────────────

USUAL, SLOW = 0.5, 2.0
"""Seconds that scripted pictures take."""
OFTEN = 0.25
"""Share of pictures that the positive control takes long for."""
TIMES = tuple(USUAL * (0.9 + 0.02 * step) for step in range(11))
"""Timings that are shared, as those of batches are; 0.5 on average."""


def _took(seconds: float) -> Reply:
    return replace(scripted({"drawn": 1.0}), seconds=seconds)


def _best(case: Case) -> Reply:
    return _took(0.1 * rng(0, case.id).uniform(0.9, 1.1))


def _worst(case: Case) -> Reply:
    return _took(10 * rng(0, case.id).uniform(0.9, 1.1))


def _even(case: Case, random: Random) -> Reply:
    del case
    return _took(USUAL * random.uniform(0.9, 1.1))


def _uneven(case: Case, random: Random) -> Reply:
    del case
    return _took((SLOW if random.random() < OFTEN else USUAL) * random.uniform(0.9, 1.1))


def _shared(case: Case, random: Random) -> Reply:
    del case
    return _took(random.choice(TIMES))


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a painter that takes half a second each time", _even, SECONDS.name, USUAL),
        Control(
            ControlKind.POSITIVE,
            "a painter that takes four times as long for every fourth picture",
            _uneven,
            SECONDS.name,
            OFTEN * SLOW + (1 - OFTEN) * USUAL,
        ),
        Control(ControlKind.INSTRUMENT, "a painter whose pictures share eleven timings", _shared, SECONDS.name),
    ),
)
