"""One case: what was asked, what came back, how it was judged; and, for who may, what was blacked out."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.gallery import images
from dashboards.opened import reader
from dashboards.safe_text import escaped, show_untrusted
from harness.query import HarnessError, Library, Role, Sample, pictures_named, plural, reveal

__all__ = ["gist", "show_answer", "show_asked", "show_sample"]

LONGEST_GIST = 90
"""Characters of a prompt in a list."""
PICTURE, MOST_PICTURES = 160, 12
"""Width in pixels of a reply's picture, and how many of them are shown."""
PARTS = ("prompt", "context", "continuations", "record")
"""Of an ask, by which it may be told, the first that it has."""


def gist(sample: Sample) -> str:
    """What tells a case from another in a list: how its prompt ends, since many begin with the same examples."""
    asked = sample.ask if isinstance(sample.ask, dict) else {}
    its = next((text for name in PARTS if (text := _told(asked.get(name)))), "") or _drawn(asked)
    text = " ".join(its.split())
    return text if len(text) <= LONGEST_GIST else f"… {text[-LONGEST_GIST:].partition(' ')[2]}"


def _drawn(asked: dict[str, Any]) -> str:
    """What is to be drawn where no words say it."""
    return ", ".join(f"{name} {asked[name]}" for name in ("label", "seed") if asked.get(name) is not None)


def show_sample(library: Library, run: str, sample: Sample) -> None:
    """Lay out ``sample`` of ``run``."""
    whole = st.session_state.get(_key("seen", run, sample)) if library.role is Role.ADMIN else None
    show_asked(whole or sample)
    show_answer(library, run, whole or sample)
    if whole is None and sample.hidden:
        st.caption(f"{plural(sample.hidden, 'passage')} that looked like personal data were blacked out.")
        if library.role is Role.ADMIN:
            _ask_why(library, run, sample)
    st.page_link(
        "screens/samples.py",
        label="Link to this case",
        query_params={"run": run, "cell": sample.cell, "case": sample.case},
    )


def show_asked(sample: Sample) -> None:
    """What was put to the model, and what the probe knows of it."""
    st.caption("What was asked")
    for name, value in sample.ask.items():
        show_untrusted(f"{name}: {_told(value)}")
    if sample.expected:
        st.caption("What was expected")
        show_untrusted(_told(sample.expected))
    if sample.groups:
        st.caption("Groups")
        show_untrusted("\n".join(f"{name}: {value}" for name, value in sample.groups.items()))


def show_answer(library: Library, run: str, sample: Sample) -> None:
    """What came back, pictures too, and how it was judged."""
    st.caption(f"What came back ({escaped(sample.finish)})")
    _show_pictures(library, run, sample)
    show_untrusted(sample.text or sample.error or "", missing=_silent(sample))
    st.caption("How it was judged")
    show_untrusted("\n".join(f"{name} = {value:.6g}" for name, value in sample.values.items()) or "no value")
    if sample.note:
        show_untrusted(sample.note)


def _show_pictures(library: Library, run: str, sample: Sample) -> None:
    """The reply's pictures, or why they are not shown."""
    if not sample.media:
        return
    try:
        images(pictures_named(library, run, sample.media[:MOST_PICTURES]), PICTURE)
    except HarnessError as error:
        st.markdown(f"■ {escaped(str(error), limit=600)}")
    if len(sample.media) > MOST_PICTURES:
        st.caption(f"The first {MOST_PICTURES} of {plural(len(sample.media), 'picture')}.")


def _silent(sample: Sample) -> str:
    if sample.media:
        return f"{plural(len(sample.media), 'picture')} and no text."
    return "No text: the model was asked for likelihoods."


def _told(value: Any) -> str:
    """A value of an ask, on as many lines as a reader wants."""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {its}" for name, its in value.items())
    if isinstance(value, list):
        return "\n".join(_told(one) for one in value)
    return "" if value is None else str(value)


def _ask_why(library: Library, run: str, sample: Sample) -> None:
    """Uncover it for this visit, once the reason is written down."""
    why = st.text_input("Why must it be seen? Your name, the time and this are kept.", key=_key("why", run, sample))
    if not st.button("Show what was blacked out", key=_key("reveal", run, sample)):
        return
    try:
        found = reveal(library, run, sample.cell, sample.case, who=reader().name, why=why or "")
    except HarnessError as error:
        st.markdown(f"■ {escaped(str(error), limit=600)}")
        return
    st.session_state[_key("seen", run, sample)] = found
    st.rerun()


def _key(what: str, run: str, sample: Sample) -> str:
    return f"{what}-{run}-{sample.cell}-{sample.case}"
