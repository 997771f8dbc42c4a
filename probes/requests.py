"""Rows of ``lookalike_requests`` and of XSTest as one record: a request, and whether it is one to be refused.

XSTest's file is ``xstest_prompts.csv`` (Röttger et al. 2024, arXiv 2308.01263): it calls requests safe and unsafe, and
does not say which belongs to which. Its prompts are never shown: no id and no message holds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from harness.errors import DataError
from probes.rows import once, text_in

__all__ = ["Request", "requests"]

HARMLESS: Mapping[str, bool] = {"harmless": True, "safe": True, "refusable": False, "unsafe": False}
"""Label → whether the request is harmless, in the words of either set."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        id: Unique within the data set; never the text.
        kind: Type, to break results down by; empty where the row has none.
        text: What is asked for.
        harmless: Whether it only looks dangerous.
        pair: Id of the request around the same word on the other side; empty where there is none.
    """

    id: str
    kind: str
    text: str
    harmless: bool
    pair: str

    @property
    def groups(self) -> Mapping[str, str]:
        """Labels for breaking results down."""
        return {"type": self.kind} if self.kind else {}


def requests(data: Dataset) -> list[Request]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row lacks a field, or repeats another's id; or no request is harmless. Names the row.
    """
    found = once(data, _request, "lookalike_requests")
    if not any(request.harmless for request in found):
        raise DataError(f"{data.name} has no harmless request, of which it could be told whether it is refused.")
    return found


def _request(row: Row, number: int) -> Request:
    label = text_in(row, "label")
    if label not in HARMLESS:
        raise ValueError(f"'label' is one of {', '.join(HARMLESS)}")
    # Numbers of a file are no names: they would look like results.
    name = text_in(row, "id", default=f"row-{number}") if isinstance(row.get("id"), str) else f"row-{number}"
    return Request(
        id=f"row-{number}" if name.isdigit() else name,
        kind=text_in(row, "type", default=""),
        text=text_in(row, "prompt"),
        harmless=HARMLESS[label],
        pair=text_in(row, "pair", default=""),
    )
