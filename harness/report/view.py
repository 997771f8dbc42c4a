"""Evidence → everything that a page about a run shows, ready to be laid out; nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.canonical import from_json
from harness.contracts import ProbeCard
from harness.evidence.bundle import Evidence
from harness.gate import Policy
from harness.plan_records import Plan
from harness.records import GateResult
from harness.report.figures import moment
from harness.report.findings import Section, section
from harness.report.gallery import Gallery, Sheet, Wall
from harness.report.instruments import Reader, readers
from harness.report.interval_plot import Plot
from harness.report.origins import Origins, origins
from harness.report.overview import Banner, Finding, Untested, banner, ruling_key, untested, worst_finding

__all__ = ["RunView", "view"]


@dataclass(frozen=True, slots=True)
class RunView:
    """One run, for readers.

    Attributes:
        run_id: Name of the run, without the attempt.
        plan: What it did.
        finished: When, in words.
        judged_on: Day of its verdict.
        harness_version: Which wrote it.
        banner: The verdict.
        worst: The worst finding; None where nothing stands out.
        worst_plot: Its picture.
        untested: What it says nothing about.
        gates: Rulings: key, then the gate.
        titles: Of metrics, by full name.
        sections: One for each cell with results.
        drawn: Pictures that the model drew; None without any.
        readers: Instruments that read replies.
        origins: Where the numbers come from.
    """

    run_id: str
    plan: Plan
    finished: str
    judged_on: str
    harness_version: str
    banner: Banner
    worst: Finding | None
    worst_plot: Plot | None
    untested: Untested
    gates: tuple[tuple[str, GateResult], ...]
    titles: Mapping[str, str]
    sections: tuple[Section, ...]
    drawn: Sheet | None
    readers: tuple[Reader, ...]
    origins: Origins


def view(evidence: Evidence, cards: Mapping[str, ProbeCard], gallery: Gallery | None = None) -> RunView:
    """Prepare what a page shows.

    Args:
        evidence: A finished run. Its cases, replies, readings and scores are not looked at.
        cards: Cards of the probes that ran, by plugin name; those of probes that did not fit may be left out.
        gallery: Pictures to show; None for none.

    Raises:
        KeyError: a probe with results has no card, or ``run.json`` lacks a key.
        ValueError: the record of the plan is not of this format.
    """
    run: Any = evidence.run
    plan: Plan = from_json(Plan, run["plan"])
    policy = None if run["policy"] is None else Policy.restore(run["policy"])
    gates = evidence.verdict.gates if evidence.verdict else ()
    gallery = gallery or Gallery()
    read_by = readers(run)
    sections = tuple(
        _completed(section(place, result, cards[result.probe], gates, policy), gallery, read_by)
        for place, result in enumerate(evidence.results, 1)
    )
    worst = worst_finding(evidence.verdict, evidence.results, cards)
    return RunView(
        run_id=run["id"],
        plan=plan,
        finished=moment(run["timing"]["finished"]),
        judged_on=run["judged_on"],
        harness_version=run["environment"]["harness"],
        banner=banner(evidence.verdict),
        worst=worst,
        worst_plot=_plot_of(worst, sections),
        untested=untested(plan.cells, plan.data, evidence.results, cards),
        gates=tuple((ruling_key(gate), gate) for gate in gates),
        titles={metric.name: metric.title for card in cards.values() for metric in card.metrics},
        sections=sections,
        drawn=gallery.drawn,
        readers=tuple(read_by),
        origins=origins(evidence.run, plan),
    )


def _completed(one: Section, gallery: Gallery, read_by: Sequence[Reader]) -> Section:
    """Add what a cell's result does not hold: pictures, and who read its replies."""
    key = f"{one.result.probe}@{one.result.dataset}"
    its = tuple(reader for reader in read_by if key in reader.cells)
    return replace(one, wall=gallery.walls.get(key, Wall()), readers=its)


def _plot_of(worst: Finding | None, sections: Sequence[Section]) -> Plot | None:
    parts = (part for one in sections for part in one.metrics if worst and one.anchor == worst.link)
    return next((part.plot for part in parts if worst and part.name == worst.metric), None)
