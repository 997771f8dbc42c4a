"""The model is shown questions with good answers before it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from harness.canonical import loads
from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, Steps
from harness.data import load
from harness.errors import DataError
from harness.mitigations.exemplars_card import CARD
from harness.mitigations.layer import Layer
from harness.records import Ask, Capability, GenerateAsk, ScoreAsk, Value
from harness.seeds import rng

__all__ = ["Example", "Exemplars"]

EMBEDDED = "balanced_examples"
TOPICS = ("fair", "accurate")
KINDS = ("unknown", "first", "unknown", "second")
"""Of fair examples, in turn: half of them have no answer, and of the others each of the two people is one as often."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a good answer to it; ``kind`` and ``attribute`` as the data set has them."""

    question: str
    answer: str
    kind: str = ""
    attribute: str = ""

    @property
    def text(self) -> str:
        """As it is shown."""
        return f"Question: {self.question}\nAnswer: {self.answer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplars:
    """Examples before every ask, balanced over answers and groups.

    Attributes:
        topic: ``fair`` or ``accurate``.
        count: How many, at least 1: the dose. Fair ones come in fours, or they would not be balanced.
        file: JSONL of your own, each line with ``question`` and ``answer``, in place of those; None for them. How it is
            balanced is then yours to see to.
        seed: Of the choice.
        sham: True for the placebo: about as many words of questions and answers on spelling and small sums.
    """

    topic: str = "fair"
    count: int = 8
    file: str | None = None
    seed: int = 0
    sham: bool = False
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        if self.topic not in TOPICS:
            raise ValueError(f"topic is one of {', '.join(TOPICS)}, not {self.topic!r}")
        if self.count < 1:
            raise ValueError(f"count is at least 1, not {self.count}")
        if self.file is None and self.topic == "fair" and self.count % len(KINDS):
            raise ValueError(f"count is a multiple of {len(KINDS)} for fair examples, or they are not balanced")

    @property
    def placebo(self) -> Mapping[str, Value]:
        """About as many words that show nothing of the kind."""
        return {"sham": True}

    def shown(self) -> list[Example]:
        """What the model is shown, in order.

        Raises:
            DataError: the file cannot be read, or there are fewer examples than asked for.
        """
        active = self._active()
        return _as_long_as(active, self.seed) if self.sham else active

    def material(self) -> Sequence[str]:
        """Question and answer of every example that is shown.

        Raises:
            DataError: as `shown`.
        """
        return [text for one in self.shown() for text in (one.question, one.answer)]

    def misfit(self, target: Backend) -> str | None:
        """Only what can neither score nor write text does not fit."""
        if target.capabilities & {Capability.SCORE, Capability.GENERATE}:
            return None
        return "it is text before a text, and this backend neither scores nor writes text"

    def details(self) -> Mapping[str, Value]:
        """Every example, word for word."""
        return {"shown": [one.text for one in self.shown()]}

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with this over it."""
        del work
        return Layer(target, self)

    def steps(self, ask: Ask) -> Steps:
        """Ask with the examples before."""
        [reply] = yield [self._after_examples(ask)]
        return reply

    def _after_examples(self, ask: Ask) -> Ask:
        if not isinstance(ask, GenerateAsk | ScoreAsk):
            return ask
        text = "\n\n".join(one.text for one in self.shown())
        if isinstance(ask, ScoreAsk):
            return ask if ask.windows is not None else replace(ask, context=f"{text}\n\n{ask.context}")
        if ask.chat:
            return replace(ask, system=f"{ask.system}\n\n{text}" if ask.system else text)
        return replace(ask, prompt=f"{text}\n\n{ask.prompt}")

    def _active(self) -> list[Example]:
        if self.file is not None:
            return _drawn(_own(self.file), self.count, self.seed, f"the file {self.file}")
        everything = _embedded(self.topic)
        if self.topic != "fair":
            return _drawn(everything, self.count, self.seed, "the topic")
        return _balanced(everything, self.count, self.seed)


def _drawn(everything: Sequence[Example], count: int, seed: int, where: str) -> list[Example]:
    if count > len(everything):
        raise DataError(f"exemplars: {where} has {len(everything)} examples, not {count}. Lower `count`.")
    return rng(seed, "exemplars").sample(list(everything), count)


def _balanced(everything: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Draw kinds in turn, and within each kind from the attributes that were shown least so far."""
    if count > len(everything):
        raise DataError(f"exemplars: there are {len(everything)} fair examples, not {count}. Lower `count`.")
    random = rng(seed, "exemplars")
    left = random.sample(list(everything), len(everything))
    chosen: list[Example] = []
    for place in range(count):
        seen = [one.attribute for one in chosen]
        fitting = [one for one in left if one.kind == KINDS[place % len(KINDS)]]
        one = min(fitting, key=lambda its: seen.count(its.attribute))
        left.remove(one)
        chosen.append(one)
    return random.sample(chosen, count)


def _as_long_as(active: Sequence[Example], seed: int) -> list[Example]:
    """Take inert examples, again from the first where they run out, until another one would lead farther away."""
    wanted = sum(len(one.text.split()) for one in active)
    everything = rng(seed, "placebo").sample(list(_embedded("inert")), len(_embedded("inert")))
    taken: list[Example] = []
    words = 0
    while True:
        one = everything[len(taken) % len(everything)]
        more = len(one.text.split())
        if taken and abs(words + more - wanted) > abs(words - wanted):
            return taken
        taken.append(one)
        words += more


@lru_cache(maxsize=8)
def _embedded(topic: str) -> tuple[Example, ...]:
    rows = [row for row in load(EMBEDDED).rows if row["topic"] == topic]
    return tuple(Example(*(str(row[key]) for key in ("question", "answer", "kind", "attribute"))) for row in rows)


@lru_cache(maxsize=8)
def _own(file: str) -> tuple[Example, ...]:
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"exemplars: {file} cannot be read: {error}. Name a JSONL file in UTF-8.") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = loads(line.encode())
        except ValueError as error:
            raise DataError(f"exemplars: {file}:{number}: not JSON: {error}.") from error
        texts = [row.get(key) for key in ("question", "answer")] if isinstance(row, dict) else []
        if len(texts) != 2 or not all(isinstance(text, str) and text.strip() for text in texts):
            raise DataError(f'exemplars: {file}:{number}: a line is {{"question": "…", "answer": "…"}}.')
        found.append(Example(*(str(text) for text in texts)))
    return tuple(found)
