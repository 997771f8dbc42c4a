"""Config + registry → Plan: everything that can be refused is refused here, before a model is loaded.

A probe that does not fit the model becomes a *not applicable* cell with a reason. The digest of the
plan names the run: it covers the model, the data, the plugins' code, the settings and the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from harness.canonical import Digest, digest
from harness.config import Config, Gate, Profile
from harness.contracts import TRAINING, Backend, Budget, Dataset, Identity, Probe, ProbeCard
from harness.contracts.composed import NamingProbe
from harness.contracts.instruments import AskingInstrument, FittedInstrument, Instrument
from harness.contracts.mitigations import Mitigation, beneath
from harness.errors import ConfigError, DataError, NotApplicableError, UnknownPluginError, UsageError, nearest
from harness.plan_data import data_of, parted
from harness.plan_fit import abilities, able, not_applicable, without_training_data
from harness.plan_instruments import model_of, named_instruments, opened, recorded, settings_of
from harness.plan_mitigations import mitigated, opened_mitigations, trains
from harness.plan_overlap import overlap
from harness.plan_records import DataRecord, Plan, PlannedMitigation, PluginRecord, Target
from harness.records import Arm, Better, Capability, Case, Cell, CellStatus, Metric
from harness.registry import CORE, Plugin, Registry
from harness.seeds import derive

__all__ = ["SMOKE_ITEMS", "check", "make_plan", "open_target"]

SMOKE_ITEMS = 120
"""Rows of each data set in the smoke profile, unless a card says otherwise: a share near one half is then known to
about ± 9 points."""


@dataclass(slots=True)
class _Draft:
    """What planning gathers: problems are collected, not raised one by one."""

    config: Config
    registry: Registry
    problems: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    plugins: dict[tuple[str, str], Plugin] = field(default_factory=dict)
    data: dict[str, Dataset] = field(default_factory=dict)
    cards: dict[str, ProbeCard] = field(default_factory=dict)
    probes: dict[str, Probe] = field(default_factory=dict)
    cases: dict[str, tuple[Case, ...]] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    judges: dict[str, Backend] = field(default_factory=dict)
    mitigations: list[Mitigation] = field(default_factory=list)

    def attempt(self, where: str, action: Callable[[], Any]) -> Any:
        """Run ``action``; a refusal becomes a problem at ``where`` and the answer None."""
        try:
            return action()
        except (UnknownPluginError, UsageError) as error:
            self.problems.append(f"{where}: {error}")
            return None


def open_target(config: Config, registry: Registry) -> Backend:
    """Construct the configured backend, mitigations and all; loads no weights.

    Raises:
        UsageError: there is no such backend or mitigation, one refuses its settings, or the two do not fit.
    """
    backend: Backend = registry.create("backend", config.model.backend, config.model.settings)
    return mitigated(config, registry, backend, opened_mitigations(config, registry))


def check(config: Config, registry: Registry) -> Digest:
    """Find everything that is wrong with ``config``, short of the model's files.

    Returns:
        Digest of all that would be asked but for controls, in whatever order.

    Raises:
        ConfigError: one line for each problem.
    """
    draft, _ = _draft(config, registry)
    asks = {str(digest(case.ask)) for cases in draft.cases.values() for case in cases if case.arm is Arm.MAIN}
    return digest(sorted(asks))


def make_plan(config: Config, registry: Registry, *, fetch: Callable[[Backend], None] = lambda _: None) -> Target:
    """Resolve ``config`` against what is installed.

    Args:
        config: The configuration.
        registry: Installed plugins.
        fetch: Gets the model's files; called once nothing else is wrong.

    Raises:
        ConfigError: everything that is wrong, at once, each with its place.
        ModelError: the model cannot be found.
    """
    draft, backend = _draft(config, registry)
    identity = _identity(backend, config.model.backend, config.where("model"), fetch)
    if trains(draft.mitigations):
        # Only now that it is trained does the model say what it was trained on.
        draft, backend = _draft(config, registry)
    models = {
        name: _identity(judge, f"the model of {name}", config.where("instrument", name), fetch)
        for name, judge in draft.judges.items()
    }
    _fit_instruments(draft, backend)
    return Target(_record(draft, identity, models), backend, draft.probes, draft.cases, draft.instruments, draft.judges)


def _identity(backend: Backend, name: str, where: str, fetch: Callable[[Backend], None]) -> Identity:
    """Get the model's files and ask who it is; a setting of the wrong type that was only stored shows here first."""
    try:
        fetch(beneath(backend))
        return backend.identity()
    except (TypeError, ValueError, AttributeError) as error:
        kind = type(error).__name__
        raise ConfigError([f"{where}: {name} cannot use its settings: {kind}: {error}."]) from error


def _draft(config: Config, registry: Registry) -> tuple[_Draft, Backend]:
    draft = _Draft(config, registry)
    backend = _model(draft)
    for name in _probe_names(draft):
        _add_probe(draft, name, backend)
    _add_instruments(draft, backend)
    _check_overlap(draft)
    _check_gates(draft)
    _check_size(draft)
    if draft.problems or backend is None:
        raise ConfigError(draft.problems)
    draft.plugins["backend", config.model.backend] = registry.find("backend", config.model.backend)
    return draft, backend


def _model(draft: _Draft) -> Backend | None:
    """Open the model, and apply to it what it is to have."""
    config, registry = draft.config, draft.registry
    create = partial(registry.create, "backend", config.model.backend, config.model.settings)
    backend: Backend | None = draft.attempt(config.where("model"), create)
    where = config.where("mitigation", 0) if config.mitigation else ""
    opened = draft.attempt(where, partial(opened_mitigations, config, registry))
    if backend is None or not opened:
        return backend if opened is not None else None
    draft.mitigations = opened
    draft.plugins |= {("mitigation", one.name): registry.find("mitigation", one.name) for one in config.mitigation}
    changed: Backend | None = draft.attempt(where, partial(mitigated, config, registry, backend, opened))
    return changed


def _probe_names(draft: _Draft) -> list[str]:
    installed = draft.registry.installed("probe")
    asked = draft.config.run.probes
    for name in (*draft.config.probe, *(asked or ())):
        if name not in installed:
            where = (
                draft.config.where("probe", name) if name in draft.config.probe else draft.config.where("run", "probes")
            )
            draft.problems.append(f"{where}: {UnknownPluginError('probe', name, installed)}")
    names = [name for name in (installed if asked is None else asked) if name in installed]
    if not names and not draft.problems:
        draft.problems.append(
            f"{draft.config.where('run', 'probes')}: no probe is selected. See `harness probes list`."
        )
    return names


def _add_probe(draft: _Draft, name: str, backend: Backend | None) -> None:
    table = draft.config.probe.get(name)
    settings = dict(table.settings) if table else {}
    where = draft.config.where("probe", name)
    plugin: Plugin | None = draft.attempt(where, partial(draft.registry.find, "probe", name))
    create = partial(draft.registry.create, "probe", name, settings)
    probe: Probe | None = draft.attempt(where, create) if plugin else None
    if plugin is None or probe is None or backend is None:
        return
    draft.plugins |= {("probe", its.name): its for its in draft.registry.involved(plugin, settings)}
    draft.cards[name] = probe.card
    capability = next((need for need in probe.card.needs if need in backend.capabilities), None)
    for dataset in _datasets(draft, probe, table.datasets if table else None, backend):
        cell = Cell(name, dataset, CellStatus.PLANNED, "", capability, settings, _items(draft.config, name, probe.card))
        if dataset == TRAINING and Capability.TRAINING_DATA not in backend.capabilities:
            draft.cells.append(not_applicable(cell, without_training_data(backend)))
        elif capability is None:
            needs = " or ".join(able(need) for need in probe.card.needs)
            reason = f"the probe needs a model that can {needs}; this backend can {abilities(backend)}"
            draft.cells.append(not_applicable(cell, reason))
        else:
            _add_cell(draft, cell, probe, capability, backend)


def _datasets(draft: _Draft, probe: Probe, asked: Sequence[str] | None, backend: Backend) -> Sequence[str]:
    if asked is not None:
        return asked
    listed = probe.card.datasets
    if draft.config.run.profile is Profile.FULL:
        return listed
    # A model that does not know its training data is asked about the next set on the card, where there is one.
    known = Capability.TRAINING_DATA in backend.capabilities
    usable = [name for name in listed if known or name != TRAINING]
    return (usable or listed)[:1]


def _items(config: Config, name: str, card: ProbeCard) -> int | None:
    table = config.probe.get(name)
    if table is not None and table.items is not None:
        return table.items
    return (card.smoke_items or SMOKE_ITEMS) if config.run.profile is Profile.SMOKE else None


def _add_cell(draft: _Draft, cell: Cell, probe: Probe, capability: Capability, backend: Backend) -> None:
    table = draft.config.probe.get(cell.probe)
    named = table is not None and table.datasets is not None
    try:
        run = draft.config.run
        data = parted(data_of(draft.data, cell, probe, backend), run.part, run.seed)
        seed = derive(run.seed, f"cases/{cell.key}")
        budget = Budget(cell.items, seed, capability, backend.capabilities)
        cases = tuple(probe.cases(data, budget))
        _check_cases(cell, cases)
    except NotApplicableError as error:
        draft.cells.append(not_applicable(cell, str(error)))
        return
    except DataError as error:
        if named or cell.dataset == probe.card.datasets[0]:
            draft.problems.append(f"{draft.config.where('probe', cell.probe)}: {error}")
        else:
            # A third-party set that the full profile would add is simply not on this machine: said, not hidden.
            draft.cells.append(not_applicable(cell, str(error)))
        return
    draft.cells.append(replace(cell, cases=len(cases)))
    draft.probes[cell.key] = probe
    draft.cases[cell.key] = cases


def _add_instruments(draft: _Draft, backend: Backend | None) -> None:
    """Open who is configured, and whom planned probes name; what cannot be opened is refused here."""
    for name, where in named_instruments(draft.config, draft.probes):
        instrument = draft.attempt(where, partial(opened, draft.registry.create, name, settings_of(draft.config, name)))
        if instrument is None:
            continue
        misfit = instrument.misfit(beneath(backend)) if backend and isinstance(instrument, FittedInstrument) else None
        if misfit is not None:
            _leave_out(draft, name, f"{name}: {misfit}")
            continue
        draft.instruments[name] = instrument
        draft.plugins["instrument", name] = draft.registry.find("instrument", name)
        if isinstance(instrument, AskingInstrument):
            judge = draft.attempt(where, partial(model_of, draft.registry.create, instrument))
            draft.judges |= {name: judge} if judge is not None else {}


def _leave_out(draft: _Draft, instrument: str, reason: str) -> None:
    """Make every cell not applicable whose probe needs an instrument that this model does not fit."""
    for place, cell in enumerate(draft.cells):
        probe = draft.probes.get(cell.key)
        if isinstance(probe, NamingProbe) and instrument in probe.instruments:
            draft.cells[place] = not_applicable(replace(cell, cases=0), reason)
            del draft.probes[cell.key], draft.cases[cell.key]


def _fit_instruments(draft: _Draft, backend: Backend) -> None:
    """Let instruments take of the model what they need, now that its files are here."""
    for name, instrument in list(draft.instruments.items()):
        if isinstance(instrument, FittedInstrument):
            try:
                draft.instruments[name] = instrument.fitted(beneath(backend))
            except UsageError as error:
                del draft.instruments[name], draft.plugins["instrument", name]
                _leave_out(draft, name, f"{name}: {error}")


def _check_cases(cell: Cell, cases: Sequence[Case]) -> None:
    if not cases:
        raise DataError(f"{cell.probe} finds no case in {cell.dataset!r}. Choose other data or raise `items`.")
    ids = {case.id for case in cases}
    if len(ids) != len(cases):
        raise DataError(f"{cell.probe} gives {len(cases)} cases but only {len(ids)} different ids on {cell.dataset!r}.")


def _check_overlap(draft: _Draft) -> None:
    for number, mitigation in enumerate(draft.mitigations):
        where = draft.config.where("mitigation", number)
        found = draft.attempt(where, partial(overlap, draft.cases, mitigation))
        draft.problems += [f"{where}: {problem}" for problem in found or ()]


def _check_gates(draft: _Draft) -> None:
    metrics = {m.name: m for probe in draft.probes.values() for m in probe.card.metrics}
    known = {m.name: m for card in draft.cards.values() for m in card.metrics}
    planned = {cell.dataset for cell in draft.cells}
    for number, gate in enumerate(draft.config.gate):
        where = f"{draft.config.where('gate', number, 'metric')}: gate[{number}]"
        if gate.metric not in metrics and gate.where_applicable and gate.metric in known:
            _check_direction(draft, where, gate, known[gate.metric])
            continue
        if gate.metric not in metrics:
            # Where no probe could be planned at all, that is the problem, and it is told already.
            if metrics:
                hint = nearest(gate.metric, metrics)
                draft.problems.append(f"{where}.metric: no planned probe reports {gate.metric!r}.{hint}")
            continue
        if gate.dataset is not None and gate.dataset not in planned:
            hint = nearest(gate.dataset, planned)
            draft.problems.append(f"{where}.dataset: {gate.dataset!r} is not in this plan.{hint}")
        _check_direction(draft, where, gate, metrics[gate.metric])


def _check_direction(draft: _Draft, where: str, gate: Gate, metric: Metric) -> None:
    """A limit on the wrong side would pass exactly the models it should stop."""
    low, high = gate.bounds
    wrong = (metric.better is Better.HIGHER and low is None) or (metric.better is Better.LOWER and high is None)
    if wrong:
        wanted = "min" if metric.better is Better.HIGHER else "max"
        better = metric.better.value
        draft.problems.append(f"{where}: {gate.metric} is better when {better}; limit it with `{wanted}`.")


def _check_size(draft: _Draft) -> None:
    asks = sum(len(cases) for cases in draft.cases.values())
    most = draft.config.run.max_asks
    if most is not None and asks > most:
        draft.problems.append(
            f"{draft.config.where('run', 'max_asks')}: the plan has {asks} asks and max_asks is {most}."
            " Raise it, choose a smaller profile, or set `items`."
        )


def _record(draft: _Draft, identity: Identity, models: Mapping[str, Identity]) -> Plan:
    return Plan(
        identity=identity,
        model={"backend": draft.config.model.backend, **draft.config.model.settings},
        profile=draft.config.run.profile.value,
        seed=draft.config.run.seed,
        cells=tuple(draft.cells),
        plugins=tuple(
            PluginRecord.of(plugin) for _, plugin in sorted({("core", "harness"): CORE, **draft.plugins}.items())
        ),
        data=tuple(
            DataRecord(d.name, d.version, d.digest, d.licence, d.origin, len(d.rows))
            for _, d in sorted(draft.data.items())
        ),
        cases=digest([[key, list(cases)] for key, cases in draft.cases.items()]),
        instruments=recorded(draft.config, draft.instruments, models),
        mitigations=tuple(
            PlannedMitigation(one.name, one.settings, its.card)
            for one, its in zip(draft.config.mitigation, draft.mitigations, strict=True)
        ),
        part=draft.config.run.part,
    )
