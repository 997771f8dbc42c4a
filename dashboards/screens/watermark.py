"""How does it fail? How surely a mark is found, and what becomes of it; then everything that was asked about marks."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards.charts.families import curves, curves_words
from dashboards.charts.forest import group_forest, interval_alt
from dashboards.family import Apart, family_page
from dashboards.frames.families import cell_of, curve, levels, survival, title_of
from dashboards.frames.run import groups
from dashboards.parts import chart, palette
from dashboards.safe_text import escaped
from dashboards.tables import levels_of
from harness.query import Estimate, Section, amount

FOUND = {"detected": "found (p at most 0.01)", "surely_detected": "found with few false alarms (p at most 0.001)"}
ALARMS = (("false_alarms_others", "register"), ("accused", "register"), ("false_alarms_others", "language"))
"""False alarms on what people wrote, and the groups by which they may be told."""
USUAL = 0.01
"""The rate of false alarms at which marks are told of."""
LONG_ENOUGH = 200
"""Tokens from which marks of texts are usually told of."""


def _main(run: str, sections: Sequence[Section]) -> Apart:
    apart: list[tuple[str, str]] = []
    for section in sections:
        rows = levels(levels_of(run, cell_of(section)))
        if len(rows):
            _levels(section, rows)
        apart += _lengths(section)
        apart += _survival(section)
        apart += _alarms(section)
    return apart


def _levels(section: Section, rows: pd.DataFrame) -> None:
    drawn = rows.assign(at=rows["level"], series=rows["words"], value=rows["share"], unit="share")
    usual = {row["side"]: float(row["share"]) for row in rows.to_dict("records") if row["level"] == USUAL}
    told = [
        f"{amount(usual[side], 'share')} {words}"
        for side, words in (("marked", "with the mark"), ("unmarked", "without it"), ("others", "by others"))
        if side in usual
    ]
    chart(
        escaped(f"{title_of(section)}, allowing for 1 false alarm in 100: found in {', '.join(told)}", limit=600),
        curves(
            drawn,
            palette(),
            across="false alarms allowed for, as a share (p at most)",
            down="mark found, of 100",
            lines={"1 of 100": USUAL},
            log=True,
        ),
        rows,
        key=f"levels-{section.anchor}",
        words=curves_words(drawn),
    )
    st.caption(
        "Each p-value is exact for works without the mark, so their curves should reach as high as the share"
        " allowed for; with few of them, small shares cannot be told from none: see the intervals."
    )


def _lengths(section: Section) -> list[tuple[str, str]]:
    rows = curve(section, FOUND, "tokens")
    if len(rows) < 2:
        return []
    last = rows[rows["series"] == FOUND["detected"]].iloc[-1]
    chart(
        escaped(
            f"{title_of(section)}: found in {amount(last['value'], 'share')} by {last['at']:g} tokens",
            limit=600,
        ),
        curves(
            rows,
            palette(),
            across="tokens from the start of the text",
            down="mark found, of 100 texts",
            lines={f"{LONG_ENOUGH} tokens": LONG_ENOUGH},
        ),
        rows,
        key=f"lengths-{section.anchor}",
        words=curves_words(rows),
    )
    return [(f"{section.card.id}/{name}", "tokens") for name in FOUND]


def _survival(section: Section) -> list[tuple[str, str]]:
    rows = survival(section)
    known = rows[rows["value"].notna()]
    if not len(known):
        return []
    chart(
        escaped(f"{title_of(section)}: {_hurt(section, known)}", limit=600),
        group_forest(known, palette()),
        known,
        key=f"survival-{section.anchor}",
        words=interval_alt(known, ("group",)),
    )
    for row in rows[rows["missing"] != ""].to_dict("records"):
        st.markdown(f"- No number for {escaped(row['group'])}: {escaped(row['missing'], limit=600)}")
    return [(f"{section.card.id}/detected", str(by)) for by in rows["by"].unique()]


def _hurt(section: Section, known: pd.DataFrame) -> str:
    """What hurts the mark most, where there is a mark to be hurt."""
    found = next((part.found for part in section.metrics if part.name == f"{section.card.id}/detected"), None)
    if isinstance(found, Estimate) and found.interval.low <= (found.null or 0.0):
        return "no mark was found before any attack, so none can be hurt"
    worst = known.sort_values("value", kind="stable").to_dict("records")[0]
    told = amount(float(worst["value"]), "share")
    return f"what hurts the mark most is {worst['group']}, after which it is found in {told}"


def _alarms(section: Section) -> list[tuple[str, str]]:
    shown = []
    for part in section.metrics:
        rows = groups(section, part.name)
        for name, by in ALARMS:
            its = rows[(rows["by"] == by) & rows["value"].notna()]
            if part.name != f"{section.card.id}/{name}" or not len(its):
                continue
            worst = its.iloc[0]
            highest = float(worst["value"])
            told = "none in any" if highest == 0 else f"most in {worst['group']}, {amount(highest, 'share')}"
            chart(
                escaped(f"{part.title}, by {by}: {told}", limit=600),
                group_forest(its, palette()),
                its,
                key=f"alarms-{section.anchor}-{name}-{by}",
                words=interval_alt(its, ("group",)),
            )
            shown.append((part.name, by))
    return shown


family_page("watermark", _main)
