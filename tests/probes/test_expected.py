from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.records import Case, GenerateAsk, ScoreAsk
from probes.expected import pack, score_ask, unpack


@dataclass(frozen=True, slots=True)
class Key:
    place: int
    shown: tuple[str, ...]


def case(expected, ask):
    return Case("c", ask, expected, {}, "c")


def test_what_is_packed_comes_out_again():
    key = Key(1, ("a", "b"))
    assert pack(key) == {"place": 1, "shown": ["a", "b"]}
    assert unpack(Key, case(pack(key), ScoreAsk("", ("x",)))) == key


def test_only_records_can_be_packed():
    with pytest.raises(TypeError, match="no fields"):
        pack("text")


def test_a_case_of_another_probe_is_refused():
    with pytest.raises(ValueError, match="has no field"):
        unpack(Key, case({"other": 1}, ScoreAsk("", ("x",))))
    with pytest.raises(TypeError, match="asks for a GenerateAsk"):
        score_ask(case({}, GenerateAsk("p")))
