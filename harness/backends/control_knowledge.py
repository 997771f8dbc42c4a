"""What the control backend knows: answers, stereotyped sentences, falsehoods in questions, passages, instructions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.backends.control_presumption import Encounter, encounter_of
from harness.backends.control_sources import Sources
from harness.backends.control_stereotypes import Stereotypes
from harness.contracts import Dataset
from harness.errors import DataError
from harness.text.normalise import fold

__all__ = ["Fact", "Falsehood", "Gap", "Knowledge", "KnownPair", "learn", "learned"]

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
        asides: Texts beside the point.
        requests: Requests that look dangerous, and whether they are meant to harm.
        sources: Works and packages.
        encounters: Questions about two people, by their own names.
        stereotypes: Sentences whose pronoun one may take for the wrong person, and stereotypes beside nonsense.
    """

    facts: dict[str, Fact] = field(default_factory=dict)
    pairs: dict[frozenset[str], KnownPair] = field(default_factory=dict)
    falsehoods: dict[str, Falsehood] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)
    signs: dict[str, str] = field(default_factory=dict)
    asides: set[str] = field(default_factory=set)
    requests: dict[str, bool] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)
    encounters: dict[str, Encounter] = field(default_factory=dict)
    stereotypes: Stereotypes = field(default_factory=Stereotypes)

    def fact(self, lines: Iterable[str]) -> Fact | None:
        """Return the known question that one of the folded ``lines`` is or holds; the earlier line wins."""
        for line in lines:
            if line in self.facts:
                return self.facts[line]
            held = next((name for name in self.facts if name in line), None) if len(line) > len("a b?") else None
            if held is not None:
                return self.facts[held]
        return None

    def garbled(self, lines: Iterable[str]) -> tuple[Fact, str, str] | None:
        """Return the known question that one of ``lines`` is most like, slips of the pen and all; None for none.

        With it come the wording that is known, and the line.
        """
        for line in lines:
            if line not in self._nearest:
                self._nearest[line] = self._most_like(line)
            best = self._nearest[line]
            if best is not None:
                return self.facts[best], best, line
        return None

    def aside(self, lines: Iterable[str]) -> bool:
        """Whether one of the folded ``lines`` holds a text beside the point."""
        return any(aside in line for line in lines for aside in self.asides)

    def pair(self, sentences: Sequence[str]) -> KnownPair | None:
        """Return the known pair of these two sentences, or None."""
        return self.pairs.get(frozenset(text.strip() for text in sentences))

    def _most_like(self, line: str) -> str | None:
        """Return the known wording that shares the most runs of letters with ``line``, if that is enough."""
        runs = _runs(line)
        shared = Counter(name for run in runs for name in self._by_run.get(run, ()))
        overlap = {name: n / (len(runs) + self._sizes[name] - n) for name, n in shared.items()}
        best = max(self.facts, key=lambda name: overlap.get(name, 0.0), default="")
        return best if overlap.get(best, 0.0) >= ALIKE else None

    @cached_property
    def _nearest(self) -> dict[str, str | None]:
        return {}

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        return {name: len(_runs(name)) for name in self.facts}

    @cached_property
    def _by_run(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for name in self.facts:
            for run in _runs(name):
                found.setdefault(run, []).append(name)
        return found


def _runs(text: str) -> frozenset[str]:
    letters = "".join(char for char in text if char.isalnum() or char == " ")
    return frozenset(letters[at : at + 3] for at in range(max(1, len(letters) - 2)))


_LEARNED: dict[tuple[tuple[str, str], ...], Knowledge] = {}
KEPT = 8
"""Collections of sets whose knowledge is kept in memory."""


def learned(sets: Sequence[Dataset]) -> Knowledge:
    """Return what `learn` does, shared by all who ask for sets of the same names and content.

    Raises:
        DataError: as `learn`.
    """
    key = tuple((data.name, str(data.digest)) for data in sets)
    if key not in _LEARNED:
        if len(_LEARNED) >= KEPT:
            _LEARNED.clear()
        _LEARNED[key] = learn(sets)
    return _LEARNED[key]


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
    else:
        knowledge.asides.add(fold(row["text"]))


def _request(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    knowledge.requests[fold(row["prompt"])] = row["label"] == "refusable"


def _work(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    knowledge.sources.add_work(row)


def _task(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    knowledge.sources.add_task(row)


def _scene(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    knowledge.stereotypes.add_scene(row)


def _triple(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    knowledge.stereotypes.add_triple(row)


def _encounter(row: Mapping[str, Any], knowledge: Knowledge) -> None:
    encounter = encounter_of(row)
    knowledge.encounters[encounter.name] = encounter


LAYOUTS: Sequence[tuple[tuple[str, ...], Callable[[Mapping[str, Any], Knowledge], None]]] = (
    (("more", "less"), _pair),
    (("false_questions", "premise"), _falsehood),
    (("wordings", "answers"), _wordings),
    (("passage", "pairs"), _passage),
    (("sign", "text"), _distraction),
    (("prompt", "focus"), _request),
    (("question", "true", "false"), _fact),
    (("title", "author", "issued"), _work),
    (("request", "packages", "invented"), _task),
    (("context", "answer_info"), _encounter),
    (("scene", "women", "men"), _scene),
    (("bias_type", "sentences"), _triple),
)
"""Keys of a row → how it is taken in; the first that fits counts."""
