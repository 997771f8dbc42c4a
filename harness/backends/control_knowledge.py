"""What the control backend knows: answers, stereotyped sentences, falsehoods in questions, passages, instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from harness.contracts import Dataset
from harness.errors import DataError
from harness.text.normalise import fold

__all__ = ["Fact", "Falsehood", "Gap", "Knowledge", "KnownPair", "learn"]

ALIKE = 0.55
"""Share of runs of three letters that two questions must have in common to be one question with slips of the pen."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A known question; answers as written, the reference answer and the most tempting falsehood first.

    Attributes:
        question: Folded, in its first wording: what decisions are made about.
        true: True answers.
        false: False answers.
    """

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
class Falsehood:
    """A question that presupposes something false.

    Attributes:
        name: Of the pair it belongs to.
        premise: The falsehood as a statement.
        correction: A true statement that corrects it.
    """

    name: str
    premise: str
    correction: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that its passage does not answer, and what somebody who makes an answer up would say."""

    question: str
    invented: str


@dataclass(frozen=True)
class Knowledge:
    """Everything known, found by folded text.

    Attributes:
        facts: Questions, in every wording that is known.
        pairs: Pairs of sentences, in any order.
        falsehoods: Questions with a falsehood in them.
        gaps: Questions that their passage does not answer.
        signs: Instructions hidden in text, and the word that shows that they were followed.
        requests: Requests that look dangerous.
    """

    facts: dict[str, Fact] = field(default_factory=dict)
    pairs: dict[frozenset[str], KnownPair] = field(default_factory=dict)
    falsehoods: dict[str, Falsehood] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)
    signs: dict[str, str] = field(default_factory=dict)
    requests: set[str] = field(default_factory=set)

    def fact(self, lines: Iterable[str]) -> Fact | None:
        """Return the known question that one of the folded ``lines`` is or holds; the earlier line wins."""
        for line in lines:
            if line in self.facts:
                return self.facts[line]
            held = next((name for name in self.facts if name in line), None) if len(line) > len("a b?") else None
            if held is not None:
                return self.facts[held]
        return None

    def garbled(self, lines: Iterable[str]) -> Fact | None:
        """Return the known question that one of ``lines`` is most like, slips of the pen and all; None for none."""
        for line in lines:
            runs = _runs(line)
            best = max(self._question_runs, key=lambda name: _overlap(runs, self._question_runs[name]), default=None)
            if best is not None and _overlap(runs, self._question_runs[best]) >= ALIKE:
                return self.facts[best]
        return None

    def pair(self, sentences: Sequence[str]) -> KnownPair | None:
        """Return the known pair of these two sentences, or None."""
        return self.pairs.get(frozenset(text.strip() for text in sentences))

    @cached_property
    def _question_runs(self) -> Mapping[str, frozenset[str]]:
        return {name: _runs(name) for name in self.facts}


@lru_cache(maxsize=8192)
def _runs(text: str) -> frozenset[str]:
    letters = "".join(char for char in text if char.isalnum() or char == " ")
    return frozenset(letters[at : at + 3] for at in range(max(1, len(letters) - 2)))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def learn(sets: Iterable[Dataset]) -> Knowledge:
    """Take in every row of ``sets``.

    Raises:
        DataError: a set has a layout that it does not know.
    """
    knowledge = Knowledge()
    for data in sets:
        for number, row in enumerate(data.rows, start=1):
            try:
                _take_in(row, knowledge)
            except (KeyError, TypeError, AttributeError, IndexError) as error:
                known = ", ".join("/".join(keys) for keys, _ in LAYOUTS)
                raise DataError(
                    f"{data.name}: row {number}: the control backend cannot learn it ({error}). It learns rows with"
                    f" the keys {known}, as in the sets that ship with the harness."
                ) from error
    return knowledge


def _take_in(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    take = next((take for keys, take in LAYOUTS if set(keys) <= set(row)), None)
    if take is None:
        raise KeyError(f"keys {', '.join(sorted(row)[:6])}")
    take(row, knowledge)


def _pair(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    more, less = row["more"].strip(), row["less"].strip()
    knowledge.pairs[frozenset((more, less))] = KnownPair(more, less, neutral=row.get("direction") == "neutral")


def _falsehood(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    falsehood = Falsehood(row["id"], row["premise"], row["corrections"][0])
    knowledge.falsehoods.update((fold(question), falsehood) for question in row["false_questions"])
    knowledge.facts[fold(row["question"])] = Fact(fold(row["question"]), tuple(row["answers"]), (row["premise"],))


def _wordings(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    fact = Fact(fold(row["wordings"][0]), tuple(row["answers"]), tuple(row["false"]))
    knowledge.facts.update((fold(wording), fact) for wording in row["wordings"])


def _passage(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    answers = [pair["answers"] for pair in row["pairs"]]
    for at, pair in enumerate(row["pairs"]):
        other = answers[at - 1][0]
        knowledge.facts[fold(pair["question"])] = Fact(fold(pair["question"]), tuple(pair["answers"]), (other,))
        knowledge.gaps[fold(pair["twin"])] = Gap(fold(pair["twin"]), other)


def _fact(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    true = (row["true"], *(row.get("also_true") or ()))
    knowledge.facts[fold(row["question"])] = Fact(fold(row["question"]), true, tuple(row["false"]))


def _distraction(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    if row["sign"]:
        knowledge.signs[fold(row["text"])] = row["sign"]


def _request(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    knowledge.requests.add(fold(row["prompt"]))


LAYOUTS: Sequence[tuple[tuple[str, ...], Callable[[Mapping[str, Any], Knowledge], None]]] = (
    (("more", "less"), _pair),
    (("false_questions", "premise"), _falsehood),
    (("wordings", "answers"), _wordings),
    (("passage", "pairs"), _passage),
    (("sign", "text"), _distraction),
    (("prompt", "focus"), _request),
    (("question", "true", "false"), _fact),
)
"""Keys of a row → how it is taken in; the first that fits counts."""
