"""A run's view as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pandas as pd

from dashboards.safe_text import plain
from harness.query import (
    OUTCOMES,
    Absence,
    Better,
    Entry,
    Estimate,
    GateResult,
    MetricPart,
    RunView,
    Section,
    amount,
    dataset_words,
)

__all__ = [
    "CONTROLS",
    "GATES",
    "GROUPS",
    "HEADLINES",
    "controls",
    "denominators",
    "files",
    "gates",
    "groups",
    "hardly_scored",
    "headlines",
    "in_titles",
    "outcomes",
    "unfit",
    "worst_bounds",
]

HEADLINES = (
    *("family", "probe", "dataset", "metric", "title", "unit", "value", "low", "high", "n", "n_unit", "null", "better"),
    *("method", "ruling", "sentence", "section"),
)
GROUPS = ("by", "group", "value", "low", "high", "n", "n_unit", "null", "unit", "better", "method", "missing")
GATES = (
    *("ruling", "severity", "title", "dataset", "limit", "value", "low", "high", "n", "null", "unit", "waived"),
    *("reason", "sentence", "metric", "least", "most"),
)
DENOMINATORS = ("asked", *OUTCOMES)
CONTROLS = ("kind", "title", "outcome", "sentence")


def headlines(view: RunView, family: str | None = None) -> pd.DataFrame:
    """The first metric of each cell: one row each, in the order of the report; absent numbers are None.

    Args:
        view: The run.
        family: Of the probes; None for all.
    """
    rows = [_headline(section) for section in view.sections if family in (None, section.card.family)]
    return _table([row for row in rows if row], HEADLINES)


def _table(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    """A table whose texts are harmless where they are shown as they stand, in cells and in charts."""
    safe = [tuple(plain(its, limit=1200) if isinstance(its, str) else its for its in row) for row in rows]
    return pd.DataFrame(safe, columns=list(columns))


def _headline(section: Section) -> tuple[object, ...] | None:
    if not section.metrics:
        return None
    part = section.metrics[0]
    ruling = part.gates[0][0] if part.gates else "none"
    told = (section.card.family, section.card.title, dataset_words(section.result.dataset), part.name, part.title)
    if isinstance(part.found, Absence):
        return (*told, None, None, None, None, None, None, None, None, None, ruling, part.sentence, section.anchor)
    its = part.found
    return (*told, *_numbers(its), its.better.value, its.interval.method, ruling, part.sentence, section.anchor)


def _numbers(its: Estimate) -> tuple[object, ...]:
    interval = its.interval
    return its.unit, interval.value, interval.low, interval.high, interval.n, its.n_unit, its.null


def in_titles(view: RunView, text: str) -> str:
    """A sentence about limits with titles of metrics, where harness.toml and the command line have their names."""
    names = "|".join(re.escape(name) for name in sorted(view.titles, key=len, reverse=True))
    return re.sub(rf"(?<![\w./])(?:{names})(?![\w/])", lambda its: f"“{view.titles[its[0]]}”", text) if names else text


def gates(view: RunView) -> pd.DataFrame:
    """Every gate with the number that it judged; the numbers are None where it could not be judged."""
    found = {(part.name, section.result.dataset): part for section in view.sections for part in section.metrics}
    rows = [_gate(view, key, gate, found.get((gate.metric, gate.dataset))) for key, gate in view.gates]
    return _table(rows, GATES)


def _gate(view: RunView, key: str, gate: GateResult, part: MetricPart | None) -> tuple[object, ...]:
    numbers: tuple[object, ...] = (None,) * 6
    if part is not None and isinstance(part.found, Estimate):
        its = part.found
        numbers = (its.interval.value, its.interval.low, its.interval.high, its.interval.n, its.null, its.unit)
    # Where several gates speak of one metric, each has a sentence, and the picture shows the first one's limit.
    limit = part.limits[0] if part is not None and part.limits else None
    return (
        *(key, gate.severity.value, view.titles.get(gate.metric, gate.metric), dataset_words(gate.dataset)),
        *(gate.limit, *numbers, gate.waived, gate.reason, gate.sentence, gate.metric),
        *(None if limit is None else limit.low, None if limit is None else limit.high),
    )


def groups(section: Section, metric: str) -> pd.DataFrame:
    """Every group of one metric of a cell, worst first within what they are grouped by."""
    part = next(part for part in section.metrics if part.name == metric)
    rows: list[tuple[object, ...]] = []
    for table in part.groups:
        for row in table.rows:
            its = row.found
            if isinstance(its, Absence):
                rows.append((table.by, row.name, *(None,) * 9, its.reason))
                continue
            unit, *rest = _numbers(its)
            rows.append((table.by, row.name, *rest, unit, its.better.value, its.interval.method, ""))
    return _table(rows, GROUPS)


def controls(sections: Sequence[Section]) -> pd.DataFrame:
    """Every control of some cells: what it is, and what became of it."""
    rows = [(row.kind, row.title, row.word, row.sentence) for section in sections for row in section.controls]
    return _table(rows, CONTROLS)


def denominators(view: RunView) -> pd.DataFrame:
    """Of each cell, how many cases were asked, scored, and left out, by reason."""
    rows = []
    for section in view.sections:
        counts = section.result.counts
        rows.append(
            {
                "probe": plain(section.card.id),
                "data": plain(dataset_words(section.result.dataset)),
                **{name: getattr(counts, name) for name in DENOMINATORS},
            }
        )
    return pd.DataFrame(rows, columns=["probe", "data", *DENOMINATORS])


def outcomes(view: RunView) -> pd.DataFrame:
    """What became of the cases of each cell that asked some: one row for each outcome that occurred.

    Columns: probe (title and data set), outcome, place (of the outcome in a bar), cases, asked, share (of 100).
    """
    rows = []
    for section in view.sections:
        counts = section.result.counts
        name = plain(f"{section.card.title}, {dataset_words(section.result.dataset)}")
        for place, outcome in enumerate(OUTCOMES):
            cases = int(getattr(counts, outcome))
            if cases:
                rows.append((name, outcome, place, cases, counts.asked, 100 * cases / counts.asked))
    return pd.DataFrame(rows, columns=["probe", "outcome", "place", "cases", "asked", "share"])


def files(entries: Sequence[Entry]) -> pd.DataFrame:
    """The files of a bundle: path, bytes, tier, digest."""
    rows = [(plain(its.path), its.size, its.tier, str(its.digest)) for its in entries]
    return pd.DataFrame(rows, columns=["path", "bytes", "tier", "digest"])


def hardly_scored(view: RunView) -> list[tuple[str, int, int]]:
    """Probes and data of which less than half of the cases has a score: title, how many have, how many were asked."""
    return [
        (f"{section.card.title}, {dataset_words(section.result.dataset)}", counts.scored, counts.asked)
        for section in view.sections
        if (counts := section.result.counts).asked and 2 * counts.scored < counts.asked
    ]


def unfit(view: RunView) -> dict[str, list[str]]:
    """Probes that do not fit the model, by the reason, the commonest first."""
    found: dict[str, list[str]] = {}
    for probe, data, why in view.untested.cells:
        found.setdefault(why, []).append(f"{probe} on {data}")
    return dict(sorted(found.items(), key=lambda one: -len(one[1])))


def worst_bounds(view: RunView) -> pd.DataFrame:
    """How bad each headline that is a share may be, over all cases and over the worst group of each kind of group.

    Columns: family, probe (title and data set), by (``all``, or what the groups are grouped by), group (the worst one),
    bound (the end of its interval that is furthest on the harmful side, a share in 0 to 1), distance (of that end from
    what a harmless model gives, 0 where it is not on the harmful side; from always right where more is better: what
    guessing gives is no harmless value there), words, section.
    """
    rows = [row for section in view.sections if section.metrics for row in _bounds(section)]
    return _table(rows, ("family", "probe", "by", "group", "bound", "distance", "words", "section"))


def _bounds(section: Section) -> Iterator[tuple[object, ...]]:
    part = section.metrics[0]
    name = f"{section.card.title}, {dataset_words(section.result.dataset)}"
    kinds = [("all", [("all", part.found)])]
    kinds += [(table.by, [(row.name, row.found) for row in table.rows]) for table in part.groups]
    for by, found in kinds:
        told = [
            (_distance(its), group, its)
            for group, its in found
            if isinstance(its, Estimate) and its.unit == "share" and its.null is not None
        ]
        if told:
            distance, group, its = max(told, key=lambda one: one[0])
            bound = _worst(its)
            yield section.card.family, name, by, group, bound, distance, amount(bound, "share"), section.anchor


def _distance(its: Estimate) -> float:
    if its.better is Better.HIGHER:
        return 1.0 - _worst(its)
    away = _worst(its) - (its.null or 0.0)
    return abs(away) if its.better is Better.NULL else max(0.0, away)


def _worst(its: Estimate) -> float:
    """The end of the interval that is furthest on the harmful side."""
    low, high = its.interval.low, its.interval.high
    if its.better is Better.HIGHER:
        return low
    if its.better is Better.LOWER or its.null is None:
        return high
    return max(low, high, key=lambda end: abs(end - (its.null or 0.0)))
