"""What every instrument of text must do, as one check."""

from __future__ import annotations

from math import isfinite

import pytest

from harness.canonical import dumps
from harness.contracts.instruments import NOTHING, Instrument

HOSTILE = (
    "",
    " ",
    "\ud800",
    "\u202eabc\u202c",
    "\x00\x1b[31m",
    "a\u0301" * 50,
    "x" * 5000,
    "not " * 300,
    "٣ 💥",
    "\n\n",
)


@pytest.fixture
def checked():
    """Return a function that reads and checks that readings are named as on the card, finite, and the same again."""

    def read(instrument, readings):
        assert isinstance(instrument, Instrument)
        found = instrument.read(readings, NOTHING)
        assert len(found) == len(readings)
        assert all(set(values) == set(instrument.card.measures) for values in found)
        assert all(isinstance(value, float) and isfinite(value) for values in found for value in values.values())
        assert instrument.read(readings, NOTHING) == found
        assert instrument.read(readings[::-1], NOTHING)[::-1] == found
        assert dumps(instrument.card)
        return found

    return read


@pytest.fixture
def hostile():
    """Texts that break careless code."""
    return HOSTILE
