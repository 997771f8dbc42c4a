"""Can training texts be told from others by how likely the model finds them?

Several scores are taken from one reading of each text. They are evidence only beside a classifier that sees the texts
and no model: where that tells members from others, they differ in more than the training.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from random import Random
from statistics import NormalDist

import numpy as np

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import NotApplicableError
from harness.records import Arm, Case, ControlKind, Estimate, Judged, Reading, Reply, Score
from harness.seeds import rng
from harness.text.surface import surface
from probes.expected import score_ask
from probes.losses import shuffled
from probes.memorisation.text_membership_card import BLIND, CARD, LOSS, RATES, REFERENCE, SCORES
from probes.sampling import at_most, chosen
from probes.separation import LEAST, Result, area, blind, invalid, rates
from probes.sides import SIDES, independent
from probes.summaries import tally
from probes.text_scores import ask_for, likelier, scores_of

__all__ = ["TextMembership"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMembership:
    """Compares the likelihoods of texts that were trained on with those of others.

    Attributes:
        records: Texts of either side, at most. A false-positive rate of 1 in 1,000 needs 10,000.
        characters: Most of a text that is scored, from its beginning.
        lowest: Share of a text's tokens that Min-K% and Min-K%++ look at, in (0, 1].
        reference: Instrument that tells how likely another model finds a text; None for no comparison.
    """

    records: int = 1000
    characters: int = 512
    lowest: float = 0.2
    reference: str | None = None

    def __post_init__(self) -> None:
        if min(self.records, self.characters) < 1 or not 0 < self.lowest <= 1:
            raise ValueError("records and characters are at least 1, and lowest is a share in (0, 1]")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    @property
    def instruments(self) -> tuple[str, ...]:
        """Whom it asks for readings."""
        return () if self.reference is None else (self.reference,)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the texts that were trained on, then the others, each with its form in lower case.

        Raises:
            NotApplicableError: the records are no text, or there are too few of either side.
            DataError: a row of a file has no text, or does not say its side.
        """
        every = independent(data, CARD.id)
        sides = [[record for record in every if record.side == side] for side in SIDES]
        if min(map(len, sides)) < LEAST:
            raise NotApplicableError(
                f"{len(sides[0])} independent texts were trained on and {len(sides[1])} were not: {LEAST} of either"
                " are needed"
            )
        for side in sides:
            for record in chosen(side, at_most(budget, self.records)):
                arm = Arm.MAIN if record.side == "member" else Arm.CONTROL
                ask = ask_for(record.text, self.characters)
                yield Case(f"{record.side}/{record.id}", ask, {}, {"role": record.side}, record.unit, arm)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let another model say how likely it finds the text."""
        if self.reference is not None and reply.scores:
            yield Reading(self.reference, score_ask(case).continuations[0])

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Take every score that the reply allows."""
        score = scores_of(case, reply, self.lowest)
        text, values = score_ask(case).continuations[0], dict(score.values)
        for reading in self.readings(case, reply) if values else ():
            if "nats" in readings.get(reading, {}):
                size = len(text.encode("utf-8", "backslashreplace"))
                values["reference"] = (reply.scores[0].total - readings[reading]["nats"]) / size
        return replace(score, values=values)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Result]:
        """Areas and rates; nothing but the reason where the blind baseline tells members from the others."""
        every = shuffled(scores)
        scored = [its for its in every if its.score.values]
        looks = [surface(score_ask(its.case).continuations[0]) for its in scored]
        without = blind(BLIND, scored, looks, tally(every))
        reason = invalid(without)
        if reason:
            yield from (metric.absent(reason, tally(every)) for metric in CARD.metrics if metric is not BLIND)
        else:
            yield from self._with_the_model(every)
        yield without

    def _with_the_model(self, every: Sequence[Judged]) -> Iterator[Result]:
        counts = tally(every)
        for metric, name in SCORES:
            judged = [its for its in every if name in its.score.values]
            if metric is REFERENCE and self.reference is None:
                yield metric.absent("no instrument is named by `reference`, which would ask another model", counts)
                continue
            values = np.array([its.score.values[name] for its in judged])
            beside = self.reference if metric is REFERENCE else None
            yield area(metric, judged, values, counts, instrument=beside)
            # What is told of the loss is told in any case; of the others, what can be told.
            part = {} if metric is LOSS else {"score": metric.title}
            found = rates(RATES, judged, values, part)
            yield from (its for its in found if metric is LOSS or isinstance(its, Estimate))


# ── controls ──────────────────────────────────────────────────────────────────────────────

APART = 2.0
"""By how many standard deviations the positive control finds members likelier."""
PLANTED = NormalDist().cdf(APART / sqrt(2))
"""Area of two normals that lie so far apart."""


def _seen(case: Case) -> bool:
    return case.groups["role"] == "member"


def _best(case: Case) -> Reply:
    return likelier(case, rng(0, case.id).gauss(0, 1))


def _worst(case: Case) -> Reply:
    return likelier(case, 8.0 if _seen(case) else 0.0)


def _forgetful(case: Case, random: Random) -> Reply:
    return likelier(case, random.gauss(0, 1))


def _remembering(case: Case, random: Random) -> Reply:
    return likelier(case, random.gauss(0, 1) + APART * _seen(case))


def _short(case: Case, random: Random) -> Reply:
    """Find short texts likelier, whoever saw them."""
    return likelier(case, random.gauss(0, 1) - len(score_ask(case).continuations[0]) / 100)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a model to which all texts are alike", _forgetful, LOSS.name, 0.5),
        Control(
            ControlKind.POSITIVE,
            "a model that finds what it was trained on 2 SD likelier",
            _remembering,
            LOSS.name,
            PLANTED,
        ),
        Control(ControlKind.INSTRUMENT, "a model that goes by the length of a text alone", _short, LOSS.name),
    ),
)
