"""How exposures of planted secrets spread, beside how those of secrets never planted would: shares by whole bits.

Computed from the losses that a bundle keeps of each secret and of others like it. A distribution whose mean is not the
one that the bundle states is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log2
from typing import TYPE_CHECKING

import numpy as np

from harness.query.tables import opened, tables_of
from harness.records import Absence, Estimate, Interval
from harness.report.findings import Section
from harness.stats.exposure import null_tail, sampled
from harness.stats.rates import proportion
from harness.text.sentences import number

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Exposures", "Step", "exposures"]

METRIC = "memorisation.canary/exposure"
FEWEST = 20
"""Others below which the probe ranks no secret."""
TOLERANCE = 1e-6
STANDING_OUT = 3
"""Bits from which a secret is among the likeliest eighth."""


@dataclass(frozen=True, slots=True)
class Step:
    """Exposures from ``least`` to less than ``least + 1`` bits.

    Attributes:
        least: In bits, from 0.
        share: Of the secrets, with its Clopper-Pearson interval.
        chance: Share of secrets that were never planted, exactly.
    """

    least: int
    share: Interval
    chance: float


@dataclass(frozen=True, slots=True)
class Exposures:
    """The secrets of one cell that were in the training equally often, or all of them.

    Attributes:
        cell: Probe and data set.
        repeats: How often each was in the training; None for all that were, 0 for those that were left out.
        secrets: How many have an exposure.
        steps: One for each bit, from 0 to the most that so many others can show.
        missing: Why there are none; empty where there are.
    """

    cell: str
    repeats: int | None
    secrets: int = 0
    steps: tuple[Step, ...] = ()
    missing: str = ""

    @property
    def finding(self) -> str:
        """How many stand out as one in eight would by chance; empty without a distribution."""
        far = [its for its in self.steps if its.least >= STANDING_OUT]
        if not far:
            return ""
        count = sum(round(its.share.value * its.share.n) for its in far)
        chance = self.secrets * sum(its.chance for its in far)
        return (
            f"{count} of {self.secrets} secrets are among the likeliest eighth of secrets like them"
            f" ({STANDING_OUT} bits or more); by chance it would be {number(chance)}"
        )


def exposures(library: Library, run: str, sections: Sequence[Section]) -> tuple[Exposures, ...]:
    """Of each cell with planted secrets: all that were trained on, then each number of repeats, 0 the last.

    Args:
        library: The store. Any role: only shares of secrets leave.
        run: Name of the bundle.
        sections: Of its view.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    found: list[Exposures] = []
    for section in sections:
        stated = next((part.found for part in section.metrics if part.name == METRIC), None)
        cell = f"{section.card.id}@{section.result.dataset}"
        if isinstance(stated, Absence):
            found.append(Exposures(cell, None, missing=stated.reason))
        elif stated is not None:
            found += _of_cell(library, run, cell, stated)
    return tuple(found)


def _of_cell(library: Library, run: str, cell: str, stated: Estimate) -> list[Exposures]:
    ranked = _ranked(library, run, cell)
    trained = [(bits, size) for repeats, bits, size in ranked if repeats]
    again = float(np.mean([bits for bits, _ in trained])) if trained else float("nan")
    if not abs(again - stated.interval.value) <= TOLERANCE:
        why = (
            f"the losses of single secrets give a mean exposure of {again:.4f} bits, and the bundle states"
            f" {stated.interval.value:.4f}: `harness verify` says whether it was changed"
        )
        return [Exposures(cell, None, missing=why)]
    levels = sorted({repeats for repeats, *_ in ranked}, key=lambda repeats: (repeats == 0, repeats))
    each = [(level, [(bits, size) for repeats, bits, size in ranked if repeats == level]) for level in levels]
    return [_spread(cell, None, trained), *(_spread(cell, level, its) for level, its in each)]


def _spread(cell: str, repeats: int | None, secrets: Sequence[tuple[float, int]]) -> Exposures:
    """Count exposures by whole bits, each secret among so many fills, its own included."""
    most = max(floor(log2(size)) for _, size in secrets)
    places = [min(most, floor(bits + 1e-9)) for bits, _ in secrets]
    steps = tuple(
        Step(
            least,
            proportion(places.count(least), len(places), method="clopper-pearson"),
            float(np.mean([null_tail(least, size) - null_tail(least + 1, size) for _, size in secrets])),
        )
        for least in range(most + 1)
    )
    return Exposures(cell, repeats, len(secrets), steps)


def _ranked(library: Library, run: str, cell: str) -> list[tuple[int, float, int]]:
    """Repeats, exposure in bits, and number of fills of each secret that has enough others to be ranked among."""
    scores = tables_of(library, run)["scores"]
    with opened(scores) as connection:
        rows = connection.execute(
            """SELECT CAST(any_value(json_extract_string(groups, '$.repeats')) AS INTEGER),
                any_value(map_extract("values", 'loss')[1]) FILTER (json_extract_string(groups, '$.arm') = 'canary'),
                list(map_extract("values", 'loss')[1]) FILTER (json_extract_string(groups, '$.arm') = 'reference')
            FROM read_parquet($scores) WHERE cell = $cell AND outcome = 'scored' GROUP BY cluster ORDER BY cluster""",
            {"scores": scores, "cell": cell},
        ).fetchall()
    return [
        (repeats, sampled(own, others), len(others) + 1)
        for repeats, own, others in rows
        if own is not None and others is not None and len(others) >= FEWEST
    ]
