"""Format level: the same words in another layout.

The grammar of fields (descriptor, separator, space between) is that of FormatSpread (Sclar et al. 2023,
arXiv 2310.11324).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from harness.text.perturb.change import GRADED, ONCE, Edit, Operator, drawn, fits, wrapped
from harness.text.perturb.guard import FIELD_LABELS, free_gaps, free_words

__all__ = ["FORMAT"]

SEPARATORS = (": ", ":\n", " - ", " :: ", " : ", "\n")
BETWEEN = ("\n", "\n\n", " || ")

FIELDS = ("Question", "Answer"), ("Q", "A"), ("Input", "Output")

CASINGS: tuple[Callable[[str], str], ...] = (str, str.upper, str.lower)

FIELD = re.compile(
    rf"(?:^|(?<=\|\| ))(?P<label>{'|'.join(sorted(FIELD_LABELS, key=len, reverse=True))})"
    r"(?P<separator>[ \t]*(?:::?[ \t]*|-[ \t]+|\n))",
    re.IGNORECASE | re.MULTILINE,
)

FRAMED = re.compile(
    r"(?P<first>question|q|input)(?: ?::? ?|:\n| - |\n)(?P<inner>.*?)(?:\n\n?| \|\| )"
    r"(?P<last>answer|a|output)(?: ?::?| -)",
    re.IGNORECASE | re.DOTALL,
)

LIST_ITEM = re.compile(
    r"^(?P<mark>\(?(?P<id>[A-Za-z]|\d{1,2})[.):]|\[(?P<boxed>[A-Za-z]|\d{1,2})\]|[-*•])(?=[ \t]+\S)", re.MULTILINE
)
ENUMERATIONS = ("{}.", "{})", "({})", "[{}]", "{}:")
BULLETS = ("-", "*", "•")

GAPS_PER_BREAK = 4

QUOTES = (("“", "”"), ('"', '"'), ("'", "'"), ("«", "»"))
MARKDOWN = (("**", "**"), ("```\n", "\n```"), ("# ", ""), ("> ", ""), ("*", "*"))

JSON = ('{"prompt": "', '"}')


def _framed(text: str, random: Random, strength: float) -> list[Edit]:
    """Put the names of two fields around the text, the second one left open."""
    del strength
    (first, last), casing = random.choice(FIELDS), random.choice(CASINGS)
    separator, between = random.choice(SEPARATORS), random.choice(BETWEEN)
    if FIELD.search(text) or not text.strip():
        return []
    closing = separator.rstrip() or ":"
    return wrapped(text, f"{casing(first)}{separator}", f"{between}{casing(last)}{closing}")


def _unframed(text: str) -> str:
    match = FRAMED.fullmatch(text)
    pairs = {(first.lower(), last.lower()) for first, last in FIELDS}
    return match["inner"] if match and (match["first"].lower(), match["last"].lower()) in pairs else text


def _fields(text: str) -> list[re.Match[str]]:
    """Return the names of fields, unless they are the letters of options."""
    found = list(FIELD.finditer(text))
    labels = {match["label"].lower() for match in found}
    return [match for match in found if match["label"].lower() != "a" or "q" in labels]


def _separated(text: str, random: Random, strength: float) -> list[Edit]:
    del strength
    separator = random.choice(SEPARATORS)
    # A last field that is left open keeps no space behind it.
    return [
        Edit(
            *match.span("separator"),
            match["separator"],
            separator if match.end() < len(text) else separator.rstrip() or ":",
        )
        for match in _fields(text)
    ]


def _cased(text: str, random: Random, strength: float) -> list[Edit]:
    del strength
    fields = _fields(text)
    others = [
        one for one in (*CASINGS[1:], str.capitalize) if any(one(field["label"]) != field["label"] for field in fields)
    ]
    casing = random.choice(others) if others else str
    return [Edit(*match.span("label"), match["label"], casing(match["label"])) for match in fields]


def _spaced(text: str, random: Random, strength: float) -> list[Edit]:
    return drawn([Edit(at, at, "", " ") for at in free_gaps(text)], random, strength)[: len(text)]


def _single_spaced(text: str) -> str:
    return re.sub(r"(?<=\S)  (?=\S)", " ", text)


def _broken(text: str, random: Random, strength: float) -> list[Edit]:
    gaps = free_gaps(text)
    return drawn([Edit(at, at + 1, " ", "\n") for at in gaps], random, strength, most=len(gaps) / GAPS_PER_BREAK)


def _joined(text: str) -> str:
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text)


def _bulleted(text: str, random: Random, strength: float) -> list[Edit]:
    """Make every line an item of a list."""
    del strength
    mark = random.choice(BULLETS)
    starts = [match.start() for match in re.finditer(r"^(?=.*\S)", text, re.MULTILINE)]
    if not fits(text, (len(mark) + 1) * len(starts)):
        return []
    return [Edit(at, at, "", f"{mark} ") for at in starts]


def _unbulleted(text: str) -> str:
    return re.sub(r"^[-*•] (?=.*\S)", "", text, flags=re.MULTILINE)


def _remarked(text: str, random: Random, strength: float) -> list[Edit]:
    """Mark the items of a list in another style, with the letters and numbers that they have."""
    del strength
    style, bullet = random.choice(ENUMERATIONS), random.choice(BULLETS)
    items = list(LIST_ITEM.finditer(text))
    if len(items) < 2:
        return []
    if len({match["mark"] for match in items}) > 1 and all(match["id"] or match["boxed"] for match in items):
        marks = [style.format(match["id"] or match["boxed"]) for match in items]
    elif all(match["mark"] in BULLETS for match in items):
        marks = [bullet] * len(items)
    else:
        return []
    return [Edit(*match.span("mark"), match["mark"], mark) for match, mark in zip(items, marks, strict=True)]


def _quoted(text: str, random: Random, strength: float) -> list[Edit]:
    del strength
    return wrapped(text, *random.choice(QUOTES)) if text.strip() else []


def _marked_down(text: str, random: Random, strength: float) -> list[Edit]:
    del strength
    left, right = random.choice(MARKDOWN)
    one_line = "\n" not in text and text == text.strip()
    return wrapped(text, left, right) if text.strip() and one_line and "`" not in text else []


def _stripped(pairs: Sequence[tuple[str, str]]) -> Callable[[str], str]:
    """Return what takes off the first of ``pairs`` that a text is wrapped in."""

    def undo(text: str) -> str:
        for left, right in pairs:
            if len(text) > len(left + right) and text.startswith(left) and text.endswith(right):
                return text[len(left) : len(text) - len(right)]
        return text

    return undo


def _as_json(text: str, random: Random, strength: float) -> list[Edit]:
    del random, strength
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    # Other escapes than that of a quotation mark would glue letters to words.
    if not text.strip() or escaped != text.replace('"', '\\"') or not fits(text, len("".join(JSON)) + text.count('"')):
        return []
    escapes = [Edit(match.start(), match.start(), "", "\\") for match in re.finditer('"', text)]
    return [Edit(0, 0, "", JSON[0]), *escapes, Edit(len(text), len(text), "", JSON[1])]


def _from_json(text: str) -> str:
    if not (text.startswith(JSON[0]) and text.endswith(JSON[1])):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    prompt = value.get("prompt") if isinstance(value, Mapping) and len(value) == 1 else None
    return prompt if isinstance(prompt, str) else text


def _capitals(text: str, random: Random, strength: float) -> list[Edit]:
    words = [(start, end, text[start:end]) for start, end in free_words(text)]
    return drawn(
        [Edit(start, end, word, word.upper()) for start, end, word in words if word != word.upper()], random, strength
    )


FORMAT: tuple[Operator, ...] = (
    Operator(
        "field_names",
        "format",
        "Names the text a question and leaves a field for the answer.",
        True,
        ONCE,
        _framed,
        _unframed,
    ),
    Operator("field_separator", "format", "Puts another separator behind the names of fields.", True, ONCE, _separated),
    Operator("field_case", "format", "Writes the names of fields in other letters.", True, ONCE, _cased),
    Operator("spacing", "format", "Doubles spaces between words.", True, GRADED, _spaced, _single_spaced),
    Operator("line_breaks", "format", "Breaks lines between words.", True, GRADED, _broken, _joined),
    Operator("bullets", "format", "Makes every line an item with a bullet.", True, ONCE, _bulleted, _unbulleted),
    Operator("enumeration", "format", "Marks the items of a list in another style.", True, ONCE, _remarked),
    Operator("quoting", "format", "Puts the text in quotation marks.", True, ONCE, _quoted, _stripped(QUOTES)),
    Operator("markdown", "format", "Wraps the text in Markdown.", True, ONCE, _marked_down, _stripped(MARKDOWN)),
    Operator("json", "format", "Wraps the text as a value in JSON.", True, ONCE, _as_json, _from_json),
    Operator("capitals", "format", "Writes words in capitals.", True, GRADED, _capitals),
)
