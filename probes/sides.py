"""Texts that a model was, or was not, trained on: its own training data, or what the rows of a file say of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.contracts import TRAINING, Dataset, Row
from harness.errors import NotApplicableError
from probes.losses import one_of_each
from probes.pictures import natural
from probes.rows import once, text_in

__all__ = ["SIDES", "Record", "independent", "of_file", "read", "texts_of"]

SIDES = ("member", "nonmember")


@dataclass(frozen=True, slots=True)
class Record:
    """A text whose side is known.

    Attributes:
        id: Unique within the data set.
        unit: Document that it is of.
        side: What is said of it: ``member`` or ``nonmember``, unless a probe reads other sides.
        text: The text.
    """

    id: str
    unit: str
    side: str
    text: str


def independent(data: Dataset, probe: str) -> list[Record]:
    """Read texts of both sides: one of each document of a model's training data, or every row of a file.

    Raises:
        NotApplicableError: the model was not trained on text.
        DataError: a row of a file has no text, or does not say its side; points to ``probe``.
    """
    if data.name != TRAINING:
        return of_file(data, probe)
    texts = texts_of([row for side in SIDES for row in one_of_each(natural(data, side))])
    if not texts:
        raise NotApplicableError("the model was not trained on text")
    return texts


def texts_of(rows: Iterable[Row]) -> list[Record]:
    """Return those rows of training data that hold a text."""
    held = [row for row in rows if isinstance(row.get("text"), str) and str(row["text"]).strip()]
    return [Record(str(row["record"]), str(row["unit"]), str(row["role"]), str(row["text"])) for row in held]


def of_file(data: Dataset, probe: str) -> list[Record]:
    """Read every row of a file, in file order.

    Raises:
        DataError: a row has no text, or does not say its side; points to ``probe``.
    """
    return once(data, _record, probe, kind="probes")


def _record(row: Row, number: int) -> Record:
    side = row.get("role")
    if side is None and isinstance(row.get("member"), bool):
        side = "member" if row["member"] else "nonmember"
    if side not in SIDES:
        raise ValueError('it does not say its side: "role" is "member" or "nonmember", or "member" is true or false')
    return read(row, number, str(side))


def read(row: Row, number: int, side: str) -> Record:
    """Make a record of a row of a file; its number names it where it has no id, and its id the document.

    Raises:
        TypeError: ``text``, ``id`` or ``unit`` is no text.
        ValueError: there is no text, an empty one, or one without a UTF-8 form.
    """
    name = text_in(row, "id", default=f"text-{number:06d}")
    record = Record(name, text_in(row, "unit", default=name), side, text_in(row, "text"))
    for key, value in (("id", record.id), ("unit", record.unit), ("text", record.text)):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError(f"{key!r} holds half of a surrogate pair, which has no UTF-8 form")
    return record
