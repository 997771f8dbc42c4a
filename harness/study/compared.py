"""Arms with their evidence → every comparison, its checks and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.registry import Registry
from harness.study.checks import check_all
from harness.study.contrasts import contrast
from harness.study.design import Design, Treatment
from harness.study.goals import of_goal
from harness.study.measured import measure_arm
from harness.study.numbers import Key, Measured
from harness.study.pairs import Ran, pair
from harness.study.records import Compared, Results, Role, Ruled, Trend
from harness.study.shared import share
from harness.study.verdict import failed, rule

__all__ = ["compare"]


@dataclass(frozen=True, slots=True)
class _Known:
    """All arms, what was measured of those that have evidence, by name, and how many cases they share, by cell."""

    ran: Sequence[Ran]
    measured: Mapping[str, Mapping[Key, Measured]]
    items: Mapping[str, tuple[int, int]]


def compare(design: Design, ran: Sequence[Ran], titles: Mapping[str, str], registry: Registry) -> Results:
    """Compare all arms.

    Args:
        design: The study.
        ran: All arms, in order.
        titles: By treatment, how sentences call it.
        registry: Where the probes are.

    Raises:
        UsageError: a probe is not installed here.
    """
    there = [(one.arm, one.evidence) for one in ran if one.evidence is not None]
    shared, items = share([(arm.seed, evidence.cases) for arm, evidence in there])
    measured = {arm.name: measure_arm(evidence, shared[arm.seed], registry) for arm, evidence in there}
    known = _Known(ran, measured, items)
    made: list[Compared] = []
    verdicts: list[Ruled] = []
    for treatment in design.treatment:
        title = treatment.title or titles[treatment.name]
        doses = _doses(ran, treatment)
        plain = [_against(Role.BASELINE, its, known, title) for its in doses]
        inert = [one for one in ran if one.arm.treatment == treatment.name and one.arm.role is Role.PLACEBO]
        beside = _against(Role.BASELINE, inert, known, title) if inert else None
        above = _against(Role.PLACEBO, doses[-1], known, title) if inert else None
        made += [*plain, *(one for one in (beside, above) if one is not None)]
        trend = _trend(design, plain)
        verdicts += [_ruled(design, one, _beside(above, last=one is plain[-1]), trend) for one in plain]
    called = {one.name: one.title or titles[one.name] for one in design.treatment}
    contrasts = [found for one in design.contrast for found in contrast(one, design, ran, measured, called)]
    return Results(tuple(made), tuple(verdicts), tuple(contrasts))


def _beside(above: Compared | None, *, last: bool) -> Compared | str:
    """What the placebo has to say of a dose; or why it has nothing."""
    if above is None:
        return "There is no placebo of it."
    if not last:
        return "Its placebo was tried at the strongest dose."
    return above if above.seeds else "Its placebo failed."


def _ruled(design: Design, one: Compared, above: Compared | str, trend: Trend | str) -> Ruled:
    if not one.seeds:
        dose = "" if one.dose is None else str(one.dose)
        return failed(one.treatment, dose, one.title, [lost.reason for lost in one.lost])
    return rule(design, one, check_all(design, one, against_placebo=above, trend=trend))


def _doses(ran: Sequence[Ran], treatment: Treatment) -> list[list[Ran]]:
    its = [one for one in ran if one.arm.treatment == treatment.name and one.arm.role is Role.TREATMENT]
    return [[one for one in its if one.arm.place == place] for place in sorted({one.arm.place for one in its})]


def _against(role: Role, given: Sequence[Ran], known: _Known, title: str) -> Compared:
    """Pair ``given`` by seed with the arms of ``role``: the baselines, or the placebos of the same treatment."""
    first = given[0].arm
    others = [
        one
        for one in known.ran
        if one.arm.role is role and (role is Role.BASELINE or one.arm.treatment == first.treatment)
    ]
    found = pair(others, given, known.measured)
    return Compared(
        treatment=first.treatment,
        title=title,
        role=first.role,
        against=role,
        dose=first.dose,
        seeds=found.seeds,
        lost=found.lost,
        items=known.items,
        effects=found.effects,
    )


def _trend(design: Design, plain: Sequence[Compared]) -> Trend | str:
    """How the first risk goes with the dose; or why that cannot be told."""
    if len(plain) < 2:
        return "It was tried at one dose."
    told = [(one.dose, found[0].gain) for one in plain for found in [of_goal(one, design.risk[0])] if found]
    known = [(dose, gain.value) for dose, gain in told if gain is not None]
    if len(known) < len(plain):
        return f"Of its {len(plain)} doses, {len(known)} have a number."
    return Trend(tuple(dose for dose, _ in known), tuple(gain for _, gain in known))
