"""The model with the mitigations that the configuration names, or why one of them cannot be applied to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.config import Config
from harness.contracts import Backend
from harness.contracts.mitigations import Mitigation, MitigationKind
from harness.errors import UsageError
from harness.registry import Registry

__all__ = ["TRAINED", "mitigated", "opened_mitigations", "trains"]

TRAINED = ".trained"
"""Folder of a store that holds the checkpoints of models that were trained anew."""


def opened_mitigations(config: Config, registry: Registry) -> list[Mitigation]:
    """Construct what the configuration names, in its order.

    Raises:
        UsageError: one is not installed, or refuses its settings.
    """
    return [registry.create("mitigation", one.name, config.found(one.settings)) for one in config.mitigation]


def mitigated(config: Config, registry: Registry, backend: Backend, mitigations: Sequence[Mitigation]) -> Backend:
    """Apply ``mitigations`` to ``backend``, the first innermost; trains nothing.

    Raises:
        UsageError: one does not fit, with those that would; or refuses its settings for this backend.
    """
    work = Path(config.run.store) / TRAINED
    for mitigation in mitigations:
        misfit = mitigation.misfit(backend)
        if misfit is not None:
            others = ", ".join(_fitting(registry, backend)) or "none that is installed"
            raise UsageError(
                f"mitigation {mitigation.card.id!r} cannot be applied to this model: {misfit.rstrip('.')}."
                f" These can: {others}."
            )
        backend = mitigation.apply(backend, work)
    return backend


def trains(mitigations: Sequence[Mitigation]) -> bool:
    """Whether any of them trains the model anew, so that its records are known only afterwards."""
    return any(its.card.kind in {MitigationKind.DATA, MitigationKind.TRAINING} for its in mitigations)


def _fitting(registry: Registry, backend: Backend) -> Iterator[str]:
    """Name the installed mitigations that fit, as far as they open without settings."""
    for name in registry.installed("mitigation"):
        try:
            if registry.create("mitigation", name).misfit(backend) is None:
                yield name
        except UsageError:
            continue
