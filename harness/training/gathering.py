"""What a recipe trains on: its records, the coins thrown for them, and what training may see made ready."""

from __future__ import annotations

from harness.data.download import Say
from harness.models import kinds
from harness.training.material import Material
from harness.training.prepare.steps import prepared
from harness.training.recipe import Recipe
from harness.training.records import gather
from harness.training.split import assign

__all__ = ["load"]


def load(recipe: Recipe, *, say: Say | None = None) -> Material:
    """Load the records of ``recipe``, throw the coins, and prepare what training may see.

    Args:
        recipe: What is trained on.
        say: Told before public data that is not here is fetched; None: nothing is.

    Raises:
        DataError: the data cannot be found, read, split or prepared.
        UsageError: no such data, no such model settings, or a preparation that does not suit the data.
    """
    passage_bytes = kinds.passage_bytes(recipe.kind, recipe.model)
    examples, canaries = gather(recipe, passage_bytes=passage_bytes, say=say)
    material = Material(examples, assign(examples, seed=recipe.root, canaries=canaries), passage_bytes)
    return prepared(material, recipe)
