"""Names of rows, above the rows and not beside them: so there is room for both on a narrow screen."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import altair as alt
import pandas as pd

from dashboards.charts.palette import Palette

__all__ = ["named_rows", "names_above"]

WIDEST, MOST = 46, 3
"""Characters of a line, and lines of a name: a longer text would take its room from the plot of a narrow screen."""
ROW, LINE, ABOVE = 31, 15, 11
"""Pixels of a row without its name, of each line of it, and from the last line to the middle of the row."""


def named_rows(rows: pd.DataFrame) -> tuple[pd.DataFrame, alt.Step]:
    """Break the names of rows into lines, and tell how high a row is then.

    Args:
        rows: With a column ``row``, which names them.

    Returns:
        The rows with a column ``lines``; and the height.
    """
    broken = {name: _lines(str(name)) for name in dict.fromkeys(rows["row"])}
    most = max((len(lines) for lines in broken.values()), default=1)
    # A shorter name begins with empty lines, so that every name ends right above its row.
    lines = {name: "\n".join([*[""] * (most - len(its)), *its]) for name, its in broken.items()}
    return rows.assign(lines=[lines[name] for name in rows["row"]]), alt.Step(ROW + LINE * most)


def _lines(name: str) -> Sequence[str]:
    return wrap(name, WIDEST, max_lines=MOST, placeholder=" …") or [""]


def names_above(rows: pd.DataFrame, order: Sequence[str], palette: Palette) -> alt.Chart:
    """The names, each once.

    Args:
        rows: Of `named_rows`.
        order: Of the rows, from the top.
        palette: Of the background.
    """
    most = 1 + max((str(lines).count("\n") for lines in rows["lines"]), default=0)
    text = alt.Chart(rows[["row", "lines"]].drop_duplicates("row")).mark_text(
        align="left",
        baseline="top",
        dy=-(ABOVE + LINE * most),
        color=palette.ink,
        fontSize=12,
        lineBreak="\n",
        lineHeight=LINE,
    )
    made: alt.Chart = text.encode(x=alt.value(0), y=alt.Y("row:N", sort=list(order), axis=None), text="lines:N")
    return made
