"""Whether a model that is fine-tuned was itself trained here on some of the same records: epsilons add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataError, ModelError
from harness.training.layout import MANIFEST
from harness.training.material import Material
from harness.training.recipe import Recipe

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint

__all__ = ["trained_before"]

Opener = Callable[[Path], "Checkpoint"]


def trained_before(recipe: Recipe, material: Material, *, opener: Opener) -> tuple[str, ...]:
    """Half a sentence for each model below this one that was trained on some of its training records.

    Only checkpoints of ours can be looked into: of a model from elsewhere nobody here knows what it has seen.

    Args:
        recipe: Of the training to be; only fine-tuning has models below: the one it starts from, and ``base`` among the
            model's settings.
        material: Its records.
        opener: Opens a folder as a checkpoint; raises `ModelError` where it is none.
    """
    found = []
    for base in _below(recipe, opener):
        common = _common(base, recipe.data, material)
        if common:
            found.append(f"{base.folder} was trained on {common} of these records")
    return tuple(found)


def _below(recipe: Recipe, opener: Opener) -> Iterator[Checkpoint]:
    """The checkpoints that a fine-tuned model stands on, each once."""
    seen, left = set(), _named(recipe)
    while left:
        folder = left.pop(0)
        if folder.resolve() in seen or not (folder / MANIFEST).is_file():
            continue
        seen.add(folder.resolve())
        try:
            base = opener(folder)
        except ModelError:
            continue
        yield base
        left += _named(base.manifest.read_recipe())


def _named(recipe: Recipe) -> list[Path]:
    """Folders of the models that ``recipe`` goes on from."""
    base = recipe.model.get("base")
    folders = [] if recipe.start is None else [Path(recipe.start).expanduser()]
    return [*folders, Path(base).expanduser().parent] if isinstance(base, str) else folders


def _common(base: Checkpoint, data: str, material: Material) -> int:
    """How many records both were trained on, canaries aside: they differ from recipe to recipe."""
    mine, its = material.split, base.split()
    planted = {canary.record for canary in mine.canaries}
    rows = [row for row in dict.fromkeys(mine.training_rows().tolist()) if mine.ids[row] not in planted]
    if its is None:
        return len(rows) if base.manifest.data.name == data else 0
    theirs = its.training_rows().tolist()
    if base.manifest.data.name == data:
        # Passages may have been cut otherwise, so it goes by the document or image they are of.
        units = {its.units[row] for row in theirs}
        return sum(mine.units[row] in units for row in rows)
    try:
        texts = base.examples().texts
    except DataError:
        return 0
    if texts is None or material.examples.texts is None:
        return 0
    known = {texts[row] for row in theirs}
    return sum(material.examples.texts[row] in known for row in rows)
