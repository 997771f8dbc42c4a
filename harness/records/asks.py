"""What is put to a backend: frozen, canonical, hashable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

__all__ = ["LATER", "Ask", "Capability", "DrawAsk", "GenerateAsk", "LossAsk", "RecordAsk", "ScoreAsk", "Windows"]

LATER: Mapping[str, bool] = MappingProxyType({"later": True})
"""Metadata of a field that came after evidence had been written without it: where it has its default, canonical JSON
leaves it out, so that older digests still stand."""


class Capability(StrEnum):
    """What a backend can do."""

    GENERATE = "generate"
    """Continue a prompt with text."""
    SCORE = "score"
    """Give the log-probability of each token of given continuations."""
    DRAW = "draw"
    """Make images."""
    TEXT_TO_IMAGE = "text_to_image"
    """Make images from prompts; what can do this has DRAW too."""
    LOSS = "loss"
    """Give the training loss of single records."""
    TRAINING_DATA = "training_data"
    """Say which records it was, and was not, trained on."""
    MARK_TEXT = "mark_text"
    """Put a watermark into its text, and leave it out where an ask says so."""


@dataclass(frozen=True, slots=True)
class GenerateAsk:
    """Continue ``prompt``.

    Attributes:
        prompt: The user's message, or the bare text to continue where ``chat`` is off.
        system: System message, used only with ``chat``.
        chat: Whether the model's own chat template is applied.
        max_tokens: Most new tokens, at least 1.
        temperature: 0 is greedy.
        top_p: Nucleus mass in (0, 1].
        stop: Texts that end the reply; they are not part of it.
        seed: Names the random stream; asks that differ only here are different samples.
        marked: Whether a model that puts a watermark in its text puts it in this one. The others take no notice.
    """

    prompt: str
    system: str | None = None
    chat: bool = True
    max_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    marked: bool = field(default=True, metadata=LATER)

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ValueError("max_tokens must be at least 1, temperature at least 0, top_p in (0, 1]")


@dataclass(frozen=True, slots=True)
class Windows:
    """How a text is read that may be longer than the model reads at once: in windows, each token scored once.

    Attributes:
        tokens: Most tokens of a window, at least 1; None for as many as the model reads. Never more than that.
        overlap: Tokens of the window before that a full window begins with, at least 1: what its first token is given.
    """

    tokens: int | None = None
    overlap: int = 1

    def __post_init__(self) -> None:
        if self.overlap < 1 or (self.tokens is not None and self.tokens < self.overlap):
            raise ValueError("overlap is at least 1, and tokens at least overlap")


@dataclass(frozen=True, slots=True)
class ScoreAsk:
    """Give log-probabilities of each of ``continuations`` after ``context``.

    An empty context means: after the model's own start-of-text token.
    Continuations carry their own leading space.

    Attributes:
        context: What the model is given.
        continuations: What is scored, each by itself.
        windows: How a single text after an empty context is read where it is too long; None for not at all, so that
            such a text is TOO_LONG. A backend that knows no windows scores the texts that it can read whole.
        moments: Whether mean and standard deviation of the log-probabilities of all tokens are wanted at each place.
            A backend that knows only the given tokens leaves them out.
    """

    context: str
    continuations: tuple[str, ...]
    windows: Windows | None = field(default=None, metadata=LATER)
    moments: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        if not self.continuations or not all(self.continuations):
            raise ValueError("a ScoreAsk needs at least one continuation, and none of them empty")
        if self.windows is not None and (self.context or len(self.continuations) != 1):
            raise ValueError("windows are for one continuation after an empty context")


@dataclass(frozen=True, slots=True)
class DrawAsk:
    """Make one image from ``seed``, optionally for a ``prompt`` or a class ``label``.

    Attributes:
        seed: Of the noise that the image is made from.
        prompt: What it is to show, in words.
        label: Number of the class it is to show.
        jitter: Share j of that noise, in [0, 1], that other noise replaces: z √(1 - j²) + j z'.
        marked: Whether a model that puts a watermark in its images puts it in this one. The others take no notice.
    """

    seed: int
    prompt: str | None = None
    label: int | None = None
    jitter: float = 0.0
    marked: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter is a share from 0 to 1, not {self.jitter}")


@dataclass(frozen=True, slots=True)
class LossAsk:
    """Give the training loss of the record named ``record`` in the backend's training data.

    Attributes:
        record: A name of the backend's training data (`harness.contracts.TrainedBackend`); or, behind the name of a
            canary, ``/reference/00017``: a record like it with a fill that is planted nowhere, by number from 0.
        seed: Of the noise that a loss may need; records asked with one seed share their noise, and can be compared.
    """

    record: str
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RecordAsk:
    """Show the record named ``record`` of the backend's training data: its image as media, its text as text.

    What a model was trained on comes into the evidence this way, only where a probe needs to show it.
    """

    record: str


Ask = GenerateAsk | ScoreAsk | DrawAsk | LossAsk | RecordAsk
