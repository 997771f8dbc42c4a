"""Many replies to one question in several orders → what they show together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.records import Judged, Outcome

__all__ = ["by_question", "flips", "repeats", "true_throughout"]

Unit = tuple[float, str]
"""A value in [0, 1] and the question it belongs to."""


def by_question(cases: Iterable[Judged]) -> Mapping[str, Sequence[Judged]]:
    """Sort cases by question, the unshifted order first."""
    found: dict[str, list[Judged]] = {}
    for judged in cases:
        found.setdefault(judged.case.cluster, []).append(judged)
    return {name: sorted(members, key=_shift) for name, members in found.items()}


def flips(questions: Mapping[str, Sequence[Judged]]) -> list[Unit]:
    """Return, for each shifted order, 1 where the chosen text differs from that of the unshifted one, else 0.

    Only pairs in which both were scored: a missing answer is no other answer.
    """
    units = []
    for name, members in questions.items():
        clean, *shifted = members
        if _shift(clean) == 0:
            units += [(_differs(clean, other), name) for other in shifted if _scored(clean) and _scored(other)]
    return units


def repeats(questions: Mapping[str, Sequence[Judged]], again: Iterable[Judged]) -> list[Unit]:
    """Return, for each unshifted prompt sent twice, 1 where the second reply chose another text, else 0."""
    clean = {name: members[0] for name, members in questions.items() if _shift(members[0]) == 0}
    pairs = [(clean[other.case.cluster], other) for other in again if other.case.cluster in clean]
    return [(_differs(one, other), other.case.cluster) for one, other in pairs if _scored(one) and _scored(other)]


def true_throughout(questions: Mapping[str, Sequence[Judged]]) -> list[Unit]:
    """Return, for each decided question, 1 where the answer was true in every order, else 0.

    One wrong answer decides a question, whatever became of its other orders; so a model gains nothing by
    refusing some of them. Only where all that was scored is true, and something was not scored, it stays open.
    """
    units = []
    for name, members in questions.items():
        found = [judged.score.values["correct"] for judged in members if _scored(judged)]
        whole = len(found) == members[0].case.expected["orders"]
        if whole or min(found, default=1.0) < 1:
            units.append((min(found), name))
    return units


def _differs(one: Judged, other: Judged) -> float:
    return float(one.score.values["choice"] != other.score.values["choice"])


def _shift(judged: Judged) -> int:
    return int(str(judged.case.expected["shift"]))


def _scored(judged: Judged) -> bool:
    return judged.score.outcome is Outcome.SCORED
