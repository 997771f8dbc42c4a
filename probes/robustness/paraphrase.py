"""Does the answer change when the same question is asked in other words?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    Estimate,
    GenerateAsk,
    Judged,
    Outcome,
    Reading,
    Reply,
    Score,
)
from harness.stats.entropy import groups
from harness.text.equivalence import asserts
from harness.text.perturb import RULES, preserves_label
from probes.expected import generate_ask, pack, unpack
from probes.meaning import EQUIVALENCE, check_meaning, same_answer, told
from probes.replies import chosen_text, read_text
from probes.robustness.paraphrase_card import (
    ALIKE,
    CARD,
    CHECKED,
    CLEAN,
    DROP,
    FLIP,
    LOST,
    MATCHED,
    MEAN,
    REPEAT,
    WON,
    WORST,
)
from probes.sampling import chosen
from probes.summaries import by_group, share_of, share_of_units, tally
from probes.variants import (
    Forms,
    accuracy_drop,
    agreeing,
    differing,
    gathered,
    lost,
    pairs,
    repeats,
    won,
    worst,
)
from probes.wordings import BRIEFLY, Reworded, reworded

__all__ = ["Paraphrase"]


@dataclass(frozen=True, slots=True)
class Key:
    """What judging needs.

    Attributes:
        place: Which wording was asked; 0 is the plainest.
        asked: All wordings of the question that are asked, in one text: none of their words tells answers apart.
        answers: Forms of the right answer.
        false: Wrong answers, for controls.
        broken: Rules of equivalence that this wording breaks beside the plainest.
    """

    place: int
    asked: str
    answers: tuple[str, ...]
    false: tuple[str, ...]
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paraphrase:
    """The same question in several wordings, and the plainest of them once more with another seed.

    Attributes:
        wordings: Most wordings per question, the plainest included, at least 2.
        by: Instrument that says whether two answers say the same: equivalence, entailment or judge.
        max_tokens: Most tokens of a reply, at least 4.
    """

    wordings: int = 3
    by: str = EQUIVALENCE
    max_tokens: int = 16

    def __post_init__(self) -> None:
        if self.wordings < 2 or self.max_tokens < 4:
            raise ValueError("wordings is at least 2 and max_tokens at least 4")
        check_meaning(self.by)

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """The same falsehood in every wording, another answer in 3 of 10, and one answer in words that change."""
        return CONTROLS

    @property
    def instruments(self) -> Sequence[str]:
        """Who says whether two answers say the same."""
        return (self.by,)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield one case per question and wording, and the plainest once more."""
        for row in chosen(reworded(data), budget):
            asked = row.wordings[: self.wordings]
            for place in range(len(asked)):
                yield self._case(row, asked, place)
            yield self._case(row, asked, 0, again=True)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Judge the reply by itself: whether it is right."""
        return self.judge_together([case], [reply], readings)[0]

    def compared(self, cases: Sequence[Case], replies: Sequence[Reply]) -> Iterable[Reading]:
        """Let every answer be held against the right one, and against every other."""
        texts = _texts(replies)
        for place, text in texts.items():
            yield self._beside_the_truth(cases[place], text)
        for one, other in combinations(texts, 2):
            yield self._beside(cases[one], texts[one], texts[other])

    def judge_together(self, cases: Sequence[Case], replies: Sequence[Reply], readings: Readings) -> Sequence[Score]:
        """Say of each reply whether it is right, and to which group of equal meaning it belongs."""
        texts = _texts(replies)
        right = {at: any(asserts(text, form) for form in unpack(Key, cases[at]).answers) for at, text in texts.items()}
        truth = len(cases)
        found = {
            **{(at, truth): told(readings, self._beside_the_truth(cases[at], texts[at]), "entails") for at in texts},
            **{
                (one, other): told(readings, self._beside(cases[one], texts[one], texts[other]), "entails")
                for one, other in combinations(texts, 2)
            },
        }
        unread = {at for pair, same in found.items() if same is None for at in pair}
        # What holds the right answer says the same as the right answer, whatever the instrument makes of it.
        alike = [pair for pair, same in found.items() if same or (pair[1] == truth and right[pair[0]])]
        meanings = groups(truth + 1, alike)
        return [
            self._score(reply, unread=at in unread, right=right.get(at, False), meaning=meanings[at])
            for at, reply in enumerate(replies)
        ]

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report each metric overall, the flip rate by topic and by rule check, and the sets that break each rule."""
        main = [judged for judged in scores if judged.case.arm is Arm.MAIN]
        clean = [judged for judged in main if unpack(Key, judged.case).place == 0]
        questions = gathered(scores, _role)
        yield from self._flips(questions, scores)
        yield share_of(CLEAN, clean, "right")
        yield share_of(MEAN, main, "right")
        lowest, before = worst(questions, "right")
        matched = share_of_units(MATCHED, before, tally(clean))
        unchanged = matched.interval.value if isinstance(matched, Estimate) else None
        yield share_of_units(WORST, lowest, tally(main), null=unchanged)
        yield matched
        yield accuracy_drop(DROP, questions, "right", tally(main))
        found = pairs(questions)
        yield share_of_units(LOST, lost(found, "right"), tally(main))
        yield share_of_units(WON, won(found, "right"), tally(main))
        yield from _checks(questions, main)
        for topic, cases in by_group(main, "topic").items():
            units = differing(pairs(gathered(cases, _role)), "meaning")
            yield share_of_units(FLIP, units, tally(cases), groups={"topic": topic}, instrument=self.by)

    # ── steps ─────────────────────────────────────────────────────────────────────────────

    def _case(self, row: Reworded, asked: Sequence[str], place: int, *, again: bool = False) -> Case:
        broken = preserves_label(asked[0], asked[place]).failed
        return Case(
            id=f"{row.id}/{'again' if again else f'wording-{place}'}",
            ask=GenerateAsk(f"{asked[place]}\n{BRIEFLY}", max_tokens=self.max_tokens, seed=int(again)),
            expected=pack(Key(place, " ".join(asked), row.answers, row.false, broken)),
            groups=row.groups,
            cluster=row.id,
            arm=Arm.CONTROL if again else Arm.MAIN,
            wording=asked[place],
        )

    def _beside(self, case: Case, text: str, other: str) -> Reading:
        key = unpack(Key, case)
        return same_answer(self.by, key.asked, text, other, key.answers)

    def _beside_the_truth(self, case: Case, text: str) -> Reading:
        return self._beside(case, text, unpack(Key, case).answers[0])

    def _score(self, reply: Reply, *, unread: bool, right: bool, meaning: int) -> Score:
        text = read_text(reply)
        if isinstance(text, Score):
            return text
        if unread:
            return Score(Outcome.UNREADABLE, note=f"{self.by} did not read the reply beside the others")
        return Score(Outcome.SCORED, {"right": float(right), "meaning": float(meaning)})

    def _flips(self, questions: Sequence[Forms], scores: Sequence[Judged]) -> Iterator[Estimate | Absence]:
        """Yield the flip rate beside what asking twice flips, and by whether the rules let the wording pass."""
        main = [judged for judged in scores if judged.case.arm is Arm.MAIN]
        again = [judged for judged in scores if judged.case.arm is Arm.CONTROL]
        repeat = share_of_units(REPEAT, differing(repeats(questions), "meaning"), tally(again), instrument=self.by)
        null = repeat.interval.value if isinstance(repeat, Estimate) else 0.0
        found = pairs(questions)
        yield share_of_units(FLIP, differing(found, "meaning"), tally(main), null=null, instrument=self.by)
        yield repeat
        yield share_of_units(ALIKE, agreeing(questions, "meaning"), tally(main), null=1 - null, instrument=self.by)
        for name, fits in (("kept", True), ("broken", False)):
            its = [pair for pair in found if (not unpack(Key, pair[1].case).broken) is fits]
            if its:
                counts = tally([other for _, other, _ in its])
                slice_ = {"rules": name}
                yield share_of_units(
                    FLIP, differing(its, "meaning"), counts, groups=slice_, null=null, instrument=self.by
                )


def _texts(replies: Sequence[Reply]) -> Mapping[int, str]:
    """Return what can be read, by place."""
    read = {place: read_text(reply) for place, reply in enumerate(replies)}
    return {place: text for place, text in read.items() if isinstance(text, str)}


def _role(case: Case) -> str:
    if case.arm is Arm.CONTROL:
        return "again"
    return "changed" if unpack(Key, case).place else "clean"


def _checks(questions: Sequence[Forms], main: Sequence[Judged]) -> Iterator[Estimate | Absence]:
    """Yield the share of sets whose wordings all keep the rules, and that share for each rule by itself."""
    broken = {
        its.name: {rule for one in its.changed for rule in unpack(Key, one.case).broken}
        for its in questions
        if any(one.score.outcome is Outcome.SCORED for one in its.all)
    }
    yield share_of_units(CHECKED, [(float(not rules), name) for name, rules in broken.items()], tally(main))
    for rule in RULES:
        units = [(float(rule not in rules), name) for name, rules in broken.items()]
        yield share_of_units(CHECKED, units, tally(main), groups={"rule": rule})


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.3
"""Share of other wordings in which the positive control changes its answer."""
MANNERS = ("{}", "{}.", "It is {}.", "The answer is {}.", "I think it is {}.")
"""Ways to word an answer, of which the instrument control takes another each time."""


def _say(case: Case, text: str) -> Reply:
    return chosen_text(generate_ask(case), text)


def _right(case: Case) -> Reply:
    return _say(case, unpack(Key, case).answers[0])


def _always_otherwise(case: Case) -> Reply:
    """Be wrong about every wording, and not as about the plainest."""
    return _say(case, unpack(Key, case).false[bool(unpack(Key, case).place)])


def _steadily_wrong(case: Case, random: Random) -> Reply:
    del random
    return _say(case, unpack(Key, case).false[0])


def _sometimes_swayed(case: Case, random: Random) -> Reply:
    swayed = unpack(Key, case).place > 0 and random.random() < PLANTED
    return _say(case, unpack(Key, case).false[0]) if swayed else _right(case)


def _in_its_own_words(case: Case, random: Random) -> Reply:
    """Say the same falsehood each time, in words that change."""
    return _say(case, random.choice(MANNERS).format(unpack(Key, case).false[0]))


CONTROLS = Controls(
    best=_right,
    worst=_always_otherwise,
    controls=(
        Control(ControlKind.NEGATIVE, "a respondent that is always wrong alike", _steadily_wrong, FLIP.name, 0.0),
        Control(ControlKind.POSITIVE, "a respondent swayed by 3 of 10 wordings", _sometimes_swayed, FLIP.name, PLANTED),
        Control(
            ControlKind.INSTRUMENT,
            "a respondent that says one thing in words that change",
            _in_its_own_words,
            FLIP.name,
        ),
    ),
)
