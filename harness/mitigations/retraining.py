"""What the mitigations of training have in common: the model is trained again, otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.contracts import Backend
from harness.contracts.mitigations import RetrainableBackend, beneath
from harness.errors import UsageError
from harness.records import Value
from harness.training.recipe import ITSELF

__all__ = ["AS_MUCH", "further", "recipe_of", "train_again", "untrainable"]

AS_MUCH = "Another training of as many steps with as large batches; nothing when the model is asked."
"""What most of them cost, and their placebos too."""


def untrainable(target: Backend, *, kind: str | None = None) -> str | None:
    """Say why ``target`` cannot be trained again; None where it can.

    Args:
        target: A backend.
        kind: The only kind of generator that will do; None for any.
    """
    if not isinstance(target, RetrainableBackend):
        if isinstance(beneath(target), RetrainableBackend):
            return "it changes the training, and other mitigations lie over the model: name this one before them"
        return "it trains the model again, and this one was not trained here"
    its = target.recipe["kind"]
    return None if kind in {None, its} else f"it trains models of kind {kind} alone, and this one is of kind {its}"


def recipe_of(target: Backend) -> dict[str, Any]:
    """The recipe of ``target``, which is to be trained again.

    Raises:
        UsageError: it cannot be.
    """
    if not isinstance(target, RetrainableBackend):
        raise UsageError(f"This model cannot be trained again: {untrainable(target)}.")
    return dict(target.recipe)


def further(recipe: Mapping[str, Any], *, steps: int | None, share: float, rate_factor: float) -> dict[str, Value]:
    """Changes by which a model is trained on from its own weights, to its end and towards nothing but the likelihood.

    Args:
        recipe: Of the model.
        steps: Rounds; None for a share of those of the recipe.
        share: That share.
        rate_factor: Times the learning rate of the recipe.
    """
    taken = steps or max(1, round(share * recipe["steps"]))
    return {
        "start": ITSELF,
        "steps": taken,
        "warmup": min(recipe["warmup"], taken // 10),
        "learning_rate": recipe["learning_rate"] * rate_factor,
        "patience": None,
        "objective": None,
    }


def train_again(target: Backend, changes: Mapping[str, Value], work: Path) -> Backend:
    """Train ``target`` again, when it is fetched, by its recipe with ``changes``.

    Raises:
        UsageError: it cannot be trained again, or the changed recipe is none.
    """
    if not isinstance(target, RetrainableBackend):
        raise UsageError(f"This model cannot be trained again: {untrainable(target)}.")
    return target.retrained(changes, work)
