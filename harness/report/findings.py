"""One section of the page for each cell: metrics, groups, controls, denominators, limits and frameworks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.contracts import ProbeCard
from harness.errors import UsageError
from harness.frameworks import describe, frameworks
from harness.records import Absence, Better, ControlKind, ControlResult, Estimate, GateResult, Metric
from harness.report.figures import anchor, better_words, slice_words
from harness.report.gallery import Wall
from harness.report.interval_plot import Axis, Limit, Plot, axis_for, plot
from harness.report.overview import ruling_key
from harness.summarise import CellResult, Result
from harness.text.sentences import absence_sentence, denominator, sentence

if TYPE_CHECKING:
    from harness.gate import Policy
    from harness.report.instruments import Reader

__all__ = ["Citation", "ControlRow", "GroupRow", "GroupTable", "MetricPart", "Section", "section"]

KINDS: Mapping[ControlKind, tuple[str, str]] = {
    ControlKind.NEGATIVE: ("Negative control", "No effect is possible; none may be found."),
    ControlKind.POSITIVE: ("Positive control", "An effect of known strength is planted; it must be found."),
    ControlKind.INSTRUMENT: (
        "Instrument control",
        "What the measuring device makes by itself, to be read beside the result.",
    ),
}
STATES: Mapping[bool | None, tuple[str, str]] = {
    True: ("pass", "Passed"),
    False: ("fail", "Failed"),
    None: ("none", "Shown"),
}
"""Key and word for what became of a control."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group: its name, its result, and its picture where there is a number."""

    name: str
    found: Result
    plot: Plot | None
    counts: str


@dataclass(frozen=True, slots=True)
class GroupTable:
    """One metric by one set of dimensions, worst group first; ``confidence`` says which intervals it shows."""

    by: str
    confidence: str
    n_unit: str
    rows: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True)
class MetricPart:
    """One metric of a cell.

    Attributes:
        title: Human name.
        name: Full name.
        sentence: The finding, or why there is no number.
        found: The estimate or absence.
        plot: Picture; None without a number.
        better: Direction, in words.
        counts: Denominator, in words.
        gates: Rulings on it: key, then the gate.
        groups: Break-downs.
        limits: What gates allow.
    """

    title: str
    name: str
    sentence: str
    found: Result
    plot: Plot | None
    better: str
    counts: str
    gates: tuple[tuple[str, GateResult], ...]
    groups: tuple[GroupTable, ...]
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlRow:
    """One control: its kind and meaning, what became of it, and its number."""

    kind: str
    meaning: str
    key: str
    word: str
    title: str
    sentence: str
    found: Result
    plot: Plot | None


@dataclass(frozen=True, slots=True)
class Citation:
    """One framework and the entries that this cell's numbers speak to; each entry with its date or note."""

    title: str
    edition: str
    checked: str
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Everything about one cell; the pictures its probe shows, and who read its replies, come from elsewhere."""

    anchor: str
    card: ProbeCard
    result: CellResult
    metrics: tuple[MetricPart, ...]
    controls: tuple[ControlRow, ...]
    citations: tuple[Citation, ...]
    wall: Wall = field(default_factory=Wall)
    readers: tuple[Reader, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether the probe's own controls failed."""
        return any(row.key == "fail" for row in self.controls)

    @property
    def gates(self) -> tuple[tuple[str, GateResult], ...]:
        """Rulings on any of its metrics."""
        return tuple(gate for part in self.metrics for gate in part.gates)


def section(
    place: int, result: CellResult, card: ProbeCard, gates: Sequence[GateResult], policy: Policy | None
) -> Section:
    """Prepare the section of ``result``, the ``place``-th on the page."""
    metrics = {metric.name: metric for metric in card.metrics}
    mine = [gate for gate in gates if gate.dataset == result.dataset]
    axes = {name: _axis(result, metric, _limits(policy, result, name)) for name, metric in metrics.items()}
    parts = tuple(
        _part(
            found,
            result,
            metrics[found.metric],
            axes[found.metric],
            gates=mine,
            limits=_limits(policy, result, found.metric),
        )
        for found in result.results
        if not found.slice
    )
    controls = tuple(_control(control, metrics, axes) for control in result.controls)
    return Section(anchor(place), card, result, parts, controls, tuple(_citations(card)))


# ── metrics ───────────────────────────────────────────────────────────────────────────────


def _limits(policy: Policy | None, result: CellResult, metric: str) -> list[Limit]:
    gates = policy.gates if policy else ()
    return [Limit(*gate.bounds) for gate in gates if gate.metric == metric and gate.dataset in (None, result.dataset)]


def _axis(result: CellResult, metric: Metric, limits: Sequence[Limit]) -> Axis:
    """One scale for a metric, its groups and its controls, so that all of them can be compared by eye."""
    everything = (*result.results, *(control.estimate for control in result.controls))
    found = [one for one in everything if one.metric == metric.name and isinstance(one, Estimate)]
    return axis_for(found, limits, metric.unit)


def _part(
    found: Result,
    result: CellResult,
    metric: Metric,
    axis: Axis,
    *,
    gates: Sequence[GateResult],
    limits: Sequence[Limit],
) -> MetricPart:
    return MetricPart(
        title=metric.title,
        name=metric.name,
        sentence=_sentence(found, metric),
        found=found,
        plot=plot(found, axis, limits) if isinstance(found, Estimate) else None,
        better=better_words(metric.better, found.null if isinstance(found, Estimate) else metric.null, metric.unit),
        counts=denominator(found.counts),
        gates=tuple((ruling_key(gate), gate) for gate in gates if gate.metric == metric.name),
        groups=tuple(_tables([one for one in result.results if one.slice and one.metric == metric.name], metric, axis)),
        limits=tuple(limits),
    )


def _sentence(found: Result, metric: Metric) -> str:
    return absence_sentence(found, metric) if isinstance(found, Absence) else sentence(found, metric)


def _tables(slices: Sequence[Result], metric: Metric, axis: Axis) -> Iterator[GroupTable]:
    dimensions = dict.fromkeys(tuple(sorted(one.slice)) for one in slices)
    for dimension in dimensions:
        found = sorted((one for one in slices if tuple(sorted(one.slice)) == dimension), key=_worst_first)
        rows = tuple(
            GroupRow(
                name=slice_words(one.slice),
                found=one,
                plot=plot(one, axis) if isinstance(one, Estimate) else None,
                counts=denominator(one.counts),
            )
            for one in found
        )
        covered = sorted({one.interval.confidence for one in found if isinstance(one, Estimate)})
        confidence = " and ".join(f"{100 * share:g} %" for share in covered)
        yield GroupTable(" and ".join(dimension), confidence, metric.n_unit, rows)


def _worst_first(found: Result) -> tuple[bool, float, str]:
    """Order groups by how bad their value is, groups without a number last."""
    name = slice_words(found.slice)
    if isinstance(found, Absence):
        return True, 0.0, name
    value = found.interval.value
    badness = {
        Better.HIGHER: -value,
        Better.LOWER: value,
        Better.NULL: abs(value - (found.null or 0.0)),
    }[found.better]
    return False, -badness, name


# ── controls and frameworks ───────────────────────────────────────────────────────────────


def _control(control: ControlResult, metrics: Mapping[str, Metric], axes: Mapping[str, Axis]) -> ControlRow:
    found = control.estimate
    kind, meaning = KINDS[control.kind]
    key, word = STATES[control.passed]
    return ControlRow(
        kind=kind,
        meaning=meaning,
        key=key,
        word=word,
        title=control.title,
        sentence=_sentence(found, metrics[found.metric]),
        found=found,
        plot=plot(found, axes[found.metric]) if isinstance(found, Estimate) else None,
    )


def _citations(card: ProbeCard) -> Iterator[Citation]:
    known = frameworks()
    for key in (*known, *(key for key in card.frameworks if key not in known)):
        if key not in card.frameworks:
            continue
        entries = tuple(_cite(key, entry, card.family) for entry in card.frameworks[key])
        if key in known:
            framework = known[key]
            checked = framework.last_checked.isoformat()
            yield Citation(framework.title, framework.edition, checked, entries)
        else:
            yield Citation(key, "", "", entries)


def _cite(framework: str, id: str, family: str) -> tuple[str, str]:  # noqa: A002  the field's name in `Entry`
    """Say how this cell's numbers stand to an entry, with the day from which it applies."""
    try:
        entry = describe(framework, id)
    except UsageError:
        # A stranger's card may name an edition that is not shipped here: said, not hidden.
        return f"evidence relevant to {id}", "named by the probe's card; not among the shipped entries"
    if family not in entry.relation:
        return f"evidence relevant to {id} ({entry.title})", f"named by the probe's card, not by the table for {family}"
    applies = f"applies from {entry.date_applies.isoformat()} to {entry.applies_to}" if entry.date_applies else ""
    return entry.phrase(family), "; ".join(text for text in (applies, entry.note) if text)
