"""Do a model's answers to the same question differ where its answer is wrong?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import log
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Case,
    ControlKind,
    Estimate,
    GenerateAsk,
    Judged,
    Metric,
    Outcome,
    Reading,
    Reply,
    Score,
)
from harness.seeds import derive, rng
from harness.stats.entropy import groups, semantic_entropy
from harness.stats.rates import mean
from harness.stats.roc import auc
from harness.stats.selection import aurc, references
from harness.text.equivalence import without_answer
from harness.text.normalise import fold
from harness.text.selfcheck import selfcheck
from probes.answers import is_right
from probes.expected import generate_ask, pack, unpack
from probes.hallucination.self_consistency_card import (
    AGREEMENT,
    AURC,
    AUROC_DISAGREEMENT,
    AUROC_ENTROPY,
    AUROC_SELFCHECK,
    ENTROPY,
    ERROR,
    card_for,
)
from probes.meaning import EQUIVALENCE, check_meaning, same_answer, told
from probes.questions import Question, questions
from probes.replies import chosen_text, read_text
from probes.sampling import chosen
from probes.summaries import share_of, tally
from probes.wordings import BRIEFLY

__all__ = ["SelfConsistency"]

FEWEST = 3
"""Samples of one question that can be read: with two, an entropy only says whether they agree."""
ENOUGH = 20
"""Questions from which the area under the risk-coverage curve has an interval."""


@dataclass(frozen=True, slots=True)
class Key:
    """What judging needs.

    Attributes:
        question: As it was asked.
        right: Forms of right answers, the usual one first.
        wrong: Wrong answers, the most tempting first.
        sample: Number of the sample, from 1; 0 for the likeliest answer.
    """

    question: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfConsistency:
    """Each question asked once for the likeliest answer and several times for a sample of what the model might say.

    Attributes:
        samples: Samples of each question, at least 3.
        max_tokens: Most tokens of an answer, at least 4.
        by: Instrument that says whether two samples say the same: ``equivalence``, ``entailment`` or ``judge``.
    """

    samples: int = 5
    max_tokens: int = 16
    by: str = EQUIVALENCE

    def __post_init__(self) -> None:
        if self.samples < FEWEST or self.max_tokens < 4:
            raise ValueError(f"samples is at least {FEWEST} and max_tokens at least 4")
        check_meaning(self.by)

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return card_for(self.samples)

    @property
    def controls(self) -> Controls:
        """Samples as scattered where it is right as where it is wrong, where it is wrong only, and in words only."""
        return CONTROLS

    @property
    def instruments(self) -> Sequence[str]:
        """Who groups the samples."""
        return (self.by,)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the likeliest answer of each question, and its samples."""
        for question in chosen(questions(data), budget):
            for sample in range(self.samples + 1):
                yield self._case(question, sample)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Judge one reply by itself: without the others of its question it says nothing."""
        return self.judge_together([case], [reply], readings)[0]

    def compared(self, cases: Sequence[Case], replies: Sequence[Reply]) -> Iterable[Reading]:
        """Let every two answers to a question be compared that are not written alike."""
        return _Answers(self.by, cases, replies).wanted()

    def judge_together(self, cases: Sequence[Case], replies: Sequence[Reply], readings: Readings) -> Sequence[Score]:
        """Group the samples by meaning, and hold the likeliest answer against them and against known answers."""
        return _Answers(self.by, cases, replies).scores(readings)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report each metric overall."""
        # Resampling follows the order of cases: theirs, not that of the scores.
        ordered = sorted(scores, key=lambda judged: judged.case.id)
        greedy = [judged for judged in ordered if not _is_sample(judged.case)]
        samples = [judged for judged in ordered if _is_sample(judged.case)]
        yield _area(AUROC_ENTROPY, greedy, "entropy", self.by)
        yield _area(AUROC_SELFCHECK, greedy, "selfcheck", None)
        yield _area(AUROC_DISAGREEMENT, greedy, "disagreement", self.by)
        yield self._entropy(samples)
        yield share_of(ERROR, greedy, "wrong")
        yield share_of(AGREEMENT, samples, "agrees", instrument=self.by)
        yield _risk(greedy, self.by)

    def _case(self, question: Question, sample: int) -> Case:
        ask = GenerateAsk(f"{question.text}\n{BRIEFLY}", max_tokens=self.max_tokens)
        key = Key(question.text, (question.best, *question.also_true), question.false, sample)
        return Case(
            id=f"{question.id}/sample-{sample}" if sample else f"{question.id}/likeliest",
            ask=replace(ask, temperature=1.0, seed=sample) if sample else ask,
            expected=pack(key),
            groups=question.groups,
            cluster=question.id,
            wording=question.text,
        )

    def _entropy(self, samples: Sequence[Judged]) -> Estimate | Absence:
        """Mean over questions: all samples of one carry its entropy."""
        found = {one.case.cluster: one.score.values["entropy"] for one in samples if one.score.values}
        if not found:
            return ENTROPY.absent(f"no question has {FEWEST} samples that could be read", tally(samples))
        interval = mean(list(found.values()), seed=derive(0, ENTROPY.name), bounds=(0.0, log(self.samples)))
        return ENTROPY.estimate(interval, tally(samples), instrument=self.by)


def _is_sample(case: Case) -> bool:
    return unpack(Key, case).sample > 0


# ── answers to one question ───────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Answers:
    """The answers to one question, read together.

    Attributes:
        by: Instrument that compares them.
        cases: Of one question, in order.
        replies: One for each.
    """

    by: str
    cases: Sequence[Case]
    replies: Sequence[Reply]

    @cached_property
    def texts(self) -> Mapping[int, str]:
        """What could be read, by place, likeliest answer and samples alike."""
        found = ((place, read_text(reply)) for place, reply in enumerate(self.replies))
        return {place: text for place, text in found if isinstance(text, str)}

    @cached_property
    def samples(self) -> Sequence[int]:
        """Places of the samples that could be read."""
        return [place for place in self.texts if _is_sample(self.cases[place])]

    def wanted(self) -> list[Reading]:
        """Name the comparisons that are not plain."""
        pairs = (self._reading(one, other) for one, other in combinations(self.texts, 2))
        return [reading for reading in pairs if reading is not None]

    def scores(self, readings: Readings) -> list[Score]:
        """Give each answer its score."""
        if len(self.samples) < FEWEST:
            note = f"{len(self.samples)} samples of its question could be read, and {FEWEST} are needed"
            return self._all(Score(Outcome.UNREADABLE, note=note))
        same = {pair: self._same(readings, *pair) for pair in combinations(self.texts, 2)}
        if None in same.values():
            return self._all(Score(Outcome.UNREADABLE, note=f"{self.by} did not compare all answers"))
        return self._judged([pair for pair, alike in same.items() if alike])

    def _judged(self, same: Sequence[tuple[int, int]]) -> list[Score]:
        place = {sample: number for number, sample in enumerate(self.samples)}
        pairs = [(place[one], place[other]) for one, other in same if one in place and other in place]
        meanings = groups(len(place), pairs)
        entropy = semantic_entropy(meanings).value
        found = self._all(Score(Outcome.UNREADABLE, note="it was not asked for here"))
        greedy = next((at for at in self.texts if at not in place), None)
        agreeing = {at for pair in same for at in pair if greedy in pair} - {greedy}
        for sample, number in place.items():
            values = {"group": float(meanings[number]), "entropy": entropy}
            found[sample] = Score(
                Outcome.SCORED, values if greedy is None else values | {"agrees": float(sample in agreeing)}
            )
        if greedy is not None:
            found[greedy] = self._likeliest(greedy, entropy, 1 - len(agreeing) / len(place))
        return found

    def _likeliest(self, place: int, entropy: float, disagreement: float) -> Score:
        """Judge the likeliest answer against known answers, by rules that the instrument has no part in."""
        text, key = self.texts[place], unpack(Key, self.cases[place])
        right = is_right(text, key.question, key.right, key.wrong)
        if not right and without_answer(text):
            return Score(Outcome.REFUSED, note="it says that it does not know")
        if right is None:
            return Score(Outcome.UNREADABLE, note="it is as near to the right answers as to the wrong ones")
        surprise = selfcheck(text, [self.texts[sample] for sample in self.samples])
        values = {"wrong": float(not right), "entropy": entropy, "disagreement": disagreement}
        return Score(Outcome.SCORED, values | {"selfcheck": surprise.most, "selfcheck_mean": surprise.mean})

    def _all(self, otherwise: Score) -> list[Score]:
        """Give what could not be read its own outcome, and all else the same one."""
        unread = (read_text(reply) for reply in self.replies)
        return [its if isinstance(its, Score) else otherwise for its in unread]

    def _reading(self, one: int, other: int) -> Reading | None:
        """Ask whether two answers say the same; None where they are written alike, which needs no instrument."""
        left, right = sorted((self.texts[one], self.texts[other]))
        if fold(left) == fold(right):
            return None
        # Without the right answers as aliases: what is right must not decide what is alike.
        return same_answer(self.by, unpack(Key, self.cases[one]).question, left, right)

    def _same(self, readings: Readings, one: int, other: int) -> bool | None:
        reading = self._reading(one, other)
        return True if reading is None else told(readings, reading, "entails")


# ── what many questions show together ─────────────────────────────────────────────────────


def _scored(cases: Sequence[Judged]) -> list[Judged]:
    return [judged for judged in cases if judged.score.outcome is Outcome.SCORED]


def _area(metric: Metric, greedy: Sequence[Judged], key: str, instrument: str | None) -> Estimate | Absence:
    """How well the value named ``key`` tells wrong answers from right ones."""
    found = _scored(greedy)
    wrong = [int(judged.score.values["wrong"]) for judged in found]
    if min(sum(wrong), len(wrong) - sum(wrong)) < 2:
        return metric.absent(_one_sided(wrong), tally(greedy))
    interval = auc([judged.score.values[key] for judged in found], wrong)
    return metric.estimate(interval, tally(greedy), instrument=instrument)


def _one_sided(wrong: Sequence[int]) -> str:
    if not wrong:
        return "no likeliest answer could be judged"
    told = f"{sum(wrong)} of {len(wrong)} answers are wrong"
    return f"{told}; telling wrong from right takes at least two of each"


def _risk(greedy: Sequence[Judged], instrument: str) -> Estimate | Absence:
    """Area under the risk-coverage curve, with low entropy for confidence, beside that of a random order."""
    found = _scored(greedy)
    if len(found) < ENOUGH:
        return AURC.absent(f"{len(found)} answers could be judged, and an interval needs {ENOUGH}", tally(greedy))
    sure = [-judged.score.values["entropy"] for judged in found]
    wrong = [judged.score.values["wrong"] for judged in found]
    interval = aurc(sure, wrong, seed=derive(0, AURC.name))
    return AURC.estimate(interval, tally(greedy), null=references(wrong).aurc_random, instrument=instrument)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.6
"""Share of its errors that come out differently in each sample of the positive control."""
FOUND = 0.5 + PLANTED / 2
"""The area that this makes: those errors stand above all right answers, the rest level with them."""
FRAMES = ("{}", "It is {}.", "The answer is {}.", "I believe it is {}.", "That would be {}, as far as I know.")


def _say(case: Case, text: str) -> Reply:
    # Uncut: a scripted reply of several sentences would lose what it is about.
    return chosen_text(replace(generate_ask(case), max_tokens=1000), text)


def _scattered(case: Case) -> str:
    """One of several answers in turn, by the number of the sample."""
    key = unpack(Key, case)
    pool = (*key.wrong, key.right[0])
    return pool[key.sample % len(pool)]


def _knows(case: Case) -> Reply:
    return _say(case, unpack(Key, case).right[0])


def _makes_up(case: Case) -> Reply:
    return _say(case, _scattered(case))


def _scattered_anyhow(case: Case, random: Random) -> Reply:
    """Answer rightly every other time, and scatter samples whatever the answer."""
    key = unpack(Key, case)
    pool = (key.right[0], key.wrong[0]) if not key.sample else (key.right[0], *key.wrong)
    return _say(case, random.choice(pool))


def _scattered_where_wrong(case: Case, random: Random) -> Reply:
    """Err on half of the questions, and waver on `PLANTED` of these."""
    del random
    # By question, not by case: all samples of a question must know of the same toss.
    toss, key = rng(0, f"self_consistency/{case.cluster}"), unpack(Key, case)
    errs, wavers = toss.random() < 0.5, toss.random() < PLANTED
    if not errs:
        return _knows(case)
    return _say(case, _scattered(case) if wavers and key.sample else key.wrong[0])


def _other_words(case: Case, random: Random) -> Reply:
    """Give the right answer in another listed form and another sentence each time."""
    del random
    key = unpack(Key, case)
    frame, answer = FRAMES[key.sample % len(FRAMES)], key.right[key.sample % len(key.right)]
    return _say(case, frame.format(answer.rstrip(".")))


CONTROLS = Controls(
    best=_knows,
    worst=_makes_up,
    controls=(
        Control(
            ControlKind.NEGATIVE,
            "a respondent as scattered where it is right as where it is wrong",
            _scattered_anyhow,
            AUROC_ENTROPY.name,
            0.5,
        ),
        Control(
            ControlKind.POSITIVE,
            "a respondent that wavers on 6 of 10 of its errors and on nothing else",
            _scattered_where_wrong,
            AUROC_ENTROPY.name,
            FOUND,
        ),
        Control(
            ControlKind.INSTRUMENT,
            "a respondent that words one answer differently each time",
            _other_words,
            ENTROPY.name,
        ),
    ),
)
