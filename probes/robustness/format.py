"""Does it matter to the model how the same question with options is laid out?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Arm,
    Ask,
    Capability,
    Case,
    ControlKind,
    Estimate,
    Finish,
    GenerateAsk,
    Judged,
    Outcome,
    Reply,
    Score,
    ScoreAsk,
)
from harness.seeds import derive
from harness.stats.compare import paired_difference
from harness.stats.worst_case import format_spread, held_out_extremes
from probes.expected import pack, unpack
from probes.options import options_of
from probes.questions import Question, questions
from probes.replies import chosen_text, preferring, read_text, read_totals
from probes.robustness.format_card import ACCURACY, CARD, FLIP, HELD_OUT, LOST, REPEAT, SPREAD, WON, WORST
from probes.robustness.formats import EXAMPLES, Format, formats, place_in, put
from probes.sampling import chosen
from probes.summaries import share_of, share_of_units, tally
from probes.variants import differing, gathered, lost, pairs, repeats, won

__all__ = ["PromptFormat"]

Result = Estimate | Absence


@dataclass(frozen=True, slots=True)
class Key:
    """What judging needs.

    Attributes:
        number: Of the format; 0 is the plain one.
        formats: How many there are.
        format: The format.
        shown: The options as shown, first to last.
        order: For each option shown, its number in the unshifted order.
        true: Number of the true one.
    """

    number: int
    formats: int
    format: Format
    shown: tuple[str, ...]
    order: tuple[int, ...]
    true: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFormat:
    """The same question with the same options in several layouts, the plain one first.

    Attributes:
        formats: How many layouts, at least 2, the plain one included.
        options: Most options per question, the true one included, 2 to 4; the most tempting false ones are kept.
    """

    formats: int = 6
    options: int = 3

    def __post_init__(self) -> None:
        if self.formats < 2 or not 2 <= self.options <= len(EXAMPLES[0][1]):
            raise ValueError(f"formats is at least 2, and options lies in 2 to {len(EXAMPLES[0][1])}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """A guess each time, one that the last format makes wrong in 8 of 10, and whatever is shown first."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield one case per question and format; where text is written, the plain one once more."""
        writes = budget.capability is Capability.GENERATE
        layouts = formats(self.formats, self.options, budget.seed, writes=writes)
        for question in chosen(questions(data), budget):
            options = options_of(question, self.options, budget.seed)
            for number in range(len(layouts)):
                yield _case(question, options, layouts, number, budget.capability)
            if writes:
                yield _case(question, options, layouts, 0, budget.capability, again=True)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Find the chosen option, by likelihood of its mark or in the text."""
        del readings
        key = unpack(Key, case)
        place = _place(case.ask, reply, key)
        if isinstance(place, Score):
            return place
        choice = key.order[place]
        return Score(Outcome.SCORED, {"correct": float(choice == key.true), "choice": float(choice)})

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report each metric overall, and the accuracy of each format."""
        main = [judged for judged in scores if judged.case.arm is Arm.MAIN]
        again = [judged for judged in scores if judged.case.arm is Arm.CONTROL]
        yield from _spreads(main)
        yield share_of(ACCURACY, main, "correct", null=_chance)
        for name, cases in _by_format(main).items():
            yield share_of(ACCURACY, cases, "correct", groups={"format": name}, null=_chance)
        forms = gathered(scores, _role)
        if main and all(isinstance(judged.case.ask, ScoreAsk) for judged in main):
            repeat: Result = REPEAT.absent(
                "likelihoods are computed, not sampled: the same prompt gives the same, so that the null is exactly 0",
                tally(again),
            )
        else:
            repeat = share_of_units(REPEAT, differing(repeats(forms), "choice"), tally(again))
        found, counts = pairs(forms), tally(main)
        null = repeat.interval.value if isinstance(repeat, Estimate) else 0.0
        yield share_of_units(FLIP, differing(found, "choice"), counts, null=null)
        yield share_of_units(LOST, lost(found, "correct"), counts)
        yield share_of_units(WON, won(found, "correct"), counts)
        yield repeat


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def _case(
    question: Question,
    options: Sequence[str],
    layouts: Sequence[Format],
    number: int,
    capability: Capability,
    *,
    again: bool = False,
) -> Case:
    how = layouts[number]
    order = tuple((place + how.shift) % len(options) for place in range(len(options)))
    shown = tuple(options[at] for at in order)
    return Case(
        id=f"{question.id}/{'again' if again else f'format-{number}'}",
        ask=put(question.text, shown, how, capability, seed=int(again)),
        expected=pack(Key(number, len(layouts), how, shown, order, options.index(question.best))),
        groups=question.groups,
        cluster=question.id,
        arm=Arm.CONTROL if again else Arm.MAIN,
        wording=question.text,
    )


def _place(ask: Ask, reply: Reply, key: Key) -> int | Score:
    """Return the place of the chosen option, or the outcome where there is none."""
    if isinstance(ask, ScoreAsk):
        totals = read_totals(ask, reply)
        return totals if isinstance(totals, Score) else totals.index(max(totals))
    text = read_text(reply)
    if isinstance(text, Score):
        return text
    place = place_in(text, key.shown, key.format)
    if place is not None:
        return place
    if reply.finish is Finish.LENGTH:
        return Score(Outcome.TRUNCATED, note="the reply was cut off before it named an option")
    return Score(Outcome.UNREADABLE, note="the reply names none of the options, or several")


def _role(case: Case) -> str:
    if case.arm is Arm.CONTROL:
        return "again"
    return "changed" if unpack(Key, case).number else "clean"


def _chance(case: Case) -> float:
    return 1 / len(unpack(Key, case).shown)


# ── what formats make of the accuracy ─────────────────────────────────────────────────────


def _by_format(main: Iterable[Judged]) -> Mapping[str, list[Judged]]:
    found: dict[tuple[int, str], list[Judged]] = {}
    for judged in main:
        key = unpack(Key, judged.case)
        found.setdefault((key.number, key.format.words), []).append(judged)
    return {f"{number} {words}": its for (number, words), its in sorted(found.items())}


def _table(main: Sequence[Judged]) -> dict[str, list[float]]:
    """Return, for each question that was scored in every format, how right it was in each."""
    rows: dict[str, dict[int, float]] = {}
    wanted = max((unpack(Key, judged.case).formats for judged in main), default=0)
    for judged in main:
        if judged.score.outcome is Outcome.SCORED:
            its = rows.setdefault(judged.case.cluster, {})
            its[unpack(Key, judged.case).number] = judged.score.values["correct"]
    return {name: [its[at] for at in sorted(its)] for name, its in sorted(rows.items()) if len(its) == wanted}


def _spreads(main: Sequence[Judged]) -> Iterator[Result]:
    """Yield the spread beside its null, and its extremes on questions that had no say in which they are."""
    table, counts = _table(main), tally(main)
    try:
        found = format_spread(list(table.values()), seed=derive(0, SPREAD.name))
    except ValueError as error:
        reason = str(error) if table else "no question was scored in every format"
        yield from (metric.absent(reason, counts) for metric in (SPREAD, HELD_OUT, WORST))
        return
    method = f"{found.value.method}; permutation p {found.p:.2g} of {found.formats} formats"
    yield SPREAD.estimate(replace(found.value, method=method), counts, null=found.null.value)
    names = sorted(table, key=lambda name: derive(0, f"half/{name}"))
    first = set(names[: len(names) // 2])
    worst, best = held_out_extremes(list(table.values()), [name in first for name in table])
    interval = paired_difference(best.tolist(), worst.tolist(), seed=derive(0, HELD_OUT.name), bounds=(-1.0, 1.0))
    yield HELD_OUT.estimate(interval, counts)
    mean = sum(sum(its) / len(its) for its in table.values()) / len(table)
    yield share_of_units(WORST, list(zip(worst.tolist(), table, strict=True)), counts, null=mean)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.8
"""Share of questions that the last format makes the positive control answer wrongly."""


def _answer(case: Case, place: int) -> Reply:
    """Choose the option at ``place``, by likelihood or in text, as the case asks."""
    if isinstance(case.ask, ScoreAsk):
        return preferring(case.ask, place)
    if isinstance(case.ask, GenerateAsk):
        return chosen_text(case.ask, unpack(Key, case).format.label(place))
    raise TypeError(f"case {case.id} asks for a {type(case.ask).__name__}, which this probe never does")


def _choose(case: Case, number: int) -> Reply:
    return _answer(case, unpack(Key, case).order.index(number))


def _right(case: Case) -> Reply:
    return _choose(case, unpack(Key, case).true)


def _wrong(case: Case) -> Reply:
    key = unpack(Key, case)
    return _choose(case, (key.true + 1) % len(key.order))


def _plain_only(case: Case) -> Reply:
    """Be right in the plain format and wrong in all others."""
    return _wrong(case) if _role(case) == "changed" else _right(case)


def _guess(case: Case, random: Random) -> Reply:
    return _answer(case, random.randrange(len(unpack(Key, case).shown)))


def _thrown_by_the_last(case: Case, random: Random) -> Reply:
    key = unpack(Key, case)
    return _wrong(case) if key.number == key.formats - 1 and random.random() < PLANTED else _right(case)


def _first(case: Case, random: Random) -> Reply:
    del random
    return _answer(case, 0)


CONTROLS = Controls(
    best=_right,
    worst=_plain_only,
    controls=(
        Control(ControlKind.NEGATIVE, "a respondent that guesses anew in each format", _guess, HELD_OUT.name, 0.0),
        Control(
            ControlKind.POSITIVE,
            "a respondent that one format makes wrong in 8 of 10",
            _thrown_by_the_last,
            SPREAD.name,
            PLANTED,
        ),
        Control(ControlKind.INSTRUMENT, "a respondent that guesses anew in each format", _guess, SPREAD.name),
        Control(ControlKind.INSTRUMENT, "a respondent that takes what is shown first", _first, SPREAD.name),
    ),
)
