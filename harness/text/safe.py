"""Hostile text made fit for a terminal, a CI log and a single line.

Everything that a model, a data set or a stranger's plugin wrote is hostile: it can recolour a
terminal, reverse the reading direction, hide words, or speak to the CI runner that prints it.
What is dangerous becomes a visible escape; what is merely foreign stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["escape_rich", "printable"]

# Cc control, Cf format (bidirectional overrides, zero width, tags), Cs lone surrogates, Co private use,
# Zl and Zp line and paragraph separators.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

# Invisible characters outside those categories, and code points reserved for more of them, so that the
# answer does not change with the Unicode tables of the Python at hand: Unicode's Default_Ignorable_Code_Point,
# and the blank Braille pattern.
IGNORABLE = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0xE0000, 0xE0FFF),
)

# More marks than any living script stacks on one letter: the rest would climb over neighbouring lines.
MOST_MARKS = 4

SHORTEST_LIMIT = 40

# A terminal may break a line anywhere, so what means something at the start of a line is broken everywhere:
# GitHub's `::command::` and `##[command]`, Azure's `##vso[`, GitLab's `section_start:`.
HASHES = re.compile(r"##(?=\w*\[)")
SECTION = re.compile(r"section_(start|end):")

CUT_ESCAPE = re.compile(r"\\(x[0-9a-f]?|u[0-9a-f]{0,3}|U[0-9a-f]{0,7})?\Z")

# A bracket that starts a tag, or would if the next printed text went on with one; and any other bracket.
OPENS_TAG = re.compile(r"(\\*)\[(?=[a-z#/@]|\Z)")
OPENS_NONE = re.compile(r"\[(?![a-z#/@]|\Z)")
END_BACKSLASHES = re.compile(r"\\+\Z")


def printable(text: str, *, limit: int = 200) -> str:
    r"""Make ``text`` safe to print anywhere, on one line.

    Line ends become ``⏎``; control, format, bidirectional and invisible characters become escapes such
    as ``\x1b``; tabs and unusual spaces become blanks; commands to CI runners are broken by an escape.
    Letters of every script stay. Not reversible: a backslash of the text itself is not doubled.

    Args:
        text: Anything, lone surrogates included.
        limit: Most characters returned, at least 40; a longer text is cut and says its length.

    Returns:
        At most ``limit`` characters; applied again with the same limit, the same text.

    Raises:
        ValueError: ``limit`` is below 40.
    """
    if limit < SHORTEST_LIMIT:
        raise ValueError(f"a limit of {limit} leaves no room to say how long the text was; use at least 40")
    # Only a head of it is looked at: a reply may be megabytes long.
    shown = _silence_runners(_escape(text[: limit + 1]))
    if len(shown) <= limit and len(text) <= limit + 1:
        return shown
    note = f" … ({len(text):,} characters in all)"
    return CUT_ESCAPE.sub("", shown[: limit - len(note)]) + note


def escape_rich(text: str) -> str:
    r"""Keep rich from reading markup in ``text``, wherever it stands: ``f"[b]{escape_rich(x)}[/b] {escape_rich(y)}"``.

    It is for text that is printable already (`printable`); where no markup is wanted at all, hand
    ``rich.text.Text`` the plain text instead. Two hostile texts side by side cannot make one tag: a bracket
    is disarmed even where nothing closes it, and backslashes at the end cannot disarm the tag that follows.
    The price is that backslashes before an unclosed bracket, and at the very end of a line of markup, show
    doubled. Emoji codes such as ``:smile:`` are left to the console's ``emoji=False``.
    """
    text = END_BACKSLASHES.sub(lambda found: found[0] * 2, text)
    # In rich a backslash before a tag is literal only when doubled; before any other bracket it is literal as it is.
    text = OPENS_NONE.sub(r"\\[", text)
    return OPENS_TAG.sub(lambda found: f"{found[1]}{found[1]}\\[", text)


def _escape(text: str) -> str:
    pieces: list[str] = []
    marks = 0
    for char in text.replace("\r\n", "\n"):
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        pieces.append(_shown(char, category, marks))
    return "".join(pieces)


def _shown(char: str, category: str, marks: int) -> str:
    if char in "\n\r\x0b\x0c\x85\u2028\u2029":
        return "⏎"
    if char == "\t" or category == "Zs":
        return " "
    code = ord(char)
    hidden = category in UNSEEN or any(first <= code <= last for first, last in IGNORABLE)
    if hidden or marks > MOST_MARKS:
        return char.encode("unicode_escape").decode("ascii")
    return char


def _silence_runners(text: str) -> str:
    # Every second colon goes, and no "::" is left: ":::" becomes ":\x3a:".
    text = text.replace("::", r":\x3a")
    text = HASHES.sub(r"#\\x23", text)
    return SECTION.sub(r"section_\1\\x3a", text)
