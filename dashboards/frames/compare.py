"""Two runs, compared, as tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from dashboards.safe_text import plain
from harness.query import CellPair, FlipCount, Line, Moved, slice_words

__all__ = [
    "CHANGES",
    "FLIPS",
    "ICONS",
    "WORDS",
    "changed_lines",
    "counted",
    "flip_rows",
    "not_compared",
    "shared_items",
]

CHANGES = (
    *("shape", "word", "probe", "title", "group", "unit", "before", "after", "change", "low", "high"),
    *("step", "step_low", "step_high", "directed", "n", "only_one", "method", "moved", "headline", "sentence"),
)
"""``change`` is after less before; ``step`` the same as improvement where the metric has a direction (``directed``)."""
FLIPS = ("probe", "what", "from", "to", "cases", "of")
WORDS = {
    Moved.BETTER: "better",
    Moved.WORSE: "worse",
    Moved.CHANGED: "changed",
    Moved.OPEN: "may be chance",
    Moved.SMALL: "no real change",
    Moved.SAME: "the same",
    Moved.NONE: "no number",
}
ICONS = {
    Moved.BETTER: "●",
    Moved.WORSE: "■",
    Moved.CHANGED: "▲",
    Moved.OPEN: "◆",
    Moved.SMALL: "○",
    Moved.SAME: "○",
    Moved.NONE: "○",
}
"""A shape for each word: those of rulings, since readers know them."""
ORDER = (Moved.WORSE, Moved.CHANGED, Moved.BETTER, Moved.OPEN, Moved.SMALL, Moved.SAME, Moved.NONE)
SETTLED = (Moved.WORSE, Moved.CHANGED, Moved.BETTER)


def changed_lines(lines: Sequence[Line], *, cell: str | None, family: str | None, settled: bool) -> pd.DataFrame:
    """A row for each number, the worst news first; of all probes the headlines alone, of one probe every number.

    Args:
        lines: Of a comparison.
        cell: The only one; None for all.
        family: Of the probes; None for all.
        settled: Whether only what changed by more than chance is wanted.
    """
    wanted = [
        line
        for line in lines
        if (line.headline if cell is None else line.pair.cell == cell)
        and family in {None, line.pair.family}
        and (line.moved in SETTLED or not settled)
    ]
    ordered = sorted(wanted, key=lambda line: (not line.headline, ORDER.index(line.moved), -_size(line)))
    return pd.DataFrame([_row(line) for line in ordered], columns=list(CHANGES))


def _size(line: Line) -> float:
    return abs(line.effect.change.value) if line.effect.change else 0.0


def _row(line: Line) -> tuple[object, ...]:
    its = line.effect
    step = its.gain or its.change
    return (
        *(
            ICONS[line.moved],
            WORDS[line.moved],
            plain(line.pair.title),
            plain(its.title),
            plain(slice_words(its.slice)),
        ),
        *(its.unit, its.before, its.after),
        *((None, None, None) if its.change is None else (its.change.value, its.change.low, its.change.high)),
        *((None, None, None) if step is None else (step.value, step.low, step.high)),
        *(its.gain is not None, None if its.change is None else its.change.n, line.pair.apart),
        *(
            plain(its.missing if its.change is None else its.change.method),
            line.moved.value,
            line.headline,
            plain(line.sentence, limit=900),
        ),
    )


def counted(rows: pd.DataFrame) -> str:
    """How many numbers of ``rows``, of `changed_lines`, are what: "2 worse, 1 better, 9 may be chance"."""
    numbers = [(word, int((rows["word"] == word).sum())) for word in (WORDS[moved] for moved in ORDER)]
    return ", ".join(f"{number} {word}" for word, number in numbers if number)


def shared_items(pairs: Sequence[CellPair]) -> pd.DataFrame:
    """Of each probe: cases that both runs have, and those that one has, or that were not asked alike."""
    return pd.DataFrame(
        [(plain(pair.title), pair.both, pair.apart) for pair in pairs], columns=["probe", "in both", "in one alone"]
    )


def not_compared(refused: Sequence[tuple[CellPair, str]]) -> pd.DataFrame:
    """A row for each probe that cannot be compared, with the reason."""
    return pd.DataFrame([(plain(pair.title), why) for pair, why in refused], columns=["probe", "why"])


def flip_rows(counts: Sequence[FlipCount], pairs: Sequence[CellPair], cells: Collection[str]) -> pd.DataFrame:
    """A row for each way in which cases of a probe came out otherwise; one that says so where none did.

    Args:
        counts: Of both runs.
        pairs: Their cells.
        cells: Those that are wanted.
    """
    titles = {pair.cell: plain(pair.title) for pair in pairs}
    rows: list[tuple[object, ...]] = []
    for one in counts:
        if one.cell in cells:
            rows += [(titles[one.cell], plain(name), *way, one.both) for name, *way in one.ways]
            if not one.ways:
                rows.append((titles[one.cell], "nothing", "", "", 0, one.both))
    return pd.DataFrame(rows, columns=list(FLIPS))
