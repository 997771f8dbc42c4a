"""A training that begins with the weights of an earlier one: fine-tuning, and what is built on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.models import kinds
from harness.models.generator import Generator
from harness.training.layout import MODEL
from harness.training.material import Material
from harness.training.recipe import Recipe

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint

__all__ = ["begin"]


def begin(begun: Checkpoint, recipe: Recipe, material: Material) -> Generator:
    """The generator of a checkpoint, ready to be trained on.

    Where that one was trained through adapters, it gets fresh ones, and is frozen itself.

    Args:
        begun: The checkpoint.
        recipe: That starts from it.
        material: Its records.

    Raises:
        UsageError: it is of another kind, size or set of classes than the recipe and its records.
    """
    _refuse_other(begun, recipe, material)
    if "base" in recipe.model:
        model = {**recipe.model, "base": str(begun.folder / MODEL)}
        return kinds.build(recipe.kind, model, material.members())
    return begun.generator()


def _refuse_other(begun: Checkpoint, recipe: Recipe, material: Material) -> None:
    manifest = begun.manifest
    if manifest.kind != recipe.kind:
        raise UsageError(f"{begun.folder} is of kind {manifest.kind}: a {recipe.kind} model cannot start from it.")
    its = manifest.read_recipe().model
    if its != recipe.model:
        raise UsageError(
            f"{begun.folder} was trained with other settings of the model than the recipe that starts from it has."
            f" Give it the same ones: {its}."
        )
    if manifest.data.classes != material.examples.classes:
        raise UsageError(
            f"{begun.folder} knows the classes {', '.join(manifest.data.classes) or '(none)'}, and the new records have"
            f" {', '.join(material.examples.classes) or 'none'}: a model that starts from it needs the same ones."
        )
