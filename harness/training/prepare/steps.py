"""The steps of a recipe's table ``prepare``, taken one after the other; and who is a member afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from harness.errors import DataError, UsageError
from harness.seeds import derive
from harness.training.material import Material
from harness.training.prepare.augment import augmented
from harness.training.prepare.deduplicate import deduplicated
from harness.training.prepare.rebalance import rebalanced
from harness.training.prepare.redact import redacted_stream
from harness.training.prepare.stream import Stream, compared
from harness.training.prepare.tables import Prepare
from harness.training.recipe import Recipe
from harness.training.split import Role, Split

__all__ = ["prepared"]

FEWEST = 2
"""Places that a training set has at least."""

Step = Callable[[Stream], tuple[Stream, Mapping[str, int]]]


def prepared(material: Material, recipe: Recipe) -> Material:
    """Do to the training set what ``recipe.prepare`` says; nothing where it says nothing.

    All records stay what they are for whoever asks for them. A member that is not in the training set any more has the
    role `Role.REMOVED`; one that was there several times may be there once.

    Args:
        material: Records whose coins are thrown.
        recipe: Of the training.

    Raises:
        UsageError: a step does not suit the records.
        DataError: less than two records would be left, or a placebo finds too little to take its share from.
        MissingExtraError: a package for finding duplicates of text is not installed.
    """
    if recipe.prepare is None:
        return material
    _refuse_other_kinds(recipe.prepare, recipe.kind)
    stream, seed = _members(material, recipe), derive(recipe.seed, "prepare")
    for name, step in _steps(recipe.prepare, seed, material.passage_bytes):
        after, counts = step(stream)
        stream = replace(after, done=(*stream.done, compared(name, stream, after, counts)))
    if stream.repeats.sum() < FEWEST:
        raise DataError(f"Preparing {recipe.data} leaves {stream.repeats.sum()} records to train on. Prepare it less.")
    return replace(material, split=_marked(material.split, stream), stream=stream)


def _members(material: Material, recipe: Recipe) -> Stream:
    rows = material.split.rows(Role.MEMBER)
    characters = recipe.kind == "language" and "base" not in recipe.model and recipe.model.get("tokenizer") != "bpe"
    return Stream(
        material.examples.take(rows), material.split.repeats[rows], material.split.canaries, characters=characters
    )


def _steps(its: Prepare, seed: int, longest: int | None) -> Iterator[tuple[str, Step]]:
    if its.deduplicate is not None:
        yield "deduplicate", partial(deduplicated, how=its.deduplicate, seed=seed)
    if its.redact is not None:
        yield "redact", partial(redacted_stream, how=its.redact, seed=seed, longest=longest)
    if its.augment is not None:
        yield "augment", partial(augmented, how=its.augment, seed=seed, longest=longest)
    if its.rebalance is not None:
        yield "rebalance", partial(rebalanced, how=its.rebalance, seed=seed)


def _refuse_other_kinds(its: Prepare, kind: str) -> None:
    texts = [name for name in ("redact", "augment") if getattr(its, name) is not None]
    if texts and kind != "language":
        raise UsageError(f"prepare.{texts[0]} changes texts, and a model of kind {kind} learns images. Take it out.")
    if its.rebalance is not None and kind == "language":
        raise UsageError("prepare.rebalance goes by classes or attributes of images, and texts have none. Take it out.")


def _marked(split: Split, stream: Stream) -> Split:
    """The split with members as often as they are trained on now, and removed where they are not."""
    now = dict(zip(stream.examples.ids, stream.repeats.tolist(), strict=True))
    repeats = np.array([now.get(name, 0) for name in split.ids], dtype=np.int64)
    roles = tuple(
        Role.REMOVED if role is Role.MEMBER and not times else role
        for role, times in zip(split.roles, repeats.tolist(), strict=True)
    )
    removed = tuple(name for name, role in zip(split.ids, roles, strict=True) if role is Role.REMOVED)
    return replace(split, roles=roles, repeats=repeats, removed=removed)
