"""What judging needs, packed into a case as JSON values and taken out again as a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from harness.canonical import from_json, to_json
from harness.records import Case, GenerateAsk, ScoreAsk, Value

__all__ = ["generate_ask", "pack", "score_ask", "unpack"]

T = TypeVar("T")


def pack(record: object) -> Mapping[str, Value]:
    """Return the fields of the dataclass ``record`` as JSON values.

    Raises:
        TypeError: it is not a dataclass of JSON values.
    """
    packed = to_json(record)
    if not isinstance(packed, dict):
        raise TypeError(f"{type(record).__name__} has no fields to pack")
    return packed


def unpack(cls: type[T], case: Case) -> T:
    """Rebuild the record of type ``cls`` that `pack` put into ``case``.

    Raises:
        ValueError: the case is another probe's.
    """
    return from_json(cls, case.expected)


def score_ask(case: Case) -> ScoreAsk:
    """Return the case's ask, which a probe that only scores knows to be a `ScoreAsk`.

    Raises:
        TypeError: the case is another probe's.
    """
    if not isinstance(case.ask, ScoreAsk):
        raise TypeError(f"case {case.id} asks for a {type(case.ask).__name__}, not for likelihoods")
    return case.ask


def generate_ask(case: Case) -> GenerateAsk:
    """Return the case's ask, which a probe that only asks for text knows to be a `GenerateAsk`.

    Raises:
        TypeError: the case is another probe's.
    """
    if not isinstance(case.ask, GenerateAsk):
        raise TypeError(f"case {case.id} asks for a {type(case.ask).__name__}, not for text")
    return case.ask
