"""What a training learns from besides its records: named by the recipe, and known by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.canonical import digest
from harness.training.layout import MODEL
from harness.training.objectives.tables import Fairness, Preference, Unlearning
from harness.training.objectives.texts import forgotten_texts, preferences, swapped_pairs
from harness.training.recipe import Recipe

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint

__all__ = ["sources", "weights_digest"]


def sources(recipe: Recipe, *, begun: Checkpoint | None = None) -> dict[str, str]:
    """SHA-256, ``sha256:…``, of everything that ``recipe`` names besides its data; by what it is.

    Args:
        recipe: Of the training.
        begun: The checkpoint that it starts from, where it starts from one.

    Raises:
        DataError: texts of an objective cannot be read.
    """
    found = {} if begun is None else {"start": weights_digest(begun)}
    objective = recipe.objective
    if isinstance(objective, Fairness):
        found["pairs"] = str(swapped_pairs(objective.pairs).digest)
    elif isinstance(objective, Preference):
        found["preferences"] = str(preferences(objective.pairs).digest)
    elif isinstance(objective, Unlearning) and objective.texts is not None:
        found["forgotten"] = str(forgotten_texts(objective.texts)[1])
    return found


def weights_digest(checkpoint: Checkpoint) -> str:
    """SHA-256 over the files of a checkpoint's model: ``sha256:…``."""
    files = checkpoint.manifest.files
    return str(digest({name: its for name, its in files.items() if name.startswith(f"{MODEL}/")}))
