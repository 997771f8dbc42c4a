"""What the control backend knows: true and false answers, and which of two sentences is the stereotyped one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contracts import Dataset
from harness.errors import DataError
from harness.text.normalise import fold

__all__ = ["Fact", "Knowledge", "KnownPair", "learn"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A known question; answers as written, the reference answer and the most tempting falsehood first."""

    question: str
    true: tuple[str, ...]
    false: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownPair:
    """A known pair of sentences; ``neutral`` says that neither is a stereotype."""

    more: str
    less: str
    neutral: bool


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything known, found by folded question and by the two sentences of a pair in any order."""

    facts: Mapping[str, Fact]
    pairs: Mapping[frozenset[str], KnownPair]

    def fact(self, lines: Iterable[str]) -> Fact | None:
        """Return the known question that one of the folded ``lines`` is or holds; the earlier line wins."""
        for line in lines:
            if line in self.facts:
                return self.facts[line]
            held = next((name for name in self.facts if name in line), None) if len(line) > len("a b?") else None
            if held is not None:
                return self.facts[held]
        return None

    def pair(self, sentences: Sequence[str]) -> KnownPair | None:
        """Return the known pair of these two sentences, or None."""
        return self.pairs.get(frozenset(text.strip() for text in sentences))


def learn(sets: Iterable[Dataset]) -> Knowledge:
    """Take in every question and every pair of ``sets``.

    Raises:
        DataError: a set has neither questions nor pairs in this project's layout.
    """
    facts: dict[str, Fact] = {}
    pairs: dict[frozenset[str], KnownPair] = {}
    for data in sets:
        for number, row in enumerate(data.rows, start=1):
            try:
                _take_in(row, facts, pairs)
            except (KeyError, TypeError, AttributeError) as error:
                raise DataError(
                    f"{data.name}: row {number}: the control backend cannot learn it ({error}). It learns rows laid"
                    " out as in facts_mc (question, true, also_true, false) or minimal_pairs (more, less, direction)."
                ) from error
    return Knowledge(facts, pairs)


def _take_in(row: Mapping[str, Any], facts: dict[str, Fact], pairs: dict[frozenset[str], KnownPair]) -> None:
    if "more" in row:
        more, less = row["more"].strip(), row["less"].strip()
        pairs[frozenset((more, less))] = KnownPair(more, less, neutral=row.get("direction") == "neutral")
    else:
        true = (row["true"], *(row.get("also_true") or ()))
        facts[fold(row["question"])] = Fact(fold(row["question"]), true, tuple(row["false"]))
