"""What the control backend's replies are made of: likelihoods word by word, and texts within an ask's limits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

from harness.records import ContinuationScore, Finish, GenerateAsk, Reply, ScoreAsk, Usage
from harness.text.words import pieces

__all__ = ["count", "read_tokens", "safe", "scores_of", "within_limits"]

AHEAD, BARELY = 4.0, 0.2
"""Nats by which the chosen continuation leads the next where it is sure, and where it is not."""


def safe(text: str) -> str:
    """Return ``text`` with lone surrogates, which have no bytes, written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def scores_of(texts: Sequence[str], likeliest: int, *, sure: bool) -> tuple[ContinuationScore, ...]:
    """Give every continuation its words' likelihoods, and the others a penalty per word that keeps them behind.

    A penalty on every word, so that the preference also shows in the words that two sentences share. Unsure, the others
    are almost as likely as the likeliest, whatever their words.
    """
    lead = _tokens(texts[likeliest])[2]
    scores = []
    for place, text in enumerate(texts):
        starts, logprobs, total = _tokens(text)
        if place != likeliest and sure:
            # The fraction keeps the others from tying with each other.
            penalty = (max(0.0, total - lead) + AHEAD + _fraction(text)) / len(starts)
            logprobs = tuple(logprob - penalty for logprob in logprobs)
        elif place != likeliest:
            logprobs = ((lead - BARELY - BARELY * _fraction(text)) / len(starts),) * len(starts)
        scores.append(ContinuationScore(logprobs, starts, greedy=place == likeliest))
    return tuple(scores)


def within_limits(ask: GenerateAsk, text: str) -> Reply:
    """Cut ``text`` at the first stop text and at the limit of tokens, a word counting as one."""
    stops = [text.find(stop) for stop in ask.stop if stop and stop in text]
    text = text[: min(stops, default=len(text))]
    ends = [end for _, end in pieces(text)]
    finish = Finish.LENGTH if len(ends) > ask.max_tokens else Finish.STOP
    kept = ends[: ask.max_tokens]
    usage = Usage(count(ask.prompt), len(kept))
    return Reply(finish, text=text[: kept[-1]] if kept else "", usage=usage)


@lru_cache(maxsize=8192)
def count(text: str) -> int:
    """Return how many words ``text`` has, a mark counting as one."""
    return len(pieces(text))


def read_tokens(ask: ScoreAsk) -> int:
    """Return how many words are read for ``ask``, context and continuations."""
    return count(ask.context) + sum(len(_tokens(text)[0]) for text in ask.continuations)


@lru_cache(maxsize=16384)
def _tokens(text: str) -> tuple[tuple[int, ...], tuple[float, ...], float]:
    """Return where the words of ``text`` start, a log-probability of -1 to -4 for each, by its letters, and the sum."""
    spans = pieces(text)
    logprobs = tuple(-1 - 3 * _fraction(text[start:end]) for start, end in spans)
    return tuple(start for start, _ in spans), logprobs, sum(logprobs)


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that is the same for the same text."""
    return crc32(safe(text).encode()) / 2**32
