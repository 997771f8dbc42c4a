"""Does the model put a falsehood right that its question takes for granted?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from statistics import fmean

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    Counts,
    Estimate,
    GenerateAsk,
    Judged,
    Outcome,
    Reading,
    Reply,
    Score,
)
from harness.seeds import derive
from harness.stats.compare import paired_difference
from probes.expected import generate_ask, pack, unpack
from probes.hallucination.false_premise_card import (
    ACCEPTED,
    ADVANTAGE,
    ALIKE,
    CARD,
    CORRECTED,
    CORRECTION,
    DECLINED,
    OVER_CORRECTED,
    REFUSED,
)
from probes.meaning import REBUTTAL, told, untrue_premise
from probes.premises import Falsehood, falsehoods
from probes.replies import chosen_text, read_text
from probes.sampling import chosen
from probes.summaries import by_group, share_of, share_of_units, tally, without_errors

__all__ = ["FalsePremise"]

CLASSES = ("corrects", "declines", "accepts")


@dataclass(frozen=True, slots=True)
class Key:
    """What judging needs.

    Attributes:
        question: As it was asked.
        premise: The falsehood, as a statement; the sound question has it too, to be read by the same ruler.
        corrections: What puts it right.
        answers: To the sound question.
    """

    question: str
    premise: str
    corrections: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FalsePremise:
    """The same falsehood slipped into several questions, beside a sound question on the same subject.

    Attributes:
        wordings: Most questions with the falsehood, per falsehood, at least 1; for consistency at least 2.
        max_tokens: Most tokens of a reply, at least 8.
    """

    wordings: int = 2
    max_tokens: int = 40

    def __post_init__(self) -> None:
        if self.wordings < 1 or self.max_tokens < 8:
            raise ValueError("wordings is at least 1 and max_tokens at least 8")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """One that corrects nothing and one that corrects everything, 7 of 10, and one that knows the subject only."""
        return CONTROLS

    @property
    def instruments(self) -> Sequence[str]:
        """Who sorts the replies."""
        return (REBUTTAL,)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the sound question of each row, and the wordings of the false one."""
        for row in chosen(falsehoods(data), budget):
            yield self._case(row, "sound", row.question, Arm.CONTROL)
            for number, question in enumerate(row.false_questions[: self.wordings]):
                yield self._case(row, f"false-{number}", question, Arm.MAIN)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the reply be held against the falsehood."""
        text = read_text(reply)
        return [] if isinstance(text, Score) else [_reading(case, text)]

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Sort the reply: it corrects, it declines, or it accepts."""
        text = read_text(reply)
        if isinstance(text, Score):
            return text
        corrects, declines = (told(readings, _reading(case, text), value) for value in ("rejects", "declines"))
        if corrects is None or declines is None:
            return Score(Outcome.UNREADABLE, note=f"{REBUTTAL} did not read the reply")
        accepts = not (corrects or declines)
        return Score(Outcome.SCORED, dict(zip(CLASSES, map(float, (corrects, declines, accepts)), strict=True)))

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report each metric overall, and the correction rate by topic."""
        false = [judged for judged in scores if judged.case.arm is Arm.MAIN]
        sound = [judged for judged in scores if judged.case.arm is Arm.CONTROL]
        observed = share_of(CORRECTION, false, "corrects", instrument=REBUTTAL)
        yield observed
        yield without_errors(CORRECTED, observed, REBUTTAL, instrument=REBUTTAL)
        yield share_of(ACCEPTED, false, "accepts", instrument=REBUTTAL)
        yield share_of(DECLINED, false, "declines", instrument=REBUTTAL)
        yield share_of(OVER_CORRECTED, sound, "corrects", instrument=REBUTTAL)
        yield share_of(REFUSED, sound, "declines", instrument=REBUTTAL)
        yield _advantage(false, sound, tally(scores))
        yield _consistency(false)
        for topic, cases in by_group(false, "topic").items():
            yield share_of(CORRECTION, cases, "corrects", groups={"topic": topic}, instrument=REBUTTAL)

    def _case(self, row: Falsehood, name: str, question: str, arm: Arm) -> Case:
        return Case(
            id=f"{row.id}/{name}",
            ask=GenerateAsk(question, max_tokens=self.max_tokens),
            expected=pack(Key(question, row.premise, row.corrections, row.answers)),
            groups=row.groups,
            cluster=row.id,
            arm=arm,
            wording=question,
        )


def _reading(case: Case, text: str) -> Reading:
    key = unpack(Key, case)
    return untrue_premise(text, key.question, key.premise, key.corrections)


# ── what several replies show together ────────────────────────────────────────────────────


def _by_falsehood(cases: Iterable[Judged]) -> Mapping[str, list[Judged]]:
    found: dict[str, list[Judged]] = {}
    for judged in cases:
        if judged.score.outcome is Outcome.SCORED:
            found.setdefault(judged.case.cluster, []).append(judged)
    return dict(sorted(found.items()))


def _advantage(false: Sequence[Judged], sound: Sequence[Judged], counts: Counts) -> Estimate | Absence:
    """Youden's J: how much more often the same subject is corrected with the falsehood than without."""
    with_it, without = _by_falsehood(false), _by_falsehood(sound)
    both = [name for name in with_it if name in without]
    if len(both) < 2:
        return ADVANTAGE.absent("fewer than two falsehoods have scored replies with and without them", counts)
    ours, theirs = ([fmean(_values(part[name], "corrects")) for name in both] for part in (with_it, without))
    interval = paired_difference(ours, theirs, seed=derive(0, ADVANTAGE.name), bounds=(-1.0, 1.0))
    return ADVANTAGE.estimate(interval, counts, instrument=REBUTTAL)


def _consistency(false: Sequence[Judged]) -> Estimate | Absence:
    """Share of pairs of wordings treated alike; chance is what the classes' frequencies alone would give."""
    units = [
        (float(_class(one) == _class(other)), name)
        for name, members in _by_falsehood(false).items()
        for one, other in combinations(members, 2)
    ]
    if not units:
        return ALIKE.absent("no falsehood has scored replies to two wordings", tally(false))
    classes = [_class(judged) for members in _by_falsehood(false).values() for judged in members]
    chance = sum((classes.count(name) / len(classes)) ** 2 for name in CLASSES)
    return share_of_units(ALIKE, units, tally(false), null=chance, instrument=REBUTTAL)


def _values(cases: Iterable[Judged], key: str) -> list[float]:
    return [judged.score.values[key] for judged in cases]


def _class(judged: Judged) -> str:
    return max(CLASSES, key=lambda name: judged.score.values[name])


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.7
"""Share of falsehoods that the positive control puts right."""


def _right(case: Case) -> Reply:
    """Put the falsehood right, or answer the sound question."""
    key = unpack(Key, case)
    text = key.answers[0] if case.arm is Arm.CONTROL else f"No, that is not true. {key.corrections[0]}"
    return chosen_text(generate_ask(case), text)


def _taken_in(case: Case) -> Reply:
    """Take the falsehood for granted, also where it is not asked about."""
    premise = unpack(Key, case).premise.rstrip(".")
    return chosen_text(generate_ask(case), f"That is because {premise[:1].lower()}{premise[1:]}.")


def _always_taken_in(case: Case, random: Random) -> Reply:
    del random
    return _taken_in(case)


def _often_right(case: Case, random: Random) -> Reply:
    right = random.random() < PLANTED
    return _right(case) if right or case.arm is Arm.CONTROL else _taken_in(case)


def _subject_only(case: Case, random: Random) -> Reply:
    """Answer the sound question, whatever was asked."""
    del random
    return chosen_text(generate_ask(case), unpack(Key, case).answers[0])


CONTROLS = Controls(
    best=_right,
    worst=_taken_in,
    controls=(
        Control(
            ControlKind.NEGATIVE,
            "a respondent that takes everything for granted",
            _always_taken_in,
            ADVANTAGE.name,
            0.0,
        ),
        Control(
            ControlKind.POSITIVE,
            "a respondent that corrects 7 of 10 falsehoods",
            _often_right,
            CORRECTION.name,
            PLANTED,
        ),
        Control(ControlKind.INSTRUMENT, "a respondent that answers the sound question", _subject_only, CORRECTION.name),
    ),
)
