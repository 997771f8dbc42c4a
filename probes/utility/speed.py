"""How fast does the model write and score text here, and what energy does that take?

The numbers are those that replies bring: the seconds and joules that are attributed to each, and the tokens that the
backend counted. A backend that answers batches gives all asks of one the same share of its time, from which no single
latency can be told. So no two asks are alike in what they leave to the batching: greedy decoding takes no notice of the
nucleus, nor a short text of its windows, and batches are of asks that agree in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Capability,
    Case,
    ContinuationScore,
    ControlKind,
    Estimate,
    Finish,
    GenerateAsk,
    Interval,
    Judged,
    Metric,
    Outcome,
    Reply,
    Score,
    ScoreAsk,
    Usage,
    Windows,
)
from harness.seeds import derive, rng
from harness.stats.quantiles import fewest, quantile
from harness.stats.ratios import mapped, ratio
from harness.text.words import pieces
from probes.documents import Document, beginning, documents
from probes.replies import read_totals, unanswered
from probes.sampling import at_most, chosen
from probes.summaries import tally
from probes.utility.speed_card import CARD, ENERGY, ESTIMATED, LATENCIES, SCORED, WRITTEN

__all__ = ["Speed"]

STEP = 2.0**-24
"""What the nucleus of one ask lacks beside the next one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Beginnings of documents to go on with, and others to score.

    Attributes:
        requests: Most documents to go on with, at least 2. Percentiles beyond the median take 36 and more.
        texts: Most documents to score, at least 2, where the backend can.
        repeats: How often each is asked, at least 1.
        tokens: Most tokens of a reply, at least 1.
        characters: Most characters of a beginning, at least 16.
        together: Whether asks may share batches: the speed is then that of many users, and latencies cannot be told.
        watts: Power that the machine draws while it answers, as you declare it; None for no estimate of energy.
    """

    requests: int = 12
    texts: int = 12
    repeats: int = 1
    tokens: int = 8
    characters: int = 200
    together: bool = False
    watts: float | None = None

    def __post_init__(self) -> None:
        if min(self.requests, self.texts) < 2 or min(self.repeats, self.tokens) < 1 or self.characters < 16:
            raise ValueError(
                "requests and texts are at least 2, repeats and tokens at least 1, and characters at least 16"
            )
        if self.watts is not None and not (isfinite(self.watts) and self.watts > 0):
            raise ValueError(f"watts is above 0, not {self.watts}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """One that is steady, one that stalls now and then, and one whose replies share times."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the requests to write, then the texts to score where the backend can."""
        every = documents(data)
        places = {document.id: place for place, document in enumerate(every)}
        for document in chosen(every, at_most(budget, self.requests)):
            for time in range(self.repeats):
                yield self._write(document, places[document.id] * self.repeats + time, time)
        if Capability.SCORE in budget.abilities:
            for document in chosen(every, at_most(budget, self.texts)):
                for time in range(self.repeats):
                    yield self._score(document, places[document.id] * self.repeats + time, time)

    def _write(self, document: Document, number: int, time: int) -> Case:
        ask = GenerateAsk(
            f"Continue this text:\n\n{beginning(document.text, self.characters)}",
            max_tokens=self.tokens,
            top_p=1.0 if self.together else 1.0 - STEP * number,
            seed=time,
        )
        name = f"{document.id}/write/{time}"
        return Case(name, ask, {}, {"manner": "write"}, name)

    def _score(self, document: Document, number: int, time: int) -> Case:
        windows = Windows(overlap=1 if self.together else 1 + number)
        name = f"{document.id}/score/{time}"
        ask = ScoreAsk("", (beginning(document.text, self.characters),), windows)
        return Case(name, ask, {}, {"manner": "score"}, name)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note time, tokens and energy."""
        del readings
        missing = unanswered(reply)
        tokens = missing or _tokens(case, reply)
        if isinstance(tokens, Score):
            return tokens
        if not (isfinite(reply.seconds) and reply.seconds > 0):
            return Score(Outcome.UNREADABLE, note="the backend does not say how long the reply took")
        values = {"seconds": reply.seconds, "tokens": float(tokens)}
        if reply.joules is not None and isfinite(reply.joules) and reply.joules >= 0:
            values["joules"] = reply.joules
        return Score(Outcome.SCORED, values)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Tokens over seconds, percentiles of seconds, and joules over tokens."""
        written = [judged for judged in scores if judged.case.groups["manner"] == "write"]
        scored = [judged for judged in scores if judged.case.groups["manner"] == "score"]
        yield _over(WRITTEN, written, "tokens", "seconds")
        yield from (_percentile(metric, written, share) for share, metric in LATENCIES.items())
        yield _over(SCORED, scored, "tokens", "seconds")
        yield _over(ENERGY, written, "joules", "tokens")
        if self.watts is None:
            yield ESTIMATED.absent("no power was declared: set `watts` to what the machine draws", tally(written))
        else:
            yield _over(ESTIMATED, written, "seconds", "tokens", times=self.watts)


def _tokens(case: Case, reply: Reply) -> int | Score:
    """Tokens that were written, or scored; or the outcome where there are none."""
    if isinstance(case.ask, ScoreAsk):
        totals = read_totals(case.ask, reply)
        return totals if isinstance(totals, Score) else sum(len(score.logprobs) for score in reply.scores)
    if reply.text is None or reply.usage.output_tokens < 1:
        return Score(Outcome.UNREADABLE, note="the backend does not count the tokens that were written")
    return reply.usage.output_tokens


# ── numbers ───────────────────────────────────────────────────────────────────────────────


def _over(
    metric: Metric, scores: Sequence[Judged], above: str, below: str, *, times: float = 1.0
) -> Estimate | Absence:
    """Ratio of two sums; replies that took the same time to the last digit came of one batch, and are one unit."""
    counts = tally(scores)
    found = [judged.score.values for judged in scores if {above, below} <= judged.score.values.keys()]
    timings = [repr(values["seconds"]) for values in found]
    if len(set(timings)) < 2:
        return metric.absent(_reason(scores, found, above), counts)
    top, bottom = ([values[key] for values in found] for key in (above, below))
    interval = ratio(top, bottom, timings, seed=derive(0, metric.name))
    possible = replace(interval, low=max(0.0, interval.low))
    return metric.estimate(mapped(possible, lambda value: value * times), counts)


def _reason(scores: Sequence[Judged], found: Sequence[object], what: str) -> str:
    if found:
        return "all replies share one timing, which shows no spread"
    if what == "joules" and any(judged.score.values for judged in scores):
        return "no reply came with energy: this machine shows no counter, or the model is elsewhere"
    return "no reply came with time and tokens" if scores else "nothing was asked for it"


def _percentile(metric: Metric, scores: Sequence[Judged], share: float) -> Estimate | Absence:
    counts = tally(scores)
    seconds = [judged.score.values["seconds"] for judged in scores if judged.score.values]
    if not seconds:
        return metric.absent(_reason(scores, seconds, "seconds"), counts)
    if len({repr(value) for value in seconds}) < len(seconds):
        return metric.absent("replies share the time of a batch, so none has a latency of its own", counts)
    if len(seconds) < fewest(share):
        reason = f"it takes {fewest(share)} replies to bound it, and there are {len(seconds)}"
        return metric.absent(reason, counts)
    interval: Interval = quantile(seconds, share)
    return metric.estimate(interval, counts)


# ── controls ──────────────────────────────────────────────────────────────────────────────

USUAL, SLOW = 20.0, 5.0
"""Tokens a second of a scripted reply, and of one that stalls."""
OFTEN = 0.25
"""Share of replies in which the positive control stalls."""
ALIKE = tuple(USUAL * (0.9 + 0.02 * step) for step in range(11))
"""Speeds that are shared, as those of batches are; 20 on average."""


def _reply(case: Case, speed: float) -> Reply:
    """Answer so many tokens a second."""
    if isinstance(case.ask, ScoreAsk):
        starts = tuple(start for start, _ in pieces(case.ask.continuations[0]))
        score = ContinuationScore((-2.0,) * len(starts), starts, greedy=False)
        return Reply(Finish.STOP, scores=(score,), usage=Usage(len(starts)), seconds=len(starts) / speed)
    tokens = case.ask.max_tokens if isinstance(case.ask, GenerateAsk) else 1
    return Reply(Finish.LENGTH, text="and so on" * tokens, usage=Usage(1, tokens), seconds=tokens / speed)


def _best(case: Case) -> Reply:
    return _reply(case, 200 * rng(0, case.id).uniform(0.9, 1.1))


def _worst(case: Case) -> Reply:
    return _reply(case, 0.2 * rng(0, case.id).uniform(0.9, 1.1))


def _steady(case: Case, random: Random) -> Reply:
    # The times are even about their mean, not the speeds: the speed of all is tokens over time.
    return _reply(case, USUAL / random.uniform(0.9, 1.1))


def _stalling(case: Case, random: Random) -> Reply:
    return _reply(case, (SLOW if random.random() < OFTEN else USUAL) / random.uniform(0.9, 1.1))


def _shared(case: Case, random: Random) -> Reply:
    return _reply(case, random.choice(ALIKE))


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a model that writes 20 tokens a second", _steady, WRITTEN.name, USUAL),
        Control(
            ControlKind.POSITIVE,
            "a model that stalls in every fourth reply",
            _stalling,
            WRITTEN.name,
            1 / (OFTEN / SLOW + (1 - OFTEN) / USUAL),
        ),
        Control(ControlKind.INSTRUMENT, "a model whose replies share eleven timings", _shared, WRITTEN.name),
    ),
)
