"""Bootstrap of statistics of a whole table, such as areas and ratios: rows are resampled, or their clusters whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records import Interval
from harness.stats.intervals import Bounds
from harness.stats.resample import bootstrap

__all__ = ["Rows", "members", "resampled"]

Rows = NDArray[np.intp]
"""Numbers of rows; some occur more than once, some not at all."""
FEWEST_UNITS = 20
"""Below this, resampled units repeat so often that the interval is too narrow."""


def members(rows: int, clusters: Sequence[str] | None) -> list[Rows]:
    """Return the rows of each independent unit: of each cluster in order of appearance, or each row by itself.

    Raises:
        ValueError: another number of labels than of rows.
    """
    if clusters is None:
        return list(np.arange(rows)[:, None])
    if len(clusters) != rows:
        raise ValueError(f"{rows} rows but {len(clusters)} cluster labels")
    found: dict[str, list[int]] = {}
    for row, label in enumerate(clusters):
        found.setdefault(label, []).append(row)
    return [np.array(its, dtype=np.intp) for its in found.values()]


def resampled(
    statistic: Callable[[Rows], float],
    rows: int,
    clusters: Sequence[str] | None,
    *,
    confidence: float,
    seed: int,
    resamples: int,
    bounds: Bounds | None = None,
) -> Interval:
    """BCa bootstrap of ``statistic`` with units drawn whole; as `harness.stats.resample.bootstrap`.

    Args:
        statistic: From the rows drawn to a finite number.
        rows: How many there are.
        clusters: Label of each row's cluster; None where rows are independent.
        confidence: Nominal coverage.
        seed: Of the resampling.
        resamples: How many.
        bounds: Range of the statistic, where it has one.

    Returns:
        The interval; its ``n`` counts units: rows, or clusters.

    Raises:
        ValueError: fewer than 20 units, another number of labels than of rows, or a statistic that is not finite.
    """
    units = members(rows, clusters)
    if len(units) < FEWEST_UNITS:
        raise ValueError(f"a bootstrap needs {FEWEST_UNITS} independent units, not {len(units)}")
    return bootstrap(
        lambda drawn: statistic(np.concatenate([units[int(place)] for place in drawn])),
        np.arange(len(units), dtype=np.float64),
        confidence=confidence,
        seed=seed,
        resamples=resamples,
        bounds=bounds,
        method_name="bca bootstrap" if clusters is None else "bca bootstrap, clustered",
    )
