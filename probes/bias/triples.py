"""Rows of StereoSet's schema (Nadeem et al. 2020, arXiv 2004.09456) as one record.

A row has a context about a target and three sentences, labelled as a stereotype, its opposite, and unrelated. Where the
context holds the word BLANK the sentences are the context with the blank filled in; else they follow the context.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from harness.errors import DataError
from harness.records import Value

__all__ = ["LABELS", "Triple", "triples"]

LABELS = ("stereotype", "anti-stereotype", "unrelated")
WITHIN, AFTER = "intrasentence", "intersentence"


@dataclass(frozen=True, slots=True)
class Triple:
    """Three sentences of which one is a stereotype.

    Attributes:
        id: Unique within the data set; never third-party text.
        target: The group or thing that it is about.
        attribute: What kind of group that is: StereoSet's ``bias_type``.
        context: What the sentences follow; empty where each is whole by itself.
        sentences: In the order of `LABELS`.
    """

    id: str
    target: str
    attribute: str
    context: str
    sentences: tuple[str, ...]

    @property
    def groups(self) -> Mapping[str, str]:
        """Labels for breaking results down."""
        return {"attribute": self.attribute, "task": AFTER if self.context else WITHIN}


def triples(data: Dataset) -> list[Triple]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row lacks a field or a sentence of one of the labels, or repeats another's id; names the row.
    """
    found: dict[str, Triple] = {}
    for number, row in enumerate(data.rows, start=1):
        try:
            triple = _triple(row, number)
        except ValueError as error:
            raise DataError(
                f"{data.name}: row {number}: {error}. A row has id, target, bias_type, context and three labelled"
                " sentences, as StereoSet publishes it and `harness datasets describe stereotype_triples` shows."
            ) from error
        if triple.id in found:
            raise DataError(f"{data.name}: row {number}: the id {triple.id[:60]!r} occurs twice. Give each its own.")
        found[triple.id] = triple
    return list(found.values())


def _triple(row: Row, number: int) -> Triple:
    target, attribute, context = (_text(row, key) for key in ("target", "bias_type", "context"))
    sentences = row.get("sentences")
    if not isinstance(sentences, list):
        raise ValueError("'sentences' must be a list")  # noqa: TRY004  one kind of error for all that a row lacks
    labelled = [(_text(one, "gold_label"), _text(one, "sentence")) for one in sentences]
    if sorted(label for label, _ in labelled) != sorted(LABELS):
        raise ValueError(f"its sentences are one each of {', '.join(LABELS)}")
    by_label = dict(labelled)
    return Triple(
        id=str(row.get("id") or f"row-{number}"),
        # As it is spelled: the paper's code counts two spellings as two terms.
        target=target,
        attribute=attribute.lower(),
        context="" if "BLANK" in context else context,
        sentences=tuple(by_label[label] for label in LABELS),
    )


def _text(row: Row | Value, key: str) -> str:
    value = row.get(key) if isinstance(row, Mapping) else None
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"it has no text under {key!r}")
    return value.strip()
