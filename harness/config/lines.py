"""Which line of a TOML text holds which key: parsers keep values and drop this."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["Path", "find_line", "key_lines"]

Path = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?")
_ASSIGN = re.compile(rf"\s*({_DOTTED})\s*=\s*(.*)")
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_KEY, dotted)]


def _open_end(value: str) -> str:
    """What must still come before the value that starts here is complete: a quote, a bracket, or nothing."""
    for quote in ('"""', "'''"):
        if value.startswith(quote) and value.count(quote) == 1:
            return quote
    bare = _STRINGS.sub("", value)
    return "]" if bare.count("[") > bare.count("]") else ""


def key_lines(text: str) -> Mapping[Path, int]:
    """Line number, from 1, of every table header and key of a TOML text that parses.

    Elements of arrays of tables are numbered in their path: ``("gate", 0, "metric")``.
    """
    lines: dict[Path, int] = {}
    implied: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    waiting, depth = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if waiting == "]":
            bare = _STRINGS.sub("", line)
            depth += bare.count("[") - bare.count("]")
            waiting = "]" if depth > 0 else ""
        elif waiting:
            waiting = "" if waiting in line else waiting
        elif header := _HEADER.match(line):
            table = tuple(_parts(header[2]))
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
            # [a.b.c] makes the table a.b too, which may have no header of its own.
            implied |= {table[:n]: number for n in range(2, len(table)) if table[:n] not in implied}
        elif assign := _ASSIGN.match(line):
            lines.setdefault((*table, *_parts(assign[1])), number)
            waiting, depth = _open_end(assign[2]), 1
    return implied | lines


def find_line(lines: Mapping[Path, int], path: Sequence[str | int]) -> int:
    """Line of ``path``, or of its nearest enclosing table that has one; 1 for the whole file."""
    for length in range(len(path), 0, -1):
        if tuple(path[:length]) in lines:
            return lines[tuple(path[:length])]
    return 1
