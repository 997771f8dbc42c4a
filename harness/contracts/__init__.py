"""What a plugin must be: Protocols, cards, and nothing to inherit from.

Anything of the right shape is a plugin. `harness.registry` finds it by its entry point and
`tests/contract/` holds every installed one, ours or not, to what is written here: data, probes and backends in this
file, instruments and mitigations in files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.canonical import Digest
from harness.records import (
    Absence,
    Ask,
    Capability,
    Case,
    ControlKind,
    Estimate,
    Exhibit,
    Judged,
    Metric,
    Reading,
    Reply,
    Score,
    Value,
)

__all__ = [
    "TRAINING",
    "Backend",
    "BatchBackend",
    "Budget",
    "ConcurrentBackend",
    "Control",
    "Controls",
    "Dataset",
    "DrawingBackend",
    "FetchingBackend",
    "Identity",
    "InvertingBackend",
    "Probe",
    "ProbeCard",
    "Progress",
    "ReadingProbe",
    "Readings",
    "Row",
    "ShowingProbe",
    "TokenizingBackend",
    "TrainedBackend",
]

Row = Mapping[str, Value]
"""One record of a data set, as its file has it."""

Readings = Mapping[Reading, Mapping[str, float]]
"""What instruments read of a reply, by the reading that asked for it."""

TRAINING = "training"
"""The data set that is no file: `TrainedBackend.training_data`, for backends that have TRAINING_DATA."""


# ── data ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set, read and verified.

    Attributes:
        name: As it is asked for.
        version: From its card.
        digest: SHA-256 over the files that were read.
        licence: SPDX identifier from its card; ``unknown`` for a file without a card.
        rows: Records in file order, never empty.
        origin: Where it was read from: ``embedded``, ``HARNESS_DATA``, ``file``, or ``model`` for training data.
    """

    name: str
    version: str
    digest: Digest
    licence: str
    rows: Sequence[Row]
    origin: str


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a probe may ask, and how.

    Attributes:
        items: Most rows of the data set to use; None for all.
        seed: Root of the probe's random choices.
        capability: How the model is to be asked: one of those on the probe's card.
        abilities: All that the backend can do, for a probe that asks in several ways; empty where nobody says.
    """

    items: int | None
    seed: int
    capability: Capability
    abilities: frozenset[Capability] = frozenset()


# ── probes ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ProbeCard:
    """What a probe is, readable without running it.

    Attributes:
        id: Plugin name, ``family.name``.
        version: Changes whenever a number could change for the same replies.
        title: Human name.
        question: What it answers, in one sentence ending in a question mark.
        family: hallucination, robustness, bias, memorisation, watermark or utility.
        needs: Ways to ask a model, preferred first; the first that the backend can do is used.
        datasets: Names of the data sets it reads, its default first; `TRAINING` is the model's own.
        metrics: What it reports; the first is its headline.
        limits: What it cannot tell, one sentence each.
        references: Papers and sources.
        frameworks: For each framework shipped under ``harness/frameworks``, the ids of the
            entries it gives evidence for; an empty tuple says that none fits.
        smoke_items: Rows asked in the smoke profile, where each costs so much that fewer than usual must do.
    """

    id: str
    version: str
    title: str
    question: str
    family: str
    needs: tuple[Capability, ...]
    datasets: tuple[str, ...]
    metrics: tuple[Metric, ...]
    limits: tuple[str, ...]
    references: tuple[str, ...]
    frameworks: Mapping[str, tuple[str, ...]]
    smoke_items: int | None = None


Responder = Callable[[Case, Random], Reply]
"""Answers a case without a model: what controls are made of. Pure but for the generator it is handed."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control: a scripted respondent, and what the probe must make of it.

    Attributes:
        kind: Negative and positive controls pass or fail; instrument controls are shown.
        title: What the respondent does, as a noun phrase: "a respondent that picks at random".
        respond: The respondent.
        metric: The metric to look at.
        expected: Value that ``metric`` must be compatible with; None for instrument controls, and
            for a metric whose null depends on the items, where the estimate's own null is used.
    """

    kind: ControlKind
    title: str
    respond: Responder
    metric: str
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class Controls:
    """A probe's proof that its ruler works.

    Attributes:
        best: The reply of a model without the risk, for any case.
        worst: The reply of a model that has nothing but the risk, for any case.
        controls: At least one of each kind.
    """

    best: Callable[[Case], Reply]
    worst: Callable[[Case], Reply]
    controls: tuple[Control, ...]


@runtime_checkable
class Probe(Protocol):
    """Asks and judges; it never runs a model. A class whose constructor takes its settings by keyword."""

    @property
    def card(self) -> ProbeCard:
        """What it is."""

    @property
    def controls(self) -> Controls:
        """Proof that it works."""

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the cases, in a stable order, the same for the same arguments.

        Raises:
            DataError: a row lacks what this probe needs; names the row.
        """

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Score one reply; pure, total, and indifferent to every other case."""

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Turn scores into estimates, overall and by group; every metric of the card is answered or absent."""


@runtime_checkable
class ReadingProbe(Probe, Protocol):
    """A probe whose replies are read by instruments before they are judged."""

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Name what must be read of this reply."""


@runtime_checkable
class ShowingProbe(Probe, Protocol):
    """A probe that has pictures to show beside its numbers."""

    def exhibits(self, scores: Sequence[Judged], pictures: Mapping[str, str]) -> Iterable[Exhibit]:
        """Choose what to show, most telling first; pure.

        Args:
            scores: As for `summarise`.
            pictures: By case id, the name of the picture its reply brought, where it brought one.
        """


# ── backends ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model answers: everything that could change a reply, digested.

    Attributes:
        backend: Plugin name.
        name: Human name of the model.
        digest: Over ``details``; the journal keeps replies under it.
        details: Digests of weights, tokenizer and template, revision, dtype, device, decoding path; how it was trained,
            where that is known: `harness.contracts.training`.
    """

    backend: str
    name: str
    digest: Digest
    details: Mapping[str, Value]


@runtime_checkable
class Backend(Protocol):
    """Adapts one generative model. A class whose constructor takes its settings by keyword and only stores them.

    Nothing is loaded before the first answer: planning asks for the identity only.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do."""

    def identity(self) -> Identity:
        """Which model this is; reads files, opens no network connection, loads no weights.

        Raises:
            ModelError: there is no such model; says where it was looked for and how to get it.
        """

    def close(self) -> None:
        """Let go of memory and connections; may be called twice."""


@runtime_checkable
class BatchBackend(Backend, Protocol):
    """A model in this process: it answers several asks at once.

    Attributes:
        batch_tokens: Most tokens that fit one batch, after padding.
    """

    batch_tokens: int

    def length(self, ask: Ask) -> int:
        """About how many tokens ``ask`` costs, for sorting and for filling batches."""

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """Answer every ask, in order; what fails is a FAILED or TOO_LONG reply, never an exception."""


@runtime_checkable
class ConcurrentBackend(Backend, Protocol):
    """A model elsewhere: it answers many asks at the same time, one connection each.

    Attributes:
        in_flight: Most asks that may be under way at once.
    """

    in_flight: int

    async def answer_one(self, ask: Ask) -> Reply:
        """Answer one ask, retries included; what fails for good is a FAILED reply, never an exception."""

    async def aclose(self) -> None:
        """Close connections, within the event loop that opened them."""


@runtime_checkable
class DrawingBackend(Backend, Protocol):
    """A backend whose replies name files: images, each named by its content, ``<sha256>.png``."""

    def media(self, name: str) -> bytes:
        """Content of a file that a reply to the last asks named, until the next asks; else raises ``KeyError``."""


@runtime_checkable
class TrainedBackend(Backend, Protocol):
    """A backend that knows its training data: it has the capability TRAINING_DATA, and answers a `RecordAsk`."""

    def training_data(self) -> Dataset:
        """One row for each record it was, or was not, trained on; without pixels, which a `RecordAsk` shows.

        A row has ``record`` (its name), ``unit`` (document or image it is of), ``role`` (``member``, ``nonmember``, or
        ``validation``: seen for stopping only), ``repeats`` (in training), ``text`` (where it has no image), ``label``,
        ``class``, ``caption``, ``attributes``, ``asked_by`` (what a `DrawAsk` needs: ``label`` or ``prompt``),
        ``invertible`` (whether `InvertingBackend.noise` answers for this model),
        ``references`` (for each reference model, whether it was trained on the record) and ``canary`` (``template``,
        ``fill``, ``family``, and ``coins``: where a fair coin decided between once and never, for how many canaries
        coins did); or None for each.

        Raises:
            ModelError, DataError: it cannot be had, so the capability is not there either; says why.
        """

    def members(self) -> tuple[Sequence[str], NDArray[np.uint8]]:
        """Names and images ``[n, height, width, channels]`` of all members once each, in the order of the rows.

        Raises:
            ModelError, DataError: as `training_data`; ModelError too where the records are text.
        """


@runtime_checkable
class TokenizingBackend(Backend, Protocol):
    """A backend that can say what cuts its text into tokens."""

    def tokenizer(self) -> str:
        """A folder or file with a tokenizer, or ``words`` where it writes by whole words; loads no weights.

        Raises:
            ModelError: there is no such model here.
        """


@runtime_checkable
class InvertingBackend(Backend, Protocol):
    """A backend that can say which noise it would have drawn a picture from."""

    def noise(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Estimate the initial noise of ``images`` ``[n, height, width, channels]``: ``[n, channels, height, width]``.

        Raises:
            ModelError: this model does not draw from such noise, or not pictures of this size.
        """


Progress = Callable[[int, int], None]
"""Told of a download: bytes done, and bytes in all. May be called from another thread."""


@runtime_checkable
class FetchingBackend(Backend, Protocol):
    """A backend whose model may have to be downloaded before it has an identity."""

    def fetch(self, *, progress: Progress, say: Callable[[str], None]) -> None:
        """Get what is missing, verified; do nothing where all is there.

        Args:
            progress: Told of every download as it goes.
            say: Told what the user should know, such as a source that could not be reached.

        Raises:
            ModelError: no source could give it.
            OfflineError: it is missing and the network is forbidden.
        """
