"""What verification finds, and where two values differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose

from harness.records import Value

__all__ = ["Finding", "differences"]

AGREE = 1e-6
"""Share of its size by which a number may differ when it is computed again. The same sums come out otherwise in the
last digits on another processor, or with another number of threads: docs/decisions/0010."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        where: File, or the number's full place: ``estimates.json: bias…@minimal_pairs: …/stereotype_share: value``.
        what: What was found and what was expected.
        fatal: Whether the bundle fails verification; a note otherwise.
    """

    where: str
    what: str
    fatal: bool = True


def _label(value: Value, place: int) -> str:
    """Name an element of a list by what it is about, so that a finding reads without counting."""
    if isinstance(value, dict):
        if isinstance(value.get("metric"), str):
            groups = value.get("slice")
            of = ", ".join(f"{k} {v}" for k, v in groups.items()) if isinstance(groups, dict) else ""
            return f"{value['metric']}{f' ({of})' if of else ''}"
        if isinstance(value.get("title"), str):
            return str(value["title"])
    return str(place)


def differences(where: str, old: Value, new: Value) -> Iterator[Finding]:
    """Where two JSON values differ, leaf by leaf; numbers agree to `AGREE` of their size."""
    if isinstance(old, dict) and isinstance(new, dict) and set(old) == set(new):
        for key in sorted(old):
            yield from differences(f"{where}: {key}", old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(f"{where}: {_label(one, place)}", one, other)
    elif old != new and not _agree(old, new):
        yield Finding(where, f"is {old!r} in the bundle and {new!r} when computed again")


def _agree(old: Value, new: Value) -> bool:
    """Whether both are numbers, and the same one up to the rounding of another machine's arithmetic."""
    if not isinstance(old, float) or not isinstance(new, float):
        return False
    return isclose(old, new, rel_tol=AGREE, abs_tol=AGREE**2)
