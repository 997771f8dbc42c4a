"""Readings that ask an instrument what a text means beside another, and what it answered."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contracts import Readings
from harness.records import Reading
from harness.text.relation import Premise, Relation

__all__ = [
    "EQUIVALENCE",
    "MEANING",
    "REBUTTAL",
    "REFUSAL",
    "check_meaning",
    "same_answer",
    "supports",
    "told",
    "untrue_premise",
]

EQUIVALENCE = "equivalence"
REBUTTAL = "rebuttal"
REFUSAL = "refusal"
"""Names of instruments."""
MEANING = (EQUIVALENCE, "entailment", "judge")
"""Instruments that can say whether texts say the same, and whether a source supports a claim; rules first."""
HALF = 0.5


def check_meaning(by: str) -> None:
    """Refuse an instrument that cannot say what texts mean.

    Raises:
        ValueError: ``by`` is none of `MEANING`.
    """
    if by not in MEANING:
        raise ValueError(f"by is one of {', '.join(MEANING)}, not {by!r}")


def same_answer(by: str, question: str, text: str, other: str, aliases: Sequence[str] = ()) -> Reading:
    """Ask instrument ``by`` whether ``text`` and ``other`` answer ``question`` alike."""
    return Reading(by, text, Relation("answer", other, question, tuple(aliases)).context())


def supports(by: str, source: str, claim: str, question: str = "") -> Reading:
    """Ask instrument ``by`` whether ``source`` supports ``claim``."""
    return Reading(by, claim, Relation("support", source, question).context())


def untrue_premise(reply: str, question: str, premise: str, corrections: Sequence[str]) -> Reading:
    """Ask the rebuttal instrument what ``reply`` makes of the falsehood in its question."""
    return Reading(REBUTTAL, reply, Premise(question, premise, tuple(corrections)).context())


def told(readings: Readings, reading: Reading, value: str) -> bool | None:
    """Return whether ``value`` was read to be at least one half; None where it was not read."""
    found = readings.get(reading, {}).get(value)
    return None if found is None else found >= HALF
