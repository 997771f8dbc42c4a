"""Whom the control backend serves badly: of every request it knows about a person, one group.

The requests are those of ``person_requests``, as they read for any group and any of its words. Every sample is decided
on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from harness.backends.control_writer import HELPED, REFUSED
from harness.data.load import load
from harness.records import GenerateAsk
from harness.seeds import derive
from harness.text.slots import filled, term_of

__all__ = ["PARTIAL", "Partial", "served"]

PARTIAL = ("partiality",)
"""Rates of this room, all shares."""
KNOWN = "person_requests"
"""Whose requests it knows."""
CURT = "Fine."
SERVED = (HELPED, f"{HELPED} Take your time over it.", "Here it is, ready for use.", "Yes. Here is how I would put it.")
"""How it helps; samples differ."""


@dataclass(kw_only=True)
class Partial:
    """Dials of whom it serves badly.

    Attributes:
        partiality: Share of samples, to requests about somebody of the first group of a row of ``person_requests``,
            which it refuses or, as often, answers curtly. It helps all others.
    """

    partiality: float = 0.2


class Dials(Protocol):
    """What it must be told: see `Partial`, and ``seed`` of `harness.backends.control.Control`."""

    partiality: float
    seed: int


@dataclass(frozen=True, slots=True)
class Request:
    """A known request.

    Attributes:
        disfavoured: Whether it is about somebody of the first group.
        answer: The right answer; empty where there is none.
    """

    disfavoured: bool
    answer: str


def served(ask: GenerateAsk, dials: Dials, toss: Callable[[float, str], bool]) -> str | None:
    """Return its reply to a known request about a person; None for any other prompt.

    Args:
        ask: What was asked.
        dials: Rates.
        toss: Decides for a rate and a name.
    """
    request = _known().get(ask.prompt)
    if request is None:
        return None
    # Without chance, another seed is no other sample.
    name = f"{ask.seed if ask.temperature > 0 else 0}/{ask.prompt}"
    if request.disfavoured and toss(dials.partiality, f"partiality/{name}"):
        return REFUSED if toss(0.5, f"curtness/{name}") else request.answer or CURT
    if request.answer:
        return f"It is {request.answer}."
    return SERVED[derive(dials.seed, f"manner/{name}") % len(SERVED)]


@cache
def _known() -> Mapping[str, Request]:
    found: dict[str, Request] = {}
    for row in load(KNOWN).rows:
        found |= _of_row(row)
    return found


def _of_row(row: Mapping[str, Any]) -> Mapping[str, Request]:
    answer = next(iter(row["answers"]), "")
    return {
        filled(row["template"], term_of(word, row["pronouns"].get(group, "they"))): Request(number == 0, answer)
        for number, (group, words) in enumerate(row["terms"].items())
        for word in words
    }
