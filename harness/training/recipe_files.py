"""Recipes that ship, and how one is made complete: shipped table, then ``[train]``, then the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, get_args

from pydantic import ValidationError

from harness.errors import UsageError, nearest
from harness.training.recipe import Kind, Recipe

__all__ = ["KINDS", "changed", "complete", "shipped"]

KINDS: tuple[str, ...] = get_args(Kind)
"""What can be trained."""

NOT_WITH_PRIVACY = frozenset({"max_grad_norm", "patience"})
"""Keys of shipped recipes that a private training leaves out; who asks for them is refused."""


def shipped(kind: str) -> Mapping[str, Mapping[str, Any]]:
    """The recipes that ship for ``kind``, by name.

    ``smoke`` is for two CPU cores, ``gpu`` for one CUDA device; ``private`` is for two CPU cores too, where privacy
    wants other sizes.

    Raises:
        UsageError: no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"No kind of generator is named {kind!r}.{nearest(kind, KINDS)} Kinds: {', '.join(KINDS)}.")
    text = (files("harness.training") / "recipes" / f"{kind}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def complete(kind: str, name: str | None, changes: Mapping[str, Any]) -> Recipe:
    """The shipped recipe ``name`` of ``kind`` with ``changes`` on top; tables are merged key by key.

    With privacy, what only plain training may do is left out of the shipped part: clipping the gradient of the batch,
    and stopping early on records that no epsilon covers.

    Args:
        kind: What is trained.
        name: Of a shipped recipe. None: ``smoke``; with privacy ``private``, where the kind has one.
        changes: Keys of `Recipe`; None takes a key away.

    Raises:
        UsageError: there is no such recipe, or the result is not a sound one: every mistake, one line each.
    """
    recipes, private = shipped(kind), changes.get("privacy") is not None
    if name is None:
        name = "private" if private and "private" in recipes else "smoke"
    if name not in recipes:
        raise UsageError(
            f"No recipe for {kind} is named {name!r}.{nearest(name, recipes)} It has: {', '.join(recipes)}."
        )
    below = {key: value for key, value in recipes[name].items() if not private or key not in NOT_WITH_PRIVACY}
    merged = _merged(below, {**changes, "kind": kind})
    if set(merged.get("canaries") or ()) == {"coins"}:
        # Who asks for coins alone wants an audit, not a third of the training made of repeated canaries.
        merged["canaries"] = {**merged["canaries"], "repeats": ()}
    try:
        return Recipe.model_validate(merged)
    except ValidationError as error:
        raise UsageError("\n".join(_problem(kind, name, problem) for problem in error.errors())) from error


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """``recipe`` with ``changes`` on top: a table replaces a table whole.

    Args:
        recipe: Of a training.
        changes: Keys of `Recipe`; None takes a key away, so that its default holds.

    Raises:
        UsageError: the result is not a sound recipe, or of another kind: every mistake, one line each.
    """
    if changes.get("kind", recipe.kind) != recipe.kind:
        raise UsageError(f"A {recipe.kind} model cannot be trained anew as one of another kind: {changes['kind']!r}.")
    merged = {**recipe.model_dump(mode="json"), **changes}
    try:
        return Recipe.model_validate({key: value for key, value in merged.items() if value is not None})
    except ValidationError as error:
        raise UsageError("\n".join(_problem(recipe.kind, "changed", problem) for problem in error.errors())) from error


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
