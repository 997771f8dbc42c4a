"""The store that the app was started with, read once for each bundle; and what the reader chose, from the address."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from dashboards.started import ROLE, STORE
from harness.query import Library, Listed, Role, RunView, open_library

__all__ = ["chosen", "is_dark", "library", "runs", "view"]


@st.cache_resource
def _library(store: str, role: str) -> Library:
    return open_library(Path(store), Role(role))


def library() -> Library:
    """The store, as the reader may see it."""
    return _library(os.environ.get(STORE, "runs"), os.environ.get(ROLE, Role.AUDITOR.value))


def runs() -> tuple[Listed, ...]:
    """All runs, newest first; looked at anew on every visit, since others write there."""
    return library().runs()


@st.cache_data(max_entries=50, show_spinner="Reading the run …")
def _view(store: str, name: str, digest: str) -> RunView:
    # A bundle never changes, and another one by its name has another manifest: the key says it all.
    del store, digest
    return library().view(name)


def view(name: str) -> RunView:
    """Everything that pages show of a run, but for single cases."""
    its = library()
    return _view(str(its.store.root), name, its.fingerprint(name))


def chosen(listed: tuple[Listed, ...]) -> Listed | None:
    """The run that the address names; the newest readable one where it names none, or one that is not there."""
    wanted = st.query_params.get("run")
    named = next((one for one in listed if one.name == wanted), None)
    return named or next((one for one in listed if not one.trouble), None)


def is_dark() -> bool:
    """Whether the reader's theme is dark."""
    return bool(st.context.theme.type == "dark")
