"""What a study found → all that a page about it shows, ready to be laid out; nothing is measured or drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.report.interval_plot import Axis
from harness.study.design import Design
from harness.study.frontier import Frontier, Traded, frontier, traded
from harness.study.goals import of_goal
from harness.study.promises import Promise, PromiseRow, rows, told
from harness.study.records import (
    Arm,
    Check,
    CheckName,
    Compared,
    Contrasted,
    Effect,
    Outcome,
    Results,
    Role,
    Ruled,
    Side,
)
from harness.study.rows import EffectRow, Kind, axes_of, direction, row, rows_of
from harness.study.verdict import WORDS

__all__ = ["ANSWERS", "QUESTIONS", "SHAPES", "Beside", "StudyPart", "StudyView", "view"]

SHAPES: Mapping[Outcome, str] = {
    Outcome.WORKS: "pass",
    Outcome.SIDE_EFFECT: "waived",
    Outcome.COSTLY: "fail",
    Outcome.PLACEBO: "inconclusive",
    Outcome.HARMS: "fail",
    Outcome.OPEN: "inconclusive",
    Outcome.FAILED: "not_judged",
}
"""Shape and colour of each outcome: those of rulings, since readers know them."""
ANSWERS: Mapping[bool | None, tuple[str, str]] = {
    True: ("pass", "yes"),
    False: ("fail", "no"),
    None: ("none", "not settled"),
}
SIDES: Mapping[Side, tuple[str, str]] = {
    Side.BETTER: ("pass", "better"),
    Side.WORSE: ("fail", "worse"),
    Side.OPEN: ("inconclusive", "may be chance"),
}
QUESTIONS: Mapping[CheckName, str] = {
    CheckName.PAIRED: "Same items, seeds and budget in all arms?",
    CheckName.IMPROVED: "Did the number that decides improve by more than chance?",
    CheckName.UTILITY: "Is what it costs in usefulness within the margin?",
    CheckName.PLACEBO: "Did it do more than its placebo?",
    CheckName.DISJOINT: "Is nothing asked that it was shown?",
    CheckName.SEEDS: "Did it help in each of three seeds or more?",
    CheckName.SIDE_EFFECTS: "Did nothing else get worse?",
    CheckName.DOSE: "Does more of it do more?",
}


@dataclass(frozen=True, slots=True)
class StudyPart:
    """One treatment at one dose.

    Attributes:
        anchor: Name of its place on a page.
        title: How sentences call it, with its dose.
        treatment: Its name.
        setting: Dotted name of the setting that its dose is a value of; empty where it has no dose.
        compared: It against the baseline.
        ruled: Its verdict.
        key: Shape of the verdict.
        word: The verdict in a word or a few.
        checks: The eight: check, question, shape and word of the answer; none where it failed.
        numbers: All of its numbers, in order.
        goals: Those on risk and usefulness, in the order of the design.
        others: What was looked at beside them and did not get worse, groups left out; before it what did, groups too.
        price: Tokens.
        placebo: The deciding number of its placebo against the baseline; none without one.
        doses: The deciding number at each of its doses; at the last dose alone, and only where there are several.
    """

    anchor: str
    title: str
    treatment: str
    setting: str
    compared: Compared
    ruled: Ruled
    key: str
    word: str
    checks: tuple[tuple[Check, str, tuple[str, str]], ...]
    numbers: tuple[EffectRow, ...]
    goals: tuple[EffectRow, ...]
    others: tuple[EffectRow, ...]
    price: tuple[EffectRow, ...]
    placebo: tuple[EffectRow, ...]
    doses: tuple[EffectRow, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """One contrast: what was found, the numbers, and who was lost."""

    title: str
    sentence: str
    matched: tuple[EffectRow, ...]
    risks: tuple[EffectRow, ...]
    lost: int


@dataclass(frozen=True, slots=True)
class StudyView:
    """One study, for readers.

    Attributes:
        design: What was settled before it began.
        model: Name of the model of its first run.
        digest: Of the design, short.
        parts: One for each treatment and dose.
        compared: Every comparison with its numbers, those with and of placebos too.
        traded: Risk and usefulness of each arm that has both.
        frontier: The same as a picture; None where fewer than two arms have both.
        contrasts: Treatments beside each other.
        promises: What was certified on calibration runs, and what was measured.
        promised: The same in sentences.
        promise_rows: The same as rows.
        utilities: Metric, margin and reason of each.
        items: Cell, cases that all arms have, cases that only some have.
        lost: Arms that failed, and why.
        arms: Names of those with evidence.
    """

    design: Design
    model: str
    digest: str
    parts: tuple[StudyPart, ...]
    compared: tuple[Compared, ...]
    traded: tuple[Traded, ...]
    frontier: Frontier | None
    contrasts: tuple[Beside, ...]
    promises: tuple[Promise, ...]
    promised: tuple[str, ...]
    promise_rows: tuple[PromiseRow, ...]
    utilities: tuple[tuple[str, float, str], ...]
    items: tuple[tuple[str, int, int], ...]
    lost: tuple[tuple[str, str], ...]
    arms: tuple[str, ...]


def view(
    design: Design, model: str, arms: Sequence[tuple[Arm, str]], results: Results, made: Sequence[Promise]
) -> StudyView:
    """Prepare what a page shows.

    Args:
        design: The study.
        model: Name of the model of the first arm that has evidence.
        arms: All arms, each with why it failed or an empty text.
        results: What was found.
        made: Promises of the arms that made some.

    Raises:
        ValueError: there is not one verdict for each treatment and dose.
        KeyError: an arm is of no treatment.
    """
    axes = axes_of(results)
    titles = {one.treatment: one.title for one in results.compared}
    plain = [one for one in results.compared if one.role is Role.TREATMENT and one.against is Role.BASELINE]
    beside = {one.treatment: one for one in results.compared if one.role is Role.PLACEBO}
    settings = {one.name: one.dose.setting if one.dose else "" for one in design.treatment}
    parts = [
        replace(
            _part(design, one, ruled, beside.get(one.treatment), axes),
            anchor=f"treatment-{number}",
            setting=settings[one.treatment],
            doses=_doses(design, plain, one, settings[one.treatment], axes),
        )
        for number, (one, ruled) in enumerate(zip(plain, results.verdicts, strict=True), 1)
    ]
    found = results.compared[0].items if results.compared else {}
    return StudyView(
        design=design,
        model=model,
        digest=design.digest.short,
        parts=tuple(parts),
        compared=results.compared,
        traded=traded(design, results.compared),
        frontier=frontier(design, results.compared),
        contrasts=tuple(_beside(one, axes) for one in results.contrasts),
        promises=tuple(made),
        promised=tuple(told(made, titles)),
        promise_rows=tuple(rows(made)),
        utilities=tuple((goal.metric, goal.margin, goal.reason) for goal in design.utility),
        items=tuple((cell, both, apart) for cell, (both, apart) in found.items()),
        lost=tuple((arm.name, reason) for arm, reason in arms if reason),
        arms=tuple(arm.name for arm, reason in arms if not reason),
    )


def _part(
    design: Design,
    compared: Compared,
    ruled: Ruled,
    beside: Compared | None,
    axes: Mapping[tuple[str, str], Axis],
) -> StudyPart:
    numbers = rows_of(design, compared, axes)
    by_effect = {id(one.effect): one for one in numbers}
    named = [effect for goal in (*design.risk, *design.utility) for effect in of_goal(compared, goal)]
    goals = [by_effect[place] for place in dict.fromkeys(id(effect) for effect in named)]
    panel = [one for one in numbers if one.kind is Kind.BESIDE]
    worse = [one for one in panel if one.key == "fail"]
    rest = [one for one in panel if one.key != "fail" and not one.effect.slice]
    dose = f" at {ruled.dose}" if ruled.dose else ""
    return StudyPart(
        anchor="",
        title=f"{compared.title}{dose}",
        treatment=compared.treatment,
        setting="",
        compared=compared,
        ruled=ruled,
        key=SHAPES[ruled.outcome],
        word=WORDS[ruled.outcome],
        checks=tuple((check, QUESTIONS[check.name], ANSWERS[check.passed]) for check in ruled.checks),
        numbers=numbers,
        goals=tuple(goals),
        others=(*worse, *rest),
        price=tuple(one for one in numbers if one.kind is Kind.PRICE),
        placebo=_deciding(design, beside, axes) if beside else (),
        doses=(),
    )


def _deciding(design: Design, compared: Compared, axes: Mapping[tuple[str, str], Axis]) -> tuple[EffectRow, ...]:
    return tuple(one for one in rows_of(design, compared, axes) if one.kind is Kind.DECIDES)


def _doses(
    design: Design, plain: Sequence[Compared], one: Compared, setting: str, axes: Mapping[tuple[str, str], Axis]
) -> tuple[EffectRow, ...]:
    its = [other for other in plain if other.treatment == one.treatment]
    if len(its) < 2 or one is not its[-1]:
        return ()
    return tuple(
        replace(found, name=f"{setting} = {other.dose}") for other in its for found in _deciding(design, other, axes)
    )


def _beside(one: Contrasted, axes: Mapping[tuple[str, str], Axis]) -> Beside:
    doses = [f" at {dose}" if dose is not None else "" for dose in (one.dose, one.against_dose)]
    return Beside(
        title=f"{one.treatment}{doses[0]} beside {one.against}{doses[1]}",
        sentence=one.sentence,
        matched=() if one.matched is None else (_matched(one.matched, axes),),
        risks=tuple(row(risk.effect, axes, Kind.RISK, SIDES[risk.side]) for risk in one.risks),
        lost=len(one.lost),
    )


def _matched(effect: Effect, axes: Mapping[tuple[str, str], Axis]) -> EffectRow:
    return row(effect, axes, Kind.USEFULNESS, direction(effect, effect.p_gain, effect.p_loss))
