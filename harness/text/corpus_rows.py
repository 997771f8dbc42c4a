"""Rows of a data set as the documents of a corpus: what a model may have been trained on, and what it was not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from harness.contracts import Dataset, Row
from harness.errors import DataError

__all__ = ["has_unseen", "seen", "unseen"]

SEEN, UNSEEN, LEFT_OUT = ("member", None), ("nonmember",), ("validation",)
"""Roles; rows of a file that says nothing of roles have none."""


def seen(data: Dataset) -> Iterator[str]:
    """Yield the text of each document that may have been trained on, and an empty one for each other document.

    Neighbouring rows with one ``unit`` and ``role`` are parts of one document.

    Raises:
        DataError: a row has no text, or a role that is not known; names the row.
    """
    return _documents(data, SEEN)


def unseen(data: Dataset) -> Iterator[str]:
    """Do the same for documents whose role is ``nonmember``; raises as `seen` does."""
    return _documents(data, UNSEEN)


def has_unseen(data: Dataset) -> bool:
    """Say whether there is a document that was never trained on."""
    return any(row.get("role") in UNSEEN for row in data.rows)


def _documents(data: Dataset, roles: tuple[str | None, ...]) -> Iterator[str]:
    numbered = enumerate(data.rows, start=1)
    for (_, role), parts in groupby(numbered, key=lambda its: (its[1].get("unit") or its[0], its[1].get("role"))):
        texts = [_text(row, f"{data.name}: row {number}") for number, row in parts]
        yield "\n".join(texts) if role in roles else ""


def _text(row: Row, where: str) -> str:
    text, role = row.get("text"), row.get("role")
    if not isinstance(text, str):
        raise DataError(f"{where} has no text under 'text'. A corpus has one there in each row.")
    if role not in (*SEEN, *UNSEEN, *LEFT_OUT):
        raise DataError(f"{where}: 'role' is member, nonmember or validation, or left out, not {str(role)[:40]!r}.")
    return text
