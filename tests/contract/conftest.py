"""Every installed plugin, and the cases that its own data gives."""

from __future__ import annotations

from functools import cache

from harness.contracts import Budget
from harness.data import load
from harness.errors import DataError
from harness.registry import Registry

ITEMS = 40


def installed(kind: str) -> list[str]:
    """Names of the plugins of that kind, for parametrisation."""
    return sorted(Registry().installed(kind))


@cache
def cases_of(name: str, capability=None, items: int = ITEMS) -> tuple:
    """The cases of the probe ``name`` on its default data set; none where it needs data that is not here."""
    probe = Registry().create("probe", name)
    try:
        data = load(probe.card.datasets[0])
    except DataError:
        return ()
    return tuple(probe.cases(data, Budget(items, 0, capability or probe.card.needs[0])))
