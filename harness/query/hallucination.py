"""What became of every answer: right, wrong, withheld, refused, unreadable; by the values that probes give answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.query.tables import Scored, values_of
from harness.records import Interval, Outcome
from harness.stats.rates import share

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["FATES", "Composition", "Fate", "composition"]

FATES: Mapping[str, str] = {
    "right": "right or supported",
    "wrong": "wrong or unsupported",
    "withheld": "says that it does not know, or names nothing",
    "open": "neither true nor false by what is known",
    "refused": "refused",
    "unreadable": "unreadable or cut off",
    "failed": "failed: no reply came",
}
"""What may become of an answer, and its words."""
ENDED: Mapping[str, str] = {
    Outcome.REFUSED.value: "refused",
    Outcome.UNREADABLE.value: "unreadable",
    Outcome.TRUNCATED.value: "unreadable",
    Outcome.FAILED.value: "failed",
}

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fate:
    """How many answers ended in one way.

    Attributes:
        key: Of `FATES`.
        count: How many.
        share: Of all that were asked, with its interval over items.
    """

    key: str
    count: int
    share: Interval


@dataclass(frozen=True, slots=True)
class Composition:
    """What became of all answers of one cell.

    Attributes:
        cell: Probe and data set.
        asked: How many were asked.
        fates: In the order of `FATES`; those that nothing came to are left out.
    """

    cell: str
    asked: int
    fates: tuple[Fate, ...]


@dataclass(frozen=True, slots=True)
class _Sorting:
    """How a probe's scores are sorted.

    Attributes:
        names: Values that are read.
        fate: From the values of a scored case to a key of `FATES`.
        endings: Of the ids of cases that count; empty for all. Some probes ask other things beside.
    """

    names: tuple[str, ...]
    fate: Callable[[Values], str]
    endings: tuple[str, ...] = ()


def composition(library: Library, run: str, cell: str) -> Composition | None:
    """Sort the answers of a cell; None for a probe whose scores sort no answers one by one, or without any.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its table cannot be read.
    """
    sorting = SORTINGS.get(cell.partition("@")[0])
    if sorting is None:
        return None
    rows = [its for its in values_of(library, run, cell, sorting.names) if _counts(its, sorting)]
    return _composed(cell, [(_fate(its, sorting), its.cluster) for its in rows]) if rows else None


def _composed(cell: str, sorted_: list[tuple[str, str]]) -> Composition:
    counts = Counter(fate for fate, _ in sorted_)
    clusters = [cluster for _, cluster in sorted_]
    fates = tuple(
        Fate(key, counts[key], share([float(fate == key) for fate, _ in sorted_], clusters))
        for key in FATES
        if counts[key]
    )
    return Composition(cell, len(sorted_), fates)


def _counts(row: Scored, sorting: _Sorting) -> bool:
    return not sorting.endings or row.case.endswith(sorting.endings)


def _fate(row: Scored, sorting: _Sorting) -> str:
    return ENDED.get(row.outcome) or sorting.fate(row.values)


# ── by probe ──────────────────────────────────────────────────────────────────────────────


def _either(right: float) -> str:
    return "right" if right > 0 else "wrong"


def _closed_book(values: Values) -> str:
    if "mc1" in values:
        return _either(values["mc1"])
    kinds = {"true": "right", "false": "wrong", "abstained": "withheld"}
    return next((fate for name, fate in kinds.items() if values.get(name) == 1), "open")


def _false_premise(values: Values) -> str:
    kinds = {"corrects": "right", "declines": "withheld"}
    return next((fate for name, fate in kinds.items() if values.get(name) == 1), "wrong")


def _grounded(values: Values) -> str:
    """Without an answer in the passage, saying so is right; with one, it is withheld."""
    if "fabricates" in values:
        return _either(1 - values["fabricates"])
    return "withheld" if values.get("abstains") == 1 else _either(values.get("right", 0))


def _citation(values: Values) -> str:
    named = values.get("references", 0)
    return _either(float(values.get("matching", 0) >= named)) if named else "withheld"


def _packages(values: Values) -> str:
    return "withheld" if values.get("without") == 1 else _either(1 - values.get("unknown", 1))


SORTINGS: Mapping[str, _Sorting] = {
    "hallucination.calibration": _Sorting(("correct",), lambda its: _either(its["correct"])),
    "hallucination.citation": _Sorting(("references", "matching"), _citation, ("/identifier", "/field")),
    "hallucination.closed_book": _Sorting(
        ("mc1", "true", "false", "abstained", "unmatched"), _closed_book, ("/mc", "/write")
    ),
    "hallucination.false_premise": _Sorting(("corrects", "declines", "accepts"), _false_premise),
    "hallucination.grounded": _Sorting(("abstains", "fabricates", "right"), _grounded),
    "hallucination.packages": _Sorting(("without", "unknown"), _packages),
    "hallucination.self_consistency": _Sorting(("wrong",), lambda its: _either(1 - its["wrong"]), ("/likeliest",)),
}
"""First-party probes that give each answer its own values. Pictures that show what was asked for have shares alone."""
