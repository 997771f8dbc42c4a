"""What a probe may be beyond one case and one reply.

It names its instruments beforehand, compares the replies of one cluster, brings its own data, or is made around another
probe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from harness.contracts import Dataset, Probe, Readings
from harness.records import Case, Reading, Reply, Score, Value

__all__ = ["OWN", "ComparingProbe", "NamingProbe", "SupplyingProbe", "WrappingProbe"]

OWN = "own"
"""The data set that no other probe reads: `SupplyingProbe.supply`."""


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


@runtime_checkable
class WrappingProbe(Protocol):
    """What asks another probe's cases in its own way, and lets that probe judge them: a probe once it is around one.

    `harness.registry.Registry.create` puts it around the probe that it names, and hands out what comes of it.
    """

    @property
    def of(self) -> str:
        """Plugin name of the other probe, which is no wrapping one itself."""

    @property
    def of_settings(self) -> Mapping[str, Value]:
        """The other probe's settings."""

    def around(self, inner: Probe) -> Probe:
        """Return the probe that asks and judges by means of ``inner``.

        Raises:
            ValueError: the two do not go together; says why.
        """


@runtime_checkable
class SupplyingProbe(Probe, Protocol):
    """A probe that can bring its data itself: it is asked for them where its card, or a user, names the set `OWN`."""

    def supply(self) -> Dataset:
        """Load the data.

        Raises:
            DataError: they cannot be had; says how they could.
        """
