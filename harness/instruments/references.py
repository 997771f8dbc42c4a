"""Do the references in a reply exist, and are they of the works that it says they are?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Reading

__all__ = ["References"]

VERSION = "1"
"""Changes whenever a reading could."""
TOLD = 5
"""Problems of an index that its card tells in full."""


@dataclass(slots=True)
class References:
    """Looks up every reference in an index; a reading's context is the title of the work that was asked for, or None.

    Attributes:
        index: CSL-JSON (.json, .jsonl) or BibTeX (.bib) file of known works; None for the small set that ships.
        closed: Whether a work that the index lacks does not exist, so that to cite it is to make it up.
    """

    index: str | None = None
    closed: bool = False
    _loaded: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.closed and self.index is None:
            raise ValueError("the index that ships is open: closed needs an `index` of your own")

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            DataError: the index cannot be read.
            MissingExtraError: it is BibTeX, and the package that reads it is not installed.
        """
        from harness.text.measured import MEASURED

        index = self._index()
        told = " ".join(index.problems[:TOLD])
        kind = "closed: what it lacks counts as made up" if self.closed else "open: what it lacks may well exist"
        return InstrumentCard(
            id="references",
            version=VERSION,
            title="Look-up of references in an index",
            measures={
                "references": "identifiers that were given: DOI, arXiv, ISBN, PubMed, address; each once",
                "matching": "those that the index has, of the work that is named or was asked for",
                "other_work": "those that the index has, of a work with another title",
                "not_in_index": "those that are well formed and not in the index",
                "malformed": "those that break the rules of their kind",
                "titles": "works that are named by title alone",
                "titles_matching": "those that the index has",
                "closed": "1 where the index is closed, else 0",
            },
            digest=digest([VERSION, str(index.digest), self.closed]),
            accuracy=MEASURED["references"].told(),
            limits=(
                f"The index, {index.name}, has {len(index)} works and is {kind}.",
                f"{len(index.problems)} entries or identifiers of it were left out or are doubtful. {told}".strip(),
                (
                    "Titles are compared by their letters; an identifier without anything said of its work counts as"
                    " matching where it exists."
                ),
                "A work may have several identifiers and editions, of which the index may have but one.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Count what becomes of the references of each text."""
        del materials
        return [self._read(reading) for reading in readings]

    def _read(self, reading: Reading) -> Mapping[str, float]:
        from harness.data.cited import Found, checked

        found = checked(reading.text, self._index(), about=reading.context or "")
        numbered = Counter(one.found for one in found if one.reference.identifier is not None)
        titled = Counter(one.found for one in found if one.reference.identifier is None)
        return {
            "references": float(numbered.total()),
            "matching": float(numbered[Found.MATCHES]),
            "other_work": float(numbered[Found.OTHER_WORK]),
            "not_in_index": float(numbered[Found.NOT_IN_INDEX]),
            "malformed": float(numbered[Found.MALFORMED]),
            "titles": float(titled.total()),
            "titles_matching": float(titled[Found.MATCHES]),
            "closed": float(self.closed),
        }

    def _index(self) -> Any:
        if self._loaded is None:
            from harness.data.bibliography import read_bibliography

            self._loaded = read_bibliography(self.index, closed=self.closed)
        return self._loaded
