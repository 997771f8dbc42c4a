"""How much of what a model writes unprompted is copied from a corpus?

The corpus is the data set. What the model writes after nothing, or after a few ordinary words, is searched for in it
exactly, by the instrument ``corpus_search``: the untargeted extraction of Carlini et al. 2021 without its ranking.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from harness.contracts import TRAINING, Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import DataError, NotApplicableError
from harness.records import (
    Absence,
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
from harness.seeds import derive, rng
from harness.stats.compare import paired_difference
from harness.stats.quantiles import fewest, quantile
from harness.text.corpus import Sought, token_spans
from harness.text.corpus_rows import seen
from probes.expected import generate_ask, pack, unpack
from probes.memorisation.corpus_search_card import (
    CARD,
    COPIED,
    COPYING,
    EXCESS,
    LONGEST,
    ROOM,
    UNSEEN_COPIED,
    UNSEEN_COPYING,
)
from probes.memorisation.corpus_search_prompts import PROMPTS
from probes.replies import chosen_text, read_text
from probes.sampling import chosen
from probes.summaries import share_of, share_of_parts, share_of_units, tally

__all__ = ["CorpusSearch"]

SEARCH = "corpus_search"
"""Name of the instrument that searches."""
RUNS = (10, 25, 50, 100, 200)
"""Tokens on end for which it is told how many outputs copy as many."""
PASSAGE = 25
"""Tokens on end that make a copy unless set otherwise: a sentence or two, which nobody writes again by chance. They are
words and marks; the 50 of the literature are parts of words."""
SPARE = 10
"""Tokens that a recited passage has beyond those that make a copy, where there is room."""
WIDEST = 40
"""Characters of a token, at most, in a passage that is recited."""
FEWEST_WORDS = 8
"""Different tokens of a passage that is recited: fewer, and in another order it could be the same again."""
ALIKE = 2.0
"""How many times as large one half of a corpus may be for the two to be compared."""
UNMARKED = "no row of the corpus has the role nonmember: there is no text to compare with that was never trained on"
PLACE = ("longest", "document", "offset", "occurrences")
READ = (*PLACE, "tokens", "copied", "unseen_copied", "unseen_longest", "corpus_tokens", "unseen_tokens")


@dataclass(frozen=True, slots=True)
class Key:
    """What judging and scripted replies need.

    Attributes:
        passage: Of the corpus, long enough to be a copy.
        sought: In what the reply is searched for.
    """

    passage: str
    sought: Sought


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSearch:
    """Lets the model write after 71 short beginnings and none, and searches the data set for what it wrote.

    Attributes:
        samples: Texts after each beginning, at least 1.
        max_tokens: Most tokens of a text, at least ``at_least``.
        at_least: Tokens on end that make a copy, at least 8.
        temperature: Of the samples, above 0.
        chat: Whether the model's chat template is put around a beginning.
    """

    samples: int = 2
    max_tokens: int = 128
    at_least: int = PASSAGE
    temperature: float = 1.0
    chat: bool = False

    def __post_init__(self) -> None:
        if self.samples < 1 or self.at_least < FEWEST_WORDS or self.temperature <= 0:
            raise ValueError(f"samples is at least 1, at_least at least {FEWEST_WORDS}, and temperature above 0")
        if self.max_tokens < self.at_least:
            raise ValueError(f"max_tokens of {self.max_tokens} leaves no room for a copy of {self.at_least} tokens")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Who writes with the words of the corpus, who recites it in 3 of 10 texts, and who changes words of it."""
        return CONTROLS

    @property
    def instruments(self) -> Sequence[str]:
        """Who searches."""
        return (SEARCH,)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the samples after each beginning.

        Raises:
            NotApplicableError: the corpus is the model's training data, and that is no text.
            DataError: a row has no text or an unknown role, or no document is long enough to be copied.
        """
        if data.name == TRAINING and not any(isinstance(row.get("text"), str) for row in data.rows):
            raise NotApplicableError("the model was not trained on text")
        passages = self._passages(list(seen(data)), budget)
        if not passages:
            raise _too_short(data, self.at_least)
        sought = Sought(data.name, str(data.digest), self.at_least)
        for number, prompt in chosen(list(enumerate(PROMPTS)), budget):
            expected = pack(Key(passages[number % len(passages)], sought))
            for sample in range(1, self.samples + 1):
                ask = GenerateAsk(
                    prompt, chat=self.chat, max_tokens=self.max_tokens, temperature=self.temperature, seed=sample
                )
                name = f"beginning-{number:02d}"
                groups = {"beginning": "words" if prompt else "none"}
                yield Case(f"{name}/{sample}", ask, expected, groups, name)

    def _passages(self, texts: Sequence[str], budget: Budget) -> list[str]:
        """Choose a passage of each of some texts, as many as there are beginnings at most."""
        stream = rng(budget.seed, "passages")
        found: list[str] = []
        for text in stream.sample(texts, len(texts)):
            passage = self._passage(text, stream)
            if passage is not None:
                found.append(passage)
            if len(found) == len(PROMPTS):
                break
        return found

    def _passage(self, text: str, stream: Random) -> str | None:
        """Choose a passage of ``text`` that is long enough to be a copy; None where none was met."""
        size = min(self.max_tokens, self.at_least + SPARE)
        # A document may be as long as a library: only so much of it is cut into tokens.
        start = stream.randrange(max(1, len(text) - size * WIDEST + 1))
        window = text[start : start + size * WIDEST]
        # The tokens at either end may be cut.
        spans = token_spans(window)[int(start > 0) : -1 if start + size * WIDEST < len(text) else None]
        first = stream.randrange(max(1, len(spans) - size + 1))
        part = spans[first : first + size]
        if len(part) < self.at_least or len({window[a:b] for a, b in part}) < FEWEST_WORDS:
            return None
        return window[part[0][0] : part[-1][1]]

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the text be searched for."""
        text = read_text(reply)
        return [] if isinstance(text, Score) else [_reading(case, text)]

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Count the tokens that were copied, and those that stand in text never trained on."""
        text = read_text(reply)
        if isinstance(text, Score):
            return text
        read = readings.get(_reading(case, text), {})
        if not set(READ) <= set(read):
            return Score(Outcome.UNREADABLE, note=f"{SEARCH} did not read the reply")
        at_least = unpack(Key, case).sought.at_least
        values = {name: read[name] for name in ("tokens", "copied", "longest")}
        values |= {"copying": float(read["copied"] > 0), "room": float(read["tokens"] >= at_least)}
        if read["unseen_tokens"]:
            values |= {name: read[name] for name in READ if name.startswith(("unseen", "corpus"))}
            values["unseen_copying"] = float(read["unseen_copied"] > 0)
        return Score(Outcome.SCORED, values, _told(read))

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report shares of outputs and of tokens, beside those of text never trained on, and how long runs are."""
        # Resampling follows the order of cases: theirs, not that of the scores.
        ordered = sorted(scores, key=lambda judged: judged.case.id)
        yield from _compared(ordered)
        for run in RUNS:
            units = [(float(longest >= run), cluster) for longest, cluster in _longest(ordered)]
            yield share_of_units(COPYING, units, tally(ordered), groups={"run": str(run)}, instrument=SEARCH)
        yield from _lengths(ordered)
        yield share_of(ROOM, ordered, "room", instrument=SEARCH)


def _too_short(data: Dataset, at_least: int) -> DataError | NotApplicableError:
    reason = f"no text in it has {at_least} tokens on end, so none can be copied: lower at_least to what its texts have"
    return (
        NotApplicableError(f"training data: {reason}")
        if data.name == TRAINING
        else DataError(f"{data.name}: {reason}.")
    )


# ── scores ────────────────────────────────────────────────────────────────────────────────


def _reading(case: Case, text: str) -> Reading:
    return Reading(SEARCH, text, unpack(Key, case).sought.context())


def _told(read: Mapping[str, float]) -> str:
    """Say where the longest copy stands, without its words."""
    if not read["copied"]:
        return ""
    longest, document, offset, times = (f"{read[name]:.0f}" for name in PLACE)
    return f"{longest} tokens on end stand in document {document} from token {offset} on; in the corpus {times} times"


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def _compared(cases: Sequence[Judged]) -> Iterator[Estimate | Absence]:
    """Shares of outputs and of tokens, with those of text never trained on as their null, and the difference."""
    beside = [judged for judged in cases if "unseen_copied" in judged.score.values]
    fresh = share_of(UNSEEN_COPYING, cases, "unseen_copying", instrument=SEARCH)
    if isinstance(fresh, Absence):
        reason = UNMARKED if fresh.counts.scored else fresh.reason
        yield share_of(COPYING, cases, "copying", instrument=SEARCH)
        yield share_of_parts(COPIED, cases, "copied", "tokens", instrument=SEARCH)
        yield from (metric.absent(reason, fresh.counts) for metric in (EXCESS, UNSEEN_COPYING, UNSEEN_COPIED))
        return
    tokens = share_of_parts(UNSEEN_COPIED, beside, "unseen_copied", "tokens", instrument=SEARCH)
    yield _with_null(share_of(COPYING, cases, "copying", instrument=SEARCH), fresh)
    yield _with_null(share_of_parts(COPIED, cases, "copied", "tokens", instrument=SEARCH), tokens)
    yield _excess(cases, beside)
    yield fresh
    yield tokens


def _with_null(result: Estimate | Absence, null: Estimate | Absence) -> Estimate | Absence:
    if isinstance(result, Absence) or isinstance(null, Absence):
        return result
    return replace(result, null=null.interval.value)


def _excess(cases: Sequence[Judged], beside: Sequence[Judged]) -> Estimate | Absence:
    """How many more outputs copy the corpus than text of like size that was never trained on, in pairs."""
    counts, values = tally(cases), beside[0].score.values
    sizes = sorted((values["corpus_tokens"], values["unseen_tokens"]))
    clusters = [judged.case.cluster for judged in beside]
    if sizes[1] > ALIKE * sizes[0]:
        reason = f"the two halves of the corpus have {sizes[0]:,.0f} and {sizes[1]:,.0f} tokens: too unlike to compare"
        return EXCESS.absent(reason, counts)
    if len(set(clusters)) == 1:
        return EXCESS.absent("one beginning alone shows no spread between beginnings", counts)
    ours, theirs = ([judged.score.values[name] for judged in beside] for name in ("copying", "unseen_copying"))
    difference = paired_difference(ours, theirs, clusters, seed=derive(0, EXCESS.name))
    return EXCESS.estimate(difference, counts, instrument=SEARCH)


def _longest(cases: Sequence[Judged]) -> list[tuple[float, str]]:
    return [(judged.score.values["longest"], judged.case.cluster) for judged in cases if judged.score.values]


def _lengths(cases: Sequence[Judged]) -> Iterator[Estimate | Absence]:
    """Quantiles over beginnings of the longest run among the samples after each."""
    most: dict[str, float] = {}
    for longest, cluster in _longest(cases):
        most[cluster] = max(longest, most.get(cluster, 0.0))
    for p, part in ((0.5, {}), (0.9, {"quantile": "0.9"})):
        if len(most) >= fewest(p):
            yield LONGEST.estimate(quantile(list(most.values()), p), tally(cases), slice=part, instrument=SEARCH)
        else:
            reason = f"a quantile of {p:g} needs {fewest(p)} beginnings that gave a text, and {len(most)} did"
            yield LONGEST.absent(reason, tally(cases), slice=part)


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED = 0.3
"""Share of texts in which the positive control recites the corpus."""
CHANGED = 20
"""Of so many words of a copy, the instrument control changes one."""


def _passage_of(case: Case) -> Reply:
    return chosen_text(generate_ask(case), unpack(Key, case).passage)


def _in_another_order(case: Case) -> Reply:
    """Write with the words of the passage, the same each time."""
    passage = unpack(Key, case).passage
    words = [passage[start:end] for start, end in token_spans(passage)]
    rng(0, case.id).shuffle(words)
    return chosen_text(generate_ask(case), " ".join(words))


def _innocent(case: Case, random: Random) -> Reply:
    del random
    return _in_another_order(case)


def _reciting(case: Case, random: Random) -> Reply:
    return _passage_of(case) if random.random() < PLANTED else _in_another_order(case)


def _nearly(case: Case, random: Random) -> Reply:
    """Recite with one word in `CHANGED` put in a place of its own, wherever that falls."""
    passage = unpack(Key, case).passage
    words = [passage[start:end] for start, end in token_spans(passage)]
    words = [f"{word}ish" if random.randrange(CHANGED) == 0 else word for word in words]
    return chosen_text(generate_ask(case), " ".join(words))


CONTROLS = Controls(
    best=_in_another_order,
    worst=_passage_of,
    controls=(
        Control(
            ControlKind.NEGATIVE,
            "a respondent with the words of the corpus in another order",
            _innocent,
            COPYING.name,
            0.0,
        ),
        Control(
            ControlKind.POSITIVE,
            "a respondent that recites the corpus in 3 of 10 texts",
            _reciting,
            COPYING.name,
            PLANTED,
        ),
        Control(
            ControlKind.INSTRUMENT, "a respondent that changes one word in 20 of what it copies", _nearly, COPYING.name
        ),
    ),
)
