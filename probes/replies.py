"""What a reply holds, read without trust; and scripted replies, of which controls are made."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from harness.records import ContinuationScore, Finish, GenerateAsk, Outcome, Reply, Score, ScoreAsk
from harness.text.words import pieces

__all__ = [
    "chosen_text",
    "likelihoods",
    "preferring",
    "read_text",
    "read_totals",
    "unanswered",
    "unicode_text",
    "whole_words",
]

AHEAD = 4.0
"""Nats by which a scripted reply prefers its choice."""


# ── reading ───────────────────────────────────────────────────────────────────────────────


def unanswered(reply: Reply) -> Score | None:
    """Return the outcome of a reply that holds no answer, or None where there may be one."""
    if reply.finish is Finish.FAILED:
        return Score(Outcome.FAILED, note=reply.error or "the model gave no usable answer")
    if reply.finish is Finish.TOO_LONG:
        return Score(Outcome.TRUNCATED, note=reply.error or "the prompt does not fit the model's context")
    if reply.finish is Finish.REFUSED:
        return Score(Outcome.REFUSED, note="a content filter, or a deferral to a person, answered instead of the model")
    return None


def read_totals(ask: ScoreAsk, reply: Reply) -> list[float] | Score:
    """Return the summed log-likelihood of each continuation in nats, or the outcome where they cannot be read."""
    missing = unanswered(reply)
    if missing is not None:
        return missing
    if len(reply.scores) != len(ask.continuations):
        return Score(Outcome.UNREADABLE, note=f"{len(reply.scores)} scores for {len(ask.continuations)} continuations")
    if not all(score.logprobs and len(score.logprobs) == len(score.starts) for score in reply.scores):
        return Score(Outcome.UNREADABLE, note="a continuation has no log-probabilities, or not one per token")
    totals = [score.total for score in reply.scores]
    if not all(isfinite(total) and total <= 0 for total in totals):
        return Score(Outcome.UNREADABLE, note="a log-likelihood is not a finite number of at most 0")
    return totals


def read_text(reply: Reply) -> str | Score:
    """Return the generated text, or the outcome where there is none."""
    missing = unanswered(reply)
    if missing is not None:
        return missing
    if not reply.text or not reply.text.strip():
        return Score(Outcome.UNREADABLE, note="the reply is empty")
    return reply.text


def unicode_text(reply: Reply) -> str | Score:
    """Return the generated text where it has a UTF-8 form, or the outcome: halves of surrogate pairs are no text."""
    text = read_text(reply)
    if isinstance(text, Score) or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return Score(Outcome.UNREADABLE, note="the reply holds half of a surrogate pair, which is no text")
    return text


def whole_words(reply: Reply) -> str | Score:
    """Return the generated text without the word that the limit of tokens may have cut, or the outcome without text."""
    text = read_text(reply)
    if isinstance(text, Score) or reply.finish is not Finish.LENGTH or text[-1:].isspace():
        return text
    kept = text.rsplit(maxsplit=1)[:-1]
    return kept[0] if kept else Score(Outcome.TRUNCATED, note="the reply was cut within its first word")


# ── scripting ─────────────────────────────────────────────────────────────────────────────


def likelihoods(ask: ScoreAsk, totals: Sequence[float]) -> Reply:
    """Answer with the given log-likelihood per continuation, spread over its words almost evenly."""
    top = max(totals)
    scores = []
    for text, total in zip(ask.continuations, totals, strict=True):
        starts = tuple(start for start, _ in pieces(text))
        # Steps of 1/1024 add up without rounding, so that equal totals tie whatever the number of words.
        step = int(total / len(starts) * 1024) / 1024
        rest = total - step * (len(starts) - 1)
        scores.append(ContinuationScore((step,) * (len(starts) - 1) + (rest,), starts, greedy=total == top))
    return Reply(Finish.STOP, scores=tuple(scores))


def preferring(ask: ScoreAsk, place: int) -> Reply:
    """Answer that the continuation at ``place`` is the likeliest by far, all others alike."""
    return likelihoods(ask, [-1.0 if at == place else -1.0 - AHEAD for at in range(len(ask.continuations))])


def chosen_text(ask: GenerateAsk, text: str) -> Reply:
    """Answer ``text``, cut at the ask's limit of tokens, a word counting as one."""
    ends = [end for _, end in pieces(text)][: ask.max_tokens]
    cut = ends[-1] if ends else 0
    return Reply(Finish.STOP if cut == len(text) else Finish.LENGTH, text=text[:cut])
