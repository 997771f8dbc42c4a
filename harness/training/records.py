"""The records of a recipe, as they are asked for afterwards: loaded, cut down to so many, canaries planted."""

from __future__ import annotations

from pathlib import Path

from harness.data.canaries import Canary, plant
from harness.data.download import Say
from harness.data.examples import Examples
from harness.data.training_data import load_examples
from harness.training.recipe import Recipe
from harness.training.split import subsample

__all__ = ["gather"]


def gather(
    recipe: Recipe, *, passage_bytes: int | None, root: Path | None = None, say: Say | None = None
) -> tuple[Examples, tuple[Canary, ...]]:
    """Load what ``recipe`` trains on; equal recipes and data give equal records.

    Args:
        recipe: Says which data, how many records, which canaries, and the seed of all that is random here.
        passage_bytes: Length that texts are cut to; None for images.
        root: Folder of third-party data; None for that of the environment.
        say: Told before public data that is not here is fetched; None: nothing is.

    Raises:
        DataError: the data cannot be found or read, or has too few records.
        UsageError: no such data, or canaries that cannot be planted.
    """
    examples = load_examples(recipe.data, root=root, passage_bytes=passage_bytes, say=say)
    examples = subsample(examples, recipe.records, seed=recipe.seed)
    if recipe.canaries is None:
        return examples, ()
    return plant(examples, recipe.canaries, seed=recipe.seed)
