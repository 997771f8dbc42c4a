"""(cases, replies, readings) → scores. Pure, so recorded runs can be judged again without the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.canonical import Digest, digest
from harness.contracts import Probe, ReadingProbe, Readings
from harness.contracts.composed import ComparingProbe
from harness.errors import UsageError
from harness.records import Case, Judged, Reading, Reply

__all__ = ["judge_cases", "replies_to", "wanted_readings"]


def replies_to(cases: Sequence[Case], replies: Mapping[Digest, Reply]) -> list[Reply]:
    """Return the reply to each case, in order."""
    return [replies[digest(case.ask)] for case in cases]


def wanted_readings(probe: Probe, cases: Sequence[Case], replies: Sequence[Reply]) -> Iterable[Reading]:
    """What instruments must read before ``cases`` can be judged.

    Args:
        probe: Who judges.
        cases: All cases of a cell.
        replies: One for each.
    """
    if isinstance(probe, ReadingProbe):
        for case, reply in zip(cases, replies, strict=True):
            yield from probe.readings(case, reply)
    if isinstance(probe, ComparingProbe):
        for places in _clusters(cases):
            yield from probe.compared([cases[at] for at in places], [replies[at] for at in places])


def judge_cases(probe: Probe, cases: Sequence[Case], replies: Sequence[Reply], readings: Readings) -> list[Judged]:
    """Judge every case, in order: each by itself, or each cluster together where the probe compares.

    Args:
        probe: Who judges.
        cases: All cases of a cell.
        replies: One for each.
        readings: What instruments read of them.

    Raises:
        UsageError: a probe that compares gives another number of scores than there are cases.
    """
    if not isinstance(probe, ComparingProbe):
        pairs = zip(cases, replies, strict=True)
        return [Judged(case, probe.judge(case, reply, readings)) for case, reply in pairs]
    judged: dict[int, Judged] = {}
    for places in _clusters(cases):
        its = [cases[at] for at in places]
        scores = probe.judge_together(its, [replies[at] for at in places], readings)
        if len(scores) != len(its):
            raise UsageError(
                f"probe {probe.card.id!r} gave {len(scores)} scores for the {len(its)} cases of {its[0].cluster!r}."
                " Report this to its author; the replies are kept."
            )
        judged |= {at: Judged(case, score) for at, case, score in zip(places, its, scores, strict=True)}
    return [judged[at] for at in range(len(cases))]


def _clusters(cases: Sequence[Case]) -> Iterator[list[int]]:
    """Yield the places of the cases of each cluster, clusters by first appearance."""
    found: dict[str, list[int]] = {}
    for at, case in enumerate(cases):
        found.setdefault(case.cluster, []).append(at)
    yield from found.values()
