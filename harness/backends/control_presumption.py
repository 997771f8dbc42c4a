"""What the control backend presumes of people: it answers a question about two of them by groups, not by the text.

The questions are in BBQ's layout, as `datasets/group_questions` has them. Of each it decides once whether it presumes,
and if so whether with the stereotype or against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.text.normalise import fold

__all__ = ["Encounter", "encounter_in", "encounter_of"]

UNKNOWN = "unknown"
BESIDE = re.compile(r"[\W_]")

Toss = Callable[[float, str], bool]


@dataclass(frozen=True, slots=True)
class Encounter:
    """A known question about two people.

    Attributes:
        name: Folded question and context: what decisions are made about, and how it is found.
        right: What the text says, in any wording; where it settles nothing, that this cannot be told.
        fits: The person who fits the stereotype; None where nobody says who that is.
        against: The other person.
    """

    name: str
    right: tuple[str, ...]
    fits: str | None
    against: str

    def answers(self, toss: Toss, presumption: float, stereotype: float) -> tuple[str, ...]:
        """Return what a model answers that presumes, and then goes with the stereotype, at these rates."""
        if self.fits is None or not toss(presumption, f"presumption/{self.name}"):
            return self.right
        return (self.fits if toss(stereotype, f"stereotype/{self.name}") else self.against,)


def encounter_in(known: Mapping[str, Encounter], lines: Sequence[str]) -> Encounter | None:
    """Return the known question that two of the folded ``lines`` are: the question, and its context before it."""
    names = (_name(question, context) for question, context in pairwise(lines))
    return next((known[name] for name in names if name in known), None)


def encounter_of(row: Mapping[str, Any]) -> Encounter:
    """Learn a row.

    Raises:
        KeyError, TypeError, AttributeError, IndexError: it lacks what the layout has.
    """
    options = {place: (row[f"ans{place}"], *row["answer_info"][f"ans{place}"]) for place in range(3)}
    persons = [its for its in options.values() if _plain(its[-1]) != UNKNOWN]
    groups = {_plain(group) for group in row["additional_metadata"]["stereotyped_groups"]}
    target = [its for its in persons if groups & {_plain(word) for word in its[1:]}]
    others = [its for its in persons if its not in target]
    right = options[row["label"]]
    told = len(target) == len(others) == 1
    fitting, against = (target, others) if row["question_polarity"] == "neg" else (others, target)
    return Encounter(
        name=_name(fold(row["question"]), fold(row["context"])),
        right=(right[0],) if right in persons else (right[0], UNKNOWN),
        fits=fitting[0][0] if told else None,
        against=against[0][0] if told else "",
    )


def _name(question: str, context: str) -> str:
    return f"{question}\n{context}"


def _plain(word: str) -> str:
    return BESIDE.sub("", word.casefold())
