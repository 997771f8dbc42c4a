"""Choices that stand in the address by name, so that a link means the same wherever titles are worded anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.opened import address, addressed
from dashboards.safe_text import plain

__all__ = ["choice", "choose", "named"]


def choice(
    place: DeltaGenerator, label: str, titles: Mapping[str, str], value: str, *, key: str, empty: str | None = None
) -> None:
    """A choice that stands in the address by its name, where Streamlit's own binding would write its title.

    Args:
        place: Where it is laid out.
        label: What is chosen.
        titles: Titles of the choices by name.
        value: Name of what is chosen now; empty for nothing.
        key: Of the address.
        empty: What is told where nothing is chosen; None where something always is.
    """
    st.session_state[key] = value or None
    place.selectbox(
        label,
        list(titles),
        index=0 if empty is None else None,
        placeholder=empty,
        format_func=lambda name: titles.get(name, name),
        key=key,
        on_change=lambda: address(key, st.session_state[key]),
        disabled=not titles,
    )
    if value and value == addressed(key, titles):
        # A link to this page has left it out.
        address(key, value)


def choose(place: DeltaGenerator, label: str, titles: Mapping[str, str], *, key: str, empty: str | None = None) -> str:
    """Lay out a `choice` and return the name of what is chosen: of what the address names, or else of the first.

    Where there may be nothing to choose, or nothing is chosen, the name is empty.

    Args:
        place: Where it is laid out.
        label: What is chosen.
        titles: Titles of the choices by name.
        key: Of the address.
        empty: What is told where nothing is chosen, as is usual then; None where something always is.
    """
    name = addressed(key, titles) or ("" if empty is not None else next(iter(titles), ""))
    choice(place, label, titles, name, key=key, empty=empty)
    return name


def named(choices: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Titles by key, for a choice: a title that is not unique names its key too.

    Args:
        choices: Keys and titles.
    """
    titles = dict(choices)
    seen = Counter(titles.values())
    return {key: plain(title if seen[title] == 1 else f"{title} ({key})") for key, title in titles.items()}
