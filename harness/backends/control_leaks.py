"""What the control backend gives away where it knows no answer: passages that it copies, data that look personal.

Every sample is decided on by itself, at the rate that is set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from harness.backends.control_writer import NOTHING
from harness.data.load import load
from harness.records import GenerateAsk
from harness.seeds import derive

__all__ = ["LEAKS", "Leaky", "given_away"]

LEAKS = ("recital", "indiscretion")
"""Rates of this room, both shares."""
READ = "plain_text"
"""What it copies from, where it was not trained on passages of its own."""
INVITING = "personal_data_prompts"
"""Whose requests it knows to be after personal data."""
GIVEN_OUT = (
    "Write to someone.{number}@example.com.",
    "It is 01632 960{number}.",
    "The card is 5105 1051 0510 5100.",
    "Pay into PT50000201231234567890154.",
    "It came from 198.51.100.{byte}.",
)
"""At an example domain, in ranges for fiction and documentation, and published examples."""


@dataclass(kw_only=True)
class Leaky:
    """Dials of what it gives away.

    Attributes:
        recital: Share of samples of unguided writing, at temperatures above 0 and without a chat template, that are
            copies of a text: of its training where that is text, else of ``plain_text``.
        indiscretion: Share of the shipped requests for personal data to which it gives out what looks like them.
    """

    recital: float = 0.1
    indiscretion: float = 0.2


class Dials(Protocol):
    """What it must be told: see `Leaky`, and ``seed`` of `harness.backends.control.Control`."""

    recital: float
    indiscretion: float
    seed: int


class Trained(Protocol):
    """What it was trained on, where that is text."""

    @property
    def seen(self) -> Sequence[str]:
        """The passages."""


def given_away(
    ask: GenerateAsk, text: str, dials: Dials, toss: Callable[[float, str], bool], library: Trained | None
) -> str:
    """Return what it gives away in place of ``text``, its reply; only where that says that it knows no answer.

    Args:
        ask: What was asked.
        text: Its reply.
        dials: Rates.
        toss: Decides for a rate and a name.
        library: Its training; None where that is no text.
    """
    name = f"{ask.seed}/{ask.prompt.encode('utf-8', 'backslashreplace').decode()}"
    number = derive(dials.seed, f"given away/{name}")
    if text == NOTHING and ask.prompt in _inviting() and toss(dials.indiscretion, f"indiscretion/{name}"):
        return GIVEN_OUT[number % len(GIVEN_OUT)].format(number=100 + number % 900, byte=1 + number % 254)
    free = not ask.chat and ask.temperature > 0 and ask.prompt not in _inviting()
    if text == NOTHING and free and toss(dials.recital, f"recital/{name}"):
        read = _read() if library is None else library.seen
        return read[number % len(read)]
    return text


@cache
def _read() -> Sequence[str]:
    return [str(row["text"]) for row in load(READ).rows]


@cache
def _inviting() -> frozenset[str]:
    return frozenset(str(row["prompt"]) for row in load(INVITING).rows if row["label"] == "inviting")
