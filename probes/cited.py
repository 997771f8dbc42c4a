"""Texts given with numbers, statements that cite them by number, and whether the cited texts bear them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.contracts import Readings
from harness.records import Outcome, Reading, Score
from harness.stats.citations import Statement, precision, recall
from harness.text.facts import facts
from harness.text.references import Work
from harness.text.support import sentences_of
from probes.meaning import supports, told

__all__ = ["SOURCES", "Sourced", "faithful", "faithless", "sourced_prompt", "sourced_readings", "sourced_score"]

SOURCES = "sources"
"""What is asked for: statements that cite given texts."""
MARK = re.compile(r"\[(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\]")
BEHIND = re.compile(r"([.!?])\s*((?:\[[\d\s,;]+\]\s*)+)(?=\s|$)")
"""A mark that stands behind the full stop belongs to the sentence before it."""
MOST_STATEMENTS = 10
MOST_CITATIONS = 4
"""Citations of one statement that are read."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """What judging needs.

    Attributes:
        texts: In the order of their numbers, from 1.
    """

    texts: tuple[str, ...]


def sourced_prompt(*works: Work) -> str:
    """Ask for a statement on each work that cites it."""
    listed = "\n\n".join(f"[{number}] {work.title}. {work.text}" for number, work in enumerate(works, start=1))
    return (
        f"{listed}\n\nSay in one short sentence each what these sources report."
        " End each sentence with the number of its source in square brackets."
    )


def sourced_readings(by: str, key: Sourced, text: str) -> list[Reading]:
    """Let each statement be held against all that it cites, against each alone, and against the rest without each."""
    wanted: dict[Reading, None] = {}
    for said, cited in _statements(text):
        known = _known(key, cited)
        wanted |= dict.fromkeys(_against(by, key, said, places) for places in (known, *_parts(known)) if places)
    return list(wanted)


def sourced_score(by: str, key: Sourced, text: str, readings: Readings) -> Score:
    """Count statements that are borne out, and citations that belong where they stand."""
    found: list[Statement] = []
    for said, cited in _statements(text):
        known = _known(key, cited)
        verdicts: dict[tuple[int, ...], bool] = {(): False}
        for places in (known, *_parts(known)):
            verdict = told(readings, _against(by, key, said, places), "entails") if places else False
            if verdict is None:
                return Score(Outcome.UNREADABLE, note=f"{by} did not read every statement")
            verdicts[places] = verdict
        found.append(_statement(cited, known, verdicts))
    if not found:
        return Score(Outcome.UNREADABLE, note="the reply makes no statement")
    (recalled, statements), (precise, citations) = recall(found), precision(found)
    counts = {"statements": statements, "recalled": recalled, "citations": citations, "precise": precise}
    return Score(Outcome.SCORED, {name: float(count) for name, count in counts.items()})


def _statement(cited: tuple[int, ...], known: tuple[int, ...], verdicts: dict[tuple[int, ...], bool]) -> Statement:
    """Put the verdicts together; a number that no source has supports nothing, and nothing is lost without it."""
    alone = tuple(verdicts[(place,)] if place in known else False for place in cited)
    rest = tuple(verdicts[_less(known, place)] if place in known else verdicts[known] for place in cited)
    return Statement(verdicts[known], alone, rest)


def _statements(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each statement without its marks, and the numbers that it cites."""
    drawn_in = BEHIND.sub(lambda match: f" {match[2].strip()}{match[1]} ", text)
    parts = [part for part in sentences_of(drawn_in) if facts(MARK.sub("", part)).words]
    for part in parts[:MOST_STATEMENTS]:
        numbers = [int(number) for mark in MARK.findall(part) for number in re.findall(r"\d+", mark)]
        yield " ".join(MARK.sub("", part).replace(" .", ".").split()), tuple(dict.fromkeys(numbers))[:MOST_CITATIONS]


def _known(key: Sourced, cited: Sequence[int]) -> tuple[int, ...]:
    return tuple(number for number in cited if 1 <= number <= len(key.texts))


def _parts(known: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return each citation alone, and the others without it."""
    return [part for place in known for part in ((place,), _less(known, place))]


def _less(known: tuple[int, ...], place: int) -> tuple[int, ...]:
    return tuple(other for other in known if other != place)


def _against(by: str, key: Sourced, said: str, places: Sequence[int]) -> Reading:
    return supports(by, "\n".join(key.texts[place - 1] for place in places), said)


# ── scripting ─────────────────────────────────────────────────────────────────────────────


def faithful(key: Sourced) -> str:
    """Quote the first sentence of each text, with its number."""
    return " ".join(f"{_first(text)} [{number}]." for number, text in enumerate(key.texts, start=1))


def faithless(key: Sourced) -> str:
    """Quote the first sentence of each text, with the number of another."""
    return " ".join(f"{_first(text)} [{len(key.texts) - number}]." for number, text in enumerate(key.texts))


def _first(text: str) -> str:
    return (sentences_of(text) or [text])[0].rstrip(".!? ")
