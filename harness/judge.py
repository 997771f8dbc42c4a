"""(case, reply, readings) → score. Pure, so recorded runs can be judged again without the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.canonical import Digest, digest
from harness.contracts import Probe, ReadingProbe, Readings
from harness.records import Case, Judged, Reading, Reply

__all__ = ["judge_cases", "wanted_readings"]


def wanted_readings(probe: Probe, cases: Sequence[Case], replies: Mapping[Digest, Reply]) -> Iterable[Reading]:
    """What instruments must read before ``cases`` can be judged."""
    if isinstance(probe, ReadingProbe):
        for case in cases:
            yield from probe.readings(case, replies[digest(case.ask)])


def judge_cases(
    probe: Probe, cases: Sequence[Case], replies: Mapping[Digest, Reply], readings: Readings
) -> list[Judged]:
    """Judge every case, in order."""
    return [Judged(case, probe.judge(case, replies[digest(case.ask)], readings)) for case in cases]
