"""What a training tells whoever watches it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Silent", "TrainingWatch"]


class TrainingWatch(Protocol):
    """Is told what happens, when it happens; decides nothing."""

    def started(self, *, kind: str, device: str, records: int, parameters: int, step: int, of: int) -> None:
        """Training begins, or goes on after ``step``, on ``records`` records, with ``parameters`` trained numbers."""

    def step(self, step: int, of: int, loss: float | None, seconds: float, epsilon: float | None) -> None:
        """A step was taken.

        Args:
            step: From 1.
            of: Steps that are planned.
            loss: Mean loss of the first player that sees records; None with privacy, which it would undo.
            seconds: Training time so far, that before a resume included.
            epsilon: What has been spent, at most; None without privacy.
        """

    def validated(self, step: int, loss: float) -> None:
        """The validation loss after ``step``."""

    def note(self, text: str) -> None:
        """One sentence for the user."""

    def saved(self, step: int) -> None:
        """The state after ``step`` is on disk."""


class Silent:
    """Watches and says nothing."""

    def started(self, *, kind: str, device: str, records: int, parameters: int, step: int, of: int) -> None:
        """Nothing."""

    def step(self, step: int, of: int, loss: float | None, seconds: float, epsilon: float | None) -> None:
        """Nothing."""

    def validated(self, step: int, loss: float) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def saved(self, step: int) -> None:
        """Nothing."""
