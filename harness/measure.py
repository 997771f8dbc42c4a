"""Instruments read replies in batches, once for each distinct input; readings are journalled like replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from harness.canonical import Digest, digest
from harness.contracts import Identity, Readings
from harness.contracts.instruments import AskingInstrument, Instrument, InstrumentCard, Materials
from harness.errors import UsageError
from harness.execute.journal import Journal
from harness.plan_records import PluginRecord
from harness.records import Interval, Reading
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
        model: The model it asked, for a judge.
        agreement: How well a judge agreed with itself over all that it read; None where that is undefined.
    """

    plugin: PluginRecord
    card: InstrumentCard
    cells: tuple[str, ...]
    model: Identity | None = None
    agreement: Interval | None = None


@dataclass(slots=True)
class Instruments:
    """The instruments of one run; one that no plan names is opened when it is first needed.

    What is read depends on the replies: who took part is recorded once all is read.

    Attributes:
        registry: Installed plugins.
        planned: Instruments that the plan has opened, by plugin name.
        models: By name of the instrument, the model that it asks.
    """

    registry: Registry
    planned: Mapping[str, Instrument] = field(default_factory=dict)
    models: Mapping[str, Identity | None] = field(default_factory=dict)
    _opened: dict[str, Instrument] = field(default_factory=dict)
    _cells: dict[str, set[str]] = field(default_factory=dict)

    def open(self, name: str) -> Instrument:
        """Return the instrument of that name.

        Raises:
            UsageError: it is not installed, or cannot be loaded.
        """
        if name not in self._opened:
            self._opened[name] = self.planned.get(name) or self.registry.create("instrument", name)
        return self._opened[name]

    def noted(self, cell: str, readings: Iterable[Reading]) -> list[Reading]:
        """Remember who is to take ``readings`` for ``cell``, and return them."""
        wanted = list(readings)
        for reading in wanted:
            self._cells.setdefault(reading.instrument, set()).add(cell)
        return wanted

    def records(self, readings: Readings) -> list[InstrumentRecord]:
        """Everyone who took part, by name; ``readings`` are all that were taken."""
        return [self._record(name, cells, readings) for name, cells in sorted(self._cells.items())]

    def _record(self, name: str, cells: set[str], readings: Readings) -> InstrumentRecord:
        instrument = self.open(name)
        plugin = PluginRecord.of(self.registry.find("instrument", name))
        agreement = None
        if isinstance(instrument, AskingInstrument):
            agreement = instrument.agreement(
                [values for reading, values in readings.items() if reading.instrument == name]
            )
        return InstrumentRecord(plugin, instrument.card, tuple(sorted(cells)), self.models.get(name), agreement)


def reading_key(card: InstrumentCard, reading: Reading, model: Digest | None = None) -> Digest:
    """Names a reading by what is read and by what reads it, weights and the ``model`` that a judge asks included.

    The training set that a picture may be compared with is not part of it: a journal belongs to one model.
    """
    what = [reading.text, reading.context, *([] if reading.media is None else [reading.media])]
    asked = [] if model is None else [str(model)]
    return digest([card.id, card.version, str(card.digest), *asked, *what])


def measure(
    readings: Iterable[Reading], journal: Journal, instruments: Instruments, materials: Callable[[str], Materials]
) -> dict[Reading, Mapping[str, float]]:
    """Take every distinct reading, from the journal where it has been taken before and its instrument asks nobody.

    Args:
        readings: In any order.
        journal: Where readings are kept.
        instruments: Those of the run.
        materials: Plugin name → what that instrument may look at, and whom it may ask.

    Raises:
        UsageError: an instrument is not installed, or gives the wrong number of readings.
    """
    by_instrument: dict[str, list[Reading]] = {}
    for reading in dict.fromkeys(readings):
        by_instrument.setdefault(reading.instrument, []).append(reading)
    taken: dict[Reading, Mapping[str, float]] = {}
    for name, wanted in sorted(by_instrument.items()):
        instrument, model = instruments.open(name), instruments.models.get(name)
        # A card may be costly: it is written once, not once for each reading.
        card, asked = instrument.card, model.digest if model else None
        keys = {reading: reading_key(card, reading, asked) for reading in wanted}
        taken |= _read(instrument, keys, journal, materials(name), again=model is not None)
    return taken


def _read(
    instrument: Instrument, keys: Mapping[Reading, Digest], journal: Journal, materials: Materials, *, again: bool
) -> dict[Reading, Mapping[str, float]]:
    # A judge reads again from the replies in its own journal, so that all it was told goes into the evidence.
    known = {} if again else journal.readings(list(keys.values()))
    missing = [reading for reading in keys if keys[reading] not in known]
    for start in range(0, len(missing), BATCH):
        part = missing[start : start + BATCH]
        values = instrument.read(part, materials)
        if len(values) != len(part):
            raise UsageError(
                f"instrument {instrument.card.id!r} gave {len(values)} readings for {len(part)} inputs."
                " Report this to its author; nothing was scored."
            )
        new = {keys[reading]: dict(value) for reading, value in zip(part, values, strict=True)}
        # An empty reading says that there was none, as when a judge's server failed: it is taken again next time.
        journal.add_readings({key: value for key, value in new.items() if value})
        known |= new
    return {reading: known[key] for reading, key in keys.items()}
