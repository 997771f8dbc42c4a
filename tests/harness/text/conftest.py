"""Texts that are meant to take long, and a stopwatch of work rather than of time."""

from __future__ import annotations

import time

import pytest

LENGTH = 100_000
HUGE = {
    "one word": "a",
    "one number": "7",
    "capitals": "A b. ",
    "denials": "not paris ",
    "pairs": "neither nor ",
    "either": "either paris or ",
    "thousands": "1,000",
    "scales": "five hundred ",
    "shares": "5 per ",
    "seconds": "second ",
    "clocks": "12:30",
    "quotes": '"can ',
    "apologies": "sorry i can't ",
    "lists": "- 1. x\n",
    "lines": "\n",
    "blanks": " ",
    "marks": "a\u0301",
    "ligatures": "\u202e\ufdfa",
    "surrogates": "\ud800",
    "controls": "\x00\x1b[2J",
    "answers": "yes, no, but the capital is Paris and never Lyon; ",
}


@pytest.fixture(params=HUGE)
def huge(request):
    """A text of 100,000 characters that repeats one piece."""
    piece = HUGE[request.param]
    return (piece * (LENGTH // len(piece) + 1))[:LENGTH]


@pytest.fixture
def briskly():
    """Return a function that calls another, and fails where that took a second of work."""

    def run(work):
        began = time.process_time()
        found = work()
        assert time.process_time() - began < 1, "a regular expression or a loop grows faster than its text"
        return found

    return run
