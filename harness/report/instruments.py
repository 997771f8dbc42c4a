"""Who read the replies, and how well by its own account: the run's record as the page lays it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.canonical import from_json
from harness.contracts.instruments import InstrumentCard
from harness.plan_records import PluginRecord
from harness.records import Value

__all__ = ["Reader", "readers"]

MOST_MEASURES = 10
"""Values of one instrument that are named."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One instrument.

    Attributes:
        anchor: Name of its place on the page.
        title: Human name.
        name: Plugin name.
        accuracy: What it says of its errors.
        limits: What it cannot tell.
        facts: Names and texts: version, code, digests, what it measures.
        cells: Keys of the cells whose replies it read.
    """

    anchor: str
    title: str
    name: str
    accuracy: str
    limits: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    cells: tuple[str, ...]


def readers(run: Mapping[str, Value]) -> tuple[Reader, ...]:
    """Lay out the instruments of ``run.json``, in their order there.

    Raises:
        KeyError, ValueError: one of them is not of this format.
    """
    found: Any = run.get("instruments", [])
    return tuple(_reader(place, one) for place, one in enumerate(found, 1))


def _reader(place: int, record: Mapping[str, Any]) -> Reader:
    """Lay out what `harness.measure.InstrumentRecord` keeps."""
    plugin: PluginRecord = from_json(PluginRecord, record["plugin"])
    card: InstrumentCard = from_json(InstrumentCard, record["card"])
    cells = tuple(record["cells"])
    facts = (
        ("version", card.version),
        ("distribution", f"{plugin.distribution} {plugin.version}"),
        ("digest of weights and word lists", str(card.digest)),
        ("digest of its code", str(plugin.code)),
        ("measures", _measures(card.measures)),
        ("read replies of", ", ".join(cells)),
    )
    return Reader(f"instrument-{place}", card.title, plugin.name, card.accuracy, card.limits, facts, cells)


def _measures(measures: Mapping[str, str]) -> str:
    named = [f"{name} ({words})" for name, words in sorted(measures.items())[:MOST_MEASURES]]
    more = len(measures) - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")
