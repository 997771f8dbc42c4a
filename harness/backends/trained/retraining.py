"""A training that is yet to be done: the recipe of a checkpoint, changed, and the folder that its name gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.canonical import digest
from harness.errors import EvidenceError, HarnessError, ModelError, UsageError
from harness.records import Value

if TYPE_CHECKING:
    from harness.training.recipe import Recipe

__all__ = ["Retraining", "retraining"]

LINES = 4
"""So often a training that runs within an audit says how far it is."""


@dataclass(frozen=True, slots=True)
class Retraining:
    """A training that is yet to be done.

    Attributes:
        recipe: What will be trained, completely.
        folder: Where; its name is the kind and the digest of the recipe and of what the recipe names.
        origin: The finished checkpoint that it came from.
        data: Where the records of that checkpoint are now, if elsewhere than where it was trained.
        before: A training whose weights it begins with, and which may be yet to be done itself.
    """

    recipe: Recipe
    folder: Path
    origin: Path
    data: str | None = None
    before: Retraining | None = None

    @property
    def done(self) -> bool:
        """Whether its checkpoint is there, finished."""
        from harness.training.layout import MANIFEST, UNDERWAY

        return (self.folder / MANIFEST).is_file() and not (self.folder / UNDERWAY).exists()

    def refuse_undone(self) -> None:
        """Make sure that there is a model to ask.

        Raises:
            ModelError: it is not trained yet.
        """
        if not self.done:
            raise ModelError(
                f"The model of {self.folder} is not trained yet. `harness run` trains it before it asks anything."
            )

    def train(self, *, device: str, say: Callable[[str], None]) -> None:
        """Train it, or go on where it was left; do nothing where it is done.

        Raises:
            ModelError: the training failed; says at which step, and what is kept.
            DataError: its records cannot be found or read, or do not fit the model.
            UsageError: something that the recipe asks for cannot be had.
        """
        if self.done:
            return
        if self.before is not None:
            self.before.train(device=device, say=say)
        from harness.training.job import run

        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            run(self.recipe, self.folder, watch=_Lines(say), device=device, stop=lambda: False)
        except (UsageError, EvidenceError):
            raise
        except HarnessError as error:
            raise ModelError(f"The model of {self.folder} could not be trained. {error}") from error


def retraining(
    recipe: Recipe,
    changes: Mapping[str, Value],
    work: Path,
    *,
    origin: Path,
    data: str | None,
    before: Retraining | None = None,
) -> Retraining:
    """Change ``recipe`` and say where it will be trained; loads its records, but no weights.

    A relative path in the recipe is relative to the folder that the program runs in, as it was for the first training.

    Args:
        recipe: To be changed.
        changes: Keys of it, a table replacing a table whole; None takes a key out.
        work: Folder of such checkpoints.
        origin: The finished checkpoint that the recipe came from.
        data: Where the records of that checkpoint are now.
        before: The training whose weights it begins with, where it begins with such.

    Raises:
        UsageError: the changed recipe is none.
        DataError: its records are not here.
        ModelError: the checkpoint that it starts from is not there, or was changed.
    """
    from harness.models.kinds import passage_bytes
    from harness.training.checkpoint import open_checkpoint
    from harness.training.recipe_files import changed
    from harness.training.records import gather
    from harness.training.sources import sources

    made = changed(recipe, changes)
    records, _ = gather(made, passage_bytes=passage_bytes(made.kind, made.model))
    if before is not None and before.folder == Path(made.start or ""):
        # Weights that may be yet to be trained are known by the name of their folder: it stands for what makes them.
        learned = {**sources(made), "start": before.folder.name}
    else:
        before, begun = None, None if made.start is None else open_checkpoint(Path(made.start).expanduser())
        learned = sources(made, begun=begun)
    named = {"recipe": made.model_dump(mode="json", exclude={"start"}), "data": records.digest, "sources": learned}
    return Retraining(made, work / f"{made.kind}-{digest(named).short}", origin, data, before)


class _Lines:
    """Tells whoever waits for an audit how a training goes, in a few lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def started(self, *, kind: str, device: str, records: int, parameters: int, step: int, of: int) -> None:
        begun = f"going on after step {step} of {of}" if step else f"{of} steps"
        self._say(f"Training a model of kind {kind} on {device}: {records} records, {parameters} weights, {begun}.")

    def step(self, step: int, of: int, loss: float | None, seconds: float, epsilon: float | None) -> None:
        if step * LINES // of > (step - 1) * LINES // of:
            told = f", loss {loss:.3f}" if loss is not None else ""
            spent = f", epsilon {epsilon:.2f}" if epsilon is not None else ""
            self._say(f"Step {step} of {of}{told}{spent}, {seconds:.0f} s.")

    def validated(self, step: int, loss: float) -> None:
        """Nothing: a few lines are enough."""

    def note(self, text: str) -> None:
        self._say(text)

    def saved(self, step: int) -> None:
        """Nothing."""
