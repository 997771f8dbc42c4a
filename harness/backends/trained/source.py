"""Where a trained model comes from: a finished checkpoint, or a training that is yet to be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.backends.causal.placement import resolve_device
from harness.backends.trained.known import Known, look
from harness.backends.trained.retraining import Retraining, retraining
from harness.records import Value
from harness.training.recipe import ITSELF

if TYPE_CHECKING:
    from harness.models.generator import Generator
    from harness.training.checkpoint import Checkpoint
    from harness.training.recipe import Recipe

__all__ = ["Source", "placed"]


@dataclass(slots=True)
class Source:
    """Where a trained model comes from; a checkpoint is opened and verified once.

    Attributes:
        folder: Of the checkpoint, finished or to be.
        data: Where its records are now, if elsewhere than where it was trained.
        references: Checkpoints of its reference models.
        retraining: How it will come to be, or came to be; None for a checkpoint that was simply given.
    """

    folder: Path
    data: str | None = None
    references: Sequence[Path] = ()
    retraining: Retraining | None = None
    _known: Known | None = field(default=None, init=False, repr=False, compare=False)

    def look(self) -> Known:
        """What is known of it; before it is trained, of the checkpoint that it came from.

        Raises:
            ModelError: that is no finished checkpoint, or was changed.
        """
        if self._known is None and self.retraining is not None and not self.retraining.done:
            self._known = look(self.retraining.origin, data=self.retraining.data)
        if self._known is None:
            self._known = look(self.folder, data=self.data, references=self.references)
        return self._known

    def model(self) -> Checkpoint:
        """The checkpoint that answers.

        Raises:
            ModelError: it is not trained yet, no finished checkpoint, or was changed.
        """
        if self.retraining is not None:
            self.retraining.refuse_undone()
        return self.look().checkpoint

    def recipe(self) -> Recipe:
        """How it was trained, or will be.

        Raises:
            ModelError: it is no finished checkpoint, or was changed.
        """
        if self.retraining is not None:
            return self.retraining.recipe
        recipe = self.look().checkpoint.manifest.read_recipe()
        return recipe if self.data is None else recipe.model_copy(update={"data": self.data})

    def changed(self, changes: Mapping[str, Value], work: Path) -> Source:
        """The model that its recipe with ``changes`` trains to; of another recipe, so without its references.

        A ``start`` of `harness.training.recipe.ITSELF` is this model, trained or yet to be trained.

        Raises:
            UsageError: the changed recipe is none.
            DataError: its records are not here.
        """
        its, before = self.retraining, None if self.retraining is None else self.retraining.before
        origin, data = (self.folder, self.data) if its is None else (its.origin, its.data)
        if changes.get("start") == ITSELF:
            changes, before = {**changes, "start": str(self.folder)}, its
        made = retraining(self.recipe(), changes, work, origin=origin, data=data, before=before)
        return Source(made.folder, retraining=made)

    def train(self, *, device: str, say: Callable[[str], None]) -> None:
        """Train what is yet to be trained; see `Retraining.train`."""
        if self.retraining is not None and not self.retraining.done:
            self.retraining.train(device=device, say=say)
            self._known = None

    def forget(self) -> None:
        """Let go of what is known."""
        self._known = None


def placed(checkpoint: Checkpoint, device: str) -> Generator:
    """The generator of ``checkpoint`` on ``device``, ready to answer.

    Raises:
        ModelError: the device is not there.
    """
    generator, place = checkpoint.generator(), resolve_device(device)
    for network in generator.networks.values():
        network.to(place).eval()
    return generator
