"""How well does the model predict text that it is given?

A document is asked whole, after the start-of-text token; where it is longer than the model reads, the backend cuts it
into windows and scores each token once. All numbers are ratios of sums over documents, and documents are resampled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Case,
    ControlKind,
    Estimate,
    Interval,
    Judged,
    Metric,
    Outcome,
    Reply,
    Score,
    ScoreAsk,
    Windows,
)
from harness.seeds import derive
from harness.stats.ratios import mapped, ratio
from harness.text.words import pieces
from probes.documents import beginning, documents
from probes.expected import score_ask
from probes.replies import likelihoods, read_totals
from probes.sampling import chosen
from probes.summaries import tally
from probes.utility.language_modelling_card import BITS_PER_BYTE, BITS_PER_CHARACTER, CARD, CROSS_ENTROPY, PERPLEXITY

__all__ = ["LanguageModelling"]

BIT = log(2)
"""Nats of a bit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModelling:
    """Documents, each scored from its beginning to its end.

    Attributes:
        window: Most tokens that the model reads at once, at least 1; None for as many as it can. A smaller number makes
            models that read different lengths comparable, and takes less time and memory.
        overlap: Tokens of the window before that a full window begins with, at least 1. lm-eval has 1; more gives the
            first tokens of a window more to go by, and reads those tokens again.
        characters: Most characters of a document, from its beginning, at least 16; None for all.
    """

    window: int | None = None
    overlap: int = 1
    characters: int | None = None

    def __post_init__(self) -> None:
        Windows(self.window, self.overlap)
        if self.characters is not None and self.characters < 16:
            raise ValueError("characters is at least 16")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """One that favours no byte, one that needs two bits, and one that knows how frequent letters are."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield one case for each document."""
        for document in chosen(documents(data), budget):
            text = beginning(document.text, self.characters)
            yield Case(document.id, ScoreAsk("", (text,), Windows(self.window, self.overlap)), {}, {}, document.id)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Count what the document cost, and what it consists of."""
        del readings
        ask = score_ask(case)
        totals = read_totals(ask, reply)
        if isinstance(totals, Score):
            return totals
        text, tokens = ask.continuations[0], len(reply.scores[0].logprobs)
        values = {"nats": -totals[0], "characters": float(len(text)), "bytes": float(len(text.encode()))}
        if tokens > 1 or len(pieces(text)) == 1:
            return Score(Outcome.SCORED, {**values, "tokens": float(tokens)})
        return Score(Outcome.SCORED, values, note="the backend gives one number for the text, and none for a token")

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Divide what all documents cost by what they consist of."""
        yield _per(BITS_PER_BYTE, scores, "bytes", lambda nats: nats / BIT)
        yield _per(BITS_PER_CHARACTER, scores, "characters", lambda nats: nats / BIT)
        yield _per(CROSS_ENTROPY, scores, "tokens", lambda nats: nats)
        yield _per(PERPLEXITY, scores, "tokens", exp)


def _per(metric: Metric, scores: Sequence[Judged], unit: str, function: Callable[[float], float]) -> Estimate | Absence:
    """``function`` of the nats that one ``unit`` costs."""
    counts = tally(scores)
    found = [judged for judged in scores if unit in judged.score.values]
    if len({judged.case.cluster for judged in found}) < 2:
        return metric.absent(_too_few(scores, found, unit), counts)
    nats, units = ([judged.score.values[key] for judged in found] for key in ("nats", unit))
    interval = ratio(nats, units, [judged.case.cluster for judged in found], seed=derive(0, CROSS_ENTROPY.name))
    return metric.estimate(mapped(_possible(interval), function), counts)


def _possible(interval: Interval) -> Interval:
    """Nothing costs less than nothing, which few documents can make a lower bound say."""
    return replace(interval, low=max(0.0, interval.low))


def _too_few(scores: Sequence[Judged], found: Sequence[Judged], unit: str) -> str:
    if found:
        return "a single document shows no spread between documents, so there is no interval"
    if any(judged.score.values for judged in scores):
        return f"the backend does not tell the {unit} of a text"
    return "no document was scored"


# ── controls ──────────────────────────────────────────────────────────────────────────────

PLANTED, SPREAD = 2.0, 0.1
"""Bits per byte of the positive control, and their standard deviation over documents."""
SHARES = (18.3, 10.3, 7.5, 6.5, 6.2, 5.7, 5.7, 5.3, 5.0, 5.0, 3.3, 3.3, 2.3, 2.2, 2.0, 2.0, 1.7, 1.6, 1.5, 1.4, 1.3)
FREQUENT = dict(zip(" etaonisrhldcumfwgypbvkxjqz", (*SHARES, 0.8, 0.6, 0.1, 0.1, 0.1, 0.1), strict=True))
"""Letters of a hundred in English text, spaces included; what is left of a hundred the other bytes share."""


def _costing(case: Case, bits: float) -> Reply:
    """Answer that each byte of the document cost so many bits."""
    ask = score_ask(case)
    return likelihoods(ask, [-bits * BIT * len(ask.continuations[0].encode())])


def _best(case: Case) -> Reply:
    return _costing(case, 0.5)


def _worst(case: Case) -> Reply:
    return _costing(case, 12.0)


def _uniform(case: Case, random: Random) -> Reply:
    del random
    return _costing(case, 8.0)


def _two_bits(case: Case, random: Random) -> Reply:
    return _costing(case, max(0.1, random.gauss(PLANTED, SPREAD)))


def _letters(case: Case, random: Random) -> Reply:
    """Know how frequent each letter is, and nothing of the letters before it."""
    del random
    ask = score_ask(case)
    rest = (100 - sum(FREQUENT.values())) / (256 - len(FREQUENT))
    each = (FREQUENT.get(chr(byte), rest) / 100 for byte in ask.continuations[0].encode())
    return likelihoods(ask, [sum(map(log, each))])


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a respondent that favours no byte", _uniform, BITS_PER_BYTE.name, 8.0),
        Control(
            ControlKind.POSITIVE,
            "a respondent that needs two bits for a byte, more for some texts and less for others",
            _two_bits,
            BITS_PER_BYTE.name,
            PLANTED,
        ),
        Control(
            ControlKind.INSTRUMENT, "a respondent that knows how frequent letters are", _letters, BITS_PER_BYTE.name
        ),
    ),
)
