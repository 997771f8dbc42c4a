"""The top of the page: the verdict, the worst finding, and what was not tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.contracts import TRAINING, ProbeCard
from harness.records import Absence, Better, Cell, CellStatus, Estimate, GateResult, Ruling, Severity, Verdict
from harness.report.figures import about, anchor, dataset_words, excluded, plural
from harness.summarise import CellResult
from harness.text.sentences import sentence

if TYPE_CHECKING:
    from harness.plan_records import DataRecord

__all__ = ["FAMILIES", "RULINGS", "Banner", "Finding", "Untested", "banner", "ruling_key", "untested", "worst_finding"]

FAMILIES = ("hallucination", "robustness", "bias", "memorisation", "watermark")
"""Families of risk that an audit is expected to speak about; utility is no risk."""

RULINGS: Mapping[str, str] = {
    "pass": "Passed",
    "fail": "Failed",
    "waived": "Failed, waived",
    "inconclusive": "Not enough evidence",
    "not_judged": "Not judged",
    "none": "No policy was set",
}
"""Word of each ruling; the key also names its shape and its colour."""

UNJUDGED = "Nothing was passed or failed: the numbers stand for themselves. Limits are [[gate]] tables in harness.toml."


@dataclass(frozen=True, slots=True)
class Banner:
    """The verdict: a key of `RULINGS`, its word, the sentence and what to look out for."""

    key: str
    word: str
    sentence: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """The worst finding.

    Attributes:
        key: A key of `RULINGS`, or an empty string where no gate speaks of it.
        title: What it is about.
        sentence: The finding in plain words.
        chosen: By which rule it was chosen.
        metric: Full name of the metric.
        link: Name of the section that shows it; empty where there is none.
    """

    key: str
    title: str
    sentence: str
    chosen: str
    metric: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Untested:
    """What this audit says nothing about.

    Attributes:
        families: Families of risk without a single planned cell.
        cells: Probe, data set and reason of what did not fit.
        broken: Cells whose own controls failed, in words: what they found is no evidence.
        absent: Metric, data set and reason of numbers that could not be computed; those of one reason together.
        samples: Data sets of which only a part was asked, in words.
        excluded: Cells with cases that have no score, in words.
    """

    families: tuple[str, ...]
    cells: tuple[tuple[str, str, str], ...]
    broken: tuple[str, ...]
    absent: tuple[tuple[str, str, str], ...]
    samples: tuple[str, ...]
    excluded: tuple[str, ...]


def ruling_key(gate: GateResult) -> str:
    """Return the key of `RULINGS` for one gate; a waived failure is a ruling of its own."""
    return "waived" if gate.waived else gate.ruling.value


def banner(verdict: Verdict | None) -> Banner:
    """Put the verdict into words; that there is no policy is an answer too."""
    if verdict is None:
        return Banner("none", RULINGS["none"], UNJUDGED)
    word = RULINGS[verdict.ruling.value]
    # The word stands above the sentence already.
    return Banner(verdict.ruling.value, word, _capital(verdict.sentence.removeprefix(f"{word}: ")), verdict.warnings)


def _capital(text: str) -> str:
    """Start with a capital, unless the first word is a name with punctuation in it."""
    return text[:1].upper() + text[1:] if text.partition(" ")[0].isalpha() else text


# ── the worst finding ─────────────────────────────────────────────────────────────────────


def worst_finding(
    verdict: Verdict | None, results: Sequence[CellResult], cards: Mapping[str, ProbeCard]
) -> Finding | None:
    """Choose the worst finding: a broken limit first, then the headline that stands out most from harmlessness.

    Numbers in different units cannot be ranked by size, so limits are ranked by what breaking them means
    and, within that, by their order in the policy; headlines by their distance from the reference value in
    interval half-widths. A probe whose control failed cannot name a worst finding. None where nothing stands out.
    """
    gates = verdict.gates if verdict else ()
    failed = sorted((gate for gate in gates if gate.ruling is Ruling.FAIL), key=_weight)
    if failed:
        return _broken(failed[0], len(failed) - 1, results, cards)
    found = [one for place, result in enumerate(results, 1) for one in _standing_out(place, result, cards)]
    if not found:
        return None
    _, place, estimate = max(found, key=lambda one: (one[0], -one[1]))
    card = cards[results[place - 1].probe]
    return Finding(
        key="",
        title=about(card.title, results[place - 1].dataset),
        sentence=sentence(estimate, card.metrics[0]),
        chosen="No limit was broken; of the headline numbers, this one stands out most from its reference value.",
        metric=estimate.metric,
        link=anchor(place),
    )


def _weight(gate: GateResult) -> int:
    return 2 * bool(gate.waived) + (gate.severity is Severity.SOFT)


def _broken(gate: GateResult, others: int, results: Sequence[CellResult], cards: Mapping[str, ProbeCard]) -> Finding:
    probe = gate.metric.rpartition("/")[0]
    places = (n for n, result in enumerate(results, 1) if (result.probe, result.dataset) == (probe, gate.dataset))
    place = next(places, None)
    titles = {metric.name: metric.title for card in cards.values() for metric in card.metrics}
    more = f" {plural(others, 'other limit')} broken as well." if others else ""
    return Finding(
        key=ruling_key(gate),
        title=about(titles.get(gate.metric, gate.metric), gate.dataset),
        sentence=gate.sentence,
        chosen=f"Limit: {gate.limit}.{more}",
        metric=gate.metric,
        link="" if place is None else anchor(place),
    )


def _standing_out(
    place: int, result: CellResult, cards: Mapping[str, ProbeCard]
) -> Iterator[tuple[float, int, Estimate]]:
    headline = cards[result.probe].metrics[0].name
    if any(control.passed is False for control in result.controls):
        return
    for found in result.results:
        if found.metric == headline and not found.slice and isinstance(found, Estimate):
            distance = _distance(found)
            if distance > 1:
                yield distance, place, found


def _distance(found: Estimate) -> float:
    """How far on the worse side of its null the value lies, in half-widths; above 1 the interval excludes the null."""
    interval = found.interval
    if found.null is None:
        return 0.0
    above = interval.value - found.null
    worse = {Better.HIGHER: -above, Better.LOWER: above, Better.NULL: abs(above)}[found.better]
    # The half of the interval that points back at the null.
    reach = interval.value - interval.low if above > 0 else interval.high - interval.value
    return worse / max(reach, 1e-12)


# ── what was not tested ───────────────────────────────────────────────────────────────────


def untested(
    cells: Sequence[Cell], data: Sequence[DataRecord], results: Sequence[CellResult], cards: Mapping[str, ProbeCard]
) -> Untested:
    """Gather what a reader might think was tested, and was not."""
    planned = [cell for cell in cells if cell.status is CellStatus.PLANNED]
    touched = {_family(cell.probe, cards) for cell in planned}
    records = {record.name: record.rows for record in data}
    return Untested(
        families=tuple(family for family in FAMILIES if family not in touched),
        cells=tuple(
            (c.probe, dataset_words(c.dataset), c.reason) for c in cells if c.status is CellStatus.NOT_APPLICABLE
        ),
        broken=tuple(
            f"{result.probe} on {dataset_words(result.dataset)}: {control.title}."
            for result in results
            for control in result.controls
            if control.passed is False
        ),
        absent=tuple(absent for result in results for absent in _absences(result)),
        samples=tuple(
            _sample_words(cell, cell.items, records[cell.dataset])
            for cell in planned
            if cell.items is not None and cell.items < records.get(cell.dataset, 0)
        ),
        excluded=tuple(_excluded_words(result) for result in results if excluded(result.counts)),
    )


def _absences(result: CellResult) -> Iterator[tuple[str, str, str]]:
    """Name the first metric that is absent for each reason, and how many more are."""
    by_reason: dict[str, list[str]] = {}
    for found in result.results:
        if isinstance(found, Absence) and not found.slice:
            by_reason.setdefault(found.reason, []).append(found.metric)
    for reason, (first, *others) in by_reason.items():
        more = f" and {len(others)} more" if others else ""
        yield f"{first}{more}", dataset_words(result.dataset), reason


def _family(probe: str, cards: Mapping[str, ProbeCard]) -> str:
    # A probe that did not fit has no card here; its name starts with its family.
    return cards[probe].family if probe in cards else probe.partition(".")[0]


def _sample_words(cell: Cell, items: int, records: int) -> str:
    if cell.dataset == TRAINING:
        # How a probe counts them is its own affair: drawn pictures, held-out records, members.
        return f"{cell.probe}: a sample of the {records:,} records of its training data (items = {items:,})."
    return f"{cell.probe}: {items:,} of the {records:,} records of {cell.dataset} were used."


def _excluded_words(result: CellResult) -> str:
    parts = excluded(result.counts)
    told = ", ".join(f"{number:,} {name}" for name, number in parts.items())
    where = f"{result.probe} on {dataset_words(result.dataset)}"
    return f"{where}: {sum(parts.values()):,} of {result.counts.asked:,} cases ({told})."
