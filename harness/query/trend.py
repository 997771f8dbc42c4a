"""The headline numbers of many runs, in order of time; and between which of them a line may be drawn.

Only records and estimates are read, once for each bundle: a store may hold hundreds of runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.canonical import digest_bytes, from_json
from harness.contracts import ProbeCard
from harness.errors import BundleError, HarnessError
from harness.evidence.bundle import read_json
from harness.evidence.manifest import MANIFEST
from harness.gate import Policy
from harness.records import Better, Estimate
from harness.registry import Registry
from harness.report.figures import dataset_words, moment, plural
from harness.text.sentences import DIFFERENCE, interval_text, number, share_text

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Link", "TrendPoint", "TrendSeries", "TrendStep", "trend_points", "trend_series"]


class Link(StrEnum):
    """How two runs that follow each other in time are joined."""

    SAME = "same"
    """The same model was measured the same way: a line."""
    OTHER_MODEL = "other model"
    """Another version of the model, or one treated otherwise, was measured the same way: a broken line."""
    OTHER_MEASURE = "other measure"
    """It was measured otherwise: no line, whatever the numbers."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One headline number of one run.

    Attributes:
        run: Name of the bundle.
        model: Name of the model.
        finished: When the run ended, ISO 8601 in UTC.
        cell: Probe and data set.
        metric: Full name.
        title: Of the metric, and on which data.
        family: Of the probe.
        found: The number.
        limit: Lowest and highest value that the run's own policy allows; None where there is no such limit.
        profile: How much the run asked.
        measure: By what name, what was measured how: data, probe, settings, budget. Equal ones can be compared.
        treated: Likewise the model: its identity, its mitigations, and the code that asked it.
    """

    run: str
    model: str
    finished: str
    cell: str
    metric: str
    title: str
    family: str
    found: Estimate
    limit: tuple[float | None, float | None]
    profile: str
    measure: Mapping[str, str]
    treated: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TrendStep:
    """From one run to the next one.

    Attributes:
        link: How they are joined.
        why: What else differs, in words; empty where nothing does.
    """

    link: Link
    why: str


@dataclass(frozen=True, slots=True)
class TrendSeries:
    """One headline number over time.

    Attributes:
        cell: Probe and data set.
        metric: Full name.
        title: Of the metric, and on which data.
        points: Oldest first.
        steps: One fewer than points.
        comparable: How many runs were measured as the last one was, itself among them.
        moved: ``better`` or ``worse`` where the intervals of the first and the last of these lie apart; ``changed``
            where they do and neither direction is better; ``open`` where they do not; ``none`` where there is one run.
        sentence: The same in words.
    """

    cell: str
    metric: str
    title: str
    points: tuple[TrendPoint, ...]
    steps: tuple[TrendStep, ...]
    comparable: int
    moved: str
    sentence: str


def trend_points(library: Library) -> tuple[TrendPoint, ...]:
    """The headline numbers of all runs that can be read, oldest run first.

    A number that is absent gives no point: it is no zero.
    """
    found: list[TrendPoint] = []
    for folder in reversed(library.store.bundles()):
        try:
            found += _points(library.registry, folder, str(digest_bytes((folder / MANIFEST).read_bytes())))
        except (HarnessError, OSError):
            continue  # The bar above all pages tells which bundles cannot be read.
    # Records tell whole seconds: of one second, the order of the store stands.
    return tuple(sorted(found, key=lambda point: point.finished))


def trend_series(its: Sequence[TrendPoint]) -> tuple[TrendSeries, ...]:
    """Join the numbers of one model, one series for each headline; those that moved for the worse first.

    Args:
        its: Points of one model, oldest first.
    """
    parts: dict[tuple[str, str], list[TrendPoint]] = {}
    for point in its:
        parts.setdefault((point.cell, point.metric), []).append(point)
    order = ("worse", "changed", "better", "open", "none")
    return tuple(sorted(map(_series, parts.values()), key=lambda one: order.index(one.moved)))


# ── reading ───────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=4096)
def _points(registry: Registry, folder: Path, digest: str) -> tuple[TrendPoint, ...]:
    """Read a bundle once: its manifest's digest names all that is in it. Of the estimates, headlines alone."""
    del digest
    record, content = read_json(folder, "run.json"), read_json(folder, "estimates.json")
    try:
        plan = record["plan"]
        policy = None if record["policy"] is None else Policy.restore(record["policy"])
        cells = {f"{cell['probe']}@{cell['dataset']}": cell for cell in plan["cells"]}
        told = [(cells[f"{cell['probe']}@{cell['dataset']}"], _headline(cell)) for cell in content["cells"]]
        return tuple(
            TrendPoint(
                run=folder.name,
                model=str(plan["identity"]["name"]),
                finished=str(record["timing"]["finished"]),
                cell=f"{cell['probe']}@{cell['dataset']}",
                metric=found.metric,
                title=f"{_title(registry, str(cell['probe']), found.metric)}, {dataset_words(str(cell['dataset']))}",
                family=str(cell["probe"]).partition(".")[0],
                found=found,
                limit=_limit(policy, found.metric, str(cell["dataset"])),
                profile=str(plan["profile"]),
                measure=_measure(record, cell),
                treated=_treated(plan, str(cell["probe"])),
            )
            for cell, found in told
            if found is not None
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, StopIteration) as error:
        raise BundleError(f"{folder}: not the record of a run ({type(error).__name__}: {error}).") from error


def _headline(cell: Mapping[str, Any]) -> Estimate | None:
    """The first number of a cell over all its items: its probe's headline; None where it is absent."""
    first = next((one for one in cell["results"] if not one.get("slice")), None)
    return from_json(Estimate, first) if first is not None and "interval" in first else None


def _limit(policy: Policy | None, metric: str, dataset: str) -> tuple[float | None, float | None]:
    gates = policy.gates if policy else ()
    fitting = (gate.bounds for gate in gates if gate.metric == metric and gate.dataset in (None, dataset))
    return next(fitting, (None, None))


@lru_cache(maxsize=4096)
def _title(registry: Registry, probe: str, metric: str) -> str:
    """What the probe's card calls the metric; its full name where the probe is not installed here."""
    try:
        card: ProbeCard = registry.create("probe", probe, {}).card
    except HarnessError:
        return metric
    return next((its.title for its in card.metrics if its.name == metric), metric)


def _measure(record: Mapping[str, Any], cell: Mapping[str, Any]) -> dict[str, str]:
    plan = record["plan"]
    key = f"{cell['probe']}@{cell['dataset']}"
    data: Mapping[str, Any] = next((one for one in plan["data"] if one["name"] == cell["dataset"]), {})
    probe = next(one for one in plan["plugins"] if one["kind"] == "probe" and one["name"] == cell["probe"])
    readers = [one for one in record.get("instruments", ()) if key in one["cells"]]
    return {
        "data": f"{data.get('version', '')} {data.get('digest', '')}",
        "version of the probe": f"{probe['distribution']} {probe['version']}",
        "settings of the probe": str(sorted(cell["settings"].items())),
        "way of asking": str(cell["capability"]),
        "profile": str(plan["profile"]),
        "number of items": str(cell["items"]),
        "part of the data": str(plan.get("part")),
        "instruments": str(sorted((one["card"]["version"], one["card"]["digest"]) for one in readers)),
    }


def _treated(plan: Mapping[str, Any], probe: str) -> dict[str, str]:
    used = next(one for one in plan["plugins"] if one["kind"] == "probe" and one["name"] == probe)
    given = [str((its.get("card") or {}).get("title") or its["name"]) for its in plan.get("mitigations") or ()]
    return {
        "mitigations": " and ".join(given) or "none",
        "version of the model": str(plan["identity"]["digest"]),
        "code of the probe": str(used["code"]),
    }


# ── joining ───────────────────────────────────────────────────────────────────────────────


def _series(its: Sequence[TrendPoint]) -> TrendSeries:
    steps = tuple(_step(one, other) for one, other in pairwise(its))
    last = its[-1]
    # A run of another budget in between takes nothing from those before it that were measured as the last one.
    alike = [point for point in its if point.measure == last.measure]
    moved = _moved(alike[0].found, last.found) if len(alike) > 1 else "none"
    return TrendSeries(
        cell=last.cell,
        metric=last.metric,
        title=last.title,
        points=tuple(its),
        steps=steps,
        comparable=len(alike),
        moved=moved,
        sentence=_sentence(alike, len(its) - len(alike), moved),
    )


def _step(one: TrendPoint, other: TrendPoint) -> TrendStep:
    measured = [name for name, its in one.measure.items() if its != other.measure[name]]
    if measured:
        return TrendStep(Link.OTHER_MEASURE, f"other {' and '.join(measured)}")
    return TrendStep(*_treatment(one, other))


def _treatment(one: TrendPoint, other: TrendPoint) -> tuple[Link, str]:
    before, now = one.treated["mitigations"], other.treated["mitigations"]
    parts = [] if before == now else [f"with {now}" if now != "none" else f"without {before}"]
    # A mitigation is part of the model's identity: it is told once.
    if before == now and one.treated["version of the model"] != other.treated["version of the model"]:
        parts.append("other version of the model")
    if one.treated["code of the probe"] != other.treated["code of the probe"]:
        parts.append("other code of the probe")
    return (Link.OTHER_MODEL, ", ".join(parts)) if parts else (Link.SAME, "")


def _moved(first: Estimate, last: Estimate) -> str:
    """What is to be made of two numbers whose intervals lie apart; items are not paired here."""
    if first.interval.low <= last.interval.high and last.interval.low <= first.interval.high:
        return "open"
    if last.better is Better.NULL and last.null is None:
        return "changed"
    return "better" if _goodness(last, last.null) > _goodness(first, last.null) else "worse"


def _goodness(its: Estimate, null: float | None) -> float:
    value = its.interval.value
    if its.better is Better.NULL:
        return -abs(value - (null or 0.0))
    return value if its.better is Better.HIGHER else -value


def _sentence(alike: Sequence[TrendPoint], others: int, moved: str) -> str:
    first, last = alike[0], alike[-1]
    if moved == "none":
        aside = f" {plural(others, 'other run')} measured otherwise." if others else ""
        return f"One run alone says {_said(last.found)}: a drift shows between two that measure alike.{aside}"
    span = f"{len(alike):,} runs measured alike since {moment(first.finished)[:10]}"
    levels = f"{_said(first.found)} at first, {_said(last.found)} now"
    if moved == "open":
        return f"No drift is shown over {span}: {levels}; the intervals overlap."
    word = {"better": "It got better", "worse": "It got worse", "changed": "It changed"}[moved]
    return f"{word} over {span}: {levels}; the intervals lie apart."


def _said(found: Estimate) -> str:
    value = found.interval.value
    if found.unit in {"share", DIFFERENCE} and abs(value) <= 1:
        # In the steps of its interval: a difference is told of 100, too, and may be negative.
        told = f"{'-' if value < 0 else ''}{share_text(abs(value))}"
    else:
        told = f"{number(value)} {found.unit}"
    return f"{told} ({interval_text(found)})"
