"""Options that a prompt lists under marks: found, put in another order, and named in a reply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.text.normalise import fold

__all__ = ["OptionList", "find"]

LINES = re.compile(r"(\n| \|\| )")
"""What stands between options: a line break, or bars on one line."""
ITEM = re.compile(r"(\s*([(\[]?)([A-Za-z]|[1-9]\d?)([).\]:])\s+)(\S.*)", re.DOTALL)
CONTINUED = re.compile(r"\s*[(\[]?([A-Za-z]|[1-9]\d?)[)\].:]?\s*")
ANSWERED = re.compile(
    r"(?:(?:a|answer|output)(?:\s*::?|\s+-|\s)\s*)?[(\[]?(?:[A-Za-z]|[1-9]\d?)(?:[)\].]?|[)\].:]\s.*)"
    r"|(?:a|answer|output)(?:\s*::?|\s+-)\s*[^\s:-].*",
    re.IGNORECASE | re.DOTALL,
)
"""A field of an answer that is filled in: what is above it is an example."""

DECORATION = r"[(\[*_\"'`]*"
ENDED = r"[)\]*_\"'`]*"


@dataclass(frozen=True, slots=True)
class OptionList:
    """The last list of options in a prompt, at least two, in pieces that add up to the prompt.

    Attributes:
        before: What stands above it.
        marks: What stands before each option: its mark with the space around it.
        names: The letters, or the numbers, of the marks: A, B, ... or a, b, ... or 1, 2, ...
        options: Texts, none empty, as they are shown.
        gaps: What stands behind each option, the last one's to the end of the prompt.
    """

    before: str
    marks: tuple[str, ...]
    names: tuple[str, ...]
    options: tuple[str, ...]
    gaps: tuple[str, ...]

    @property
    def after(self) -> str:
        """What stands below the list."""
        return self.gaps[-1]

    def text(self, order: Sequence[int]) -> str:
        """Return the prompt with its options in another order, under marks as before.

        Args:
            order: For each place, the number of the option that stands there, in the order of `options`.
        """
        shown = [self.options[number] for number in order]
        return self.before + "".join(part for parts in zip(self.marks, shown, self.gaps, strict=True) for part in parts)

    def label(self, place: int) -> str:
        """Return the mark at ``place`` as it is shown, such as ``B.`` or ``(B)``."""
        return self.marks[place].strip()

    def place(self, text: str) -> int | None:
        """Return the place of the mark that ``text`` is, brackets or a full stop aside; None for any other text."""
        found = CONTINUED.fullmatch(text)
        return self.names.index(found[1]) if found and found[1] in self.names else None

    def choice(self, reply: str, order: Sequence[int]) -> int | None:
        """Return the number of the option that a reply to ``text(order)`` chooses, or None where it cannot be told.

        It may be the text of an option, a mark in front, a mark named as the answer, the only mark in brackets, or
        the only option that the reply mentions.
        """
        folded = [fold(option) for option in self.options]
        whole = [number for number, option in enumerate(folded) if option and option == fold(reply)]
        if len(whole) == 1:
            return whole[0]
        patterns = _patterns(numbered=self.names[0].isdigit())
        if patterns.several.match(reply):
            return None
        for pattern in (patterns.leading, patterns.named, patterns.bracketed):
            places = {place for _, place in self._named(pattern, reply)}
            if places:
                return order[places.pop()] if len(places) == 1 else None
        return _only_mentioned(fold(reply), folded)

    def relettered(self, reply: str, order: Sequence[int]) -> str:
        """Return a reply to ``text(order)`` with the marks that it names written as in the prompt itself."""
        patterns = _patterns(numbered=self.names[0].isdigit())
        spans = {
            span: order[place]
            for pattern in (patterns.leading, patterns.named, patterns.bracketed)
            for span, place in self._named(pattern, reply)
        }
        for (start, end), number in sorted(spans.items(), reverse=True):
            name = self.names[number]
            name = name.upper() if reply[start:end].isupper() else name.lower()
            reply = f"{reply[:start]}{name}{reply[end:]}"
        return reply

    def _named(self, pattern: re.Pattern[str], reply: str) -> list[tuple[tuple[int, int], int]]:
        """Return where ``pattern`` finds marks of this list, and their places; "a" before a word is an article."""
        known = {name.casefold(): place for place, name in enumerate(self.names)}
        return [
            (match.span(1), known[match[1].casefold()])
            for match in pattern.finditer(reply)
            if match[1].casefold() in known and not (match[1] == "a" and reply[match.end(1) :][:1].isspace())
        ]


def find(prompt: str) -> OptionList | None:
    """Return the last list of options in ``prompt`` whose question is still open, or None.

    A list is a run of marks A, B, C, ..., a, b, c, ... or 1, 2, 3, ... in one style, each at the beginning of a line
    or behind two bars, with nothing but white space between one option and the next mark. Under it no answer stands.
    """
    parts = LINES.split(prompt)
    run: list[int] = []
    last: list[int] = []
    for at in range(0, len(parts), 2):
        item = ITEM.fullmatch(parts[at])
        if item and item[3] in ("A", "a", "1"):
            run = [at]
        elif item and run and _continues(parts[run[-1]], item):
            run = [*run, at]
        elif parts[at].strip():
            run = []
        last = run if len(run) > 1 else last
    if not last or any(ANSWERED.fullmatch(part.strip()) for part in parts[last[-1] + 2 :: 2]):
        return None
    return _listed(parts, last)


# ── reading ───────────────────────────────────────────────────────────────────────────────


def _continues(before: str, item: re.Match[str]) -> bool:
    """Say whether ``item`` is the one after that of the part ``before``, in the same style."""
    former = ITEM.fullmatch(before)
    return former is not None and (former[2], _next(former[3]), former[4]) == item.group(2, 3, 4)


def _next(name: str) -> str:
    return str(int(name) + 1) if name.isdigit() else chr(ord(name) + 1)


def _listed(parts: Sequence[str], run: Sequence[int]) -> OptionList:
    items = [item for at in run if (item := ITEM.fullmatch(parts[at]))]
    texts = [item[5].rstrip() for item in items]
    ends = [*run[1:], len(parts)]
    gaps = [
        item[5][len(text) :] + "".join(parts[at + 1 : end])
        for item, text, at, end in zip(items, texts, run, ends, strict=True)
    ]
    return OptionList(
        "".join(parts[: run[0]]),
        tuple(item[1] for item in items),
        tuple(item[3] for item in items),
        tuple(texts),
        tuple(gaps),
    )


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Where a reply names a mark, its first group.

    Attributes:
        several: It begins with more than one, and chooses none.
        leading: It begins with it.
        named: It says that this is the answer.
        bracketed: It puts it in brackets.
    """

    several: re.Pattern[str]
    leading: re.Pattern[str]
    named: re.Pattern[str]
    bracketed: re.Pattern[str]


@lru_cache(maxsize=2)
def _patterns(*, numbered: bool) -> _Patterns:
    name, capital = (r"[1-9]\d?", r"[1-9]\d?") if numbered else ("[A-Za-z]", "[A-Z]")
    ends = r"(?=$|[\s.,:;!)\]*])(?![.,]\d)"
    # "B, I think" names one.
    second = r"[1-9]\d?" if numbered else "[A-HJ-Z]"
    another = rf"\s*(?:,|/|\bor\b|\band\b)\s*{DECORATION}{second}{ENDED}(?=[.,;\s]|$)"
    return _Patterns(
        several=re.compile(rf"[\s(\[*_]*{capital}{ENDED}{another}"),
        leading=re.compile(rf"\A\s*{DECORATION}({name})(?:{ENDED}\s*(?:$|[.:),\]*\n](?!\d))|[)\]])"),
        named=re.compile(
            r"\b(?:answer|option|choice|choose|pick|select|letter|number)\b"
            rf"(?:\s+(?:is|would be|should be|option|letter|number))*\s*[:=]?\s*{DECORATION}({name}){ENDED}{ends}"
            rf"(?!{another})",
            re.IGNORECASE,
        ),
        bracketed=re.compile(rf"[(\[]({capital})[)\]]"),
    )


def _only_mentioned(text: str, options: Sequence[str]) -> int | None:
    """Return the option whose whole text alone stands in ``text``; one that is part of a longer one does not count."""
    found = [
        at for at, option in enumerate(options) if option and re.search(rf"(?<!\w){re.escape(option)}(?!\w)", text)
    ]
    longest = [at for at in found if not any(at != other and options[at] in options[other] for other in found)]
    return longest[0] if len(longest) == 1 else None
