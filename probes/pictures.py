"""What all probes of image generators share: the same draws, the same records, and how a picture is read.

Every probe draws the same pictures and looks at the same records, so that the model is asked for each only once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from harness.canonical import dumps, loads
from harness.contracts import Dataset, Readings, Row
from harness.errors import DataError
from harness.images.features import NAMES
from harness.records import DrawAsk, Finish, Outcome, Reading, Reply, Score
from probes.replies import unanswered

__all__ = [
    "FEATURES",
    "NEAREST",
    "Draw",
    "described",
    "draws",
    "held_out",
    "members",
    "natural",
    "picture_readings",
    "scripted",
    "values_of",
]

FEATURES = "image_features"
NEAREST = "nearest_members"
"""Names of instruments."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One picture to be drawn.

    Attributes:
        ask: What is asked.
        label: Class number it is of; None where the model takes no class and no prompt that belongs to one.
        class_name: Its name.
        prompt: Caption it is drawn from; None where the model takes none.
        attributes: What the prompt, or the class, says a picture of it has: only what is the same in all its records.
    """

    ask: DrawAsk
    label: int | None
    class_name: str | None
    prompt: str | None
    attributes: Mapping[str, str]


def draws(data: Dataset, n: int) -> list[Draw]:
    """Return the first ``n`` draws, with seeds from 0: classes or prompts in turn, as the model takes them.

    Args:
        data: The model's training data; all rows say alike what it can be asked for.
        n: At least 1.
    """
    by = data.rows[0].get("asked_by")
    if by == "prompt":
        kinds = _kinds(data, "caption")
        return [
            Draw(DrawAsk(seed, prompt=name), kind.label, kind.class_name, name, kind.attributes)
            for seed, (name, kind) in zip(range(n), _in_turn(kinds), strict=False)
        ]
    if by == "label":
        kinds = dict(sorted(_kinds(data, "class").items(), key=lambda item: item[1].label or 0))
        return [
            Draw(DrawAsk(seed, label=kind.label), kind.label, kind.class_name, None, kind.attributes)
            for seed, (_, kind) in zip(range(n), _in_turn(kinds), strict=False)
        ]
    return [Draw(DrawAsk(seed), None, None, None, {}) for seed in range(n)]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What all records of one class, or one caption, have in common."""

    label: int | None
    class_name: str | None
    attributes: Mapping[str, str]


def _kinds(data: Dataset, column: str) -> dict[str, _Kind]:
    """Sort natural records by ``column``, names in alphabetical order."""
    groups: dict[str, list[Row]] = {}
    for row in data.rows:
        name = row.get(column)
        if isinstance(name, str) and row.get("canary") is None:
            groups.setdefault(name, []).append(row)
    if not groups:
        raise DataError(f"The model is asked by {column}, and no record of its training data has one.")
    return {name: _common(rows) for name, rows in sorted(groups.items())}


def _common(rows: Sequence[Row]) -> _Kind:
    labels = {row.get("label") for row in rows}
    names = {row.get("class") for row in rows}
    given = [row.get("attributes") for row in rows]
    pairs = [set(its.items()) if isinstance(its, dict) else set() for its in given]
    shared = set.intersection(*pairs)
    label, name = (next(iter(found)) if len(found) == 1 else None for found in (labels, names))
    return _Kind(
        label if isinstance(label, int) else None,
        name if isinstance(name, str) else None,
        {key: value for key, value in sorted(shared) if isinstance(value, str)},
    )


def _in_turn(kinds: Mapping[str, _Kind]) -> Iterator[tuple[str, _Kind]]:
    while True:
        yield from kinds.items()


def natural(data: Dataset, role: str) -> list[Row]:
    """Return the records of that role that were not planted, in an order fixed by their names alone."""
    rows = [row for row in data.rows if row.get("role") == role and row.get("canary") is None]
    return sorted(rows, key=lambda row: hashlib.sha256(str(row["record"]).encode()).digest())


def members(data: Dataset, n: int) -> list[Row]:
    """Return the first ``n`` members: the same for every probe, and among the first n + 1 for each."""
    return natural(data, "member")[:n]


def held_out(data: Dataset, n: int) -> list[Row]:
    """Return the first ``n`` records that the training never saw."""
    return natural(data, "nonmember")[:n]


def picture_readings(reply: Reply, *instruments: str) -> Iterable[Reading]:
    """Ask ``instruments`` to read the reply's picture, if it has one."""
    if reply.finish is Finish.STOP and reply.media:
        return [Reading(name, "", media=reply.media[0]) for name in instruments]
    return []


def scripted(values: Mapping[str, float]) -> Reply:
    """Reply without a picture: its text says what instruments would have read. Of such replies controls are made."""
    return Reply(Finish.STOP, text=dumps(dict(values)).decode("utf-8"))


def values_of(reply: Reply, readings: Readings, *instruments: str) -> Mapping[str, float] | Score:
    """Return what ``instruments`` read of the reply's picture, all together; or the outcome where they did not."""
    missing = unanswered(reply)
    if missing is not None:
        return missing
    if not reply.media:
        return _scripted_values(reply.text)
    found: dict[str, float] = {}
    for name in instruments:
        values = readings.get(Reading(name, "", media=reply.media[0]))
        if values is None:
            return Score(Outcome.UNREADABLE, note=f"{name} did not read the picture")
        found |= values
    return found


def described(reply: Reply, readings: Readings) -> Score:
    """Score that holds the features of the reply's picture; or the outcome where it was not described."""
    values = values_of(reply, readings, FEATURES)
    if isinstance(values, Score):
        return values
    if not set(NAMES) <= set(values):
        return Score(Outcome.UNREADABLE, note="the reading lacks features")
    return Score(Outcome.SCORED, {name: values[name] for name in NAMES})


def _scripted_values(text: str | None) -> Mapping[str, float] | Score:
    try:
        values = loads(text or "")
    except ValueError:
        values = None
    if not isinstance(values, dict) or not values:
        return Score(Outcome.UNREADABLE, note="the reply has no picture")
    numbers = {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
    if len(numbers) < len(values) or not all(isfinite(value) for value in numbers.values()):
        return Score(Outcome.UNREADABLE, note="the reply has no picture")
    return numbers
