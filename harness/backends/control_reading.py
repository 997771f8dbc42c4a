"""How the control backend reads a prompt: the question it ends with, and the options it lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.text.normalise import fold

__all__ = ["Prompt", "letter_of", "read"]

OPTION = re.compile(r"^\(?([A-Z])[).]\s+(\S.*)$")
ANSWERED = re.compile(r"^(?:A|Answer)\s*:\s*\S")
LABEL = re.compile(r"^(?:q|question|user)\s*[:.]\s*", re.IGNORECASE)
LETTER = re.compile(r"^\s*\(?([A-Z])[).:]?\s*$")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a prompt says.

    Attributes:
        lines: Folded lines that may hold the question, last first, back to the last question already answered.
        options: Texts listed under letters A, B, ...; empty where there is no list.
    """

    lines: tuple[str, ...]
    options: tuple[str, ...]


@lru_cache(maxsize=8192)  # many runs put the same prompts
def read(text: str) -> Prompt:
    """Read ``text`` from its end, as far back as the last example that already has its answer."""
    lines: list[str] = []
    listed: list[tuple[str, str]] = []
    for line in reversed(text.splitlines()):
        option = OPTION.match(line.strip())
        if option:
            listed.append((option[1], option[2]))
        elif ANSWERED.match(line.strip()):
            break
        elif line.strip():
            lines.append(fold(LABEL.sub("", line.strip())))
    return Prompt(tuple(lines), _in_order(listed[::-1]))


def _in_order(listed: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the last run of options whose letters go A, B, C, ...; empty where there is none."""
    run: list[str] = []
    for letter, option in listed:
        if letter == "A":
            run = [option]
        elif run and ord(letter) - ord("A") == len(run):
            run.append(option)
    return tuple(run)


def letter_of(continuation: str) -> int | None:
    """Return which option a continuation such as `` B`` or `` (B)`` names, from 0; None for any other text."""
    match = LETTER.match(continuation)
    return ord(match[1]) - ord("A") if match else None
