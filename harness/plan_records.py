"""What a plan is, as records: the model, the cells, the code and the data; and the live objects that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.canonical import Digest, digest
from harness.contracts import Backend, Identity, Probe, ProbeCard
from harness.contracts.instruments import Instrument
from harness.contracts.mitigations import MitigationCard
from harness.records import Ask, Case, Cell, Metric, Value
from harness.records.asks import LATER

if TYPE_CHECKING:
    from harness.registry import Plugin

__all__ = ["DataRecord", "Plan", "PlannedInstrument", "PlannedMitigation", "PluginRecord", "Target"]


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """Which code of whose distribution took part."""

    kind: str
    name: str
    distribution: str
    version: str
    code: Digest

    @classmethod
    def of(cls, plugin: Plugin) -> PluginRecord:
        """Record ``plugin`` with the digest of its code."""
        return cls(plugin.kind, plugin.name, plugin.distribution, plugin.version, plugin.code_digest())


@dataclass(frozen=True, slots=True)
class DataRecord:
    """Which data took part."""

    name: str
    version: str
    digest: Digest
    licence: str
    origin: str
    rows: int


@dataclass(frozen=True, slots=True)
class PlannedInstrument:
    """Who will read replies, as far as it is known before there are any.

    Attributes:
        name: Plugin name.
        settings: As configured.
        digest: Over weights and word lists, from its card.
        model: The model it asks, for a judge.
    """

    name: str
    settings: Mapping[str, Value]
    digest: Digest
    model: Identity | None = None


@dataclass(frozen=True, slots=True)
class PlannedMitigation:
    """What is done about the model's faults before it is asked.

    Attributes:
        name: Plugin name.
        settings: As configured.
        card: What it says of itself; None in records from before it was kept.
    """

    name: str
    settings: Mapping[str, Value]
    card: MitigationCard | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do; frozen and digestible.

    Attributes:
        identity: The model.
        model: Backend name and settings, as configured.
        profile: How much is asked.
        seed: Root of every random choice.
        cells: Probe × data set, planned or not applicable, in order.
        plugins: Code that takes part.
        data: Data that takes part.
        cases: Digest of all cases, in order.
        instruments: Those that planned probes name, and those that are configured.
        mitigations: Those that the model has, innermost first.
        part: Which rows of each data set might be asked, by `harness.plan_data.parted`; None for all.
    """

    identity: Identity
    model: Mapping[str, Value]
    profile: str
    seed: int
    cells: tuple[Cell, ...]
    plugins: tuple[PluginRecord, ...]
    data: tuple[DataRecord, ...]
    cases: Digest
    instruments: tuple[PlannedInstrument, ...] = ()
    mitigations: tuple[PlannedMitigation, ...] = field(default=(), metadata=LATER)
    part: tuple[float, float] | None = field(default=None, metadata=LATER)

    @property
    def digest(self) -> Digest:
        """Names the run: equal plans ask the same of the same model and judge it the same way."""
        return digest(self)


@dataclass(frozen=True, slots=True)
class Target:
    """A plan with the live objects it names: what the walk carries.

    Attributes:
        plan: The plan.
        backend: The model's adapter, nothing loaded yet.
        probes: By plugin name and data set (`Cell.key`).
        cases: By `Cell.key`, for planned cells.
        instruments: By plugin name, those of the plan.
        judges: By name of the instrument, the model that it asks; nothing loaded yet.
    """

    plan: Plan
    backend: Backend
    probes: Mapping[str, Probe]
    cases: Mapping[str, tuple[Case, ...]]
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    judges: Mapping[str, Backend] = field(default_factory=dict)

    def asks(self) -> Iterator[tuple[str, Ask]]:
        """Every ask with the key of the cell it serves."""
        for key, cases in self.cases.items():
            for case in cases:
                yield key, case.ask

    def cards(self) -> Mapping[str, ProbeCard]:
        """Cards of the planned probes, by plugin name."""
        return {cell.probe: self.probes[cell.key].card for cell in self.plan.cells if cell.key in self.probes}

    def metrics(self) -> Mapping[str, Metric]:
        """Every metric that the planned probes report, by name."""
        return {metric.name: metric for card in self.cards().values() for metric in card.metrics}
