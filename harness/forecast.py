"""What a plan will cost and what it can find: asks, tokens, minutes, and the smallest detectable effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.config import Gate
from harness.contracts import ConcurrentBackend
from harness.contracts.mitigations import beneath
from harness.plan_records import Target
from harness.records import Arm, Ask, Better, Case, DrawAsk, GenerateAsk, LossAsk, Metric, ScoreAsk
from harness.stats.power import can_pass, mde_proportion

__all__ = ["CHARACTERS_PER_TOKEN", "CellForecast", "Forecast", "cost", "forecast"]

CHARACTERS_PER_TOKEN = 4.2
"""English text under byte-pair vocabularies of about 50,000 entries; the forecast is for planning, not billing."""
ASSUMED_TOKENS_PER_SECOND = 250.0
"""Scoring rate of a 135-million-parameter model on two CPU cores, until a rate has been measured here."""
GENERATION_WEIGHT = 5.0
"""A generated token costs about as much as this many scored ones, in batches on a CPU."""
IMAGE_WEIGHT = 100.0
"""A drawn image, in scored tokens: tens of denoising passes of a small network. Once a model has drawn here, its own
rate counts, whatever it is; the weights then only say how its asks compare with each other."""
LOSS_WEIGHT = 10.0
"""The loss of one record, in scored tokens: a passage, or a few passes of a small network."""
RECORD_WEIGHT = 0.2
"""A training record is looked up, not computed."""


@dataclass(frozen=True, slots=True)
class CellForecast:
    """One planned cell.

    Attributes:
        cell: ``probe@dataset``.
        cases: Number of cases.
        clusters: Number of independent units among them.
        tokens: About how many tokens will be read or written; other work counts as that of so many tokens.
        text: Whether all of it is text.
        detectable: For shares, the smallest departure from ``null`` that a two-sided test at 5 % finds with
            80 % power; from one half, where departures are hardest to see, if there is no fixed null value
            inside (0, 1). None for other metrics.
        null: The null value, where the metric has a fixed one.
        metric: The headline metric.
    """

    cell: str
    cases: int
    clusters: int
    tokens: int
    text: bool
    detectable: float | None
    null: float | None
    metric: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole plan.

    Attributes:
        cells: One for each planned cell.
        asks: Distinct asks.
        answered: How many of them the journal has.
        minutes: Expected minutes for the rest; None for a remote model whose speed is not known.
        rate: Tokens a second behind ``minutes``.
        measured: Whether the rate was measured on this machine with this model.
        warnings: Gates that the plan is too small to pass, in words.
    """

    cells: tuple[CellForecast, ...]
    asks: int
    answered: int
    minutes: float | None
    rate: float
    measured: bool
    warnings: tuple[str, ...]


def cost(ask: Ask, shared: int = 0) -> float:
    """About how many scored tokens ``ask`` is worth, its first ``shared`` characters being known already."""
    if isinstance(ask, ScoreAsk):
        characters = len(ask.context) - shared + sum(map(len, ask.continuations))
        return max(1, characters) / CHARACTERS_PER_TOKEN
    if isinstance(ask, GenerateAsk):
        return len(ask.prompt) / CHARACTERS_PER_TOKEN + GENERATION_WEIGHT * ask.max_tokens
    if isinstance(ask, DrawAsk):
        return IMAGE_WEIGHT
    return LOSS_WEIGHT if isinstance(ask, LossAsk) else RECORD_WEIGHT


def total_cost(asks: Sequence[Ask]) -> float:
    """Cost of ``asks`` together: a primer that all contexts begin with is read once."""
    contexts = [ask.context for ask in asks if isinstance(ask, ScoreAsk) and ask.context]
    shared = _common_start(contexts) if len(contexts) > 1 else 0
    return sum(cost(ask, shared if isinstance(ask, ScoreAsk) and ask.context else 0) for ask in asks)


def _common_start(texts: Sequence[str]) -> int:
    """Number of characters with which all of ``texts`` begin alike: those that the first and last in order share."""
    first, last = min(texts), max(texts)
    return next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))


def forecast(target: Target, gates: Sequence[Gate], *, left: Sequence[Ask], total: int, rate: float | None) -> Forecast:
    """Forecast ``target``.

    Args:
        target: The plan.
        gates: Limits, to warn of those that cannot be passed.
        left: Distinct asks that the journal does not answer.
        total: Number of distinct asks.
        rate: Measured tokens a second; None where this model was never run here.
    """
    metrics = {key: probe.card.metrics[0] for key, probe in target.probes.items()}
    cells = tuple(_cell(key, cases, metrics[key]) for key, cases in target.cases.items())
    speed = rate or ASSUMED_TOKENS_PER_SECOND
    unknown = rate is None and isinstance(beneath(target.backend), ConcurrentBackend)
    minutes = None if unknown else _group_cost(left) / speed / 60
    warnings = tuple(_too_small(target, gates))
    return Forecast(cells, total, total - len(left), minutes, speed, rate is not None, warnings)


def _group_cost(asks: Sequence[Ask]) -> float:
    """Cost of asks of several probes: contexts are compared within groups that begin alike."""
    groups: dict[str, list[Ask]] = {}
    for ask in asks:
        start = ask.context[:80] if isinstance(ask, ScoreAsk) else ""
        groups.setdefault(start, []).append(ask)
    return sum(total_cost(group) for group in groups.values())


def _cell(key: str, cases: Sequence[Case], metric: Metric) -> CellForecast:
    clusters = len({case.cluster for case in cases if case.arm is Arm.MAIN})
    null = metric.null if metric.null is not None and 0 < metric.null < 1 else 0.5
    detectable = mde_proportion(clusters, p0=null) if metric.unit == "share" else None
    tokens = round(_group_cost([case.ask for case in cases]))
    text = all(isinstance(case.ask, GenerateAsk | ScoreAsk) for case in cases)
    return CellForecast(key, len(cases), clusters, tokens, text, detectable, metric.null, metric.name)


def _too_small(target: Target, gates: Sequence[Gate]) -> list[str]:
    """Gates that not even a perfect result of this plan could pass: running would be a waste."""
    metrics = target.metrics()
    return [
        f"{gate.metric} on {dataset}: {len(set(clusters))} {metrics[gate.metric].n_unit} are too few."
        f" Even a perfect result could not pass the limit {limit:g}; choose a larger profile or raise `items`."
        for gate in gates
        if gate.metric in metrics
        for dataset, clusters in _units(target, gate)
        if (limit := _limit(gate, metrics[gate.metric])) is not None
        and not can_pass(clusters, limit=limit, better=metrics[gate.metric].better)
    ]


def _units(target: Target, gate: Gate) -> list[tuple[str, list[str]]]:
    """Data sets on which the gate's metric will be measured, with the cluster of each of its cases."""
    found = []
    for key, cases in target.cases.items():
        probe, _, dataset = key.partition("@")
        if gate.metric.startswith(f"{probe}/") and gate.dataset in (None, dataset):
            found.append((dataset, [case.cluster for case in cases if case.arm is Arm.MAIN]))
    return found


def _limit(gate: Gate, metric: Metric) -> float | None:
    """The bound that a perfect share must keep; None where perfection has no direction."""
    if metric.unit != "share" or metric.better is Better.NULL:
        return None
    return gate.bounds[0] if metric.better is Better.HIGHER else gate.bounds[1]
