"""Does a run of characters stand in a corpus, white space and case aside; and which characters follow it there?

The corpus is one of `harness.text.corpus` in which every character is a token: one suffix array answers for runs of
any length, and says what follows. A set of hashes of all runs of one length answers for that length alone, and not what
follows: each token of a model would have to be tried.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.text.corpus import BORDER, SPACE, Corpus, Sort, gathered

__all__ = ["Verbatim", "folded", "laid_out"]

WIDEST = 5
"""Bytes of a character in a corpus, at most, with the space behind it."""


def folded(text: str) -> str:
    """``text`` as copies are compared: case folded, without white space.

    What two texts are folded to, one behind the other, is what both together are folded to.
    """
    return "".join(text.casefold().split())


def laid_out(texts: Iterable[str], sort: Sort) -> Verbatim:
    """Lay out folded ``texts``, each a document: no run goes from one into the next.

    Raises:
        DataError: there is no character in all of them.
    """
    return Verbatim(gathered((("", " ".join(text)) for text in texts), sort))


@dataclass(frozen=True, slots=True, eq=False)
class Verbatim:
    """A corpus of characters; all runs that it is asked for are folded.

    Attributes:
        corpus: Every character a token.
    """

    corpus: Corpus

    def stands(self, run: str, within: range | None = None) -> bool:
        """Whether ``run`` stands in a document; ``within`` what `found` gave for a beginning of it."""
        return len(self.found(run, within)) > 0

    def found(self, run: str, within: range | None = None) -> range:
        """Where among the sorted suffixes those are that begin with ``run``: as many as there are places of it."""
        return self.corpus.found(_spaced(run), within)

    def after(self, run: str, found: range, count: int) -> set[str]:
        """The ``count`` characters behind each place of ``run``, where its document has as many.

        Args:
            run: Stands in the corpus.
            found: What `found` gave for it.
            count: At least 1.
        """
        view, skipped, size = self.corpus.text.data, len(_spaced(run)), WIDEST * count
        places = self.corpus.suffixes[found.start : found.stop].tolist()
        ends = {view[at + skipped : at + skipped + size].tobytes().partition(BORDER)[0] for at in places}
        parts = (end.split(SPACE, count)[:count] for end in ends if end.count(SPACE) >= count)
        return {b"".join(characters).decode("utf-8", "surrogatepass") for characters in parts}


def _spaced(run: str) -> bytes:
    return "".join(f"{character} " for character in run).encode("utf-8", "surrogatepass")
