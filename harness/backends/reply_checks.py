"""What adapters check and clean before it becomes part of a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from numbers import Real
from typing import Any

from harness.records import Ask, ContinuationScore, DrawAsk, Finish, LossAsk, RecordAsk, Reply, ScoreAsk

__all__ = [
    "LOSS",
    "SPOKEN",
    "checked_logprob",
    "checked_losses",
    "continuation_score",
    "fitting",
    "one_line",
    "token_scores",
]

SPOKEN = frozenset({Finish.STOP, Finish.LENGTH})
"""Finishes that come with an answer of the model."""

LOSS = "loss"
"""Name of the loss that every reply to a `LossAsk` has."""

ROUNDING_NATS = 1e-3
"""How far above 0 rounding may push a log-probability; anything higher is not one."""


def one_line(text: str, *, limit: int = 200) -> str:
    """Return ``text`` as one line of printable characters, at most ``limit`` of them.

    Control, bidirectional and other invisible characters become spaces, so that a message
    written by a server or by a user's code can be shown on a terminal.
    """
    # Cut generously first: a server's body may have megabytes.
    visible = "".join(char if char.isprintable() else " " for char in text[: 8 * limit])
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def checked_logprob(value: object) -> float:
    """Return ``value`` as a log-probability in nats.

    Raises:
        TypeError: it is no number.
        ValueError: it is not finite, or above 0 by more than rounding.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"a log-probability is a number, not {type(value).__name__}")
    number = float(value)
    if not isfinite(number) or number > ROUNDING_NATS:
        raise ValueError(f"a log-probability is finite and at most 0, not {number}")
    return min(number, 0.0)


def checked_losses(given: object) -> dict[str, float]:
    """Read named losses as people write them.

    Raises:
        TypeError: they are no numbers by name.
        ValueError: one is not finite, or `LOSS` is not among them.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"losses are numbers by name, not {type(given).__name__}")
    odd = [name for name, value in given.items() if isinstance(value, bool) or not isinstance(value, Real)]
    if odd or not all(isinstance(name, str) for name in given):
        raise TypeError("losses are numbers by name")
    losses = {name: float(value) for name, value in given.items()}
    if LOSS not in losses or not all(isfinite(value) for value in losses.values()):
        raise ValueError(f"losses are finite, and one of them is named {LOSS!r}")
    return losses


def token_scores(logprobs: Sequence[Any], starts: Sequence[Any], *, length: int, greedy: bool) -> ContinuationScore:
    """Build the score of one continuation of ``length`` characters from its tokens.

    Raises:
        ValueError: no tokens, lists of different lengths, a value that is no log-probability, or
            starts that are not whole numbers rising from 0 and within the continuation.
        TypeError: a log-probability is no number.
    """
    if not logprobs or len(logprobs) != len(starts):
        raise ValueError(f"{len(logprobs)} log-probabilities with {len(starts)} starts; one start per token is needed")
    whole = [start for start in starts if isinstance(start, int) and not isinstance(start, bool)]
    if len(whole) != len(starts) or whole != sorted(whole) or whole[0] != 0 or whole[-1] > length:
        raise ValueError(f"starts are whole numbers rising from 0 to at most {length}")
    return ContinuationScore(tuple(checked_logprob(value) for value in logprobs), tuple(whole), greedy)


def continuation_score(given: object, *, length: int) -> ContinuationScore:
    """Read one continuation's score as people write it: a total, or a list of token log-probabilities.

    A total counts as a single token. Neither form tells where tokens begin, so every start is 0.
    ``greedy`` is False: nothing says that the continuation was the most likely one.

    Args:
        given: A number in nats, a list of them, or a finished `ContinuationScore`.
        length: Number of characters of the continuation.

    Raises:
        ValueError, TypeError: it is none of these, or its numbers are no log-probabilities.
    """
    if isinstance(given, ContinuationScore):
        plain = token_scores(given.logprobs, given.starts, length=length, greedy=given.greedy)
        return replace(plain, means=given.means, deviations=given.deviations) if _spread(given) else plain
    values = list(given) if isinstance(given, list | tuple) else [given]
    return token_scores(values, [0] * len(values), length=length, greedy=False)


def _spread(given: ContinuationScore) -> bool:
    """Whether there are moments.

    Raises:
        ValueError: they are not one of each for every token, or are none that a distribution has.
    """
    if not given.means and not given.deviations:
        return False
    if not len(given.means) == len(given.deviations) == len(given.logprobs):
        raise ValueError("there is one mean and one deviation for each token, or there are none")
    if not all(isfinite(mean) and mean <= 0 for mean in given.means) or not all(
        isfinite(deviation) and deviation >= 0 for deviation in given.deviations
    ):
        raise ValueError("a mean of log-probabilities is finite and at most 0, a deviation finite and at least 0")
    return True


def fitting(ask: Ask, reply: Reply) -> Reply:
    """``reply`` if it can be a reply to ``ask``, else a FAILED one that says why not."""
    if reply.finish not in SPOKEN:
        return reply
    if not isinstance(ask, ScoreAsk):
        lacking = _lacking(ask, reply)
        return Reply(Finish.FAILED, error=lacking) if lacking else reply
    if len(reply.scores) != len(ask.continuations):
        problem = f"there are {len(reply.scores)} scores for {len(ask.continuations)} continuations"
        return Reply(Finish.FAILED, error=problem)
    pairs = zip(reply.scores, ask.continuations, strict=True)
    if any(score.starts[-1] > len(continuation) for score, continuation in pairs):
        return Reply(Finish.FAILED, error="the scores have tokens beyond the end of their continuation")
    return reply


def _lacking(ask: Ask, reply: Reply) -> str:
    """What ``ask`` asked for and ``reply`` does not have; empty where nothing is missing."""
    if isinstance(ask, DrawAsk):
        return "" if len(reply.media) == 1 else f"there are {len(reply.media)} images where one was asked for"
    if isinstance(ask, LossAsk):
        return "" if LOSS in reply.losses else "there is no loss where a loss was asked for"
    if isinstance(ask, RecordAsk):
        return "" if reply.media or reply.text is not None else "there is neither image nor text of the record"
    return "there is no text where text was asked for" if reply.text is None else ""
