"""Which instruments a plan needs: whom probes name and whom the configuration sets up, opened to see that they open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.config import Config
from harness.contracts import Backend, Identity, Probe
from harness.contracts.composed import NamingProbe
from harness.contracts.instruments import AskingInstrument, Instrument
from harness.errors import UsageError
from harness.plan_records import PlannedInstrument
from harness.records import Value

__all__ = ["model_of", "named_instruments", "opened", "recorded", "settings_of"]

Create = Callable[[str, str, Mapping[str, Any]], Any]
"""Kind, name and settings of a plugin → the plugin."""


def named_instruments(config: Config, probes: Mapping[str, Probe]) -> list[tuple[str, str]]:
    """Return the name of each instrument and where in the configuration it is wanted, by name.

    Args:
        config: The configuration; its own tables come first as places.
        probes: Planned probes by `Cell.key`.
    """
    named = {name: config.where("instrument", name) for name in config.instrument}
    for key, probe in probes.items():
        if isinstance(probe, NamingProbe):
            named = {**dict.fromkeys(probe.instruments, config.where("probe", key.partition("@")[0])), **named}
    return sorted(named.items())


def settings_of(config: Config, name: str) -> Mapping[str, Value]:
    """Return the settings of the instrument ``name``; empty where it has no table."""
    table = config.instrument.get(name)
    return dict(table.settings) if table else {}


def recorded(
    config: Config, instruments: Mapping[str, Instrument], models: Mapping[str, Identity]
) -> tuple[PlannedInstrument, ...]:
    """Put the opened ``instruments`` on record, by name, with the ``models`` that they ask."""
    return tuple(
        PlannedInstrument(name, settings_of(config, name), instrument.card.digest, models.get(name))
        for name, instrument in sorted(instruments.items())
    )


def opened(create: Create, name: str, settings: Mapping[str, Value]) -> Instrument:
    """Construct the instrument ``name`` by `Registry.create`; its card tells whether its weights are in their place.

    Raises:
        UsageError: it is not installed, refuses its settings, or lacks a file.
    """
    instrument: Instrument = create("instrument", name, settings)
    _ = instrument.card
    return instrument


def model_of(create: Create, instrument: AskingInstrument) -> Backend:
    """Construct the backend of the model that ``instrument`` asks, by `Registry.create`; loads no weights.

    Raises:
        UsageError: its table names no backend, or one that cannot do what the instrument needs.
    """
    settings = dict(instrument.backend)
    name = settings.pop("backend", None)
    if not isinstance(name, str):
        raise UsageError(
            f"the instrument {instrument.card.id!r} asks a model, and its table names no `backend`."
            " Give it one as [model] has it: `harness backends list`."
        )
    backend: Backend = create("backend", name, settings)
    if instrument.needs not in backend.capabilities:
        raise UsageError(
            f"the backend {name!r} cannot {instrument.needs.value}, which the instrument {instrument.card.id!r} needs."
        )
    return backend
