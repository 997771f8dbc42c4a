"""Rows of a text corpus as documents: the text of each, and a name."""

from __future__ import annotations

from dataclasses import dataclass

from harness.contracts import Dataset, Row
from probes.rows import once, text_in

__all__ = ["CORPUS", "Document", "beginning", "document_row", "documents"]

CORPUS = "plain_text"
"""The set that ships."""


@dataclass(frozen=True, slots=True)
class Document:
    """One text.

    Attributes:
        id: The row's own, or its number: a text is never its own name.
        text: Without white space around it.
        register: What kind of text it is, such as letter or report; empty where the row does not say.
    """

    id: str
    text: str
    register: str = ""


def documents(data: Dataset) -> list[Document]:
    """Read every row.

    Raises:
        DataError: a row has no text, or one without a UTF-8 form; names the row.
    """
    return once(data, document_row, CORPUS)


def document_row(row: Row, number: int) -> Document:
    """Read one row.

    Raises:
        TypeError, ValueError: it has no text, or one without a UTF-8 form.
    """
    text = text_in(row, "text")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("'text' holds half of a surrogate pair, which has no UTF-8 form")
    name = text_in(row, "id", default=f"document-{number:06d}")
    return Document(name, text, text_in(row, "register", default=""))


def beginning(text: str, most: int | None) -> str:
    """Return ``text``, or where it is longer its first ``most`` characters, up to the end of a word."""
    if most is None or len(text) <= most:
        return text
    head = text[:most]
    if not (text[most].isspace() or head[-1].isspace()) and head.split()[1:]:
        head = head.rsplit(maxsplit=1)[0]
    return head.rstrip()
