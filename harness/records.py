"""The nouns that walk from room to room: frozen, plain, standard library only.

An *ask* goes to a backend, a *reply* comes back, a *case* says what was wanted, a *score*
judges one case, an *estimate* is what a reader sees. Absence is a value of its own
(`Absence`, `Outcome`), never 0.0 and never NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite

__all__ = [
    "Absence",
    "Arm",
    "Ask",
    "Better",
    "Capability",
    "Case",
    "Cell",
    "CellStatus",
    "ContinuationScore",
    "ControlKind",
    "ControlResult",
    "Counts",
    "DrawAsk",
    "Estimate",
    "Finish",
    "GateResult",
    "GenerateAsk",
    "Interval",
    "Judged",
    "LossAsk",
    "Metric",
    "Outcome",
    "Reading",
    "Reply",
    "Ruling",
    "Score",
    "ScoreAsk",
    "Severity",
    "Usage",
    "Value",
    "Verdict",
]

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
"""What JSON can hold: the type of everything in evidence that is not a record."""


class Capability(StrEnum):
    """What a backend can do."""

    GENERATE = "generate"
    """Continue a prompt with text."""
    SCORE = "score"
    """Give the log-probability of each token of given continuations."""
    DRAW = "draw"
    """Make images."""
    LOSS = "loss"
    """Give the training loss of single records."""
    TRAINING_DATA = "training_data"
    """Say which records it was, and was not, trained on."""


class Outcome(StrEnum):
    """What became of one case. Only SCORED cases enter a rate; the others are counted beside it."""

    SCORED = "scored"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    FAILED = "failed"


class Finish(StrEnum):
    """Why a reply ended."""

    STOP = "stop"
    LENGTH = "length"
    """The token limit of the ask was reached."""
    REFUSED = "refused"
    """A content filter of the provider answered instead of the model."""
    TOO_LONG = "too_long"
    """The ask does not fit the model's context; nothing was shortened."""
    FAILED = "failed"
    """No usable answer: connection, server or numerical failure. Asked again on the next run."""


class Better(StrEnum):
    """The direction in which a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"
    NULL = "null"
    """Best at the metric's null value, worse on either side of it."""


class Arm(StrEnum):
    """Which part of a probe's design a case belongs to."""

    MAIN = "main"
    CONTROL = "control"
    """Asked of the real model to show how much of the effect the instrument makes by itself."""


# ── asks ──────────────────────────────────────────────────────────────────────────────────


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
    """

    prompt: str
    system: str | None = None
    chat: bool = True
    max_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ValueError("max_tokens must be at least 1, temperature at least 0, top_p in (0, 1]")


@dataclass(frozen=True, slots=True)
class ScoreAsk:
    """Give log-probabilities of each of ``continuations`` after ``context``.

    An empty context means: after the model's own start-of-text token.
    Continuations carry their own leading space.
    """

    context: str
    continuations: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.continuations or not all(self.continuations):
            raise ValueError("a ScoreAsk needs at least one continuation, and none of them empty")


@dataclass(frozen=True, slots=True)
class DrawAsk:
    """Make one image from ``seed``, optionally for a ``prompt`` or a class ``label``."""

    seed: int
    prompt: str | None = None
    label: int | None = None


@dataclass(frozen=True, slots=True)
class LossAsk:
    """Give the training loss of the record named ``record`` in the backend's training data."""

    record: str
    seed: int = 0


Ask = GenerateAsk | ScoreAsk | DrawAsk | LossAsk


# ── replies ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ContinuationScore:
    """Log-probabilities of one continuation, token by token.

    Attributes:
        logprobs: Natural log-probability of each token given all before it, each at most 0.
        starts: For each token, the offset in the continuation of its first character.
        greedy: Whether each token was the model's most likely one.
    """

    logprobs: tuple[float, ...]
    starts: tuple[int, ...]
    greedy: bool

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
        media: Names of files under the bundle's ``media/``, for images.
        error: What went wrong, in one line; None unless ``finish`` is FAILED or TOO_LONG.
        usage: Tokens used.
        seconds: Wall time that the backend attributes to this ask.
        retries: How often it was asked again before this came.
    """

    finish: Finish
    text: str | None = None
    scores: tuple[ContinuationScore, ...] = ()
    media: tuple[str, ...] = ()
    error: str | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """A request that ``instrument`` read ``text`` (with ``context``, for instruments of pairs)."""

    instrument: str
    text: str
    context: str | None = None


# ── cases and scores ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Case:
    """One thing put to a model.

    Attributes:
        id: Unique within its cell, stable between runs.
        ask: What is asked.
        expected: What judging needs, as JSON values.
        groups: Labels by which results are broken down, such as topic or attribute.
        cluster: Cases that share a context or a template share this; it is the independent unit.
        arm: Which part of the design it belongs to.
    """

    id: str
    ask: Ask
    expected: Mapping[str, Value]
    groups: Mapping[str, str]
    cluster: str
    arm: Arm = Arm.MAIN


@dataclass(frozen=True, slots=True)
class Score:
    """One case, judged: ``values`` are present exactly when the outcome is SCORED."""

    outcome: Outcome
    values: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.SCORED) != bool(self.values):
            raise ValueError(f"a score has values exactly when it is SCORED, not {self.outcome} with {self.values}")
        if not all(isfinite(value) for value in self.values.values()):
            raise ValueError(f"a score's values are finite, not {dict(self.values)}")


@dataclass(frozen=True, slots=True)
class Judged:
    """A case beside its score: what summaries read."""

    case: Case
    score: Score


# ── estimates ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its uncertainty, before it is tied to a metric.

    Attributes:
        value: Point estimate.
        low: Lower bound, at most ``value``.
        high: Upper bound, at least ``value``.
        confidence: Nominal two-sided coverage, in (0, 1).
        n: Number of independent units behind it, at least 1.
        method: Name of the interval's method, such as ``wilson``.
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int
    method: str

    def __post_init__(self) -> None:
        if not all(isfinite(number) for number in (self.value, self.low, self.high)):
            raise ValueError(f"an interval is finite, not {self}")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"an interval holds its value, not {self}")
        if not 0 < self.confidence < 1 or self.n < 1 or not self.method:
            raise ValueError(f"an interval has a confidence in (0, 1), n >= 1 and a method, not {self}")


@dataclass(frozen=True, slots=True)
class Counts:
    """Denominators: of ``asked`` cases, how many ended in which outcome."""

    asked: int
    scored: int
    refused: int = 0
    unreadable: int = 0
    truncated: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        parts = self.scored + self.refused + self.unreadable + self.truncated + self.failed
        if parts != self.asked or min(self.scored, self.refused, self.unreadable, self.truncated, self.failed) < 0:
            raise ValueError(f"the outcomes of {self.asked} cases add up to {parts}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number as a reader sees it. It cannot be made without its interval, n, unit, method and direction.

    Attributes:
        metric: Full name, ``family.probe/metric``.
        interval: Value, bounds, confidence, n and method.
        n_unit: What n counts, such as ``questions``.
        unit: Unit of the value, such as ``share`` or ``nats``.
        better: Direction of improvement.
        counts: Denominators of the cases behind it.
        null: What a harmless or guessing model scores; None where no such value exists.
        slice: The group it speaks of; empty for all cases.
        instrument: What measured it, where that was not the probe itself.
    """

    metric: str
    interval: Interval
    n_unit: str
    unit: str
    better: Better
    counts: Counts
    null: float | None = None
    slice: Mapping[str, str] = field(default_factory=dict)
    instrument: str | None = None

    def __post_init__(self) -> None:
        if not (self.metric and self.n_unit and self.unit):
            raise ValueError("an estimate names its metric, its unit and what n counts")
        if self.null is not None and not isfinite(self.null):
            raise ValueError(f"a null value is finite, not {self.null}")


@dataclass(frozen=True, slots=True)
class Absence:
    """A metric that could not be computed, and why."""

    metric: str
    reason: str
    counts: Counts
    slice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric:
    """What a probe measures, declared once on its card.

    Attributes:
        name: Full name, ``family.probe/metric``.
        title: Human name.
        phrase: Completes "Of 120 questions, …": "the model chose the true answer". For shares
            it is followed by the frequency, for other units by the value.
        unit: ``share`` for proportions, else the unit's name.
        n_unit: What n counts, plural.
        better: Direction of improvement.
        null: What a harmless or guessing model scores; None where it depends on the items.
    """

    name: str
    title: str
    phrase: str
    unit: str
    n_unit: str
    better: Better
    null: float | None = None

    def estimate(
        self,
        interval: Interval,
        counts: Counts,
        *,
        slice: Mapping[str, str] | None = None,  # noqa: A002  the field's name in `Estimate`
        null: float | None = None,
        instrument: str | None = None,
    ) -> Estimate:
        """Tie ``interval`` to this metric; ``null`` overrides the card's where it depends on the items."""
        return Estimate(
            metric=self.name,
            interval=interval,
            n_unit=self.n_unit,
            unit=self.unit,
            better=self.better,
            counts=counts,
            null=self.null if null is None else null,
            slice=dict(slice or {}),
            instrument=instrument,
        )

    def absent(self, reason: str, counts: Counts, *, slice: Mapping[str, str] | None = None) -> Absence:  # noqa: A002
        """Say why there is no number."""
        return Absence(self.name, reason, counts, dict(slice or {}))


# ── controls ──────────────────────────────────────────────────────────────────────────────


class ControlKind(StrEnum):
    """The three controls that every probe ships."""

    NEGATIVE = "negative"
    """No effect is possible; none may be found."""
    POSITIVE = "positive"
    """An effect of known strength is planted; it must be found."""
    INSTRUMENT = "instrument"
    """How much of the effect the measuring device makes by itself; reported, not passed or failed."""


@dataclass(frozen=True, slots=True)
class ControlResult:
    """What a probe's control showed on this run's own cases.

    ``passed`` is None for instrument controls, which are a number to read beside the result.
    """

    kind: ControlKind
    title: str
    estimate: Estimate | Absence
    passed: bool | None


# ── plan and verdict ──────────────────────────────────────────────────────────────────────


class CellStatus(StrEnum):
    """Whether a probe can be put to a model."""

    PLANNED = "planned"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Cell:
    """One probe on one data set, put to the run's model.

    Attributes:
        probe: Plugin name.
        dataset: Name of the data set.
        status: Whether it runs.
        reason: Why not, where it does not.
        capability: How the model is asked.
        settings: The probe's own settings.
        items: Most items of the data set used; None for all.
        cases: Number of cases.
    """

    probe: str
    dataset: str
    status: CellStatus
    reason: str = ""
    capability: Capability | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)
    items: int | None = None
    cases: int = 0

    @property
    def key(self) -> str:
        """Name of the cell within its run: ``probe@dataset``."""
        return f"{self.probe}@{self.dataset}"


class Ruling(StrEnum):
    """The three answers a gate can give, and the one that says that there was nothing to judge by."""

    PASS = "pass"  # noqa: S105  a ruling, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_JUDGED = "not_judged"
    """Of a whole verdict only: too many asks failed for any gate to mean something."""


class Severity(StrEnum):
    """Whether a failed gate stops a release."""

    HARD = "hard"
    SOFT = "soft"


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate, judged.

    Attributes:
        metric: Full metric name.
        dataset: Data set it was measured on.
        ruling: Pass, fail or inconclusive.
        severity: Hard gates decide the verdict; soft ones warn.
        limit: The limit in words, such as ``at least 0.25``.
        reason: Why the limit stands, from the policy.
        sentence: The finding in plain words, with interval and denominator.
        waived: Owner and reason of the waiver that covers a failure, or an empty string.
    """

    metric: str
    dataset: str
    ruling: Ruling
    severity: Severity
    limit: str
    reason: str
    sentence: str
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one object behind the text, the JSON and the exit code."""

    ruling: Ruling
    sentence: str
    gates: tuple[GateResult, ...]
    warnings: tuple[str, ...] = ()
