"""What a treatment had certified on its calibration run, beside what was measured on the questions of the study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.records import Absence, Better, Counts, Estimate, Interval, Value
from harness.report.figures import plural
from harness.stats.rates import proportion
from harness.study.design import Design
from harness.study.pairs import Ran
from harness.study.records import Role
from harness.text.sentences import share_text

__all__ = ["Kept", "Promise", "PromiseRow", "certificate_of", "promises", "rows", "told"]


class Kept(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    OPEN = "open"
    """More was wrong than promised, by no more than chance."""
    BROKEN = "broken"
    """More was wrong than promised, by more than chance: the whole interval lies above."""
    NOTHING = "nothing"
    """Nothing could be certified, and every question was handed over."""
    UNSEEN = "unseen"
    """No answer was given that could break it, or none was measured."""


WORDS: Mapping[Kept, tuple[str, str]] = {
    Kept.KEPT: ("pass", "as promised"),
    Kept.OPEN: ("inconclusive", "more than promised, which may be chance"),
    Kept.BROKEN: ("fail", "more than promised"),
    Kept.NOTHING: ("none", "all handed over"),
    Kept.UNSEEN: ("none", "not seen"),
}
"""Shape on the page, and words."""


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One promise as the page shows it.

    Attributes:
        name: Treatment, dose and seed.
        promised: Most wrong ones of those given.
        calibrated: Answers that it was certified on.
        given: How many questions were answered, of how many.
        wrong: Share of wrong ones among these; a dash where there are none.
        interval: Of that share.
        method: Of the interval, with its n.
        key: Shape that says what became of it.
        word: The same in words.
    """

    name: str
    promised: str
    calibrated: str
    given: str
    wrong: str
    interval: str
    method: str
    key: str
    word: str


@dataclass(frozen=True, slots=True)
class Promise:
    """One arm with a threshold that was certified, or could not be.

    Attributes:
        arm: Its name.
        treatment: Its treatment's name.
        dose: Value of its dose; None where it has none.
        seed: Of its run, and of the calibration run.
        alpha: Most wrong ones among the answers given, as a share.
        delta: Chance that the promise does not hold.
        threshold: Least confidence of an answer that is given; None where nothing could be certified.
        calibrated: Answers that it was certified on.
        promised: Share of these that the threshold let through.
        asked: Questions of this run.
        given: Those that were answered.
        risk: Share of wrong ones among the answers given, Clopper-Pearson; None where there are none.
        kept: What became of it.
    """

    arm: str
    treatment: str
    dose: Value
    seed: int
    alpha: float
    delta: float
    threshold: float | None
    calibrated: int
    promised: float
    asked: int
    given: int
    risk: Interval | None
    kept: Kept


def promises(design: Design, ran: Sequence[Ran]) -> tuple[Promise, ...]:
    """Hold every treated arm that was certified to its promise, by the first risk metric.

    That one must be a share, of right or of wrong ones, of the answers that were given. Placebos promise nothing.
    """
    return tuple(
        _promise(design, one, found)
        for one in ran
        if one.arm.role is Role.TREATMENT
        for found in [certificate_of(one)]
        if found is not None
    )


def certificate_of(one: Ran) -> Mapping[str, Any] | None:
    """What the arm's outermost mitigation was certified on; None where nothing is certified, or the arm failed."""
    if one.evidence is None:
        return None
    plan: Any = one.evidence.run["plan"]
    layers = plan["identity"]["details"].get("mitigations") or [{}]
    found = layers[-1].get("details", {}).get("certificate")
    return found if isinstance(found, Mapping) else None


def _promise(design: Design, one: Ran, found: Mapping[str, Any]) -> Promise:
    wrong, given, asked = _measured(design, one)
    risk = proportion(wrong, given, method="clopper-pearson") if wrong is not None and given else None
    return Promise(
        arm=one.arm.name,
        treatment=one.arm.treatment,
        dose=one.arm.dose,
        seed=one.arm.seed,
        alpha=float(found["alpha"]),
        delta=float(found["delta"]),
        threshold=found["threshold"],
        calibrated=int(found["answers"]),
        promised=int(found["given"]) / int(found["answers"]),
        asked=asked,
        given=given,
        risk=risk,
        kept=_kept(float(found["alpha"]), risk, certified=found["threshold"] is not None),
    )


def _kept(alpha: float, risk: Interval | None, *, certified: bool) -> Kept:
    if not certified:
        return Kept.NOTHING
    if risk is None:
        return Kept.UNSEEN
    if risk.value <= alpha:
        return Kept.KEPT
    return Kept.BROKEN if risk.low > alpha else Kept.OPEN


def _measured(design: Design, one: Ran) -> tuple[int | None, int, int]:
    """Count the wrong ones, None where the metric does not tell them, the answers given, and the questions asked."""
    wrong: int | None = 0
    given = asked = 0
    for found in _of_first_risk(design, one):
        counts: Counts = found.counts
        asked += counts.asked
        if isinstance(found, Estimate):
            given += found.interval.n
            share = found.interval.value if found.better is Better.LOWER else 1 - found.interval.value
            told = found.unit == "share" and found.better is not Better.NULL
            wrong = wrong + round(share * found.interval.n) if told and wrong is not None else None
    return wrong, given, asked


def _of_first_risk(design: Design, one: Ran) -> Iterator[Estimate | Absence]:
    goal = design.risk[0]
    for cell in one.evidence.results if one.evidence else ():
        if goal.dataset in (None, cell.dataset):
            yield from (its for its in cell.results if its.metric == goal.metric and not its.slice)


def told(made: Sequence[Promise], titles: Mapping[str, str]) -> list[str]:
    """One sentence for each treatment and dose: what was promised, what came of it, seed by seed."""
    groups: dict[tuple[str, str], list[Promise]] = {}
    for one in made:
        groups.setdefault((one.treatment, str(one.dose)), []).append(one)
    return [_sentence(titles[treatment], its) for (treatment, _), its in groups.items()]


def _sentence(title: str, its: Sequence[Promise]) -> str:
    first = its[0]
    name = title if first.dose is None else f"{title} at {first.dose}"
    sure = f"{100 * (1 - first.delta):g} % sure"
    nothing = [one for one in its if one.kept is Kept.NOTHING]
    if len(nothing) == len(its):
        return (
            f"{name}: that at most {share_text(first.alpha)} of the answers given are wrong could not be certified,"
            f" {sure}, with {_seeds(nothing)}: every question was handed over."
        )
    seen = [one for one in its if one.risk is not None]
    parts = [
        f"{name} promised, {sure}, that at most {share_text(first.alpha)} of the answers given are wrong",
        "; ".join(_clause(one) for one in seen) or "no answer was given that could show it",
    ]
    text = f"{parts[0]}. Measured on other questions: {parts[1]}."
    if nothing:
        text = f"{text} Nothing could be certified with {_seeds(nothing)}: every question was handed over there."
    return text


def _seeds(its: Sequence[Promise]) -> str:
    names = ", ".join(str(one.seed) for one in its)
    return f"seed {names}" if len(its) == 1 else f"the seeds {names}"


def _clause(one: Promise) -> str:
    if one.risk is None:
        return f"none with seed {one.seed}"
    wrong = round(one.risk.value * one.given)
    return f"{wrong:,} of {plural(one.given, 'answer')} with seed {one.seed}, {WORDS[one.kept][1]}"


def rows(made: Sequence[Promise]) -> list[PromiseRow]:
    """Make one line of the page for each promise."""
    return [_row(one) for one in made]


def _row(one: Promise) -> PromiseRow:
    key, word = WORDS[one.kept]
    bound = f"at most {share_text(one.alpha)}" if one.threshold is not None else "nothing"
    return PromiseRow(
        name=f"{one.treatment}{'' if one.dose is None else f' at {one.dose}'}, seed {one.seed}",
        promised=bound,
        calibrated=plural(one.calibrated, "answer"),
        given=f"{one.given:,} of {one.asked:,}",
        wrong="\N{EN DASH}" if one.risk is None else share_text(one.risk.value),
        interval="" if one.risk is None else f"{share_text(one.risk.low)} to {share_text(one.risk.high)}",
        method="" if one.risk is None else f"{one.risk.method}; n = {one.risk.n:,}",
        key=key,
        word=word,
    )
