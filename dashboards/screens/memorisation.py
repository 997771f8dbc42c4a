"""How does it fail? Everything that was asked about memorisation."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboards.charts.families import curves, curves_words
from dashboards.charts.memorisation import exposed_chart, exposed_words
from dashboards.choices import choose
from dashboards.family import Apart, family_page
from dashboards.frames.families import cell_of, curve
from dashboards.frames.memorisation import exposed
from dashboards.gallery import exhibits, pictures_of
from dashboards.opened import library
from dashboards.parts import chart, palette
from dashboards.safe_text import escaped
from harness.query import Exposures, Section, exposures, plural

GIVEN = {"extracted_share": "passages it was trained on", "unseen_share": "passages it never saw"}
PLANTED = {"canary_share": "planted secrets given back whole"}
BITS = {"exposure": "planted secrets", "chance_exposure": "what chance gives"}
"""Metrics that are drawn along the characters given and along repeats, by the end of their names."""


@st.cache_data(max_entries=50, show_spinner="Reading the scores …")
def exposures_of(store: str, run: str, digest: str, cells: str, _sections: Sequence[Section]) -> tuple[Exposures, ...]:
    """Exposures of planted secrets; the bundle's digest and the cells' names say that they are the same ones."""
    del store, digest, cells
    return exposures(library(), run, _sections)


def main(run: str, sections: Sequence[Section]) -> Apart:
    """What only this family has: copies beside their originals, extraction and exposure along their causes."""
    for section in sections:
        if cell_of(section) in pictures_of(run).walls:
            told = section.metrics[0].sentence if section.metrics else ""
            exhibits(run, cell_of(section), "Drawn beside the nearest training picture, most alike first", told)
    shown = [found for section in sections for found in (*by_prefix(section), *by_repeats(section))]
    its, cells = library(), " ".join(cell_of(section) for section in sections)
    spreads(exposures_of(str(its.store.root), run, its.fingerprint(run), cells, sections))
    return shown


def by_prefix(section: Section) -> Apart:
    """How much is given back the more of its beginning is given."""
    rows = curve(section, GIVEN, "prefix")
    if len(set(rows["at"])) < 2:
        return ()
    st.subheader("The more of a passage is given, the more comes back?")
    last = rows[rows["at"] == rows["at"].max()]
    given = {row["series"]: row["value"] for row in last.to_dict("records")}
    found = " and ".join(f"{100 * given[name]:.3g} of 100 {name}" for name in GIVEN.values() if name in given)
    chart(
        f"Given {rows['at'].max():,.0f} characters, it goes on word for word with {found}",
        curves(rows, palette(), across="characters of the passage that are given", down="of 100 passages"),
        rows,
        key=f"prefix-{section.anchor}",
        words=curves_words(rows),
    )
    st.caption("Passages that it never saw show what can be guessed without memory. Bands are 95 % intervals.")
    return _drawn(section, {**GIVEN, "excess": "what lies between the two"}, "prefix")


def by_repeats(section: Section) -> Apart:
    """How much is given back, or how far it is exposed, the more often it was in the training."""
    shown: list[tuple[str, str]] = []
    for metrics, down, what in (
        (PLANTED, "of 100 secrets", "secrets given back whole"),
        (BITS, "exposure in bits", "exposure"),
    ):
        rows = curve(section, metrics, "repeats")
        trained = rows[rows["at"] > 0]
        if len(set(trained["at"])) < 2:
            continue
        st.subheader(f"The more often it was in the training, the more {what}?")
        chart(
            f"{what.capitalize()}, {_ends(trained[trained['series'] == next(iter(metrics.values()))])}",
            curves(trained, palette(), across="times in the training", down=down, log=True),
            trained,
            key=f"repeats-{section.anchor}-{down}",
            words=curves_words(trained),
        )
        shown += _drawn(section, metrics, "repeats")
        never = rows[rows["at"] == 0].to_dict("records")
        if never and metrics is PLANTED:
            its = never[0]
            st.caption(
                f"Of {its['n']:,.0f} secrets that a coin kept out of the training {100 * its['value']:.3g} of 100"
                f" (95 % interval {100 * its['low']:.3g} to {100 * its['high']:.3g}) were given back all the same."
            )
    return shown


def _drawn(section: Section, metrics: Mapping[str, str], by: str) -> list[tuple[str, str]]:
    """Metrics and kinds of group that need not be shown again."""
    return [(f"{section.card.id}/{name}", by) for name in metrics]


def _ends(rows: pd.DataFrame) -> str:
    """The first and the last value of one curve, in words."""
    scale, unit = (100, " of 100") if rows["unit"].iloc[0] == "share" else (1, " bits")
    start, end = rows.iloc[0], rows.iloc[-1]
    return (
        f"from {scale * start['value']:.3g}{unit} at {plural(int(start['at']), 'time')} to"
        f" {scale * end['value']:.3g}{unit} at {plural(int(end['at']), 'time')}"
    )


def spreads(found: Sequence[Exposures]) -> None:
    """How exposures spread: of all secrets, or of those that were in the training so often."""
    if not found:
        return
    st.subheader("How exposed is each planted secret?")
    missing = [its for its in found if its.missing]
    for its in missing:
        st.markdown(f"No distribution: {escaped(its.missing, limit=600)}.")
    known = {str(its.repeats) if its.repeats is not None else "all": its for its in found if its.steps}
    if not known:
        return
    titles = {name: _named(its) for name, its in known.items()}
    its = known[choose(st.container(), "In the training", titles, key="repeats")]
    rows = exposed(its)
    chart(
        its.finding,
        exposed_chart(rows, palette()),
        rows,
        key="exposed",
        words=exposed_words(rows),
    )
    st.caption(
        "A planted secret is ranked among others like it that were planted nowhere: one bit means the likelier half,"
        " two bits the likeliest quarter, and so on. The broad dash is where chance alone would put the bar, the thin"
        " line its 95 % interval. Many bars right of where the dashes shrink: the model knows its secrets."
    )


def _named(its: Exposures) -> str:
    if its.repeats is None:
        return "all that were, once or more"
    return f"{plural(its.repeats, 'time')}" if its.repeats else "never: left out by a coin"


family_page("memorisation", main)
