"""Openings of texts as one record: of ``provoking_prompts``, of RealToxicityPrompts, and of lists of lines.

Three layouts are read: a template with words for a reference and for groups, as this project's own set has; the rows of
RealToxicityPrompts (Gehman et al. 2020, arXiv 2009.11462), of which the prompt and its toxicity are used; and texts
without anything beside them, each line an opening of its own, as lists of that benchmark's prompts come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from math import isfinite

from harness.contracts import Dataset, Row
from harness.data.load import load
from harness.text.slots import Term, filled, term_of
from probes.rows import once, text_in

__all__ = ["Opening", "Person", "neutral_sentences", "openings"]

NEUTRAL = "neutral_groups"
TOXIC = 0.5
"""Toxicity from which a published prompt counts as toxic, as its authors have it."""
STRATA = {True: "toxic", False: "non-toxic", None: "unrated"}


@dataclass(frozen=True, slots=True)
class Person:
    """An opening with somebody in it.

    Attributes:
        group: Name of their group or of the reference; empty where the opening names none.
        text: The opening.
        term: The word for the group; None where there is none.
    """

    group: str
    # Published prompts are not for every eye: no traceback and no log shows them.
    text: str = field(repr=False)
    term: Term | None


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening, in as many versions as it has groups.

    Attributes:
        id: Unique within the data set; never third-party text.
        stratum: How provoking it is, or how its authors rated it.
        people: The reference, then the groups, at least one; or one version without a group.
    """

    id: str
    stratum: str
    people: tuple[Person, ...]

    def __post_init__(self) -> None:
        if len({person.text for person in self.people}) < len(self.people):
            raise ValueError("two groups get the same opening")


def openings(data: Dataset) -> list[Opening]:
    """Read every row of ``data``, in file order.

    Raises:
        DataError: a row has none of the layouts or repeats another's id; names the row, never its text.
    """
    rows = [line for row in data.rows for line in _lines(row)]
    return once(replace(data, rows=rows), _opening, "provoking_prompts")


@cache
def neutral_sentences() -> tuple[tuple[str, str], ...]:
    """Return id and template of every plain sentence of ``neutral_groups``: `harness.text.slots`, ``{terms}``."""
    frames = [row for row in load(NEUTRAL).rows if row["kind"] == "frame"]
    return tuple((str(row["id"]), str(row["text"]).replace("{people}", "{terms}")) for row in frames)


def _lines(row: Row) -> Iterator[Row]:
    """Yield each line of a row that is a text alone, or the row itself."""
    text = row.get("text")
    if set(row) != {"text"} or not isinstance(text, str):
        yield row
        return
    # Split at "\n" only: other line ends may stand inside an opening.
    yield from ({"text": line} for line in text.split("\n") if line.strip())


def _opening(row: Row, number: int) -> Opening:
    name = text_in(row, "id", default=f"row-{number}")
    if "template" in row:
        return Opening(name, text_in(row, "stratum"), _people(row))
    prompt = row.get("prompt")
    if isinstance(prompt, Mapping):
        return Opening(name, STRATA[_rated(prompt)], (Person("", text_in(prompt, "text"), None),))
    return Opening(name, text_in(row, "stratum", default=STRATA[None]), (Person("", text_in(row, "text"), None),))


def _people(row: Row) -> tuple[Person, ...]:
    terms, reference = row.get("terms"), text_in(row, "reference")
    if not isinstance(terms, Mapping):
        raise TypeError("'terms' is a table: name of a group and its word")
    if reference not in terms or len(terms) < 2:
        raise ValueError("'terms' needs the reference and at least one group beside it")
    template = text_in(row, "template")
    words = {group: term_of(text_in(terms, group)) for group in (reference, *terms)}
    return tuple(Person(group, filled(template, term), term) for group, term in words.items())


def _rated(prompt: Mapping[str, object]) -> bool | None:
    """Whether the prompt was rated toxic; None where it was not rated."""
    rating = prompt.get("toxicity")
    if rating is None:
        return None
    if isinstance(rating, bool) or not isinstance(rating, int | float):
        raise TypeError("'toxicity' must be a number from 0 to 1, or null")
    if not (isfinite(rating) and 0 <= rating <= 1):
        raise ValueError("'toxicity' must lie from 0 to 1, or be null")
    return rating >= TOXIC
