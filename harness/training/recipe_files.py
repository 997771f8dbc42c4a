"""Recipes that ship, and how one is made complete: shipped table, then ``[train]``, then the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, get_args

from pydantic import ValidationError

from harness.errors import UsageError, nearest
from harness.training.recipe import Kind, Recipe

__all__ = ["KINDS", "complete", "shipped"]

KINDS: tuple[str, ...] = get_args(Kind)
"""What can be trained."""


def shipped(kind: str) -> Mapping[str, Mapping[str, Any]]:
    """The recipes that ship for ``kind``, by name: ``smoke`` for two CPU cores, ``gpu`` for one CUDA device.

    Raises:
        UsageError: no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"No kind of generator is named {kind!r}.{nearest(kind, KINDS)} Kinds: {', '.join(KINDS)}.")
    text = (files("harness.training") / "recipes" / f"{kind}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def complete(kind: str, name: str, changes: Mapping[str, Any]) -> Recipe:
    """The shipped recipe ``name`` of ``kind`` with ``changes`` on top; tables are merged key by key.

    Args:
        kind: What is trained.
        name: Of a shipped recipe.
        changes: Keys of `Recipe`; None takes a key away.

    Raises:
        UsageError: there is no such recipe, or the result is not a sound one: every mistake, one line each.
    """
    recipes = shipped(kind)
    if name not in recipes:
        raise UsageError(
            f"No recipe for {kind} is named {name!r}.{nearest(name, recipes)} It has: {', '.join(recipes)}."
        )
    merged = _merged(recipes[name], {**changes, "kind": kind})
    try:
        return Recipe.model_validate(merged)
    except ValidationError as error:
        raise UsageError("\n".join(_problem(kind, name, problem) for problem in error.errors())) from error


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return {key: value for key, value in merged.items() if value is not None}


def _problem(kind: str, name: str, problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"]) or "the recipe as a whole"
    message = problem["msg"].removeprefix("Value error, ")
    hint = nearest(str(problem["loc"][-1]), Recipe.model_fields) if problem["type"] == "extra_forbidden" else ""
    return (
        f"train {kind} ({name} recipe): {path}: {message[:1].lower()}{message[1:]}.{hint} See `harness train --help`."
    )
