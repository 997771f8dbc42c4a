"""Three sets of texts: one that the model may have been trained on, and two that it certainly was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.contracts import TRAINING, Dataset, Row
from harness.errors import DataError
from harness.seeds import rng
from probes.rows import once
from probes.sides import Record, independent, read

__all__ = ["CONTROL", "SECOND", "SETS", "SUSPECT", "coin", "sets_of"]

SETS = SUSPECT, CONTROL, SECOND = ("suspect", "control", "second control")


def coin(seed: int, toss: str, unit: str) -> bool:
    """Toss a fair coin for a document: alike for each seed and toss, whatever else is in its set."""
    return rng(seed, f"{toss}/{unit}").random() < 0.5


def sets_of(data: Dataset, probe: str, seed: int) -> Mapping[str, Sequence[Record]]:
    """Sort the texts of ``data`` by set.

    Of a model's own training data members are the suspect, and a coin for each document parts the others.

    Raises:
        NotApplicableError: the model was not trained on text.
        DataError: a row of a file has no text or does not say its set, or two sets share a document or a text.
    """
    if data.name == TRAINING:
        records = independent(data, probe)
        names = [_placed(record, seed) for record in records]
    else:
        records = once(data, _of_a_set, probe, kind="probes")
        names = [record.side for record in records]
        _apart(data.name, records)
    return {name: [its for its, of in zip(records, names, strict=True) if of == name] for name in SETS}


def _placed(record: Record, seed: int) -> str:
    if record.side == "member":
        return SUSPECT
    return CONTROL if coin(seed, CONTROL, record.unit) else SECOND


def _of_a_set(row: Row, number: int) -> Record:
    name = row.get("set")
    if name not in SETS:
        raise ValueError('it does not say its set: "set" is "suspect", "control" or "second control"')
    return read(row, number, str(name))


def _apart(name: str, records: Sequence[Record]) -> None:
    """What stands in two sets cannot tell them apart, and shows that one of them is not what it is said to be."""
    first: dict[tuple[str, str], Record] = {}
    for record in records:
        for key in (("document", record.unit), ("text", record.text)):
            other = first.setdefault(key, record)
            if other.side != record.side:
                raise DataError(
                    f"{name}: {record.id!r} of the {record.side} set has the {key[0]} of {other.id!r} of the"
                    f" {other.side} set. Take one of them out: sets that overlap cannot be told apart."
                )
