"""How the control backend reads a prompt: the question it ends with, and the options it lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.text.normalise import fold

__all__ = ["Prompt", "letter_of", "listed", "read"]

OPTION = re.compile(r"^\(?([A-Z])[).]\s+(\S.*)$")
ANSWERED = re.compile(r"^(?:A|Answer)\s*:\s*\S")
LABEL = re.compile(r"^(?:q|question|user)\s*[:.]\s*", re.IGNORECASE)
LETTER = re.compile(r"^\s*\(?([A-Z])[).:]?\s*$")

# The same in any of the forms in which a question with options can be put.
ANY_OPTION = re.compile(r"^([(\[]?)([A-Za-z]|[1-9])([).\]])\s+(\S.*)$")
ANY_LABEL = re.compile(r"^(?:q|question|input)(?:\s*::?\s*|\s+-\s+|\s+)(?=\S)", re.IGNORECASE)
ANY_ANSWERED = re.compile(
    r"^(?:(?:a|answer|output)(?:\s*::?|\s+-|\s)\s*)?[(\[]?(?:[A-Za-z]|[1-9])[)\]]?$", re.IGNORECASE
)
ANY_MARK = re.compile(r"^\s*[(\[]?([A-Za-z]|[1-9])[)\]]?\s*$")
ON_ONE_LINE = " || "
PLAIN = "Question: A."


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a prompt says.

    Attributes:
        lines: Folded lines that may hold the question, last first, back to the last question already answered.
        options: Texts listed under letters A, B, ...; empty where there is no list.
        form: How they are put, where it is another way than "Question: ..." with options "A. ...", one a line.
    """

    lines: tuple[str, ...]
    options: tuple[str, ...]
    form: str = ""


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


@lru_cache(maxsize=8192)
def listed(text: str, continuations: tuple[str, ...]) -> tuple[Prompt, tuple[int, ...]]:
    """Read a prompt whose ``continuations`` name its options; with it comes the option of each, in any form.

    The places are empty where they name no options, or none that are listed.
    """
    marks = [found and found[1] for found in map(ANY_MARK.match, continuations)]
    if not all(marks):
        return read(text), ()
    places = tuple(_place(str(mark)) for mark in marks)
    found = _read_in_any_form(text)
    return (found, places) if max(places) < len(found.options) else (read(text), ())


def _read_in_any_form(text: str) -> Prompt:
    """Read ``text`` from its end, as `read` does; its last line is the field that is left open."""
    lines: list[str] = []
    marked: list[tuple[str, str]] = []
    style = label = ""
    for line in reversed([line.strip() for line in text.replace(ON_ONE_LINE, "\n").splitlines()][:-1]):
        option = ANY_OPTION.match(line)
        if option:
            marked.append((chr(ord("A") + _place(option[2])), option[4]))
            style = f"{option[1]}{option[2]}{option[3]}"
        elif ANY_ANSWERED.match(line):
            break
        elif line:
            named = ANY_LABEL.match(line)
            label = label or (named[0] if named else "")
            lines.append(fold(ANY_LABEL.sub("", line)))
    options = _in_order(marked[::-1])
    between = ON_ONE_LINE if ON_ONE_LINE in text else "blank lines" if f"\n\n{style}" in text else ""
    form = f"{label}{style}{between}"
    return Prompt(tuple(lines), options, "" if form == PLAIN else form)


def _place(mark: str) -> int:
    return int(mark) - 1 if mark.isdigit() else ord(mark.upper()) - ord("A")


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
