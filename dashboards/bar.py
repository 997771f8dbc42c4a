"""The bar above every page: which model, which run, what was decided, and how old that is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

import streamlit as st

from dashboards.choices import choice, choose
from dashboards.opened import addressed, before, chosen, library, policies, reader, runs, troubles, view
from dashboards.safe_text import commands, escaped, plain
from harness.query import RULINGS, Listed, Role, plural

__all__ = ["ICONS", "age", "bar", "door", "needs_run"]

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
SEES: Mapping[Role, str] = {
    Role.POLICY: "you see findings, and no single case",
    Role.AUDITOR: "you see every case, personal data blacked out",
    Role.ADMIN: "you see every case, and may uncover what is blacked out",
}
FILL = (
    ("harness demo", "a scripted model with known flaws; no network, no weights, a few seconds"),
    ("harness run", "the model of your harness.toml, or a small real one"),
    ("harness study dedup", "with and without a mitigation; trains a small model, seven minutes"),
)


def door() -> None:
    """Let in who may read, and stop before anybody else."""
    who = reader()
    if who.role is not None:
        if who.logs_in:
            with st.sidebar:
                st.caption(f"Logged in as {escaped(who.name)}")
                st.button("Log out", on_click=st.logout)
        return
    if who.name:
        st.title("You may not read here")
        st.markdown(f"You are logged in as {escaped(who.name)}, and nobody gave you a role. Ask who runs this page.")
        st.button("Log out", on_click=st.logout)
    else:
        st.title("Log in to read")
        st.markdown("Findings about models are for people who have a role here.")
        st.button("Log in", on_click=st.login, type="primary")
    st.stop()


def bar(*, needed: bool = True) -> None:
    """Choose a run and say what it is; with an empty store, say what fills it and stop.

    Args:
        needed: Whether the page is about a run. One that is not goes on without any.
    """
    for trouble in troubles():
        st.markdown(f"▲ {escaped(trouble, limit=600)}")
    listed = runs()
    one = chosen(listed)
    if one is None:
        if needed:
            _empty(listed)
            st.stop()
        return
    _choices(listed, one)
    told = [
        f"Model {escaped(one.model)}",
        f"profile {escaped(one.profile)}",
        f"{age(one.finished)}",
        *(f"with {escaped(name)}" for name in one.mitigations),
        f"as {library().role.value} {SEES[library().role]}",
    ]
    st.caption(" · ".join(told))
    _unreadable(listed)


def _choices(listed: tuple[Listed, ...], one: Listed) -> None:
    """Run, baseline, policy, and the verdict that follows from them."""
    named = {its.name: its for its in listed if not its.trouble}
    titles = {name: _title(its.model, its.finished, name) for name, its in named.items()}
    others = {name: title for name, title in titles.items() if name != one.name}
    by = {name: plain(name) for name in policies()}
    places = st.columns([4, 3, *([2] if by else []), 2], vertical_alignment="bottom")
    choice(places[0], "Run", titles, one.name, key="run")
    usual = before(one, listed)
    told = f"the run before: {plain(usual.name)}" if usual else "no older run asked the same"
    choose(places[1], "Held against", others, key="baseline", empty=told)
    if by:
        choose(places[2], "Judged by", by, key="policy", empty="the run's own limits")
    with places[-1]:
        chip(one)


def chip(one: Listed) -> None:
    """The verdict as shape, word and colour."""
    banner = view(one.name).banner if addressed("policy", policies()) else one.banner
    key = banner.key if banner else "none"
    st.badge(f"{ICONS[key]} {RULINGS[key]}", color=COLOURS.get(key, "gray"))  # type: ignore[arg-type]  # a name of its own


def needs_run() -> Listed:
    """The run that the page is about; where there is none, say what fills the store and stop."""
    listed = runs()
    one = chosen(listed)
    if one is None:
        _empty(listed)
        st.stop()
    return one


def age(finished: str, now: datetime | None = None) -> str:
    """How long ago a run finished, in words."""
    try:
        days = ((now or datetime.now(UTC)) - datetime.fromisoformat(finished)).days
    except (ValueError, TypeError):
        return "of unknown age"
    return "from today" if days < 1 else f"{plural(days, 'day')} old"


@lru_cache(maxsize=4096)
def _title(model: str, finished: str, name: str) -> str:
    return f"{plain(model)} · {plain(finished[:16].replace('T', ' '))} · {plain(name)}"


def _unreadable(listed: tuple[Listed, ...]) -> None:
    broken = [its for its in listed if its.trouble]
    if broken:
        with st.expander(f"{plural(len(broken), 'bundle')} of this store cannot be read"):
            for its in broken:
                st.markdown(f"- {escaped(its.name)}: {escaped(its.trouble, limit=500)}")


def _empty(listed: tuple[Listed, ...]) -> None:
    st.title("There is no run to show yet")
    for its in listed:
        st.markdown(f"- {escaped(its.name)} cannot be read: {escaped(its.trouble, limit=500)}")
    st.markdown("A store is filled by any of these:")
    for command, what in FILL:
        commands(command)
        st.caption(what)
