"""What comes back from a backend, and what instruments are asked to read of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.records.asks import LATER, Ask

__all__ = ["PICTURE_NAME", "PNG", "Consultation", "ContinuationScore", "Finish", "Reading", "Reply", "Usage"]


PICTURE_NAME = re.compile(r"[0-9a-f]{64}\.png")
"""What a file that a reply names is called: by its content."""
PNG = b"\x89PNG\r\n\x1a\n"
"""The first eight bytes of every PNG."""


class Finish(StrEnum):
    """Why a reply ended."""

    STOP = "stop"
    LENGTH = "length"
    """The token limit of the ask was reached."""
    REFUSED = "refused"
    """A content filter of the provider, or a deferral to a person, answered instead of the model."""
    TOO_LONG = "too_long"
    """The ask does not fit the model's context; nothing was shortened."""
    FAILED = "failed"
    """No usable answer: connection, server or numerical failure. Asked again on the next run."""


@dataclass(frozen=True, slots=True)
class ContinuationScore:
    """Log-probabilities of one continuation, token by token.

    Attributes:
        logprobs: Natural log-probability of each token given all before it, each at most 0.
        starts: For each token, the offset in the continuation of its first character.
        greedy: Whether each token was the model's most likely one.
        means: For each place, the mean of the log-probability over all tokens that the model could write there, each
            at most 0: minus the entropy, in nats. Empty where that was not asked for, or is not known.
        deviations: Its standard deviation, in nats, at least 0; as many as there are means.
    """

    logprobs: tuple[float, ...]
    starts: tuple[int, ...]
    greedy: bool
    means: tuple[float, ...] = field(default=(), metadata=LATER)
    deviations: tuple[float, ...] = field(default=(), metadata=LATER)

    @property
    def total(self) -> float:
        """Sum of the token log-probabilities, in nats."""
        return sum(self.logprobs)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written for one ask, as the backend counted them."""

    prompt_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one ask.

    Attributes:
        finish: Why it ended.
        text: Generated text; None where the ask was for something else or nothing came.
        scores: One per continuation of a `ScoreAsk`, in its order.
        media: Names of files under the bundle's ``media/``: images, each named by its content, ``<sha256>.png``.
        losses: For a `LossAsk`, losses of the record by name, lower meaning better fitted. ``loss`` is always among
            them: the one that membership tests read. Other names are the model's own.
        error: What went wrong, in one line; None unless ``finish`` is FAILED or TOO_LONG.
        usage: Tokens used.
        seconds: Wall time that the backend attributes to this ask.
        retries: How often it was asked again before this came.
        joules: Energy that the counters of this machine attribute to this ask; None where nothing counted.
    """

    finish: Finish
    text: str | None = None
    scores: tuple[ContinuationScore, ...] = ()
    media: tuple[str, ...] = ()
    error: str | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    retries: int = 0
    # A mapping has no hash: replies that differ here alone share theirs, and are unequal all the same.
    losses: Mapping[str, float] = field(default_factory=dict, hash=False)
    joules: float | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Reading:
    """A request that ``instrument`` read ``text``, or the picture ``media`` (with ``context``, where it needs one)."""

    instrument: str
    text: str
    context: str | None = None
    media: str | None = None


@dataclass(frozen=True, slots=True)
class Consultation:
    """One thing that an instrument asked a model of its own, and what came back."""

    ask: Ask
    reply: Reply
