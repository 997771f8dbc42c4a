"""What instruments of meaning are asked: how a text relates to another. Written into a reading's context as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.canonical import dumps, loads

__all__ = ["Premise", "Relation"]


@dataclass(frozen=True, slots=True)
class Relation:
    """How is a text to be held against ``other``?

    Attributes:
        kind: ``answer``: do both answer the question alike? ``support``: does ``other`` bear the text out?
        other: The other answer, or the source.
        question: What was asked; empty where nothing was.
        aliases: Forms of one right answer, for answers.
    """

    kind: str
    other: str
    question: str = ""
    aliases: tuple[str, ...] = ()

    def context(self) -> str:
        """Write it down as a reading's context."""
        return _written(self)

    @classmethod
    def of(cls, context: str | None) -> Relation:
        """Read a reading's context.

        Raises:
            ValueError: it is not one of a relation.
        """
        found = _read(context)
        kind, other = found.get("kind"), found.get("other")
        if kind not in {"answer", "support"} or not isinstance(other, str):
            raise ValueError(f"a relation has a kind, answer or support, and an other text, not {found}")
        return cls(kind, other, str(found.get("question", "")), tuple(map(str, found.get("aliases", ()))))


@dataclass(frozen=True, slots=True)
class Premise:
    """The falsehood that a question presupposes.

    Attributes:
        question: What was asked.
        premise: The falsehood as a statement.
        corrections: True statements that correct it.
    """

    question: str
    premise: str
    corrections: tuple[str, ...]

    def context(self) -> str:
        """Write it down as a reading's context."""
        return _written(self)

    @classmethod
    def of(cls, context: str | None) -> Premise:
        """Read a reading's context.

        Raises:
            ValueError: it is not one of a premise.
        """
        found = _read(context)
        if not isinstance(found.get("premise"), str) or not isinstance(found.get("corrections"), list):
            raise ValueError(f"a premise has a premise and corrections, not {found}")  # noqa: TRY004  as for all stored data
        return cls(str(found.get("question", "")), found["premise"], tuple(map(str, found["corrections"])))


def _written(record: object) -> str:
    return dumps(record).decode("utf-8")


def _read(context: str | None) -> Mapping[str, Any]:
    found = loads((context or "null").encode("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("a reading of meaning has its relation as context, in JSON")  # noqa: TRY004  likewise
    return found
