"""Does the model write worse, or answer less well, because it marks its text?

The model goes on with every document and answers every question twice, with its mark and without. Every number is of
such pairs: how much more perplexing another model finds the marked text, how much more of it repeats itself, how many
answers are right no longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, isfinite
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings, Row
from harness.records import (
    Absence,
    Arm,
    Case,
    ControlKind,
    Estimate,
    Finish,
    GenerateAsk,
    Judged,
    Metric,
    Outcome,
    Reading,
    Reply,
    Score,
    Value,
)
from harness.seeds import derive
from harness.stats.compare import paired_difference
from harness.stats.intervals import Bounds
from harness.stats.ratios import mapped
from probes.continuations import check_asks, pair, surprise_in
from probes.documents import Document, document_row
from probes.meaning import EQUIVALENCE, check_meaning, same_answer, told
from probes.replies import read_text, unanswered, unicode_text
from probes.rows import once
from probes.sampling import at_most, chosen
from probes.summaries import mean_of, share_of, tally
from probes.watermark.quality_card import (
    CARD,
    DISTINCT_LOST,
    LENGTH,
    LENGTHS,
    PERPLEXITY,
    PERPLEXITY_WITHOUT,
    RATIO,
    RIGHT,
    RIGHT_LOST,
    RIGHT_WITHOUT,
    TOGETHER,
)
from probes.wordings import BRIEFLY, Reworded, reworded_row

__all__ = ["WatermarkQuality"]

WORDS, NATS, CORRECT, DISTINCT = "words", "nats", "right", "distinct"
"""Names of values: words of a reply, its nats per token by the other model, whether it is the right answer, and the
share of its pairs of words that are new."""
ANSWER_TOKENS = 16
"""Room for a short answer."""
FEWEST = "fewer than two texts or questions have replies that can be compared with the mark and without"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatermarkQuality:
    """Compares what the model writes and answers with its mark and without.

    Attributes:
        texts: Most documents that the model goes on with; None for all.
        questions: Most questions that it answers; None for all.
        samples: How often each is asked, at least 1.
        tokens: Most tokens of a continuation, at least 1.
        characters: Most characters of the beginning that it is shown, at least 16.
        reference: Instrument that tells how likely another model finds a text, such as ``likelihood``; None for no
            perplexity.
        by: Instrument that says whether an answer is right: equivalence, entailment or judge.
    """

    texts: int | None = None
    questions: int | None = None
    samples: int = 1
    tokens: int = 220
    characters: int = 200
    reference: str | None = None
    by: str = EQUIVALENCE

    def __post_init__(self) -> None:
        check_asks(texts=self.texts, samples=self.samples, tokens=self.tokens, characters=self.characters)
        check_meaning(self.by)
        if self.questions is not None and self.questions < 1:
            raise ValueError("questions is at least 1, or left out for all of them")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works; of perplexity too where that is told."""
        if self.reference is None:
            return CONTROLS
        return replace(CONTROLS, controls=(*CONTROLS.controls, *OF_PERPLEXITY))

    @property
    def instruments(self) -> Sequence[str]:
        """Who says whether an answer is right, and how likely a text is."""
        return (self.by,) if self.reference is None else (self.by, self.reference)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each document to be gone on with and each question, marked and unmarked, as often as there are samples.

        Raises:
            DataError: a row is neither a text nor a question with wordings.
        """
        rows = once(data, _row, TOGETHER)
        texts = [row for row in rows if isinstance(row, Document)]
        for document in chosen(texts, at_most(budget, self.texts)):
            for sample in range(self.samples):
                asks = pair(document, characters=self.characters, tokens=self.tokens, seed=sample)
                yield from _pair(f"text/{document.id}/{sample}", asks, {}, document.id)
        questions = [row for row in rows if isinstance(row, Reworded)]
        for row in chosen(questions, at_most(budget, self.questions)):
            question = row.wordings[0]
            expected: dict[str, Value] = {"question": question, "answers": list(row.answers)}
            for sample in range(self.samples):
                ask = GenerateAsk(f"{question}\n{BRIEFLY}", max_tokens=ANSWER_TOKENS, temperature=1.0, seed=sample)
                asks = (ask, replace(ask, marked=False))
                yield from _pair(f"question/{row.id}/{sample}", asks, expected, row.id, question)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let an answer be held against the right one, and a text be scored by the other model."""
        text = read_text(reply)
        reading = None if isinstance(text, Score) else self._reading(case, text)
        return [] if reading is None else [reading]

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Say whether the answer is right; or how long, how varied and how likely the text is."""
        missing = unanswered(reply)
        if missing is not None:
            return missing
        # Text is the model's to choose, and no text says what an instrument read: scripted replies have losses.
        if reply.losses:
            return _scripted(case, reply.losses)
        text = unicode_text(reply)
        if isinstance(text, Score):
            return text
        reading = self._reading(case, text)
        if case.groups["kind"] == "question":
            right = None if reading is None else told(readings, reading, "entails")
            if right is None:
                return Score(Outcome.UNREADABLE, note=f"{self.by} did not read the reply")
            return Score(Outcome.SCORED, {CORRECT: float(right)})
        read = {} if reading is None else readings.get(reading, {})
        variety = _variety(text)
        # A reply of a word or two is likely or not by chance, and would weigh as much as a page.
        surprise = surprise_in(read) if len(variety) > 1 else None
        return Score(Outcome.SCORED, variety if surprise is None else {**variety, NATS: surprise})

    def _reading(self, case: Case, text: str) -> Reading | None:
        """What is asked of an instrument about ``text``; None where nothing is."""
        if case.groups["kind"] == "question":
            answers = case.expected["answers"]
            known = [str(answer) for answer in answers] if isinstance(answers, Sequence) else []
            return same_answer(self.by, str(case.expected["question"]), text, known[0], known)
        return None if self.reference is None else Reading(self.reference, text)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """What the mark costs, then the levels with it and without."""
        texts, questions = ([its for its in scores if its.case.groups["kind"] == kind] for kind in ("text", "question"))
        with_mark, without = _arms(questions)
        yield _cost(RIGHT_LOST, questions, CORRECT, less=True, bounds=(-1.0, 1.0), instrument=self.by)
        yield _cost(DISTINCT_LOST, texts, DISTINCT, less=True, bounds=(-1.0, 1.0))
        yield _cost(LENGTH, texts, WORDS)
        yield self._told(RATIO, _cost(RATIO, texts, NATS, instrument=self.reference))
        yield share_of(RIGHT, with_mark, CORRECT, instrument=self.by)
        yield share_of(RIGHT_WITHOUT, without, CORRECT, instrument=self.by)
        for metric, its in zip((PERPLEXITY, PERPLEXITY_WITHOUT), _arms(texts), strict=True):
            yield self._told(metric, mean_of(metric, its, NATS, instrument=self.reference))

    def _told(self, metric: Metric, nats: Estimate | Absence) -> Estimate | Absence:
        """Turn nats per token into perplexity, or say why there are none."""
        if self.reference is None:
            return metric.absent("no instrument is named by `reference`, which would ask another model", nats.counts)
        return nats if isinstance(nats, Absence) else replace(nats, interval=mapped(nats.interval, exp))


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def _row(row: Row, number: int) -> Document | Reworded:
    if "wordings" in row:
        return reworded_row(row, number)
    if "text" in row:
        return document_row(row, number)
    raise ValueError("it is no 'text' to be gone on with, and no question with 'wordings'")


def _pair(
    name: str,
    asks: tuple[GenerateAsk, GenerateAsk],
    expected: Mapping[str, Value],
    cluster: str,
    wording: str | None = None,
) -> Iterator[Case]:
    kind = name.partition("/")[0]
    for arm, role, ask in zip(("marked", "unmarked"), (Arm.MAIN, Arm.CONTROL), asks, strict=True):
        yield Case(f"{arm}/{name}", ask, expected, {"arm": arm, "kind": kind}, cluster, role, wording)


# ── values ────────────────────────────────────────────────────────────────────────────────


def _variety(text: str) -> dict[str, float]:
    """How many words it has, and the share of its first pairs of words that are new, by how many words are looked at.

    Distinct-2 of Li et al. 2016; over equal numbers of words, since longer texts repeat more.
    """
    words = text.lower().split()
    values = {WORDS: float(len(words))}
    for length in LENGTHS:
        if length <= len(words):
            pairs = list(pairwise(words[:length]))
            values[_distinct(length)] = len(set(pairs)) / len(pairs)
    return values


def _distinct(length: int) -> str:
    return f"{DISTINCT}/{length}"


def _scripted(case: Case, values: Mapping[str, float]) -> Score:
    need = CORRECT if case.groups["kind"] == "question" else WORDS
    shares = [value for name, value in values.items() if name not in {WORDS, NATS}]
    if need not in values or not all(map(isfinite, values.values())) or not all(0 <= its <= 1 for its in shares):
        return Score(Outcome.UNREADABLE, note="the reply does not say what was read of it")
    return Score(Outcome.SCORED, dict(values))


# ── summaries ─────────────────────────────────────────────────────────────────────────────


def _arms(cases: Sequence[Judged]) -> tuple[list[Judged], list[Judged]]:
    """Those with the mark and those without."""
    marked, unmarked = ([its for its in cases if its.case.groups["arm"] == arm] for arm in ("marked", "unmarked"))
    return marked, unmarked


def _cost(
    metric: Metric,
    cases: Sequence[Judged],
    key: str,
    *,
    less: bool = False,
    bounds: Bounds | None = None,
    instrument: str | None = None,
) -> Estimate | Absence:
    """How much more a marked reply has of ``key`` than the unmarked one beside it; or how much ``less``."""
    marked, unmarked = ({_name(its): its for its in arm} for arm in _arms(cases))
    names = sorted(marked.keys() & unmarked.keys())
    found = [(_values(marked[name], unmarked[name], key), marked[name].case.cluster) for name in names]
    both = [(*values, cluster) for values, cluster in found if values is not None]
    if len({cluster for *_, cluster in both}) < 2:
        return metric.absent(FEWEST, tally(cases))
    with_mark, without, clusters = zip(*both, strict=True)
    first, second = (without, with_mark) if less else (with_mark, without)
    interval = paired_difference(first, second, clusters, seed=derive(0, metric.name), bounds=bounds)
    return metric.estimate(interval, tally(cases), instrument=instrument)


def _name(judged: Judged) -> str:
    """What the case of either arm is called."""
    return judged.case.id.partition("/")[2]


def _values(marked: Judged, unmarked: Judged, key: str) -> tuple[float, float] | None:
    """Both values of ``key``; of variety, over the most words that both replies have."""
    ours, theirs = marked.score.values, unmarked.score.values
    names = [_distinct(length) for length in reversed(LENGTHS)] if key == DISTINCT else [key]
    shared = next((name for name in names if name in ours and name in theirs), None)
    return None if shared is None else (ours[shared], theirs[shared])


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.6
"""Share of right answers, and of new pairs of words, that the positive controls lose by marking."""
HARDER = 0.5
"""Nats per token that the mark adds, by the positive control of perplexity."""
PLAIN = 2.0
"""Nats per token of scripted text without a mark."""


def _reply(case: Case, *, right: bool = True, distinct: float = 1.0, nats: float = PLAIN) -> Reply:
    """Say what would be read of an answer, or of a long text."""
    if case.groups["kind"] == "question":
        return Reply(Finish.STOP, losses={CORRECT: float(right)})
    varied = {_distinct(length): distinct for length in LENGTHS}
    return Reply(Finish.STOP, losses={WORDS: float(LENGTHS[-1]), NATS: nats, **varied})


def _marks(case: Case) -> bool:
    return case.groups["arm"] == "marked"


def _best(case: Case) -> Reply:
    return _reply(case)


def _worst(case: Case) -> Reply:
    """Lose everything by marking."""
    if not _marks(case):
        return _reply(case)
    return _reply(case, right=False, distinct=0.0, nats=2 * PLAIN)


def _free(case: Case, random: Random) -> Reply:
    """Write no worse with the mark: each reply is as good as chance has it."""
    return _reply(
        case, right=random.random() < 0.5, distinct=random.uniform(0.8, 1.0), nats=random.gauss(PLAIN, HARDER)
    )


def _costly(case: Case, random: Random) -> Reply:
    """Lose 6 of 10 right answers, and as many pairs of words, by marking."""
    if not _marks(case):
        return _reply(case, nats=random.gauss(PLAIN, HARDER / 4))
    lost, harder = random.random() < PLANTED, random.gauss(PLAIN + HARDER, HARDER / 4)
    return _reply(case, right=not lost, distinct=random.uniform(0.3, 0.5), nats=harder)


def _all_right(case: Case, random: Random) -> Reply:
    """Any answer is right, whatever it is."""
    del random
    return _reply(case)


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a writer whose mark costs nothing", _free, RIGHT_LOST.name, 0.0),
        Control(ControlKind.NEGATIVE, "a writer whose mark costs no variety", _free, DISTINCT_LOST.name, 0.0),
        Control(ControlKind.POSITIVE, "a writer whose mark costs 6 of 10 answers", _costly, RIGHT_LOST.name, PLANTED),
        Control(
            ControlKind.POSITIVE, "a writer that repeats itself when it marks", _costly, DISTINCT_LOST.name, PLANTED
        ),
        Control(ControlKind.INSTRUMENT, "a ruler that finds every answer right", _all_right, RIGHT_WITHOUT.name),
    ),
)
OF_PERPLEXITY = (
    Control(ControlKind.NEGATIVE, "a writer whose mark leaves the words as likely", _free, RATIO.name, 1.0),
    Control(ControlKind.POSITIVE, "a writer whose mark adds half a nat to a token", _costly, RATIO.name, exp(HARDER)),
)
