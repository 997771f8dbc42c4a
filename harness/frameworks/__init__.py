"""Policy frameworks as data, one TOML file per edition, and the entries to which results are relevant.

A framework's file says which of its entries the numbers of each probe family can inform, and names
the families for which it has no direct entry. An entry never says that a system meets it: the most
that a test can be is *evidence relevant to* an entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from harness.errors import DataError, UsageError, nearest

__all__ = ["FAMILIES", "KEYS", "Entry", "Framework", "Relation", "describe", "for_family", "frameworks", "parse"]

KEYS = (
    "nist-ai-rmf",
    "nist-genai-profile",
    "eu-ai-act",
    "iso-42001",
    "owasp-llm-2025",
    "owasp-llm-2026",
    "mitre-atlas",
    "avid",
)
"""Keys of the shipped frameworks, in the order in which readers see them."""

FAMILIES = (
    "hallucination",
    "robustness",
    "bias",
    "memorisation",
    "watermark",
    "utility",
    "dp_training",
    "deferral",
    "energy",
    "gates",
)
"""What gives evidence: the probe families, then the other sources of numbers."""


class Relation(StrEnum):
    """How a family's numbers stand to an entry, closest first."""

    MEASURES = "measures"
    """The number is what the entry asks for."""
    SUPPORTS = "supports"
    """The number is part of what the entry asks for; other evidence is needed too."""
    CONTEXT = "context"
    """The entry concerns the same risk, but the number meets no demand of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a framework: a subcategory, article, control, risk or technique.

    Attributes:
        framework: Key of its framework.
        id: Identifier within that edition, without blanks, such as ``MEASURE-2.5`` or ``Art.15(1)``.
        title: Short, in our words or the official short title.
        relation: Families whose numbers inform it, and how. Empty where none does, and ``note`` says so.
        date_applies: The day from which it applies to what ``applies_to`` names; None where not known.
        applies_to: Whom or what ``date_applies`` concerns, with later dates for others; empty without a date.
        note: What a reader must know before citing it; may be empty.
    """

    framework: str
    id: str
    title: str
    relation: Mapping[str, Relation]
    date_applies: date | None = None
    applies_to: str = ""
    note: str = ""

    def phrase(self, family: str) -> str:
        """How results of ``family`` may be spoken of beside this entry, without a verb that promises more.

        Raises:
            KeyError: the family has no relation to this entry.
        """
        same_risk = self.relation[family] is Relation.CONTEXT
        return f"{'background to' if same_risk else 'evidence relevant to'} {self.id} ({self.title})"


@dataclass(frozen=True, slots=True)
class Framework:
    """One edition of a framework.

    Attributes:
        key: As cards name it.
        edition: Edition, version or date.
        title: Full title.
        publisher: Who publishes it.
        source: Document number and address.
        last_checked: When the ids were last compared with the source.
        note: Its standing, and what was not checked.
        entries: In the order of the file; ids are unique.
        none: Families for which it has no direct entry.
    """

    key: str
    edition: str
    title: str
    publisher: str
    source: str
    last_checked: date
    note: str
    entries: tuple[Entry, ...]
    none: tuple[str, ...]


@cache
def frameworks() -> Mapping[str, Framework]:
    """Every shipped framework by key, in the order of `KEYS`.

    Raises:
        DataError: a shipped file has mistakes; names the file and the entry.
    """
    return MappingProxyType({key: parse(key, (files(__name__) / f"{key}.toml").read_text("utf-8")) for key in KEYS})


def for_family(family: str) -> Mapping[str, tuple[Entry, ...]]:
    """Entries that the numbers of ``family`` inform, by framework, closest relation first.

    An empty tuple means: no direct entry.

    Raises:
        UsageError: there is no such family; the nearest is suggested.
    """
    if family not in FAMILIES:
        raise UsageError(f"No family named {family!r}.{nearest(family, FAMILIES)} Known: {', '.join(FAMILIES)}.")
    order = list(Relation)
    return {
        key: tuple(
            sorted(
                (entry for entry in framework.entries if family in entry.relation),
                key=lambda entry: order.index(entry.relation[family]),
            )
        )
        for key, framework in frameworks().items()
    }


def describe(framework: str, id: str) -> Entry:  # noqa: A002  the field's name in `Entry`
    """The entry ``id`` of ``framework``.

    Raises:
        UsageError: there is no such framework or entry; the nearest is suggested.
    """
    known = frameworks()
    if framework not in known:
        raise UsageError(f"No framework named {framework!r}.{nearest(framework, known)} See `harness frameworks list`.")
    entries = {entry.id: entry for entry in known[framework].entries}
    if id not in entries:
        raise UsageError(
            f"{framework} has no entry {id!r} in the edition {known[framework].edition}.{nearest(id, entries)}"
            f" It has {len(entries)} entries; see them with `harness frameworks describe {framework}`."
        )
    return entries[id]


def parse(key: str, text: str) -> Framework:
    """Read a framework's TOML.

    Args:
        key: The framework's key, for messages and for its entries.
        text: Content of the file.

    Raises:
        DataError: not TOML, a key missing or unknown, an unknown family or relation, an id given twice,
            or a family that is neither related to an entry nor listed under ``none``.
    """
    try:
        table = tomllib.loads(text)
        entries = tuple(_entry(key, row) for row in table.pop("entry"))
        framework = Framework(key=key, entries=entries, none=tuple(table.pop("none")), **table)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"frameworks/{key}.toml: {type(error).__name__}: {error}. Compare it with another file there."
        ) from error
    problems = _problems(framework)
    if problems:
        raise DataError(f"frameworks/{key}.toml: {'; '.join(problems)}. Correct the file.")
    return framework


def _entry(key: str, row: dict[str, Any]) -> Entry:
    relation = {family: Relation(word) for family, word in row.pop("relation").items()}
    return Entry(framework=key, relation=MappingProxyType(relation), **row)


def _problems(framework: Framework) -> list[str]:
    ids = [entry.id for entry in framework.entries]
    related = {family for entry in framework.entries for family in entry.relation}
    stated = related | set(framework.none)
    return [
        *(f"the id {name!r} is given twice" for name in sorted({name for name in ids if ids.count(name) > 1})),
        *(f"no family is named {family!r}" for family in sorted(stated - set(FAMILIES))),
        *(f"{family!r} has neither an entry nor a place under none" for family in FAMILIES if family not in stated),
        *(f"{family!r} has an entry and a place under none" for family in sorted(related & set(framework.none))),
        *(
            f"{entry.id}: a relation or a note is needed"
            for entry in framework.entries
            if not (entry.relation or entry.note)
        ),
        *(
            f"{entry.id}: a date needs applies_to"
            for entry in framework.entries
            if entry.date_applies and not entry.applies_to
        ),
    ]
