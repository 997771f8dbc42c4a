"""The bar above every page: which model, which run, what was decided, and how old that is."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboards.opened import chosen, library, runs
from dashboards.safe_text import escaped, plain
from harness.query import RULINGS, Listed, plural

__all__ = ["ICONS", "age", "bar", "needs_run"]

ICONS = {
    "pass": "●",
    "fail": "■",
    "waived": "▲",
    "inconclusive": "◆",
    "not_judged": "◆",
    "none": "○",
}
"""A shape for each ruling, beside its word and its colour."""
COLOURS = {"pass": "blue", "fail": "orange", "waived": "yellow"}
FILL = (
    ("harness demo", "a scripted model with known flaws; no network, no weights, a few seconds"),
    ("harness run", "the model of your harness.toml, or a small real one"),
    ("harness study dedup", "with and without a mitigation; trains a small model, seven minutes"),
)


def bar() -> None:
    """Choose a run and say what it is; with an empty store, say what fills it and stop."""
    listed = runs()
    one = chosen(listed)
    if one is None:
        _empty(listed)
        st.stop()
    names = [its.name for its in listed if not its.trouble]
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        st.selectbox(
            "Run",
            names,
            index=names.index(one.name) if one.name in names else 0,
            format_func=lambda name: _title(next(its for its in listed if its.name == name)),
            key="run",
            bind="query-params",
            persist_state="session",
        )
    with right:
        chip(one)
    told = [
        f"Model {escaped(one.model)}",
        f"profile {escaped(one.profile)}",
        f"{age(one.finished)}",
        f"you read as {library().role.value}",
        *(f"with {escaped(name)}" for name in one.mitigations),
    ]
    st.caption(" · ".join(told))
    broken = [its for its in listed if its.trouble]
    if broken:
        with st.expander(f"{plural(len(broken), 'bundle')} of this store cannot be read"):
            for its in broken:
                st.markdown(f"- {escaped(its.name)}: {escaped(its.trouble, limit=500)}")


def chip(one: Listed) -> None:
    """The verdict as shape, word and colour."""
    key = one.banner.key if one.banner else "none"
    st.badge(f"{ICONS[key]} {RULINGS[key]}", color=COLOURS.get(key, "gray"))  # type: ignore[arg-type]  # a name of its own


def needs_run() -> Listed:
    """The run that the page is about; `bar` has stopped already where there is none."""
    one = chosen(runs())
    if one is None:
        st.stop()
    return one


def age(finished: str, now: datetime | None = None) -> str:
    """How long ago a run finished, in words."""
    try:
        days = ((now or datetime.now(UTC)) - datetime.fromisoformat(finished)).days
    except (ValueError, TypeError):
        return "of unknown age"
    return "from today" if days < 1 else f"{plural(days, 'day')} old"


def _title(one: Listed) -> str:
    return f"{plain(one.model)} · {plain(one.finished[:16].replace('T', ' '))} · {plain(one.name)}"


def _empty(listed: tuple[Listed, ...]) -> None:
    st.title("There is no run to show yet")
    for its in listed:
        st.markdown(f"- {escaped(its.name)} cannot be read: {escaped(its.trouble, limit=500)}")
    st.markdown("A store is filled by any of these:")
    for command, what in FILL:
        st.code(command, language=None)
        st.caption(what)
