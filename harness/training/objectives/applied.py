"""What a recipe's objective makes of its training; without one, nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from harness.models.generator import Generator
from harness.training.material import Material
from harness.training.objectives.towards import Towards
from harness.training.recipe import Recipe

__all__ = ["with_objective"]

OBJECTIVES: Mapping[str, str] = MappingProxyType(
    {
        "fairness": "harness.training.objectives.fairness",
        "preference": "harness.training.objectives.preference",
        "unlearning": "harness.training.objectives.unlearning",
    }
)
"""Where each objective is: a module with a function `applied`. Transformers is imported only where it is needed."""


def with_objective(generator: Generator, recipe: Recipe, material: Material, *, note: Callable[[str], None]) -> Towards:
    """The players of ``generator`` and what they are trained on, by the objective of ``recipe`` where it has one.

    Args:
        generator: As it is before its first step.
        recipe: Of the training.
        material: Its records.
        note: Told what is left out.

    Raises:
        DataError: the texts of the objective cannot be read, or none fits the model.
        UsageError: the objective asks for what the recipe has not.
    """
    if recipe.objective is None:
        return Towards(generator.players(), *material.training())
    found: Towards = import_module(OBJECTIVES[recipe.objective.name]).applied(
        generator, recipe.objective, material, note=note
    )
    return found
