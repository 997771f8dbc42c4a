"""References in replies: found in hostile text, brought into one form, held to the rules of their kind.

isbn         checksums of book numbers, and the form with thirteen digits
identifiers  DOIs, arXiv identifiers, ISBNs, PubMed numbers and addresses: where they stand, and whether they are sound
titles       what a reference says that its work is called, and how alike two titles are
find         a reply → its references, each with what is said of it
works        rows in the names of CSL-JSON as one record
packages     names of packages in code and in commands that install them

Whether a reference exists is the business of an index: `harness.data.bibliography`.
"""

from __future__ import annotations

from harness.text.references.find import Reference, references
from harness.text.references.identifiers import Identifier, Kind, canonical
from harness.text.references.works import Work, work_of

__all__ = ["Identifier", "Kind", "Reference", "Work", "canonical", "references", "work_of"]
