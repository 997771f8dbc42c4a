"""What judging and scripted replies of `probes.hallucination.citation` need of a work."""

from __future__ import annotations

from dataclasses import dataclass

from harness.text.references import Work

__all__ = ["FIELD", "IDENTIFIER", "Cited", "cited"]

IDENTIFIER, FIELD = "identifier", "field"
"""What is asked for: the identifier of one work, or any work on a subject."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A work that may be cited.

    Attributes:
        about: Title of the work that is asked for; empty where any would do.
        title: Of a work that answers the request.
        author: Family name of its first author; empty where there is none.
        year: Of it; empty where it is not known.
        kind: Of its first identifier: doi, arxiv, isbn, pmid or url.
        identifier: As the data set has it.
    """

    about: str
    title: str
    author: str
    year: str
    kind: str
    identifier: str


def cited(work: Work, *, about: str = "") -> Cited:
    """Take from ``work``, which has an identifier, what is needed."""
    kind, identifier = work.written[0]
    author = work.authors[0][0] if work.authors else ""
    return Cited(about, work.title, author, str(work.year or ""), kind, identifier)
