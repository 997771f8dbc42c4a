"""What is promised of a model's privacy, what an audit shows of it, and what privacy cost in studies of the store.

The promise is told by the model's backend in the sentences of `harness.privacy.claim`; its numbers are read from those,
so that what stands on a page is what stands in the report. The audit is the estimate of the run. Nothing is judged anew
but which of the two is larger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite
from typing import TYPE_CHECKING

from scipy import special

from harness.privacy.claim import DISCLOSURES
from harness.query.studies import list_studies, view_study
from harness.query.tables import opened, tables_of
from harness.records import Absence, Estimate
from harness.report.view import RunView
from harness.stats.one_run import LOWER_BOUND, guesses_needed
from harness.study.frontier import BETTER
from harness.study.goals import of_goal
from harness.study.records import Compared, Effect, Role
from harness.study.view import StudyView
from harness.text.sentences import number

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = [
    "Audited",
    "Promised",
    "Standing",
    "StudyArm",
    "Tradeoff",
    "audited",
    "direction",
    "promised",
    "right_at_most",
    "tradeoffs",
]

AUDIT = "memorisation.audited_epsilon/bound"
CLAIMED = re.compile(
    r"\(epsilon, delta\)-differential privacy with epsilon = ([\d.]+) and delta = ([\d.]+(?:e-\d+)?)\."
)
ACCOUNTANT = re.compile(r"Accountant: (\w+): .*")
UNIT = re.compile(r"Neighbours: .*\. One record is (.*)\. Records: \d+\.")
EPSILON = "epsilon"
"""Last part of the name of a setting whose doses are budgets of privacy."""


# ── what is promised ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Promised:
    """A claim of differential privacy as a run tells it.

    Attributes:
        lines: The claim in sentences, the first of which says whether anything is claimed; empty where the backend
            tells nothing of the training.
        disclosures: What no claim made here covers; part of the claim.
        epsilon: Rounded up to three decimals; None where there is no claim, or none in the words of this house.
        delta: At which it holds.
        accountant: That computed it; empty where that is not told.
        unit: What one record is; likewise.
    """

    lines: tuple[str, ...]
    disclosures: tuple[str, ...] = ()
    epsilon: float | None = None
    delta: float | None = None
    accountant: str = ""
    unit: str = ""

    @property
    def meaning(self) -> str:
        """What the promise is worth to somebody who is in the data; empty where there is no number."""
        if self.epsilon is None or self.delta is None:
            return ""
        return (
            "Toss a coin over whether one record is in the training, and let somebody who sees the model guess: the"
            f" promise is that nobody is right in more than {_at_most(right_at_most(self.epsilon, self.delta))} such"
            " tosses, whatever else they know. Guessing blindly is right in 50 of 100."
        )


def promised(view: RunView) -> Promised:
    """Read the claim that a run tells of its model."""
    told = view.origins.privacy
    if not told:
        return Promised(())
    lines = tuple(line for line in told if line not in DISCLOSURES)
    disclosures = tuple(line for line in told if line in DISCLOSURES)
    numbers = CLAIMED.fullmatch(told[0])
    if numbers is None:
        return Promised(lines, disclosures)
    return Promised(
        lines,
        disclosures,
        float(numbers[1]),
        float(numbers[2]),
        _first(ACCOUNTANT, told),
        _first(UNIT, told),
    )


def right_at_most(epsilon: float, delta: float) -> float:
    """How often a guess over a fair coin can be right under (epsilon, delta)-differential privacy, in [0.5, 1].

    ``(e^epsilon + delta) / (1 + e^epsilon)``: shares of false alarms and of misses add up to 2 (1 - delta) /
    (1 + e^epsilon) or more.

    Source:
        Kairouz, Oh and Viswanath (2013), "The Composition Theorem for Differential Privacy", arXiv:1311.0776.
    """
    return float(special.expit(epsilon) + delta * special.expit(-epsilon))


def _at_most(share: float) -> str:
    """A bound as a natural frequency, rounded up: what is read is never below what is promised."""
    for scale in (100, 1_000, 10_000, 100_000, 1_000_000):
        most = ceil(share * scale - 1e-9)
        if most < scale:
            return f"{most:,} of {scale:,}"
    return "all but a few in a million"


def _first(form: re.Pattern[str], lines: Sequence[str]) -> str:
    return next((found[1] for line in lines if (found := form.fullmatch(line))), "")


# ── what an audit shows ───────────────────────────────────────────────────────────────────


class Standing(StrEnum):
    """What the audit says of the promise."""

    REFUTED = "refuted"
    KEPT = "not refuted"
    POWERLESS = "not enough power to say"
    APART = "not comparable"
    UNPROMISED = "nothing to hold it against"
    UNAUDITED = "not audited"


@dataclass(frozen=True, slots=True)
class Audited:
    """A promise beside what was measured.

    Attributes:
        standing: What is to be made of the two.
        sentence: The same for readers.
        bound: Epsilon is at least this, at the confidence of the audit; None where there is no number.
        ceiling: What the bound would have been with every guess right: nothing above it could show.
        guesses: That were made.
        delta: At which the bound holds; None where the bundle does not tell.
    """

    standing: Standing
    sentence: str
    bound: float | None = None
    ceiling: float | None = None
    guesses: int = 0
    delta: float | None = None


def audited(library: Library, run: str, view: RunView, claim: Promised) -> Audited:
    """Hold a claim against the one-run audit of the same run, where there is one.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its tables cannot be read.
    """
    found = next(
        ((part.found, section) for section in view.sections for part in section.metrics if _is_audit(part.found)), None
    )
    if found is None:
        what = "Nothing was promised, and no audit was made:" if claim.epsilon is None else "No audit was made:"
        return Audited(Standing.UNAUDITED, f"{what} {_unasked(view)}")
    its, section = found
    if isinstance(its, Absence):
        return Audited(Standing.UNAUDITED, f"The audit gave no number: {its.reason.rstrip('.')}.")
    delta = _delta(library, run, f"{section.card.id}@{section.result.dataset}")
    standing = _standing(its, delta, claim)
    interval = its.interval
    return Audited(standing, _said(standing, its, delta, claim), interval.low, interval.high, interval.n, delta)


def _is_audit(found: Estimate | Absence) -> bool:
    return found.metric == AUDIT or (isinstance(found, Estimate) and found.interval.method.startswith(LOWER_BOUND))


def _unasked(view: RunView) -> str:
    probe = AUDIT.partition("/")[0]
    why = next((why for name, _, why in view.untested.cells if name == probe), "")
    return f"{why.rstrip('.')}." if why else f"the probe {probe} was not among those that were asked."


def _standing(its: Estimate, delta: float | None, claim: Promised) -> Standing:
    if claim.epsilon is None or claim.delta is None:
        return Standing.UNPROMISED
    # A promise at one delta is a promise at any larger one, and says nothing of a smaller one.
    if delta is None or delta < claim.delta * (1 - 1e-3):
        return Standing.APART
    if its.interval.low > claim.epsilon:
        return Standing.REFUTED
    return Standing.POWERLESS if its.interval.high <= claim.epsilon else Standing.KEPT


def _said(standing: Standing, its: Estimate, delta: float | None, claim: Promised) -> str:
    interval = its.interval
    level = f"{100 * interval.confidence:g} % confidence"
    shown = (
        f"Of {interval.n:,} guesses so many were right that epsilon is at least {number(interval.low)}, with {level}."
        if interval.low > 0
        else f"The {interval.n:,} guesses were right no more often than chance allows at an epsilon of 0, with {level}."
    )
    if standing is Standing.UNPROMISED or claim.epsilon is None:
        return f"{shown} Nothing is promised that this could be held against. A low bound is no evidence of privacy."
    if standing is Standing.APART:
        at = "a delta that the bundle does not tell" if delta is None else f"a delta of {delta:.3g}"
        return f"{shown} It holds at {at}, and the promise at a larger one: the two cannot be compared."
    if standing is Standing.REFUTED:
        return f"{shown} At most {number(claim.epsilon)} was promised: the promise is refuted."
    if standing is Standing.POWERLESS:
        needed = guesses_needed(claim.epsilon) if claim.epsilon < 700 else None
        return (
            f"{shown} With every guess right it would have been {number(interval.high)}, so it could never have refuted"
            f" the promised {number(claim.epsilon)}: not enough power to say."
            f" It would take {f'{needed:,}' if needed else 'endless'} guesses or more, all of them right."
        )
    return (
        f"{shown} That is no more than the promised {number(claim.epsilon)}: the audit does not refute the promise. It"
        " does not confirm it either, since a better attack may find more."
    )


def _delta(library: Library, run: str, cell: str) -> float | None:
    """The one delta of all cases of the audit; None where there are several, or none."""
    cases = tables_of(library, run)["cases"]
    with opened(cases) as connection:
        rows = connection.execute(
            """SELECT DISTINCT CAST(json_extract(expected, '$.delta') AS DOUBLE) FROM read_parquet($cases)
            WHERE cell = $cell LIMIT 2""",
            {"cases": cases, "cell": cell},
        ).fetchall()
    found = [delta for (delta,) in rows if delta is not None and isfinite(delta)]
    return float(found[0]) if len(rows) == len(found) == 1 else None


# ── what privacy cost ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StudyArm:
    """One number of one arm of a study.

    Attributes:
        name: Title of the treatment, with its dose, or that it is a placebo.
        role: ``treatment`` or ``placebo``.
        epsilon: Its budget; None where it was trained without noise.
        effect: The number without and with it.
    """

    name: str
    role: str
    epsilon: float | None
    effect: Effect


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """A study in which epsilon was the dose.

    Attributes:
        name: Of its folder.
        title: Of its design.
        question: That it answers.
        model: Name of the model.
        seeds: How often each arm was trained anew.
        risks: Each risk metric, the one that decides first, with every arm's number.
        uses: Each utility metric, likewise.
        sentences: Its verdicts, and what was found beside other treatments.
    """

    name: str
    title: str
    question: str
    model: str
    seeds: int
    risks: tuple[tuple[StudyArm, ...], ...]
    uses: tuple[tuple[StudyArm, ...], ...]
    sentences: tuple[str, ...]


def tradeoffs(library: Library) -> tuple[Tradeoff, ...]:
    """The studies of the store in which a treatment's dose is epsilon, newest first; unreadable ones are passed over.

    What cannot be read is told by `harness.query.studies.list_studies`, beside all other studies.
    """
    listed = (one.name for one in list_studies(library) if not one.trouble)
    views = ((name, view_study(library, name)) for name in listed)
    return tuple(_tradeoff(name, its) for name, its in views if _private(its))


def _private(view: StudyView) -> frozenset[str]:
    """Names of the treatments whose dose is epsilon."""
    return frozenset(part.treatment for part in view.parts if part.setting.rpartition(".")[2] == EPSILON)


def _tradeoff(name: str, view: StudyView) -> Tradeoff:
    design, private = view.design, _private(view)
    against = [one for one in view.compared if one.against is Role.BASELINE]
    risks, uses = (
        tuple(
            arms
            for goal in goals
            if (arms := tuple(arm for one in against for arm in _arms(one, private, of_goal(one, goal))))
        )
        for goals in (design.risk, design.utility)
    )
    told = (*(part.ruled.sentence for part in view.parts), *(one.sentence for one in view.contrasts))
    return Tradeoff(name, design.title, design.question, view.model, len(design.seeds), risks, uses, told)


def _arms(one: Compared, private: frozenset[str], effects: Sequence[Effect]) -> Iterator[StudyArm]:
    """The arm's number, where it has one."""
    for effect in effects[:1]:
        if effect.after is None:
            continue
        placebo = one.role is Role.PLACEBO
        dosed = one.treatment in private and not placebo and isinstance(one.dose, int | float)
        dose = f" at {one.dose}" if one.dose is not None and not placebo else ""
        name = f"{one.title}{dose}{', placebo' if placebo else ''}"
        yield StudyArm(name, one.role.value, float(str(one.dose)) if dosed else None, effect)


def direction(effect: Effect) -> str:
    """Which way the number improves, in words."""
    return BETTER[effect.better]
