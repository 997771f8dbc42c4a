"""Rows of question data sets as one record, whatever file they come from.

Four layouts are read: this project's ``facts_mc`` and ``wordings``, of which the first wording counts here, and the two
files of TruthfulQA (Lin et al. 2021, arXiv 2109.07958): ``mc_task.json`` and ``TruthfulQA.csv``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from harness.errors import DataError
from harness.records import Value

__all__ = ["Question", "questions"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question with answers known to be true or false.

    Attributes:
        id: Unique within the data set; never third-party text.
        topic: Label to break results down by; empty where the file has none.
        text: The question.
        best: The reference true answer.
        also_true: Other true answers.
        false: False answers, at least one.
        decoy: The false answer set against ``best`` where only two are shown.
    """

    id: str
    topic: str
    text: str
    best: str
    also_true: tuple[str, ...]
    false: tuple[str, ...]
    decoy: str

    def __post_init__(self) -> None:
        if not (self.text and self.best and self.false and self.decoy):
            raise ValueError("it needs a question, a true answer and at least one false one")
        options = (self.best, *self.also_true, *self.false)
        if len(set(options)) != len(options):
            raise ValueError("one answer stands in it twice")

    @property
    def groups(self) -> Mapping[str, str]:
        """Labels for breaking results down."""
        return {"topic": self.topic} if self.topic else {}


def questions(data: Dataset) -> list[Question]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row has none of the layouts, lacks an answer, or repeats another's id; names the row.
    """
    found: dict[str, Question] = {}
    for number, row in enumerate(data.rows, start=1):
        try:
            question = _reader(row)(row, number)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{data.name}: row {number}: {error}. A row has id, topic, question, true, also_true and false,"
                " as `harness datasets describe facts_mc` shows; TruthfulQA's own files are read too."
            ) from error
        if question.id in found:
            raise DataError(f"{data.name}: row {number}: the id {question.id!r} occurs twice. Give each row its own.")
        found[question.id] = question
    return list(found.values())


def _reader(row: Row) -> Callable[[Row, int], Question]:
    if "mc1_targets" in row:
        return _truthfulqa_json
    if "Best Answer" in row:
        return _truthfulqa_csv
    if "true" in row and "false" in row:
        return _facts
    if "wordings" in row:
        return _wordings
    raise ValueError(f"no known layout has the keys {', '.join(sorted(row)[:8])}")


def _facts(row: Row, number: int) -> Question:
    false = _texts(row["false"], "false")
    return Question(
        id=_text(row.get("id", f"row-{number}"), "id"),
        topic=_text(row.get("topic") or "", "topic"),
        text=_text(row.get("question"), "question"),
        best=_text(row["true"], "true"),
        also_true=_texts(row.get("also_true") or [], "also_true"),
        false=false,
        decoy=false[0] if false else "",
    )


def _wordings(row: Row, number: int) -> Question:
    wordings, answers = _texts(row["wordings"], "wordings"), _texts(row.get("answers") or [], "answers")
    false = _texts(row.get("false") or [], "false")
    return Question(
        id=_text(row.get("id", f"row-{number}"), "id"),
        topic=_text(row.get("topic") or "", "topic"),
        text=wordings[0] if wordings else "",
        best=answers[0] if answers else "",
        also_true=answers[1:],
        false=false,
        decoy=false[0] if false else "",
    )


def _truthfulqa_json(row: Row, number: int) -> Question:
    """Read ``mc_task.json``: answers are keys, 1 marks the true ones; the 2021 version has no binary choice."""
    true, false = _marked(row["mc1_targets"])
    all_true, all_false = _marked(row.get("mc2_targets", row["mc1_targets"]))
    _, decoys = _marked(row.get("mc0_targets", {}))
    if len(true) != 1:
        raise ValueError(f"mc1_targets marks {len(true)} answers as true, not one")
    known = tuple(dict.fromkeys((*false, *all_false)))
    return Question(
        id=f"row-{number}",
        topic="",
        text=_text(row.get("question"), "question"),
        best=true[0],
        also_true=tuple(answer for answer in all_true if answer != true[0]),
        false=known,
        decoy=(decoys or known or ("",))[0],
    )


def _truthfulqa_csv(row: Row, number: int) -> Question:
    """Read ``TruthfulQA.csv``: answers are joined by semicolons, and every question has a category."""
    best = _text(row["Best Answer"], "Best Answer")
    decoy = _text(row.get("Best Incorrect Answer", ""), "Best Incorrect Answer")
    true, false = _split(row.get("Correct Answers")), _split(row.get("Incorrect Answers"))
    false = tuple(dict.fromkeys((decoy, *false))) if decoy else false
    false = tuple(answer for answer in false if answer not in (best, *true))
    return Question(
        id=f"row-{number}",
        topic=_text(row.get("Category", ""), "Category"),
        text=_text(row.get("Question"), "Question"),
        best=best,
        also_true=tuple(answer for answer in true if answer != best),
        false=false,
        decoy=(false or ("",))[0],
    )


def _marked(targets: Value) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split ``{answer: 1 or 0}`` into true and false; blank answers, of which the file has some, are left out."""
    if not isinstance(targets, Mapping):
        raise TypeError("its targets are not an object from answer to 1 or 0")
    answers = {answer.strip(): mark for answer, mark in targets.items() if answer.strip()}
    return tuple(a for a, mark in answers.items() if mark == 1), tuple(a for a, mark in answers.items() if mark != 1)


def _split(joined: Value) -> tuple[str, ...]:
    parts = [part.strip() for part in _text(joined or "", "answers").split(";")]
    return tuple(dict.fromkeys(part for part in parts if part))


def _text(value: Value, key: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{key!r} must be a text")
    return value.strip()


def _texts(value: Value, key: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{key!r} must be a list of texts")
    return tuple(_text(item, key) for item in value)
