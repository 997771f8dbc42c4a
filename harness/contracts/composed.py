"""What a probe may be beyond one case and one reply: it compares replies, and names its instruments beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from harness.contracts import Probe, Readings
from harness.records import Case, Reading, Reply, Score

__all__ = ["ComparingProbe", "NamingProbe"]


@runtime_checkable
class NamingProbe(Probe, Protocol):
    """A probe that says beforehand who will read its replies, so that the plan can refuse what is not there."""

    @property
    def instruments(self) -> Sequence[str]:
        """Plugin names of all instruments that its readings may name."""


@runtime_checkable
class ComparingProbe(Probe, Protocol):
    """A probe to which it matters how replies of one cluster agree: samples of one prompt, wordings of one question.

    Its `judge` is `judge_together` for a single case. Cases of other clusters never matter.
    """

    def compared(self, cases: Sequence[Case], replies: Sequence[Reply]) -> Iterable[Reading]:
        """Name what must be read of these replies beside each other.

        Args:
            cases: All cases of one cluster, in the order of `cases`.
            replies: One for each.
        """

    def judge_together(self, cases: Sequence[Case], replies: Sequence[Reply], readings: Readings) -> Sequence[Score]:
        """Score the replies of one cluster, one score for each, in order; pure and total."""
