"""Does the model get worse when the wording of what another probe asks is changed a little?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, Probe, ProbeCard, ReadingProbe, Readings
from harness.contracts.composed import ComparingProbe, NamingProbe
from harness.errors import NotApplicableError, nearest
from harness.records import (
    Absence,
    Case,
    ControlKind,
    Estimate,
    Finish,
    Judged,
    Outcome,
    Reading,
    Reply,
    Score,
    ScoreAsk,
    Value,
)
from harness.seeds import rng
from harness.text.perturb import OPERATORS
from probes.replies import preferring
from probes.robustness.perturbation_card import CARD, DEAF, FLIP
from probes.robustness.perturbation_summary import HALF, summarised
from probes.robustness.perturbed import Plan, Role, forms_of, inner_case, inner_name, role_of

__all__ = ["Perturbation", "Perturbed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Perturbation:
    """Any probe's cases, each with its wording changed by operators: a probe once it is around another.

    Attributes:
        of: Plugin name of the other probe.
        of_settings: Its settings.
        operators: Names of operators that leave what is asked as it is; see `harness.text.perturb`.
        controls: Names of operators that do not, so that the answer has to turn.
        strength: Of the operators, in (0, 1].
        seeds: Draws of each operator per question, at least 1.
        value: Name of the value of the other probe's score, in [0, 1], that says how right a reply is; None for its
            first.
    """

    of: str = "hallucination.closed_book"
    of_settings: Mapping[str, Value] = field(default_factory=dict)
    operators: Sequence[str] = ("keyboard_typo", "synonym", "polite_prefix", "spacing")
    controls: Sequence[str] = ("negation_added", "number_changed")
    strength: float = 0.5
    seeds: int = 1
    value: str | None = None

    def __post_init__(self) -> None:
        if not self.operators:
            raise ValueError("operators names at least one")
        for names, preserves in ((self.operators, True), (self.controls, False)):
            known = [name for name, operator in OPERATORS.items() if operator.preserves is preserves]
            for name in names:
                if name not in known:
                    kind = "operators" if preserves else "controls"
                    raise ValueError(f"{kind}: there is none named {name!r}.{nearest(name, known)}")
        if not 0 < self.strength <= 1 or self.seeds < 1:
            raise ValueError("strength lies above 0 and up to 1, seeds is at least 1")

    def around(self, inner: Probe) -> Probe:
        """Return the probe that asks the cases of ``inner`` in changed wordings."""
        return Perturbed(self, inner)


@dataclass(frozen=True, slots=True)
class Perturbed:
    """A probe's cases as they stand, changed, and once more, judged by that probe."""

    settings: Perturbation
    inner: Probe

    @property
    def card(self) -> ProbeCard:
        """What it is; needs and data are the other probe's."""
        its = self.inner.card
        return replace(
            CARD,
            version=f"{CARD.version} of {its.id} {its.version}",
            title=f"{CARD.title}: {its.title}",
            needs=its.needs,
            datasets=its.datasets,
        )

    @property
    def controls(self) -> Controls:
        """One that no change sways, one that 3 of 10 changes do, and one that guesses each time."""
        return _controls(self.inner)

    @property
    def instruments(self) -> Sequence[str]:
        """Those of the other probe."""
        return self.inner.instruments if isinstance(self.inner, NamingProbe) else ()

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield all forms of each question of the other probe.

        Raises:
            NotApplicableError: the other probe asks nothing whose wording may be changed.
        """
        its = self.settings
        plan = Plan(tuple(its.operators), tuple(its.controls), its.strength, its.seeds)
        clusters: dict[str, list[Case]] = {}
        for case in self.inner.cases(data, budget):
            clusters.setdefault(case.cluster, []).append(case)
        found = [form for cases in clusters.values() for form in forms_of(cases, self.inner, plan, budget.seed)]
        if not found:
            raise NotApplicableError(f"no case of {self.inner.card.id} has a wording that may be changed")
        yield from found

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Name what the other probe wants read."""
        return self.inner.readings(inner_case(case), reply) if isinstance(self.inner, ReadingProbe) else ()

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Let the other probe judge the reply, and take the value that says how right it is."""
        return self._credit(self.inner.judge(inner_case(case), reply, readings))

    def compared(self, cases: Sequence[Case], replies: Sequence[Reply]) -> Iterable[Reading]:
        """Name what the other probe wants read of replies beside each other."""
        if isinstance(self.inner, ComparingProbe):
            for its in _circles(cases):
                yield from self.inner.compared([inner_case(cases[at]) for at in its], [replies[at] for at in its])

    def judge_together(self, cases: Sequence[Case], replies: Sequence[Reply], readings: Readings) -> Sequence[Score]:
        """Judge each form among the unchanged others of its cluster, where the other probe compares."""
        if not isinstance(self.inner, ComparingProbe):
            return [self.judge(case, reply, readings) for case, reply in zip(cases, replies, strict=True)]
        scores = []
        for place, its in enumerate(_circles(cases)):
            circle, said = [inner_case(cases[at]) for at in its], [replies[at] for at in its]
            found = self.inner.judge_together(circle, said, readings)
            scores.append(self._credit(found[its.index(place)]))
        return scores

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report each metric overall; drops, flips and what was not asked also by operator, worst cases by forms."""
        return summarised(scores)

    def _credit(self, score: Score) -> Score:
        if score.outcome is not Outcome.SCORED:
            return score
        name = self.settings.value or next(iter(score.values))
        value = score.values.get(name)
        if value is None or not 0 <= value <= 1:
            told = "is not there" if value is None else f"is {value:g}, not a share"
            return Score(Outcome.UNREADABLE, note=f"the value {name!r} of {self.inner.card.id} {told}: set `value`")
        return Score(Outcome.SCORED, {"credit": value, "right": float(value >= HALF)})


def _circles(cases: Sequence[Case]) -> list[list[int]]:
    """Return, for each case of a cluster, the places of those it is judged among.

    These are the unchanged ones; what stands for the question gives up its place to another form of it.
    """
    roles = [role_of(case) for case in cases]
    unchanged = [at for at, role in enumerate(roles) if role in {Role.CLEAN, Role.COMPANY}]
    circles = []
    for place, role in enumerate(roles):
        its = [place if roles[at] == Role.CLEAN and role != Role.COMPANY else at for at in unchanged]
        circles.append(its if place in its else [place])
    return circles


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.3
"""Share of changes that sway the positive control."""
BESIDE_THE_POINT = "Nothing of the kind."


def _controls(inner: Probe) -> Controls:
    def right(case: Case) -> Reply:
        return inner.controls.best(inner_case(case))

    def wrong(case: Case) -> Reply:
        """Answer as the other probe's worst respondent, or where that answers as its best does, otherwise."""
        one, other = inner.controls.best(inner_case(case)), inner.controls.worst(inner_case(case))
        if one != other:
            return other
        if isinstance(case.ask, ScoreAsk) and len(case.ask.continuations) > 1:
            totals = [score.total for score in one.scores]
            return preferring(case.ask, (totals.index(max(totals)) + 1) % len(totals))
        return Reply(Finish.STOP, text=BESIDE_THE_POINT)

    def best(case: Case) -> Reply:
        return wrong(case) if role_of(case) == Role.CONTROL else right(case)

    def worst(case: Case) -> Reply:
        return wrong(case) if role_of(case) == Role.CHANGED else right(case)

    def steady(case: Case, random: Random) -> Reply:
        """Know half of the questions, whatever their wording."""
        del random
        knows = rng(0, f"knows/{inner_name(case)}").random() < HALF
        return right(case) if knows else wrong(case)

    def swayed(case: Case, random: Random) -> Reply:
        return wrong(case) if role_of(case) == Role.CHANGED and random.random() < PLANTED else right(case)

    def guess(case: Case, random: Random) -> Reply:
        return right(case) if random.random() < HALF else wrong(case)

    return Controls(
        best,
        worst,
        (
            Control(ControlKind.NEGATIVE, "a respondent that no change sways", steady, FLIP.name, 0.0),
            Control(ControlKind.POSITIVE, "a respondent swayed by 3 of 10 changes", swayed, FLIP.name, PLANTED),
            Control(ControlKind.INSTRUMENT, "a respondent that guesses anew each time", guess, FLIP.name),
            Control(ControlKind.INSTRUMENT, "a respondent that hears no change", steady, DEAF.name),
        ),
    )
