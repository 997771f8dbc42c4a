"""What the user sees while a model is trained: one bar with loss or privacy spent, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from harness.cli.output import stderr, talk
from harness.cli.progress import LINE_EVERY_S

__all__ = ["TrainingBar"]


class TrainingBar:
    """Watches a training on stderr; a context manager, so that the bar is closed whatever happens.

    Args:
        quiet: Say nothing but notes.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._said = time.monotonic()
        self._validation: float | None = None
        self._first = (0, 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def started(self, *, kind: str, device: str, records: int, parameters: int, step: int, of: int) -> None:
        """Say what is trained and open the bar."""
        self._first = (step, time.monotonic())
        if self._quiet:
            return
        where = f" Going on after step {step:,}." if step else ""
        talk(f"Training: {kind}, {parameters:,} weights, {records:,} records, {of:,} steps, on {device}.{where}")
        if sys.stderr.isatty():
            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[found]}"), TimeRemainingColumn())
            self._bar = Progress(TextColumn("step"), *columns, console=stderr())
            self._bar.start()
            self._task = self._bar.add_task("", total=of, completed=step, found="")

    def step(self, step: int, of: int, loss: float | None, seconds: float, epsilon: float | None) -> None:
        """Move the bar, or say a line now and then."""
        del seconds
        if self._quiet:
            return
        found = self._found(loss, epsilon)
        if self._bar is not None:
            self._bar.update(self._task, completed=step, found=found)
        elif time.monotonic() - self._said >= LINE_EVERY_S:
            self._said = time.monotonic()
            begun, at = self._first
            left = (of - step) * (self._said - at) / max(1, step - begun)
            talk(f"step {step:,} of {of:,}  {found}  about {left / 60:.1f} minutes left")

    def _found(self, loss: float | None, epsilon: float | None) -> str:
        parts = [
            "" if loss is None else f"loss {loss:.4g}",
            "" if epsilon is None else f"ε spent {epsilon:.3g}",
            "" if self._validation is None else f"validation {self._validation:.4g}",
        ]
        return "  ".join(part for part in parts if part)

    def validated(self, step: int, loss: float) -> None:
        """Show it with the next step."""
        del step
        self._validation = loss

    def note(self, text: str) -> None:
        """Say ``text``."""
        talk(text)

    def saved(self, step: int) -> None:
        """Nothing: a state on disk is of interest only once it is needed."""

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
