"""Does the answer change when only the order of the options does?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

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
from probes.expected import pack, unpack
from probes.letters import LETTERS, parse
from probes.options import letters_ask, options_of, shown_with
from probes.questions import Question, questions
from probes.replies import chosen_text, preferring, read_text, read_totals
from probes.robustness.option_order_card import CARD, FIRST, FLIP, MEAN, REPEAT, WORST
from probes.robustness.orders import by_question, flips, repeats, true_throughout
from probes.sampling import chosen
from probes.summaries import by_group, share_of, share_of_units, tally

__all__ = ["OptionOrder"]

REPLY_TOKENS = 24
"""Room for "The answer is (B)." and a few words of the option."""


@dataclass(frozen=True, slots=True)
class Key:
    """What judging needs.

    Attributes:
        shift: By how many places the options were moved on; 0 is the unshifted order.
        orders: In how many orders the question is asked.
        shown: The options as shown, first to last.
        order: For each option shown, its number in the unshifted order.
        true: Number of the true one.
    """

    shift: int
    orders: int
    shown: tuple[str, ...]
    order: tuple[int, ...]
    true: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionOrder:
    """The same question with its options moved on by one place, two places, and so on.

    Attributes:
        options: Most options per question, the true one included, 2 to 26; the most tempting false ones are kept.
        shifts: Most shifted orders per question, at least 1; None for all, so that every option stands once
            in every place.
    """

    options: int = 4
    shifts: int | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.options <= len(LETTERS):
            raise ValueError(f"options lies in 2 to {len(LETTERS)}, not {self.options}")
        if self.shifts is not None and self.shifts < 1:
            raise ValueError(f"shifts is at least 1, not {self.shifts}; leave it out for all")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """The same text in every order, another text in 3 of 10, and a guess each time."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield one case per question and order; where text is generated, the unshifted prompt once more."""
        for question in chosen(questions(data), budget):
            options = options_of(question, self.options, budget.seed)
            count = len(options) if self.shifts is None else min(len(options), self.shifts + 1)
            for shift in range(count):
                yield _case(question, options, shift, count, budget.capability)
            if budget.capability is Capability.GENERATE:
                yield _case(question, options, 0, count, budget.capability, again=True)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Find the chosen option, by likelihood of its letter or in the text."""
        del readings
        key = unpack(Key, case)
        place = _place(case.ask, reply, key.shown)
        if isinstance(place, Score):
            return place
        choice = key.order[place]
        return Score(
            Outcome.SCORED,
            {"correct": float(choice == key.true), "choice": float(choice), "first": float(place == 0)},
        )

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report each metric overall, and the flip rate by topic."""
        main = [judged for judged in scores if judged.case.arm is Arm.MAIN]
        again = [judged for judged in scores if judged.case.arm is Arm.CONTROL]
        grouped = by_question(main)
        whole = true_throughout(grouped)
        by_chance = [_chance_throughout(grouped[name][0].case) for _, name in whole]
        yield share_of_units(FLIP, flips(grouped), tally(main))
        yield share_of_units(WORST, whole, tally(main), null=fmean(by_chance) if by_chance else None)
        yield share_of(MEAN, main, "correct", null=_chance)
        yield share_of(FIRST, main, "first", null=_chance)
        if main and isinstance(main[0].case.ask, ScoreAsk):
            yield REPEAT.absent("likelihoods are computed, not sampled: the same prompt gives the same", tally(again))
        else:
            yield share_of_units(REPEAT, repeats(grouped, again), tally(again))
        for topic, cases in by_group(main, "topic").items():
            yield share_of_units(FLIP, flips(by_question(cases)), tally(cases), groups={"topic": topic})


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def _case(
    question: Question, options: Sequence[str], shift: int, orders: int, capability: Capability, *, again: bool = False
) -> Case:
    order = [(place + shift) % len(options) for place in range(len(options))]
    shown = tuple(options[number] for number in order)
    return Case(
        id=f"{question.id}/{'again' if again else f'shift-{shift}'}",
        ask=_ask(question.text, shown, capability, seed=int(again)),
        expected=pack(Key(shift, orders, shown, tuple(order), options.index(question.best))),
        groups=question.groups,
        cluster=question.id,
        arm=Arm.CONTROL if again else Arm.MAIN,
        wording=question.text,
    )


def _ask(text: str, shown: Sequence[str], capability: Capability, *, seed: int) -> Ask:
    if capability is Capability.SCORE:
        return letters_ask(text, shown)
    prompt = f"{shown_with(text, shown)}\n\nReply with the letter of the correct option only."
    return GenerateAsk(prompt, max_tokens=REPLY_TOKENS, seed=seed)


def _place(ask: Ask, reply: Reply, shown: Sequence[str]) -> int | Score:
    """Return the place of the chosen option, or the outcome where there is none."""
    if isinstance(ask, ScoreAsk):
        totals = read_totals(ask, reply)
        # The first of equals: greedy decoding would take the letter with the lowest number as well.
        return totals if isinstance(totals, Score) else totals.index(max(totals))
    text = read_text(reply)
    if isinstance(text, Score):
        return text
    place = parse(text, shown)
    if place is not None:
        return place
    if reply.finish is Finish.LENGTH:
        return Score(Outcome.TRUNCATED, note="the reply was cut off before it named an option")
    return Score(Outcome.UNREADABLE, note="the reply names none of the options, or several")


def _chance(case: Case) -> float:
    """What guessing gives: one of the options."""
    return 1 / len(unpack(Key, case).shown)


def _chance_throughout(case: Case) -> float:
    """What guessing anew in each order gives."""
    return _chance(case) ** unpack(Key, case).orders


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.3
"""Share of shifted orders in which the positive control changes its answer."""


def _answer(case: Case, place: int) -> Reply:
    """Choose the option at ``place``, by likelihood or in text, as the case asks."""
    if isinstance(case.ask, ScoreAsk):
        return preferring(case.ask, place)
    if isinstance(case.ask, GenerateAsk):
        return chosen_text(case.ask, LETTERS[place])
    raise TypeError(f"case {case.id} asks for a {type(case.ask).__name__}, which this probe never does")


def _choose(case: Case, number: int) -> Reply:
    """Choose the option of that number wherever it stands."""
    return _answer(case, unpack(Key, case).order.index(number))


def _steady(case: Case) -> Reply:
    return _choose(case, unpack(Key, case).true)


def _first(case: Case) -> Reply:
    return _answer(case, 0)


def _steadily_wrong(case: Case, random: Random) -> Reply:
    del random
    key = unpack(Key, case)
    return _choose(case, (key.true + 1) % len(key.order))


def _sometimes_swayed(case: Case, random: Random) -> Reply:
    key = unpack(Key, case)
    swayed = key.shift > 0 and random.random() < PLANTED
    return _choose(case, (key.true + swayed) % len(key.order))


def _guess(case: Case, random: Random) -> Reply:
    return _answer(case, random.randrange(len(unpack(Key, case).shown)))


CONTROLS = Controls(
    best=_steady,
    worst=_first,
    controls=(
        Control(ControlKind.NEGATIVE, "a respondent that reads the text only", _steadily_wrong, FLIP.name, 0.0),
        Control(ControlKind.POSITIVE, "a respondent swayed by 3 of 10 shifts", _sometimes_swayed, FLIP.name, PLANTED),
        Control(ControlKind.INSTRUMENT, "a respondent that guesses anew each time", _guess, FLIP.name),
    ),
)
