"""One document of a task with its requests, as JSON can hold it: all that judging needs later, without the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

import numpy as np

from harness.canonical import to_json
from harness.contracts import Dataset
from harness.errors import DataError
from harness.records import Value
from harness.tasks.outline import Outline, strings

__all__ = [
    "PART",
    "Answer",
    "Document",
    "Request",
    "RequestKind",
    "Row",
    "Target",
    "as_json",
    "parts_of",
    "splits_of",
    "target_of",
]

PART = "_split"
"""Column of a data set that says which part of the task's data a row belongs to; without it all rows are asked."""

Answer = tuple[float, bool] | float | str
"""What a model says to one request: log-likelihood and greediness, log-likelihood of a whole text, or text."""

Row = Mapping[str, Value]


class RequestKind(StrEnum):
    """What a model is asked for."""

    SCORE = "loglikelihood"
    ROLLING = "loglikelihood_rolling"
    GENERATE = "generate_until"


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a document.

    Attributes:
        kind: What is asked for.
        context: What the model is given; empty for a whole text.
        continuation: What is scored; empty where text is to be written.
        settings: How text is to be written.
        repeats: How often it is asked.
    """

    kind: RequestKind
    context: str
    continuation: str
    settings: Mapping[str, Value]
    repeats: int


@dataclass(frozen=True, slots=True)
class Target:
    """What the right answer is, as far as the task says.

    Attributes:
        places: Right choices, where there are choices.
        texts: Right texts, where text is written.
        choices: Number of choices.
        several: Right answers of the task's first document, where they are a list: lm-eval decides by it for all.
        inputs: Number of its choices, where a choice is part of what is given and not of what is scored; likewise.
    """

    places: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()
    choices: int = 0
    several: int = 0
    inputs: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        number: Its place among those that are asked, from 0.
        doc: As the task has it.
        requests: In the task's order.
        target: The right answer.
    """

    number: int
    doc: Row
    requests: tuple[Request, ...]
    target: Target


def target_of(gold: Any, choices: Sequence[str], *, several: int, inputs: int) -> Target:
    """Read a task's target: a place, a choice's text, a text, or a list of them."""
    every = list(gold) if isinstance(gold, list | tuple) else [gold]
    if not choices:
        return Target((), tuple(map(str, every)), 0, several, inputs)
    places = [choices.index(one) if isinstance(one, str) and one in choices else one for one in every]
    inside = tuple(int(one) for one in places if isinstance(one, int) and 0 <= one < len(choices))
    return Target(inside, tuple(choices[place] for place in inside), len(choices), several, inputs)


def as_json(table: Mapping[str, Any]) -> dict[str, Value]:
    """Return ``table`` as JSON holds it: NumPy's numbers as Python's own, and a number that is none as nothing.

    Raises:
        TypeError: it holds something else, such as a picture.
    """
    return {str(key): to_json(_own(value)) for key, value in table.items()}


def _own(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _own(its) for key, its in value.items()}
    return [_own(its) for its in value] if isinstance(value, list | tuple) else value


# ── parts of the data ─────────────────────────────────────────────────────────────────────


def splits_of(outline: Outline) -> tuple[str, list[str]]:
    """Name of the part that is asked, and names of all parts that the task speaks of."""
    named = {key: outline.config.get(f"{key}_split") for key in ("test", "validation", "training", "fewshot")}
    asked = named["test"] or named["validation"]
    if not isinstance(asked, str):
        raise DataError(f"The task {outline.name!r} names neither test_split nor validation_split: nothing to ask.")
    shown = outline.config.get("fewshot_config") or {}
    every = [*named.values(), shown.get("split") if isinstance(shown, Mapping) else None]
    return asked, list(dict.fromkeys(one for value in every for one in strings(value)))


def parts_of(outline: Outline, data: Dataset, *, shots: int) -> dict[str, list[Row]]:
    """Sort the rows of ``data`` into the parts that the task speaks of.

    Args:
        outline: The task.
        data: Its rows; where one has `PART`, all have.
        shots: Number of examples that are shown.

    Raises:
        DataError: a row has no part where others have, none is to be asked, or none is there to draw examples from.
    """
    if outline.is_class:
        return {"": [dict(row) for row in data.rows]}
    asked, named = splits_of(outline)
    found: dict[str, list[Row]] = {}
    parted = any(PART in row for row in data.rows)
    for number, row in enumerate(data.rows, start=1):
        name = row.get(PART) if parted else asked
        if not isinstance(name, str):
            raise DataError(f"{data.name}: row {number}: {PART!r} names the part of the data in all rows or in none.")
        found.setdefault(name, []).append({key: value for key, value in row.items() if key != PART})
    if asked not in found:
        raise DataError(
            f"{data.name}: no row is of the part {asked!r}, which {outline.name!r} asks. Name it in {PART!r}."
        )
    examples = next((one for one in _drawn_from(outline) if one), asked)
    if shots and examples not in found:
        raise DataError(
            f"{data.name}: {outline.name!r} draws its {shots} examples from the part {examples!r}, which is not there."
            f" Add rows with {PART!r} = {examples!r}, or set num_fewshot = 0."
        )
    # A part that nothing is drawn from must be there all the same.
    return {name: found.get(name, found[asked]) for name in named} | found


def _drawn_from(outline: Outline) -> Iterator[str | None]:
    """Parts that examples are drawn from, the first that the task names."""
    config = outline.config
    shown = config.get("fewshot_config") or {}
    if isinstance(shown, Mapping):
        if "samples" in shown and not shown.get("split") and not config.get("fewshot_split"):
            yield splits_of(outline)[0]
        yield shown.get("split")
    yield from (config.get(f"{key}_split") for key in ("fewshot", "training", "validation", "test"))
