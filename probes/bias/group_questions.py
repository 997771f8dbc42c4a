"""Rows of BBQ's layout as one record: a question about two persons of whom a stereotype speaks of one.

The layout is that of BBQ's own JSON lines (Parrish et al. 2022, arXiv 2110.08193), in which this project's
``group_questions`` is written too. Several files are read as one by joining their names with ``+``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.contracts import Dataset, Row
from harness.records import Value
from harness.text.normalise import fold
from probes.rows import once, text_in

__all__ = ["LABEL", "NAME", "GroupQuestion", "group_questions"]

LABEL, NAME = "group label", "proper name"
"""How a question speaks of its two persons: "the pensioner", or a name that is read as one group's."""

OPTIONS = ("ans0", "ans1", "ans2")
UNKNOWN = "unknown"
ARTICLE = re.compile(r"^(?:the|an?)\s", re.IGNORECASE)
BESIDE = re.compile(r"[\W_]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GroupQuestion:
    """A question about two persons, with three options: either of them, or that it cannot be told.

    Attributes:
        id: Category and number; never third-party text.
        attribute: BBQ's category.
        template: Category and number of the template: rows that share it are not independent.
        naming: `LABEL` or `NAME`.
        context: What is told of the two.
        question: What is asked.
        options: Three different texts, in file order.
        labels: For each option, the few words by which its person is called too; the same as in ``options`` for the
            unknown one.
        unknown: Place of the option that says that it cannot be told.
        right: Place of the right option: the unknown one where the context is ambiguous.
        fits: Place of the option that fits the stereotype: the person it is about where the question asks for the
            harmful trait, the other where it asks for the opposite. None where the row does not tell.
    """

    id: str
    attribute: str
    template: str
    naming: str
    context: str
    question: str
    options: tuple[str, str, str]
    labels: tuple[str, str, str]
    unknown: int
    right: int
    fits: int | None

    @property
    def ambiguous(self) -> bool:
        """Whether the context leaves the answer open."""
        return self.right == self.unknown

    @property
    def persons(self) -> tuple[int, int]:
        """Places of the two persons."""
        first, second = (place for place in range(3) if place != self.unknown)
        return first, second

    @property
    def groups(self) -> Mapping[str, str]:
        """Labels for breaking results down."""
        return {"attribute": self.attribute, "naming": self.naming}


def group_questions(data: Dataset) -> list[GroupQuestion]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row lacks what is asked or judged, contradicts itself, or repeats another's id; names the row.
    """
    return once(data, _question, "group_questions")


def _question(row: Row, number: int) -> GroupQuestion:
    options = (text_in(row, "ans0"), text_in(row, "ans1"), text_in(row, "ans2"))
    if len({fold(option) for option in options}) < len(options):
        raise ValueError("two of its options are the same")
    infos = _infos(row)
    unknown = _unknown(infos)
    right = row.get("label")
    if isinstance(right, bool) or not isinstance(right, int) or not 0 <= right < len(options):
        raise ValueError(f"'label' is the place of the right option, 0, 1 or 2, not {str(right)[:20]!r}")
    if (_one_of(row, "context_condition", {"ambig": True, "disambig": False})) != (right == unknown):
        raise ValueError("an ambiguous context, and no other, has the unknown option for its right answer")
    category = text_in(row, "category")
    first, second, third = (info[0] if info else "" for info in infos)
    return GroupQuestion(
        id=f"{category}-{_number(row, 'example_id', number)}",
        attribute=category,
        template=f"{category}/{_number(row, 'question_index', number)}",
        naming=_naming(row, [option for place, option in enumerate(options) if place != unknown], infos),
        context=text_in(row, "context"),
        question=text_in(row, "question"),
        options=options,
        labels=(first, second, third),
        unknown=unknown,
        right=right,
        fits=_fits(row, infos, unknown),
    )


# ── who is who ────────────────────────────────────────────────────────────────────────────


def _infos(row: Row) -> list[tuple[str, ...]]:
    """Return what is said of each option: its surface label and its group's tag; nothing where the file has nothing."""
    known = row.get("answer_info")
    if not isinstance(known, Mapping):
        raise TypeError("'answer_info' must be an object with ans0, ans1 and ans2")
    return [_words(known, option) for option in OPTIONS]


def _unknown(infos: Sequence[tuple[str, ...]]) -> int:
    places = [place for place, info in enumerate(infos) if info and _plain(info[-1]) == UNKNOWN]
    if len(places) != 1:
        raise ValueError(f"one option is tagged {UNKNOWN!r} in 'answer_info', not {len(places)}")
    return places[0]


def _fits(row: Row, infos: Sequence[tuple[str, ...]], unknown: int) -> int | None:
    """Return the place of the option that fits the stereotype, or None where it cannot be told.

    The person whom the stereotype is about is the one of whose label and tag one stands among ``stereotyped_groups``;
    spelling aside. It must be one of the two and not both, and both must be known: which group is disadvantaged is
    never taken for granted.
    """
    negative = _one_of(row, "question_polarity", {"neg": True, "nonneg": False})
    stereotyped = {_plain(name) for name in _words(_metadata(row), "stereotyped_groups")}
    persons = [place for place in range(len(infos)) if place != unknown]
    hit = [place for place in persons if stereotyped & {_plain(word) for word in infos[place]}]
    if len(hit) != 1 or not all(infos[place] for place in persons):
        return None
    return hit[0] if negative else next(place for place in persons if place != hit[0])


def _naming(row: Row, persons: Sequence[str], infos: Sequence[tuple[str, ...]]) -> str:
    """Say how the persons are named: as the row says; else names are those whose label is the whole option."""
    said = _metadata(row).get("label_type")
    if said in ("label", "name"):
        return NAME if said == "name" else LABEL
    labels = {info[0] for info in infos if info}
    named = all(text in labels and text[:1].isupper() and not ARTICLE.match(text) for text in persons)
    return NAME if named else LABEL


# ── fields ────────────────────────────────────────────────────────────────────────────────


def _metadata(row: Row) -> Row:
    found = row.get("additional_metadata") or {}
    if not isinstance(found, Mapping):
        raise TypeError("'additional_metadata' must be an object")
    return found


def _words(row: Row, key: str) -> tuple[str, ...]:
    """Return the texts under ``key`` but for empty ones; BBQ leaves a few persons without a group."""
    value = row.get(key) or []
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{key!r} must be a list of texts")
    return tuple(str(word).strip() for word in value if str(word).strip())


def _number(row: Row, key: str, default: int) -> str:
    value: Value = row.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise TypeError(f"{key!r} must be a number or a text")
    return str(value).strip()


def _one_of(row: Row, key: str, meanings: Mapping[str, T]) -> T:
    value = text_in(row, key)
    if value not in meanings:
        raise ValueError(f"{key!r} is {' or '.join(meanings)}, not {value[:20]!r}")
    return meanings[value]


def _plain(word: str) -> str:
    """A group's name without regard to case, spaces and hyphens: "low SES" is "lowSES"."""
    return BESIDE.sub("", word.casefold())
