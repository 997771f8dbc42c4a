"""The models that instruments ask: each has its own journal, and everything asked of it goes into the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.canonical import Digest, digest
from harness.contracts import Backend, Identity
from harness.errors import HarnessError
from harness.execute import Journal, Stop, ask_all
from harness.records import Ask, Consultation, Reply

__all__ = ["Consultations", "StoppedError"]


class StoppedError(HarnessError):
    """A run was stopped while an instrument was asking.

    Args:
        left: Asks that were not put.
    """

    def __init__(self, left: int) -> None:
        self.left = left
        super().__init__(f"Stopped with {left} questions of an instrument unanswered. `harness resume` goes on.")


class Shelf(Protocol):
    """Where journals are kept."""

    def journal(self, identity: Digest) -> Path:
        """Path of the journal of the model ``identity``."""


@dataclass(slots=True)
class Consultations:
    """The models that the instruments of one run ask.

    Attributes:
        judges: By name of the instrument, the model's adapter.
        models: By name of the instrument, who that model is.
        audited: Journal of the audited model, which a model that judges itself shares.
        identity: Of the audited model.
        store: Where the other journals are.
        stop: Says when to ask no more.
        made: By name of the instrument, everything asked so far by digest of the ask.
    """

    judges: Mapping[str, Backend]
    models: Mapping[str, Identity]
    audited: Journal
    identity: Digest
    store: Shelf
    stop: Stop
    made: dict[str, dict[Digest, Consultation]] = field(default_factory=dict)

    def ask(self, instrument: str, asks: Sequence[Ask]) -> list[Reply]:
        """Put ``asks`` to the model of ``instrument`` and return the replies, in order.

        Raises:
            StoppedError: the run was stopped before all were answered; what was answered is kept.
            ModelError: the model cannot be opened.
        """
        with self._journal(self.models[instrument].digest) as journal:
            asked = ask_all(self.judges[instrument], asks, journal, stop=self.stop)
        if asked.left:
            raise StoppedError(asked.left)
        replies = [asked.replies[digest(ask)] for ask in asks]
        made = self.made.setdefault(instrument, {})
        made |= {digest(ask): Consultation(ask, reply) for ask, reply in zip(asks, replies, strict=True)}
        return replies

    def close(self) -> None:
        """Let go of all models."""
        for judge in self.judges.values():
            judge.close()

    @contextmanager
    def _journal(self, identity: Digest) -> Iterator[Journal]:
        if identity == self.identity:
            yield self.audited
            return
        with Journal(self.store.journal(identity), identity) as journal:
            yield journal
