"""What can end a training before its time; each error names the step and what was kept.

HarnessError
├── TrainingDivergedError    a loss or a weight is not a finite number
├── TrainingMemoryError      not even one record at a time fits the memory
└── TrainingStoppedError     the user stopped it; it can be resumed
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError

__all__ = ["TrainingDivergedError", "TrainingMemoryError", "TrainingStoppedError"]


def _left(step: int | None, folder: Path) -> str:
    """What is left to go on from."""
    if step is None:
        return f"No earlier state was kept in {folder} (see `save_every`)."
    return f"The state of step {step} is kept in {folder}."


class TrainingDivergedError(HarnessError):
    """A loss or weight is NaN or infinite, so nothing that follows would mean anything.

    Attributes:
        step: Where it was found.
        kept: Last step whose state was kept, all of it finite; None where there is none.
    """

    def __init__(self, what: str, step: int, kept: int | None, folder: Path) -> None:
        self.step, self.kept = step, kept
        super().__init__(
            f"Step {step}: {what} is not a finite number: the training diverged. {_left(kept, folder)}"
            " Train anew with a lower learning_rate, a longer warmup or max_grad_norm."
        )


class TrainingMemoryError(HarnessError):
    """Memory does not suffice for one record.

    Attributes:
        step: Where it ran out.
        kept: Last step whose state was kept; None where there is none.
    """

    def __init__(self, step: int, kept: int | None, folder: Path) -> None:
        self.step, self.kept = step, kept
        super().__init__(
            f"Step {step}: the device runs out of memory even with one record at a time. {_left(kept, folder)}"
            " Make the model smaller under [train] model, free the device, or use another with --device."
        )


class TrainingStoppedError(HarnessError):
    """The user stopped the training.

    Attributes:
        step: Last step that was taken, and kept.
    """

    def __init__(self, step: int, folder: Path) -> None:
        self.step = step
        super().__init__(
            f"Stopped after step {step}, which is kept in {folder}."
            f" Go on with `harness train --resume --out {folder.parent}`."
        )
