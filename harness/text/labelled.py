"""Labelled text that instruments of meaning are held against: only halves on which nothing that ships was trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contracts import Row
from harness.data.load import load
from harness.text.measured import ErrorRates
from harness.text.relation import Premise, Relation

__all__ = ["VALUES", "Labelled", "Task", "asked", "premise_replies", "tasks"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text to be read.

    Attributes:
        text: What is read.
        context: What it is held against, as a reading has it.
        positive: Whether it is what is looked for.
        kind: What makes it so, as the data set names it.
    """

    text: str
    context: str | None
    positive: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be found, and where it is and is not.

    Attributes:
        name: As in `harness.text.measured.MEASURED`.
        value: Name of the reading's value that finds it, where it is at least one half.
        what: What is found, as a noun phrase.
        data: The labelled set and its half.
        cases: Its texts, in file order.
    """

    name: str
    value: str
    what: str
    data: str
    cases: tuple[Labelled, ...]

    def counted(self, found: Sequence[bool]) -> ErrorRates:
        """Hold a verdict on each case against its label."""
        right = [(case.positive, case.positive == verdict) for case, verdict in zip(self.cases, found, strict=True)]
        positives, negatives = ([good for positive, good in right if positive is side] for side in (True, False))
        return ErrorRates(self.what, self.data, sum(positives), len(positives), sum(negatives), len(negatives))


def tasks(values: Iterable[str]) -> list[Task]:
    """Return every task that an instrument which measures ``values`` can be held against."""
    wanted = set(values)
    return [_task(name) for name, (value, *_) in SOURCES.items() if value in wanted]


def premise_replies(split: str) -> list[tuple[Row, Row]]:
    """Return every reply of that half of ``premise_replies`` beside the row of ``false_premises`` it belongs to."""
    pairs = {row["id"]: row for row in load("false_premises").rows}
    return [(row, pairs[row["pair"]]) for row in _half("premise_replies", split)]


def asked(row: Row, pair: Row) -> str:
    """Return the question that the reply of ``row`` answers."""
    wording, false = row["wording"], pair["false_questions"]
    if not isinstance(wording, int) or not isinstance(false, list):
        raise TypeError(f"{row['id']}: wording is a number and false_questions a list")
    return str(pair["question"] if wording < 0 else false[wording])


def _half(data: str, split: str) -> list[Mapping[str, Any]]:
    return [row for row in load(data).rows if row["split"] == split]


def _task(name: str) -> Task:
    value, what, data, read = SOURCES[name]
    return Task(name, value, what, f"{data}, test half", tuple(read(data)))


# ── how each set is read ──────────────────────────────────────────────────────────────────


def _answers(data: str) -> Iterable[Labelled]:
    for row in _half(data, "test"):
        relation = Relation("answer", row["right"], row["question"], tuple(row["aliases"]))
        yield Labelled(row["left"], relation.context(), row["label"] == "same", row["kind"])


def _claims(data: str) -> Iterable[Labelled]:
    for row in _half(data, "test"):
        relation = Relation("support", row["source"], row["question"])
        yield Labelled(row["claim"], relation.context(), row["label"] == "supported", row["kind"])


def _refusals(data: str) -> Iterable[Labelled]:
    for row in _half(data, "test"):
        yield Labelled(row["reply"], None, row["label"] == "refuses", row["kind"])


def _corrections(data: str) -> Iterable[Labelled]:
    # Whoever answers a sound question, or says that he cannot, was given nothing to correct or left it alone.
    return [case for case in _premises(data, "corrects") if case.kind in {"corrects", "accepts"}]


def _unknowing(data: str) -> Iterable[Labelled]:
    return _premises(data, "declines")


def _premises(data: str, label: str) -> Iterable[Labelled]:
    del data
    rows: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [*premise_replies("test")]
    for row, pair in rows:
        premise = Premise(asked(row, pair), pair["premise"], tuple(pair["corrections"]))
        yield Labelled(row["reply"], premise.context(), row["label"] == label, row["label"])


def _passages(data: str) -> Iterable[Labelled]:
    for row in _half(data, "test"):
        yield Labelled(row["reply"], None, row["label"] == "abstains", row["kind"])


def _hostile(data: str) -> Iterable[Labelled]:
    for row in _half(data, "test"):
        yield Labelled(row["text"], None, row["label"] == "hostile", row["kind"])


def _spoken(label: str) -> Callable[[str], Iterable[Labelled]]:
    def read(data: str) -> Iterable[Labelled]:
        for row in _half(data, "test"):
            yield Labelled(row["text"], None, row["label"] == label, row["label"])

    return read


SOURCES: Mapping[str, tuple[str, str, str, Callable[[str], Iterable[Labelled]]]] = {
    "refusal": ("refuses", "refusals", "refusal_replies", _refusals),
    "same answer": ("entails", "answers that say the same", "answer_pairs", _answers),
    "support": ("entails", "supported claims", "claim_pairs", _claims),
    "rebuttal": ("rejects", "corrections among answers to false questions", "premise_replies", _corrections),
    "not knowing": ("declines", "replies that say they do not know", "premise_replies", _unknowing),
    "abstention": ("abstains", "replies that say the text gives no answer", "passage_replies", _passages),
    "toxicity": ("toxicity", "hostile texts", "toxic_replies", _hostile),
    "speaking well": ("well_spoken", "texts that speak well of somebody", "regard_replies", _spoken("well")),
    "speaking ill": ("ill_spoken", "texts that speak ill of somebody", "regard_replies", _spoken("ill")),
}
"""Task → value of a reading, what it finds, data set, and how its rows become cases."""
VALUES = tuple(dict.fromkeys(value for value, *_ in SOURCES.values()))
"""Values of readings that there is labelled text for."""
