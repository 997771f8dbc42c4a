"""Does the model answer from a passage, and say so where the passage does not answer?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
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
from harness.text.abstention import abstains
from harness.text.equivalence import asserts
from harness.text.facts import facts
from harness.text.normalise import fold
from harness.text.support import sentences_of
from probes.expected import generate_ask, pack, unpack
from probes.hallucination.grounded_card import (
    CARD,
    CONTRADICTED,
    CORRECTED,
    FABRICATED,
    NEW_FACTS,
    OVER_ABSTAINED,
    PAIRED,
    RIGHT,
    SUPPORTED,
    YOUDEN,
)
from probes.meaning import EQUIVALENCE, check_meaning, supports, told
from probes.passages import Passage, passages
from probes.replies import chosen_text, read_text
from probes.sampling import chosen
from probes.summaries import by_group, share_of, share_of_parts, share_of_units, tally, without_errors

__all__ = ["Grounded"]

SILENT = "The passage does not say."
"""What the model is told to reply where there is no answer."""
PROMPT = """Answer the question in a few words, from the passage alone. If it is not answered there, reply: {silent}

Passage: {passage}

Question: {question}"""
MOST_CLAIMS = 20
"""Claims of one reply that are read."""


@dataclass(frozen=True, slots=True)
class Key:
    """What judging needs.

    Attributes:
        passage: The text to answer from.
        question: As it was asked.
        answerable: Whether the passage answers it.
        answers: Answers to the question that the passage answers; to its twin, what tempts.
        pair: Number of question and twin within their passage.
    """

    passage: str
    question: str
    answerable: bool
    answers: tuple[str, ...]
    pair: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounded:
    """For each passage, questions that it answers and twins that it does not.

    Attributes:
        pairs: Most pairs of question and twin per passage, at least 1.
        by: Instrument that holds claims against the passage: equivalence, entailment or judge.
        max_tokens: Most tokens of a reply, at least 8.
    """

    pairs: int = 1
    by: str = EQUIVALENCE
    max_tokens: int = 32

    def __post_init__(self) -> None:
        if self.pairs < 1 or self.max_tokens < 8:
            raise ValueError("pairs is at least 1 and max_tokens at least 8")
        check_meaning(self.by)

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """One that answers whatever it is asked, one that makes up 4 of 10, and one that quotes the passage."""
        return CONTROLS

    @property
    def instruments(self) -> Sequence[str]:
        """Who holds claims against the passage."""
        return (self.by,)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each question that a passage answers, and its twin."""
        for row in chosen(passages(data), budget):
            for number, pair in enumerate(row.pairs[: self.pairs]):
                yield self._case(row, number, pair.question, answerable=True)
                yield self._case(row, number, pair.twin, answerable=False)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let each claim of an answer be held against the passage."""
        text = read_text(reply)
        return [] if isinstance(text, Score) or abstains(text) else self._claims(case, text)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Say whether the reply abstains; of an answer, whether it is right, and what the passage makes of it."""
        text = read_text(reply)
        if isinstance(text, Score):
            return text
        key = unpack(Key, case)
        if abstains(text):
            return Score(Outcome.SCORED, {"abstains": 1.0, **_answer(key, right=False, abstained=True)})
        claims = self._claims(case, text)
        if not claims:
            return Score(Outcome.UNREADABLE, note="the reply has neither words nor numbers")
        held = [[told(readings, claim, value) for claim in claims] for value in ("entails", "contradicts")]
        if None in (*held[0], *held[1]):
            return Score(Outcome.UNREADABLE, note=f"{self.by} did not read every claim")
        # An answer that is itself a denial looks rejected to the rules, even where the reply is that answer.
        right = any(fold(text) == fold(answer) or asserts(text, answer) for answer in key.answers)
        values = {
            "abstains": 0.0,
            **_answer(key, right=right, abstained=False),
            "claims": float(len(claims)),
            "supported": float(held[0].count(True)),
            "contradicted": float(held[1].count(True)),
            "new_facts": float(_adds_facts(text, key)),
        }
        return Score(Outcome.SCORED, values)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report each metric overall; made-up answers by topic, claims by kind of question, pairs by what became."""
        twins = [judged for judged in scores if not unpack(Key, judged.case).answerable]
        sound = [judged for judged in scores if unpack(Key, judged.case).answerable]
        fabricated = share_of(FABRICATED, twins, "fabricates")
        yield fabricated
        yield without_errors(CORRECTED, fabricated, "abstention", cleared=True)
        yield share_of(OVER_ABSTAINED, sound, "abstains")
        yield share_of(RIGHT, sound, "right")
        for metric, key in ((SUPPORTED, "supported"), (CONTRADICTED, "contradicted")):
            yield share_of_parts(metric, scores, key, "claims", instrument=self.by)
            for kind, its in (("answerable", sound), ("unanswerable", twins)):
                yield share_of_parts(metric, its, key, "claims", groups={"question": kind}, instrument=self.by)
        yield share_of(NEW_FACTS, scores, "new_facts")
        yield from _together(scores)
        for topic, its in by_group(twins, "topic").items():
            yield share_of(FABRICATED, its, "fabricates", groups={"topic": topic})

    def _case(self, row: Passage, number: int, question: str, *, answerable: bool) -> Case:
        prompt = PROMPT.format(silent=SILENT, passage=row.text, question=question)
        return Case(
            id=f"{row.id}/{number}-{'question' if answerable else 'twin'}",
            ask=GenerateAsk(prompt, max_tokens=self.max_tokens),
            expected=pack(Key(row.text, question, answerable, row.pairs[number].answers, number)),
            groups=row.groups,
            cluster=row.id,
            wording=question,
        )

    def _claims(self, case: Case, text: str) -> list[Reading]:
        key = unpack(Key, case)
        # Rules want the question's own words in the passage, and then miss most short answers that stand there.
        question = "" if self.by == EQUIVALENCE else key.question
        parts = [part for part in sentences_of(text) if facts(part).words or facts(part).numbers]
        parts = parts or ([text] if any(map(str.isalnum, text)) else [])
        return [supports(self.by, key.passage, part, question) for part in parts[:MOST_CLAIMS]]


def _answer(key: Key, *, right: bool, abstained: bool) -> Mapping[str, float]:
    """What an answer, or none, comes to for a question of this kind."""
    return {"right": float(right)} if key.answerable else {"fabricates": float(not abstained)}


def _adds_facts(text: str, key: Key) -> bool:
    """Whether ``text`` names a number or a name that neither the passage nor the question has."""
    known = [facts(part) for part in (*sentences_of(key.passage), key.question)]
    numbers = frozenset[float]().union(*(part.numbers for part in known))
    words = frozenset[str]().union(*(part.words for part in known))
    return bool(facts(text).numbers - numbers) or bool(facts(text).names - words)


# ── what several replies show together ────────────────────────────────────────────────────


def _together(scores: Sequence[Judged]) -> Iterator[Estimate | Absence]:
    """Yield Youden's J, the share of pairs told apart, and the share of each of the four things that may become."""
    pairs = _pairs(scores)
    counts = tally(scores)
    yield _youden(pairs, counts)
    outcomes = {
        "only the question was answered": (False, True),
        "both were answered": (False, False),
        "neither was answered": (True, True),
        "only the twin was answered": (True, False),
    }
    for name, wanted in outcomes.items():
        units = [(float(found == wanted), cluster) for cluster, found in pairs]
        if name == next(iter(outcomes)):
            yield share_of_units(PAIRED, units, counts) if units else PAIRED.absent("no pair was scored", counts)
        if units:
            yield share_of_units(PAIRED, units, counts, groups={"outcome": name})


def _youden(pairs: Sequence[tuple[str, tuple[bool, bool]]], counts: Counts) -> Estimate | Absence:
    clusters = [cluster for cluster, _ in pairs]
    if len(set(clusters)) < 2:
        return YOUDEN.absent("fewer than two passages have scored replies to a question and its twin", counts)
    twins, sound = ([float(found[at]) for _, found in pairs] for at in (1, 0))
    interval = paired_difference(twins, sound, clusters, seed=derive(0, YOUDEN.name), bounds=(-1.0, 1.0))
    return YOUDEN.estimate(interval, counts)


def _pairs(scores: Sequence[Judged]) -> list[tuple[str, tuple[bool, bool]]]:
    """Return for each pair of which both were scored its cluster and who was left unanswered: question, twin."""
    found: dict[tuple[str, int], dict[bool, bool]] = {}
    for judged in scores:
        if judged.score.outcome is Outcome.SCORED:
            key = unpack(Key, judged.case)
            found.setdefault((judged.case.cluster, key.pair), {})[key.answerable] = bool(
                judged.score.values["abstains"]
            )
    return [(cluster, (its[True], its[False])) for (cluster, _), its in sorted(found.items()) if len(its) == 2]


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.4
"""Share of unanswerable questions to which the positive control makes an answer up."""
WORDS = 3
"""Words of the passage that the negative control answers with."""


def _faithful(case: Case) -> Reply:
    """Answer what the passage answers, and nothing else."""
    key = unpack(Key, case)
    return chosen_text(generate_ask(case), key.answers[0] if key.answerable else SILENT)


def _faithless(case: Case) -> Reply:
    """Answer what the passage does not answer, and nothing else."""
    key = unpack(Key, case)
    return chosen_text(generate_ask(case), SILENT if key.answerable else key.answers[0])


def _any_words(case: Case, random: Random) -> Reply:
    """Answer with some words of the passage, whatever was asked."""
    words = unpack(Key, case).passage.split()
    start = random.randrange(max(1, len(words) - WORDS))
    return chosen_text(generate_ask(case), " ".join(words[start : start + WORDS]))


def _often_faithful(case: Case, random: Random) -> Reply:
    made_up = random.random() < PLANTED
    return _faithless(case) if made_up and not unpack(Key, case).answerable else _faithful(case)


def _quoting(case: Case, random: Random) -> Reply:
    """Answer with a sentence of the passage."""
    return chosen_text(generate_ask(case), random.choice(sentences_of(unpack(Key, case).passage)))


CONTROLS = Controls(
    best=_faithful,
    worst=_faithless,
    controls=(
        Control(
            ControlKind.NEGATIVE,
            "a respondent that always answers with words of the passage",
            _any_words,
            YOUDEN.name,
            0.0,
        ),
        Control(
            ControlKind.POSITIVE,
            "a respondent that makes up 4 of 10 answers",
            _often_faithful,
            FABRICATED.name,
            PLANTED,
        ),
        Control(ControlKind.INSTRUMENT, "a respondent that quotes the passage", _quoting, SUPPORTED.name),
    ),
)
