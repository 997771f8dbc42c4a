"""The store that the app was started with, read once for each bundle; and what the reader chose, from the address."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboards.login import named, read_login, role_of
from dashboards.started import LOGIN, POLICIES, ROLE, STORE, URL
from harness.query import HarnessError, Library, Listed, Role, RunView, open_library, open_mirror

__all__ = [
    "Reader",
    "address",
    "addressed",
    "baseline",
    "before",
    "chosen",
    "is_dark",
    "library",
    "newest",
    "opened_for",
    "policies",
    "reader",
    "runs",
    "shown",
    "troubles",
    "view",
]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads.

    Attributes:
        role: What they may see; None for nothing: they must log in first, or have no role.
        name: By which they are written down; empty before they log in.
        logs_in: Whether people log in here.
    """

    role: Role | None
    name: str
    logs_in: bool


def reader() -> Reader:
    """Who reads: whoever logged in, or the one who started the app."""
    place = os.environ.get(LOGIN)
    if not place:
        return Reader(Role(os.environ.get(ROLE, Role.AUDITOR.value)), _who(), logs_in=False)
    if not st.user.is_logged_in:
        return Reader(None, "", logs_in=True)
    claims = st.user.to_dict()
    return Reader(role_of(read_login(Path(place)), claims), named(claims), logs_in=True)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user on this system
        return "unknown"


@st.cache_resource(show_spinner=False)
def _library(store: str, role: str, policies: str) -> Library:
    return open_library(Path(store), Role(role), {name: Path(its) for name, its in json.loads(policies).items()})


def library() -> Library:
    """The store, as the reader may see it. Who may see nothing does not get past the bar."""
    role = reader().role
    if role is None:
        st.stop()
    return opened_for(role)


def opened_for(role: Role) -> Library:
    """The store, as that role may see it."""
    return _library(os.environ.get(STORE, "runs"), role.value, os.environ.get(POLICIES, "{}"))


def runs() -> tuple[Listed, ...]:
    """All runs, newest first; looked at anew on every visit, since others write there."""
    return library().runs()


@st.cache_data(ttl=60, show_spinner="Looking for new runs …")
def fetched(url: str, copies: str) -> tuple[str, ...]:
    """Copy what was finished elsewhere since the last minute, and return what is wrong with it."""
    try:
        return open_mirror(url, Path(copies)).refresh()
    except HarnessError as error:
        return (f"{error} What was copied before is shown.",)


def troubles() -> tuple[str, ...]:
    """What is wrong with a store elsewhere, once its news have been copied; nothing where the store is a folder."""
    url = os.environ.get(URL, "")
    return fetched(url, str(Path(os.environ[STORE]).parent)) if url else ()


@st.cache_data(max_entries=50, show_spinner=False)
def _view(_its: Library, store: str, name: str, digest: str, policy: str, today: str) -> RunView:
    # A bundle never changes, and another one by its name has another manifest: the key says it all. Waivers of another
    # policy are as of today.
    del store, digest, today
    return _its.view(name, policy)


def shown(its: Library, name: str, policy: str) -> RunView:
    """Everything that pages show of a run of ``its``, judged by ``policy``; by its own where that is empty."""
    return _view(its, str(its.store.root), name, its.fingerprint(name), policy, its.today() if policy else "")


def view(name: str) -> RunView:
    """`shown` of a run to whoever reads, judged by the policy that the address names."""
    its = library()
    with st.spinner("Reading the run …"):
        return shown(its, name, addressed("policy", its.policies))


def policies() -> tuple[str, ...]:
    """Names of the policies that a run may be judged by besides its own."""
    return tuple(library().policies)


def chosen(listed: tuple[Listed, ...]) -> Listed | None:
    """The run that the address names; the newest readable one where it names none, or one that is not there."""
    return _named(listed, "run") or newest(listed)


def newest(listed: tuple[Listed, ...]) -> Listed | None:
    """The newest run that can be read; None where there is none."""
    return next((one for one in listed if not one.trouble), None)


def baseline(listed: tuple[Listed, ...]) -> Listed | None:
    """The run that the chosen one is held against: that of the address, or else `before`; None where there is none."""
    one = chosen(listed)
    if one is None:
        return None
    named = _named(listed, "baseline")
    return named if named is not None and named.name != one.name else before(one, listed)


def before(one: Listed, listed: tuple[Listed, ...]) -> Listed | None:
    """The newest older run of the same model that was asked something of the same; or else the newest older run.

    Args:
        one: Of ``listed``.
        listed: All runs, newest first.
    """
    # Records tell whole seconds: of one second, the order of the store stands.
    age = {its.name: (its.finished, -place) for place, its in enumerate(listed)}
    older = [its for its in listed if not its.trouble and age[its.name] < age[one.name] and its.cells & one.cells]
    return next((its for its in older if its.model == one.model), next(iter(older), None))


def _named(listed: tuple[Listed, ...], key: str) -> Listed | None:
    named = {one.name: one for one in listed if not one.trouble}
    return named.get(addressed(key, named))


def addressed(key: str, known: Collection[str]) -> str:
    """What the address says under ``key``; where it says nothing, since links to pages leave it out, what it last said.

    Args:
        key: Of the address.
        known: What it may say. Anything else is as if nothing were said.
    """
    said = (st.query_params.get(key, ""), st.session_state.get(f"address-{key}", ""))
    return next((value for value in said if value in known), "")


def address(key: str, value: str | None) -> None:
    """Write ``value`` under ``key`` into the address, on this page and the others; None takes it out."""
    st.session_state[f"address-{key}"] = value or ""
    if value:
        st.query_params[key] = value
    else:
        st.query_params.pop(key, None)


def is_dark() -> bool:
    """Whether the reader's theme is dark."""
    return bool(st.context.theme.type == "dark")
