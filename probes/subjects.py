"""What is to be drawn, for probes that need no training data: a model's own classes or captions, or prompts of a file.

A model that knows its training data is asked for what is in them, as by every probe of pictures; one that does not,
such as a Stable Diffusion pipeline, for the prompts of ``picture_prompts``, if it draws from prompts at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.contracts import TRAINING, Budget, Dataset, Row
from harness.errors import DataError, NotApplicableError
from harness.records import Capability, DrawAsk, Value
from probes.pictures import draws
from probes.sampling import chosen

__all__ = ["PROMPTS", "Subject", "subjects"]

PROMPTS = "picture_prompts"
"""Name of a data set."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to draw.

    Attributes:
        name: Its own among all; the ids of its cases begin with it.
        ask: For a picture of it.
        jitters: Whether a share of the noise it is drawn from can be replaced.
        topic: Of its prompt, where it has one.
        rephrased: Its prompt in other words, where somebody wrote it so.
    """

    name: str
    ask: DrawAsk
    jitters: bool
    topic: str | None = None
    rephrased: str | None = None


def subjects(data: Dataset, budget: Budget, most: int) -> list[Subject]:
    """Return what to draw, ``most`` at most: the first draws of all probes, or prompts picked by chance.

    Raises:
        DataError: a row has no prompt, something that is no text, or another's id; names the row.
        NotApplicableError: the data are prompts, and the model draws from none.
    """
    n = min(most, budget.items or most)
    if data.name == TRAINING:
        return [Subject(f"draw/{draw.ask.seed}", draw.ask, jitters=True) for draw in draws(data, n)]
    prompts = _prompts(data)
    if budget.capability is not Capability.TEXT_TO_IMAGE:
        raise NotApplicableError(
            "the probe puts prompts to models whose training data is not known, and this one draws from no prompt"
        )
    return chosen(prompts, replace(budget, items=n))


def _prompts(data: Dataset) -> list[Subject]:
    """Read every row, in file order."""
    found: dict[str, Subject] = {}
    for number, row in enumerate(data.rows, start=1):
        try:
            subject = _prompt(row, number)
        except ValueError as error:
            raise DataError(
                f"{data.name}: row {number}: {error}. A row has a prompt and, if it likes, id, topic and rewording, as"
                f" `harness datasets describe {PROMPTS}` shows."
            ) from error
        if subject.name in found:
            raise DataError(f"{data.name}: row {number}: the id {subject.name!r} occurs twice. Give each row its own.")
        found[subject.name] = subject
    return list(found.values())


def _prompt(row: Row, number: int) -> Subject:
    prompt = _text(row.get("prompt"), "prompt")
    name = _text(row.get("id", f"row-{number}"), "id")
    topic, rephrased = (_text(row[key], key) if row.get(key) else None for key in ("topic", "rewording"))
    # A pipeline draws its noise itself, so no share of it can be replaced.
    return Subject(name, DrawAsk(number - 1, prompt=prompt), jitters=False, topic=topic, rephrased=rephrased)


def _text(value: Value, key: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is {str(value)[:40]!r}, not a text")
    return value
