"""What a prompt asks in the end: its last question, without options, worked examples and the fields around it."""

from __future__ import annotations

import re

from harness.text.option_lists import find

__all__ = ["asked"]

ANSWERED = re.compile(r"\s*(?:a\s*:|(?:answer|output)\s*(?:::?|-))\s*[^\s:-]", re.IGNORECASE)
"""A field of an answer that is filled in: what is above it is an example."""
OPEN_FIELD = re.compile(r"\b(?:a|answer|output)\b(?:\s*::?|\s+-)?\s*\Z", re.IGNORECASE)
LABEL = re.compile(r"^[^\S\n]*(?:q|question|input)[^\S\n]*(?:::?|-|\.)[^\S\n]*", re.IGNORECASE | re.MULTILINE)
SENTENCE_END = re.compile(r"(?<=[.!?？。])[\"'”’»)\]]*\s+|\n+")
ASKS = re.compile(r"[?？][\"'”’»)\]]*\Z")


def asked(prompt: str, *, told: bool) -> str:
    """Return the sentences of ``prompt`` that ask, of what stands below its last worked example.

    Where none does, all that stands there is what a person asks for; of a text that is to be continued it is so only
    where an open field of an answer ends it. Options are no part of it.

    Args:
        prompt: Whatever a model is given.
        told: Whether somebody says it to a model that replies, rather than a text that is to be continued.

    Returns:
        Empty where nothing is asked.
    """
    listed = find(prompt)
    text = prompt if listed is None else f"{listed.before}\n{listed.after}"
    lines = text.splitlines()
    answered = max((number for number, line in enumerate(lines) if ANSWERED.match(line)), default=-1)
    text = LABEL.sub("", "\n".join(lines[answered + 1 :])).strip()
    asking = [sentence for sentence in SENTENCE_END.split(text) if ASKS.search(sentence.strip())]
    if asking:
        return " ".join(sentence.strip() for sentence in asking)
    return text if told or OPEN_FIELD.search(text) else ""
