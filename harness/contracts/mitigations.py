"""What a mitigation must be: it changes a backend, and says what that costs.

There are three ways. It works on asks and replies, and then fits any backend, one behind a network too: `apply` returns
a `LayeredBackend`. It works on the model's probabilities, and then needs a `SteerableBackend`. Or it trains anew, with
other data or another objective, and then needs a `RetrainableBackend`. With and without it are one plan with one field
changed.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from harness.contracts import Backend
from harness.records import Ask, Reply, Value

__all__ = [
    "CertifyingMitigation",
    "LayeredBackend",
    "Mitigation",
    "MitigationCard",
    "MitigationKind",
    "RetouchingBackend",
    "RetrainableBackend",
    "SteerableBackend",
    "Steps",
    "beneath",
]


class MitigationKind(StrEnum):
    """Where a mitigation takes hold."""

    PROMPT = "prompt"
    """Of what the model is told: asks and replies alone."""
    DECODING = "decoding"
    """Of what becomes of the model's probabilities, or of its finished reply."""
    DATA = "data"
    """Of what it is trained on."""
    TRAINING = "training"
    """Of how it is trained."""


@dataclass(frozen=True, slots=True)
class MitigationCard:
    """What a mitigation changes and what it costs.

    Attributes:
        id: Plugin name.
        version: Changes whenever a reply could, for the same settings.
        title: Human name; begins a sentence: "Instruction debiasing".
        kind: Where it takes hold.
        does: What it does, in one sentence.
        cost: In words: further tokens, calls, training time.
        limits: What it does not do, one sentence each.
        references: Papers and sources.
        frameworks: As `harness.contracts.ProbeCard.frameworks`.
    """

    id: str
    version: str
    title: str
    kind: MitigationKind
    does: str
    cost: str
    limits: tuple[str, ...]
    references: tuple[str, ...]
    frameworks: Mapping[str, tuple[str, ...]]


Steps = Generator[Sequence[Ask], Sequence[Reply], Reply]
"""How one ask is answered through others: yields asks for the model beneath, is sent a reply to each, in order, and
returns the reply. Whoever drives it answers the asks of many at once, from the journal where it can."""


@runtime_checkable
class Mitigation(Protocol):
    """Turns a backend into a mitigated one. A class whose constructor takes its settings by keyword.

    Attributes:
        placebo: Settings that make it cost the same without its active ingredient: as many words that say something
            else, as many steps of training on what changes nothing. None where there can be no such thing.
    """

    @property
    def card(self) -> MitigationCard:
        """What it is."""

    @property
    def placebo(self) -> Mapping[str, Value] | None:
        """Settings of the same plugin that leave the active ingredient out."""

    def material(self) -> Sequence[str]:
        """Texts that it shows or learns from, an item each: evaluation on any of them would be no evidence.

        Raises:
            DataError: they cannot be read.
        """

    def misfit(self, target: Backend) -> str | None:
        """Say why it cannot be applied to ``target``, as a clause: "it is a closed model, ..."; None where it can.

        Loads nothing.
        """

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with the mitigation; loads no weights, and trains nothing before it is fetched.

        Args:
            target: A backend that it fits.
            work: Folder for what it makes, such as checkpoints; kept between runs.

        Raises:
            UsageError: its settings do not fit the target.
        """


@runtime_checkable
class CertifyingMitigation(Mitigation, Protocol):
    """A mitigation that keeps a promise about errors, certified from the bundle of an earlier run of the same model.

    Its layer tells the same under ``certificate`` in the details of the model's identity.
    """

    def certificate(self) -> Mapping[str, Value] | None:
        """What is promised and what it was certified on; None where nothing is.

        ``alpha`` bounds the share of wrong ones among the answers given, but for a chance of ``delta``; ``threshold``
        is None where nothing could be certified; ``answers`` and ``given`` count those of the earlier run.

        Raises:
            DataError: the bundle cannot be read, or was changed.
        """


@runtime_checkable
class LayeredBackend(Backend, Protocol):
    """A backend that answers by asking the one beneath it. It is never asked itself: `harness.execute` takes its steps.

    Its capabilities are at most those of the one beneath.
    """

    @property
    def inner(self) -> Backend:
        """The one beneath."""

    def steps(self, ask: Ask) -> Steps:
        """Answer ``ask``; what it yields depends on the ask and on the replies alone, so that it can be taken again."""


@runtime_checkable
class RetouchingBackend(LayeredBackend, Protocol):
    """A layer that also changes pictures, which steps know by name alone."""

    def retouch(self, ask: Ask, reply: Reply, media: Mapping[str, bytes]) -> tuple[Reply, Mapping[str, bytes]]:
        """Return the finished ``reply`` and the pictures that it names, changed or as they came.

        Args:
            ask: What was asked.
            reply: What the steps came to.
            media: Content of every picture that it names, by name.
        """


@runtime_checkable
class SteerableBackend(Backend, Protocol):
    """A backend whose settings may be changed for a mitigation: it gives out its probabilities, or its own marks."""

    def steered(self, **settings: Any) -> Backend:
        """Return it with ``settings`` changed; ``steering`` (`harness.mitigations.steering`) is one of them.

        Raises:
            UsageError: it has no such setting, or refuses it.
        """


@runtime_checkable
class RetrainableBackend(Backend, Protocol):
    """A backend that was trained here and can be trained again, otherwise: it is a `FetchingBackend`, which trains."""

    @property
    def recipe(self) -> Mapping[str, Value]:
        """How it was trained, or will be: the keys of `harness.training.recipe.Recipe`, JSON values.

        Raises:
            ModelError: the folder is not a finished checkpoint, or was changed.
        """

    def retrained(self, changes: Mapping[str, Value], work: Path) -> Backend:
        """Return what the recipe with ``changes`` trains to; it is trained, under ``work``, when it is fetched.

        Equal recipes are trained once. Until then it tells the capabilities and the records of the one it came from.

        Args:
            changes: Keys of the recipe, a table replacing a table whole; None takes a key out. A `start` of
                `harness.training.recipe.ITSELF` means the weights of this model.
            work: Folder of checkpoints, each named by the digest of its recipe.

        Raises:
            UsageError: the changed recipe is none.
        """


def beneath(backend: Backend) -> Backend:
    """The model that answers in the end, under all layers."""
    while isinstance(backend, LayeredBackend):
        backend = backend.inner
    return backend
