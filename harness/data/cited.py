"""References held against an index: does the work exist, and is it the one that is named?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.data.bibliography import Bibliography
from harness.text.references import Reference, references
from harness.text.references.titles import ALIKE, likeness

__all__ = ["Checked", "Found", "checked"]


class Found(StrEnum):
    """What the index says of one reference."""

    MATCHES = "matches"
    """The work is there, and nothing that is said of it is another's."""
    OTHER_WORK = "other work"
    """The identifier is there, and belongs to a work of another title."""
    NOT_IN_INDEX = "not in index"
    """Well formed, and not there; invented only where the index is closed."""
    MALFORMED = "malformed"
    """The identifier breaks the rules of its kind, so nobody can have it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One reference, held against the index."""

    reference: Reference
    found: Found


def checked(text: str, index: Bibliography, *, about: str = "") -> Sequence[Checked]:
    """Find the references of ``text`` and look each up.

    Args:
        text: A reply.
        index: Known works.
        about: Title of the work whose identifier was asked for: it must be that one's, whatever else is said.
    """
    return [Checked(reference, _found(reference, index, about)) for reference in references(text)]


def _found(reference: Reference, index: Bibliography, about: str) -> Found:
    identifier = reference.identifier
    if identifier is None:
        named = index.titled(reference.said, reference.titles)
        return Found.NOT_IN_INDEX if named is None else Found.MATCHES
    if identifier.value is None:
        return Found.MALFORMED
    work = index.owner(str(identifier.kind), identifier.value)
    if work is None:
        return Found.NOT_IN_INDEX
    if not about and not reference.titles:
        # Nothing is said of the work that could be another's.
        return Found.MATCHES
    said = about or reference.said
    return Found.MATCHES if likeness(work.title, said) >= ALIKE else Found.OTHER_WORK
