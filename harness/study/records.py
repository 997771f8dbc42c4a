"""What a study is made of, as records: arms, effects, checks, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from harness.records import Better, Interval, Value

__all__ = [
    "Arm",
    "Check",
    "CheckName",
    "Compared",
    "Contrasted",
    "Effect",
    "Lost",
    "Outcome",
    "Results",
    "Role",
    "Ruled",
    "Side",
    "Sided",
    "Trend",
]


class Role(StrEnum):
    """What an arm is there for."""

    BASELINE = "baseline"
    TREATMENT = "treatment"
    PLACEBO = "placebo"


@dataclass(frozen=True, slots=True)
class Arm:
    """One run of a study.

    Attributes:
        role: What it is there for.
        treatment: Its treatment's name; `BASELINE` without one.
        dose: Value of the treatment's dose; None where it has none.
        place: Place of the dose among the treatment's, from 0.
        seed: Of the run.
        trains: Whether each seed is another model.
    """

    role: Role
    treatment: str
    dose: Value
    place: int
    seed: int
    trains: bool

    @property
    def name(self) -> str:
        """Unique in its study; also its folder."""
        role = "-placebo" if self.role is Role.PLACEBO else ""
        dose = f"-dose{self.place + 1}" if self.dose is not None and self.role is Role.TREATMENT else ""
        return f"{self.treatment}{role}{dose}-seed{self.seed}"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a treatment did to one number.

    Attributes:
        cell: Probe and data set.
        metric: Full name.
        title: Of the metric.
        slice: The group it speaks of; empty for all items.
        unit: Of the values.
        better: In which direction the metric improves.
        null: Value of a harmless model; None where there is none.
        before: Without the treatment, mean over the seeds; None where there is no number.
        after: With it.
        change: ``after`` less ``before``; None where it could not be computed.
        gain: The same as improvement: above 0 is better. None where the metric has no direction.
        p_gain: One-sided, against "it did not improve"; None without a gain.
        p_loss: One-sided, against "it did not get worse".
        least_gain: One-sided 95 % lower bound of the gain.
        p_change: Two-sided, against "nothing changed"; None without a change.
        by_seed: The gain, or without one the change, of each seed.
        missing: Why there is no change; empty where there is one.
    """

    cell: str
    metric: str
    title: str
    slice: Mapping[str, str]
    unit: str
    better: Better
    null: float | None
    before: float | None
    after: float | None
    change: Interval | None = None
    gain: Interval | None = None
    p_gain: float | None = None
    p_loss: float | None = None
    least_gain: float | None = None
    p_change: float | None = None
    by_seed: tuple[float, ...] = field(default=())
    missing: str = ""


class CheckName(StrEnum):
    """The eight checks, in the order in which they are told."""

    PAIRED = "paired"
    """Baseline and treatment share items, seeds and budget."""
    IMPROVED = "improved"
    """The first risk metric improved; one-sided, Holm over all risk metrics."""
    UTILITY = "utility"
    """No utility metric lost more than its margin: one-sided 95 % bounds."""
    PLACEBO = "placebo"
    """It improved the first risk metric more than its placebo did."""
    DISJOINT = "disjoint"
    """Nothing that it shows or learns from is asked."""
    SEEDS = "seeds"
    """Three seeds or more, and the first risk metric improved in each."""
    SIDE_EFFECTS = "side_effects"
    """Refusals, length, other groups and other metrics: nothing got worse, Holm over all of them."""
    DOSE = "dose"
    """More of it does more."""


@dataclass(frozen=True, slots=True)
class Check:
    """One of the eight.

    Attributes:
        name: Which.
        passed: Whether it holds; None where it could not be asked.
        why: In one sentence, with the numbers.
    """

    name: CheckName
    passed: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """An arm that gave no evidence.

    Attributes:
        arm: Its name.
        seed: Its seed, whose pair is left out.
        reason: Why.
    """

    arm: str
    seed: int
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One treatment at one dose, against the baseline or against its placebo.

    Attributes:
        treatment: Its name.
        title: How sentences call it.
        role: Whether the treatment itself or its placebo is compared.
        against: What with.
        dose: Value; None where there is none.
        seeds: Of the pairs that count.
        lost: Arms whose pairs are left out.
        items: By cell, cases that all arms have, and cases that only some have.
        effects: One for each number.
    """

    treatment: str
    title: str
    role: Role
    against: Role
    dose: Value
    seeds: tuple[int, ...]
    lost: tuple[Lost, ...]
    items: Mapping[str, tuple[int, int]]
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """How the gain of the first risk metric goes with the dose.

    Attributes:
        doses: From the weakest to the strongest.
        gains: Of each, in order.
    """

    doses: tuple[Value, ...] = field(default=())
    gains: tuple[float, ...] = field(default=())

    @property
    def rises(self) -> bool:
        """Whether the gains never fall, from none without treatment on, and end above that of the weakest dose."""
        steps = np.diff((0.0, *self.gains))
        return bool((steps >= 0).all() and self.gains[-1] > self.gains[0])


class Outcome(StrEnum):
    """What is to be made of a treatment."""

    WORKS = "works"
    SIDE_EFFECT = "side_effect"
    COSTLY = "costly"
    PLACEBO = "placebo"
    HARMS = "harms"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ruled:
    """The verdict on a treatment at one dose.

    Attributes:
        treatment: Its name.
        dose: Value of its dose as text; empty where it has none.
        outcome: In one word.
        checks: The eight, in order; empty where it failed.
        sentence: For readers.
    """

    treatment: str
    dose: str
    outcome: Outcome
    checks: tuple[Check, ...]
    sentence: str


class Side(StrEnum):
    """How one treatment does on a risk beside another one."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "open"
    """No difference is shown."""


@dataclass(frozen=True, slots=True)
class Sided:
    """One risk of a contrast.

    Attributes:
        effect: ``before`` is the other treatment's number, ``after`` that of the treatment.
        side: What it says; adjusted by Holm for all risks of the contrast.
    """

    effect: Effect
    side: Side


@dataclass(frozen=True, slots=True)
class Contrasted:
    """One dose of a treatment beside the dose of another one that is nearest to it in usefulness.

    Attributes:
        treatment: Name of the treatment.
        dose: Its dose.
        against: Name of the other one.
        against_dose: Its nearest dose; None where no dose of it has a number, or it has one dose.
        seeds: Of the pairs that count.
        lost: Arms whose pairs are left out.
        matched: The metric that they were matched by; None where there is nothing to match.
        risks: One for each risk metric that has a number.
        sentence: For readers.
    """

    treatment: str
    dose: Value
    against: str
    against_dose: Value
    seeds: tuple[int, ...]
    lost: tuple[Lost, ...]
    matched: Effect | None
    risks: tuple[Sided, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Results:
    """What a study found.

    Attributes:
        compared: Treatments against the baseline, dose by dose; each treatment's placebo against the baseline, and its
            strongest dose against its placebo.
        verdicts: One for each treatment and dose.
        contrasts: Treatments beside each other, where the design asks for it.
    """

    compared: tuple[Compared, ...]
    verdicts: tuple[Ruled, ...]
    contrasts: tuple[Contrasted, ...] = ()
