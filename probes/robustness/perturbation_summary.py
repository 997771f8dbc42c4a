"""Scores of a question's forms → what `probes.robustness.perturbation` reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from harness.records import Absence, Estimate, Judged, Metric, Outcome, ScoreAsk
from harness.seeds import derive
from harness.stats.worst_case import drop_rate, expected_worst
from probes.robustness.perturbation_card import (
    ALIKE,
    BROKEN,
    CLEAN,
    DEAF,
    DROP,
    FLIP,
    LOST,
    MATCHED,
    RATE,
    REPEAT,
    UNCHANGED,
    WON,
    WORST,
)
from probes.robustness.perturbed import ASKED, REPEATED, Role, operator_of, planned_of, role_of
from probes.robustness.perturbed import UNCHANGED as NOTHING
from probes.summaries import share_of, share_of_units, tally
from probes.variants import (
    Forms,
    Pair,
    Unit,
    accuracy_drop,
    agreeing,
    differing,
    gathered,
    lost,
    means,
    pairs,
    repeats,
    won,
    worst,
)

__all__ = ["HALF", "summarised"]

HALF = 0.5

Result = Estimate | Absence


def summarised(scores: Sequence[Judged]) -> Iterator[Result]:
    """Yield every metric overall, and by operator or number of forms."""
    questions = gathered(scores, role_of)
    main = _of(scores, Role.CLEAN, Role.CHANGED)
    yield accuracy_drop(DROP, questions, "credit", tally(main))
    yield _drop_rate(questions, main)
    yield from _flips(questions, scores, main)
    yield share_of(CLEAN, _of(scores, Role.CLEAN), "credit")
    yield from _worst(questions, scores, main)
    yield from _deaf(questions, scores)
    yield from _not_asked(questions, _of(scores, Role.CLEAN))
    yield from _by_operator(scores)


def _of(scores: Iterable[Judged], *roles: Role) -> list[Judged]:
    return [judged for judged in scores if role_of(judged.case) in roles]


# ── drops and flips ───────────────────────────────────────────────────────────────────────


def _drop_rate(questions: Sequence[Forms], main: Sequence[Judged]) -> Result:
    both = means(questions, "credit")
    if not both:
        return RATE.absent("no question has scored replies as it stands and changed", tally(main))
    before, after = zip(*both, strict=True)
    try:
        return RATE.estimate(drop_rate(before, after, seed=derive(0, RATE.name)), tally(main))
    except ValueError as error:
        return RATE.absent(str(error), tally(main))


def _flips(questions: Sequence[Forms], scores: Sequence[Judged], main: Sequence[Judged]) -> Iterator[Result]:
    """Yield how often answers turn, either way, beside what sending a prompt twice turns."""
    again = _of(scores, Role.AGAIN)
    if main and all(isinstance(judged.case.ask, ScoreAsk) for judged in main):
        reason = "likelihoods are computed, not sampled: the same prompt gives the same, so that the null is exactly 0"
        repeat: Result = REPEAT.absent(reason, tally(again))
    else:
        repeat = share_of_units(REPEAT, differing(repeats(questions), "right"), tally(again))
    null = repeat.interval.value if isinstance(repeat, Estimate) else 0.0
    found, counts = pairs(questions), tally(main)
    yield share_of_units(FLIP, differing(found, "right"), counts, null=null)
    yield share_of_units(LOST, lost(found, "right"), counts)
    yield share_of_units(WON, won(found, "right"), counts)
    yield repeat
    yield share_of_units(ALIKE, agreeing(questions, "right"), counts, null=1 - null)


# ── the worst of several forms ────────────────────────────────────────────────────────────


def _worst(questions: Sequence[Forms], scores: Sequence[Judged], main: Sequence[Judged]) -> Iterator[Result]:
    """Yield the worst case beside the same questions unchanged, and its expectation over fewer forms."""
    lowest, before = worst(questions, "credit")
    matched = share_of_units(MATCHED, before, tally(_of(scores, Role.CLEAN)))
    null = matched.interval.value if isinstance(matched, Estimate) else None
    yield share_of_units(WORST, lowest, tally(main), null=null)
    yield matched
    for k, units in _curve(questions).items():
        yield share_of_units(WORST, units, tally(main), groups={"forms": str(k)})


def _curve(questions: Sequence[Forms]) -> Mapping[int, list[Unit]]:
    """Return the expected worst of k forms drawn from those of each question, for rising k.

    The curve ends where fewer than half of the questions have so many forms, and is made of those alone that
    reach its end, so that all its points speak of the same questions.
    """
    values = {
        its.name: [one.score.values["credit"] for one in its.all if one.score.outcome is Outcome.SCORED]
        for its in questions
    }
    sizes = sorted((len(its) for its in values.values()), reverse=True)
    most = sizes[(len(sizes) - 1) // 2] if sizes else 0
    whole = {name: its for name, its in values.items() if len(its) >= most}
    return {k: [(expected_worst(its, k), name) for name, its in whole.items()] for k in range(1, most + 1) if most > 1}


# ── changes that ask for another answer ───────────────────────────────────────────────────


def _deaf(questions: Sequence[Forms], scores: Sequence[Judged]) -> Iterator[Result]:
    """Yield how often a right answer is given up where it has become wrong, overall and by operator."""
    right = {its.name for its in questions if its.clean.score.values.get("right") == 1}
    controls = _of(scores, Role.CONTROL)
    harmless = [unit for unit in lost(pairs(questions), "right") if unit[1] in right]
    null = sum(value for value, _ in harmless) / len(harmless) if harmless else None

    def units(cases: Iterable[Judged]) -> list[Unit]:
        scored = [one for one in cases if one.case.cluster in right and one.score.outcome is Outcome.SCORED]
        return [(1 - one.score.values["right"], one.case.cluster) for one in scored]

    if controls and not units(controls):
        reason = "no question that was right has a scored reply to a change that asks for another answer"
        yield DEAF.absent(reason, tally(controls))
    else:
        yield share_of_units(DEAF, units(controls), tally(controls), null=null)
    for name, cases in _split(controls).items():
        yield share_of_units(DEAF, units(cases), tally(cases), groups={"operator": name}, null=null)


# ── what was not asked ────────────────────────────────────────────────────────────────────


def _not_asked(questions: Sequence[Forms], clean: Sequence[Judged]) -> Iterator[Result]:
    """Yield how many planned changes found nothing to change, and how many of the rest broke a rule."""
    planned = [
        (name.partition("-")[0], became, its.name)
        for its in questions
        if its.clean.score.outcome is Outcome.SCORED
        for name, became in planned_of(its.clean.case).items()
    ]
    metrics: Sequence[tuple[Metric, Callable[[str], bool], Callable[[str], bool]]] = (
        (UNCHANGED, lambda became: became in {NOTHING, REPEATED}, lambda _: True),
        (BROKEN, lambda became: became != ASKED, lambda became: became not in {NOTHING, REPEATED}),
    )
    for metric, hit, counted in metrics:
        for name in (None, *sorted({operator for operator, _, _ in planned})):
            units = [
                (float(hit(became)), question)
                for operator, became, question in planned
                if counted(became) and name in {None, operator}
            ]
            groups = None if name is None else {"operator": name}
            yield share_of_units(metric, units, tally(clean), groups=groups)


# ── by operator ───────────────────────────────────────────────────────────────────────────


def _split(cases: Iterable[Judged]) -> Mapping[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for judged in cases:
        found.setdefault(operator_of(judged.case), []).append(judged)
    return dict(sorted(found.items()))


def _by_operator(scores: Sequence[Judged]) -> Iterator[Result]:
    """Yield drop and flips for each operator by itself."""
    clean = _of(scores, Role.CLEAN)
    for name, changed in _split(_of(scores, Role.CHANGED)).items():
        asked = {judged.case.cluster for judged in changed}
        cases = [*(judged for judged in clean if judged.case.cluster in asked), *changed]
        questions, groups = gathered(cases, role_of), {"operator": name}
        found: list[Pair] = pairs(questions)
        yield accuracy_drop(DROP, questions, "credit", tally(cases), groups=groups)
        yield share_of_units(FLIP, differing(found, "right"), tally(cases), groups=groups)
