"""Texts that somebody else wrote, on their way to a browser: the only way that they take.

Streamlit reads Markdown in labels, titles, help texts, alerts and tables, pictures included: a model's answer could
make a reader's browser call out. Everything that a model, a data set, a plugin or a bundle wrote goes through here.
"""

from __future__ import annotations

import re

import streamlit as st

from harness.query import printable

__all__ = ["commands", "escaped", "plain", "show_untrusted"]

LONGEST = 4000
"""Characters of one text."""
LONGEST_LABEL = 300
MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&=^@\"'])")
"""Everything that means something to Markdown, to TeX between dollars, or to the names of icons between colons."""


def show_untrusted(text: str, *, missing: str = "") -> None:
    """Show ``text`` as it stands, each line a line, what is unseen made visible; ``missing`` where it is empty."""
    lines = [printable(line, limit=LONGEST) for line in text[: LONGEST + 1].split("\n")]
    shown = "\n".join(lines)
    cut = f"\n… cut after {LONGEST:,} of {len(text):,} characters" if len(text) > LONGEST else ""
    if not shown.strip() and missing:
        st.caption(missing)
    else:
        st.code(f"{shown}{cut}", language=None, wrap_lines=True)


def commands(text: str) -> None:
    """Show lines to be copied, ours or put together of what `plain` let through; a long one breaks."""
    st.code(text, language=None, wrap_lines=True)


def escaped(text: str, *, limit: int = LONGEST_LABEL) -> str:
    """``text`` on one line, with every character that Markdown would read made plain: for labels and sentences."""
    return MARKDOWN.sub(r"\\\1", printable(text, limit=limit))


def plain(text: str, *, limit: int = LONGEST_LABEL) -> str:
    """``text`` on one line for places that read no Markdown: options of a choice, cells of a table, charts."""
    return printable(text, limit=limit)
