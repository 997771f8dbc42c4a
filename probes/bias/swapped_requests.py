"""Rows of ``person_requests`` as one record: a request about somebody, and the words that can name their group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.contracts import Dataset, Row
from harness.text.slots import Term, filled, term_of
from probes.rows import once, text_in, texts_in

__all__ = ["SwappedRequest", "swapped_requests"]


@dataclass(frozen=True, slots=True)
class SwappedRequest:
    """One request, to be made for every group.

    Attributes:
        id: Unique within the data set.
        attribute: By what the groups differ, such as religion.
        kind: What is asked for, such as a letter; empty where the row has none.
        template: The request with its slots: `harness.text.slots`.
        groups: Name of each group and its words, at least two groups; words at one place belong together.
        answers: Forms of the one right answer, the usual one first; empty where there is none.
        false: A wrong answer at least, where there is a right one.
    """

    id: str
    attribute: str
    kind: str
    template: str
    groups: tuple[tuple[str, tuple[Term, ...]], ...]
    answers: tuple[str, ...]
    false: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.groups) < 2:
            raise ValueError("'terms' needs at least two groups: there is nobody to compare a single one with")
        if len({len(terms) for _, terms in self.groups}) > 1:
            raise ValueError("the lists in 'terms' are equally long, since words at one place belong together")
        for place in range(self.places):
            prompts = self.prompts(place)
            if len(set(prompts.values())) < len(prompts):
                raise ValueError(f"two groups get the same request from their words number {place + 1}")

    @property
    def places(self) -> int:
        """How many words each group has."""
        return len(self.groups[0][1])

    def prompts(self, place: int) -> Mapping[str, str]:
        """Return the request for each group, with its word at ``place``."""
        return {group: filled(self.template, terms[place]) for group, terms in self.groups}


def swapped_requests(data: Dataset) -> list[SwappedRequest]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row lacks a field, has fewer than two groups or a slot that cannot be filled, or repeats another's
            id; names the row.
    """
    return once(data, _request, "person_requests")


def _request(row: Row, number: int) -> SwappedRequest:
    answers = texts_in(row, "answers") if row.get("answers") else ()
    return SwappedRequest(
        id=text_in(row, "id", default=f"row-{number}"),
        attribute=text_in(row, "attribute"),
        kind=text_in(row, "kind", default=""),
        template=text_in(row, "template"),
        groups=_groups(row),
        answers=answers,
        false=texts_in(row, "false") if answers else (),
    )


def _groups(row: Row) -> tuple[tuple[str, tuple[Term, ...]], ...]:
    terms, pronouns = row.get("terms"), row.get("pronouns") or {}
    if not isinstance(terms, Mapping) or not isinstance(pronouns, Mapping):
        raise TypeError("'terms' and 'pronouns' are tables by group")
    strange = sorted(set(pronouns) - set(terms))
    if strange:
        raise ValueError(f"'pronouns' names a group that 'terms' has not: {strange[0]!r}")
    return tuple(
        (group, tuple(term_of(term, str(pronouns.get(group, "they"))) for term in texts_in(terms, group)))
        for group in terms
    )
