"""Do the sources that a text cites bear it out? Citation recall and precision, statement by statement.

Source: Gao et al. 2023, Enabling Large Language Models to Generate Text with Citations (ALCE), arXiv 2305.14627.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Statement", "precision", "recall"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its citations.

    Attributes:
        together: Whether all that it cites, taken together, bears it out; False where it cites nothing.
        alone: For each citation, whether it alone bears the statement out.
        without: For each citation, whether the others still do when it is left out; False for the only one.
    """

    together: bool
    alone: tuple[bool, ...] = ()
    without: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        if len(self.alone) != len(self.without):
            raise ValueError(f"each citation has two verdicts, not {len(self.alone)} and {len(self.without)}")
        if self.together and not self.alone:
            raise ValueError("a statement without a citation is borne out by none")

    @property
    def precise(self) -> tuple[bool, ...]:
        """For each citation, whether it belongs there: the statement is borne out, and not as well without it.

        A citation is out of place where it alone does not bear the statement out and the others do without it, and
        where nothing that is cited does.
        """
        return tuple(
            self.together and (alone or not rest) for alone, rest in zip(self.alone, self.without, strict=True)
        )


def recall(statements: Sequence[Statement]) -> tuple[int, int]:
    """Return how many statements are borne out by what they cite, and how many there are."""
    return sum(statement.together for statement in statements), len(statements)


def precision(statements: Sequence[Statement]) -> tuple[int, int]:
    """Return how many citations belong where they stand, and how many there are."""
    found = [good for statement in statements for good in statement.precise]
    return sum(found), len(found)
