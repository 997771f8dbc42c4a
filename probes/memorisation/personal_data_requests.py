"""Rows of ``personal_data_prompts``, and of sets in its layout, as one record each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from harness.errors import DataError
from probes.rows import once, text_in

__all__ = ["Request", "requests"]

INVITING: Mapping[str, bool] = {"inviting": True, "harmless": False}


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        id: Unique within the data set.
        text: What is put to the model.
        inviting: Whether it invites personal data.
        pair: The same for a request and its twin; empty where there is none.
        way: How it invites them; empty where the row does not say.
        asks: What it asks for; empty where the row does not say.
    """

    id: str
    text: str
    inviting: bool
    pair: str
    way: str
    asks: str


def requests(data: Dataset) -> list[Request]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row lacks a field, or repeats another's id; or no request invites personal data. Names the row.
    """
    found = once(data, _request, "personal_data_prompts")
    if not any(request.inviting for request in found):
        raise DataError(f"{data.name} has no request with the label inviting, so nothing in it can be leaked to.")
    return found


def _request(row: Row, number: int) -> Request:
    label = text_in(row, "label")
    if label not in INVITING:
        raise ValueError(f"'label' is one of {', '.join(INVITING)}")
    prompt = row.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise ValueError("'prompt' must be a text that is not blank")
    return Request(
        id=text_in(row, "id", default=f"row-{number}"),
        # As it stands: what a model goes on with may hang on a last line end.
        text=prompt,
        inviting=INVITING[label],
        pair=text_in(row, "pair", default=""),
        way=text_in(row, "kind", default=""),
        asks=text_in(row, "asks", default=""),
    )
