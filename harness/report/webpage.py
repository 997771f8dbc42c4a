"""Evidence → ``report.html``: one page without a script, a request or a raw prompt, the same bytes for the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from math import isfinite
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Undefined
from markupsafe import Markup

from harness.canonical import from_json
from harness.contracts import TRAINING, ProbeCard
from harness.evidence.bundle import Evidence
from harness.gate import Policy
from harness.plan_records import Plan
from harness.report.figures import figure, interval_words, moment, plural
from harness.report.findings import Section, section
from harness.report.gallery import Gallery, Wall
from harness.report.instruments import Reader, readers
from harness.report.interval_plot import Plot
from harness.report.origins import origins
from harness.report.overview import RULINGS, Finding, banner, ruling_key, untested, worst_finding
from harness.text.safe import printable

__all__ = ["render"]

LONGEST = 2000
"""Characters of any one text on the page: a name or a reason that is longer is an attack or an accident."""


def render(evidence: Evidence, cards: Mapping[str, ProbeCard], gallery: Gallery | None = None) -> str:
    """Write the page.

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
    sections = [
        _completed(section(place, result, cards[result.probe], gates, policy), gallery, read_by)
        for place, result in enumerate(evidence.results, 1)
    ]
    worst = worst_finding(evidence.verdict, evidence.results, cards)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            plan=plan,
            run_id=run["id"],
            finished=moment(run["timing"]["finished"]),
            judged_on=run["judged_on"],
            harness_version=run["environment"]["harness"],
            banner=banner(evidence.verdict),
            worst=worst,
            worst_plot=_plot_of(worst, sections),
            untested=untested(plan.cells, plan.data, evidence.results, cards),
            gates=[(ruling_key(gate), gate) for gate in gates],
            titles={metric.name: metric.title for card in cards.values() for metric in card.metrics},
            sections=sections,
            drawn=gallery.drawn,
            readers=read_by,
            origins=origins(evidence.run, plan),
            rulings=RULINGS,
        )
    )


def _completed(one: Section, gallery: Gallery, read_by: Sequence[Reader]) -> Section:
    """Add what a cell's result does not hold: pictures, and who read its replies."""
    key = f"{one.result.probe}@{one.result.dataset}"
    its = tuple(reader for reader in read_by if key in reader.cells)
    return replace(one, wall=gallery.walls.get(key, Wall()), readers=its)


def _plot_of(worst: Finding | None, sections: Sequence[Section]) -> Plot | None:
    parts = (part for one in sections for part in one.metrics if worst and one.anchor == worst.link)
    return next((part.plot for part in parts if worst and part.name == worst.metric), None)


def environment() -> Environment:
    """Return the templates' surroundings: everything is escaped, nothing may be missing, no text arrives raw."""
    made = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(figure=figure, interval_words=interval_words, moment=moment)
    made.globals.update(plural=plural, TRAINING=TRAINING)
    return made


def _source(name: str) -> str:
    return (files("harness.report") / name).read_text("utf-8")


def _finalize(value: object) -> object:
    """Make every text harmless on its way into the page, before it is escaped: no expression can forget to.

    Raises:
        TypeError: something that is neither text nor a finite number would have been printed.
    """
    if isinstance(value, Markup | Undefined):
        # Made by our own macros from parts that came through here, or a picture's data, which has no character that
        # HTML reads; or missing, which jinja refuses better.
        return value
    if isinstance(value, str):
        return printable(value, limit=LONGEST)
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return value
    raise TypeError(f"a page shows texts and finite numbers, not {value!r}")
