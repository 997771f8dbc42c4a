"""Instruments read replies in batches, once for each distinct input; readings are journalled like replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.canonical import Digest, digest
from harness.contracts.instruments import Instrument, Materials
from harness.errors import UsageError
from harness.execute.journal import Journal
from harness.records import Reading

__all__ = ["BATCH", "measure", "reading_key"]

BATCH = 64
"""Inputs handed to an instrument at once, and committed together."""


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
