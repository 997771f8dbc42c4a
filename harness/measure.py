"""Instruments read replies in batches, once for each distinct input; readings are journalled like replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.canonical import Digest, digest
from harness.contracts.instruments import Instrument, InstrumentCard, Materials
from harness.errors import UsageError
from harness.execute.journal import Journal
from harness.plan import PluginRecord
from harness.records import Reading
from harness.registry import Registry

__all__ = ["BATCH", "InstrumentRecord", "Instruments", "measure", "reading_key"]

BATCH = 64
"""Inputs handed to an instrument at once, and committed together."""


@dataclass(frozen=True, slots=True)
class InstrumentRecord:
    """Which instrument took part, by what code, and how well it measures by its own account.

    Attributes:
        plugin: Its code.
        card: As it was when it read.
        cells: Keys of the cells whose replies it read, sorted.
    """

    plugin: PluginRecord
    card: InstrumentCard
    cells: tuple[str, ...]


@dataclass(slots=True)
class Instruments:
    """The instruments of one run: each is opened when it is first needed.

    A plan cannot name them, since what must be read depends on the replies: they are recorded once all is read.
    """

    registry: Registry
    _opened: dict[str, Instrument] = field(default_factory=dict)
    _cells: dict[str, set[str]] = field(default_factory=dict)

    def open(self, name: str) -> Instrument:
        """Return the instrument of that name.

        Raises:
            UsageError: it is not installed, or cannot be loaded.
        """
        if name not in self._opened:
            self._opened[name] = self.registry.create("instrument", name)
        return self._opened[name]

    def noted(self, cell: str, readings: Iterable[Reading]) -> list[Reading]:
        """Remember who is to take ``readings`` for ``cell``, and return them."""
        wanted = list(readings)
        for reading in wanted:
            self._cells.setdefault(reading.instrument, set()).add(cell)
        return wanted

    def records(self) -> list[InstrumentRecord]:
        """Everyone who took part, by name."""
        return [
            InstrumentRecord(
                PluginRecord.of(self.registry.find("instrument", name)), self.open(name).card, tuple(sorted(cells))
            )
            for name, cells in sorted(self._cells.items())
        ]


def reading_key(instrument: Instrument, reading: Reading) -> Digest:
    """Names a reading by what is read and by what reads it, weights included.

    The training set that a picture may be compared with is not part of it: a journal belongs to one model.
    """
    what = [reading.text, reading.context, *([] if reading.media is None else [reading.media])]
    return digest([instrument.card.id, instrument.card.version, str(instrument.card.digest), *what])


def measure(
    readings: Iterable[Reading],
    journal: Journal,
    open_instrument: Callable[[str], Instrument],
    materials: Materials,
) -> dict[Reading, Mapping[str, float]]:
    """Take every distinct reading, from the journal where it has been taken before.

    Args:
        readings: In any order.
        journal: Where readings are kept.
        open_instrument: Plugin name → instrument.
        materials: What instruments of pictures look at.

    Raises:
        UsageError: an instrument is not installed, or gives the wrong number of readings.
    """
    by_instrument: dict[str, list[Reading]] = {}
    for reading in dict.fromkeys(readings):
        by_instrument.setdefault(reading.instrument, []).append(reading)
    taken: dict[Reading, Mapping[str, float]] = {}
    for name, wanted in sorted(by_instrument.items()):
        taken |= _read(open_instrument(name), wanted, journal, materials)
    return taken


def _read(
    instrument: Instrument, wanted: Sequence[Reading], journal: Journal, materials: Materials
) -> dict[Reading, Mapping[str, float]]:
    keys = {reading: reading_key(instrument, reading) for reading in wanted}
    known = journal.readings(list(keys.values()))
    missing = [reading for reading in wanted if keys[reading] not in known]
    for start in range(0, len(missing), BATCH):
        part = missing[start : start + BATCH]
        values = instrument.read(part, materials)
        if len(values) != len(part):
            raise UsageError(
                f"instrument {instrument.card.id!r} gave {len(values)} readings for {len(part)} inputs."
                " Report this to its author; nothing was scored."
            )
        new = {keys[reading]: dict(value) for reading, value in zip(part, values, strict=True)}
        journal.add_readings(new)
        known |= new
    return {reading: known[key] for reading, key in keys.items()}
