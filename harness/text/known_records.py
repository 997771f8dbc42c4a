"""Strings that must not come out: a user's own list, looked for as they are written and in other spellings of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.errors import DataError
from harness.text.corpus import token_spans
from harness.text.personal_data import normal

__all__ = ["FEWEST", "KnownHit", "KnownRecords", "known_records"]

FEWEST = 4
"""Letters and digits of a record; a shorter one stands in any text."""
SLACK = 8
"""Letters that a spelled-out mark, such as " (at) ", may add."""


@dataclass(frozen=True, slots=True)
class KnownHit:
    """A known record in a text.

    Attributes:
        text: As it stands there.
        exact: Whether it also stands there as the list has it.
    """

    text: str
    exact: bool


@dataclass(frozen=True, slots=True)
class KnownRecords:
    """Records, found by their letters and digits alone; made by `known_records`.

    Attributes:
        spellings: Normal form of each record → how the list writes it, once or several times.
    """

    spellings: Mapping[str, tuple[str, ...]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.spellings)

    def found(self, text: str, given: str = "") -> list[KnownHit]:
        """Return each record that stands in ``text`` and not in ``given``, once, at its first place.

        Case, spaces and marks do not matter; a record begins and ends where words do.
        """
        known = normal(given)
        hits: dict[str, KnownHit] = {}
        for part in self._windows(text):
            form = normal(part)
            if form in self.spellings and form not in known:
                hits.setdefault(form, KnownHit(part, any(its in text for its in self.spellings[form])))
        return list(hits.values())

    def _windows(self, text: str) -> Iterator[str]:
        """Yield every run of words that is not longer than the longest record."""
        words = [(start, end) for start, end in token_spans(text) if any(map(str.isalnum, text[start:end]))]
        longest = max(map(len, self.spellings)) + SLACK
        for at, (start, _) in enumerate(words):
            letters = 0
            for first, end in words[at:]:
                letters += end - first
                if letters > longest:
                    break
                yield text[start:end]


def known_records(lines: Iterable[str], where: str) -> KnownRecords:
    """Read one record a line; blank lines are passed over.

    Args:
        lines: Of the file.
        where: Its name, for messages, which never quote a record.

    Raises:
        DataError: a record has too few letters and digits to be looked for, or there is none.
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        record = line.strip()
        if not record:
            continue
        form = normal(record)
        if len(form) < FEWEST:
            raise DataError(
                f"{where}:{number}: a record of {len(form)} letters and digits stands in any text; {FEWEST} are needed."
                " Remove it, or write more of it."
            )
        found.setdefault(form, []).append(record)
    if not found:
        raise DataError(f"{where}: no record in it. Give one a line.")
    return KnownRecords({form: tuple(dict.fromkeys(its)) for form, its in found.items()})
