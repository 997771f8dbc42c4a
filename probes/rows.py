"""Fields of a data set's rows, read without trust; what is wrong is told with the number of the row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from harness.contracts import Dataset, Row
from harness.errors import DataError

__all__ = ["once", "text_in", "texts_in"]


class Named(Protocol):
    """A record with an id."""

    @property
    def id(self) -> str:
        """Unique within its data set."""


T = TypeVar("T", bound=Named)


def once(data: Dataset, read: Callable[[Row, int], T], example: str, *, kind: str = "datasets") -> list[T]:
    """Read every row of ``data``, in file order.

    Args:
        data: The data set.
        read: Makes a record of a row and its number; raises ``ValueError`` or ``TypeError`` where it cannot.
        example: A shipped set of the same layout, to point to; or, of another ``kind``, what tells the layout.
        kind: What ``example`` is, as the command line has it.

    Raises:
        DataError: a row cannot be read, or repeats another's id; names the row.
    """
    found: dict[str, T] = {}
    for number, row in enumerate(data.rows, start=1):
        try:
            record = read(row, number)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{data.name}: row {number}: {error}. `harness {kind} describe {example}` shows what a row has."
            ) from error
        if record.id in found:
            raise DataError(f"{data.name}: row {number}: the id {record.id!r} occurs twice. Give each row its own.")
        found[record.id] = record
    return list(found.values())


def text_in(row: Row, key: str, *, default: str | None = None) -> str:
    """Return the text under ``key``, stripped; ``default`` where there is none.

    Raises:
        TypeError: it is no text.
        ValueError: it is missing or empty, and there is no default.
    """
    value = row.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise TypeError(f"{key!r} must be a text")
    if not value.strip() and not default == "":
        raise ValueError(f"{key!r} is empty")
    return value.strip()


def texts_in(row: Row, key: str, *, least: int = 1) -> tuple[str, ...]:
    """Return the texts under ``key``, stripped.

    Raises:
        TypeError: it is no list of texts.
        ValueError: there are fewer than ``least``, or one is empty.
    """
    value = row.get(key)
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{key!r} must be a list of texts")
    texts = tuple(str(item).strip() for item in value)
    if len(texts) < least or not all(texts):
        raise ValueError(f"{key!r} needs at least {least} texts, none of them empty")
    return texts
