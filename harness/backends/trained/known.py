"""What is known of a checkpoint without opening its weights: the manifest, and its training data where it is here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.backends.trained.records import Records
from harness.errors import MissingExtraError, ModelError, UsageError
from harness.models.kinds import is_invertible
from harness.training.split import Role, Split

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint
    from harness.training.manifest import Manifest

__all__ = ["Known", "look"]

ABSOLUTE = re.compile(r"(?<![\w./~])~?/(?:[^\s/:'\"]+/)*([^\s/:'\"]+)")
"""A path from the root or a home, whose last part is kept."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a checkpoint.

    Attributes:
        checkpoint: The checkpoint, every file verified.
        records: Its training data; None where that cannot be had.
        missing: Why it cannot be had, in words that name no folder of this machine; empty where it is there.
        references: Models of the same recipe with other coins, every file verified.
    """

    checkpoint: Checkpoint
    records: Records | None
    missing: str = ""
    references: tuple[Checkpoint, ...] = ()

    @property
    def asked_by(self) -> str | None:
        """What a `DrawAsk` to the model needs: ``label``, ``prompt``, or None for neither."""
        return _asked_by(self.checkpoint.manifest)


def look(folder: Path, *, data: str | None, references: Sequence[Path] = ()) -> Known:
    """Open a checkpoint and, if they can be had, its records.

    Args:
        folder: The checkpoint.
        data: Where its training data are now, if elsewhere than where it was trained.
        references: Checkpoints of its reference models.

    Raises:
        ModelError: one of them is no finished checkpoint, or was changed.
        UsageError: a reference is of another kind, was trained on other records, or shares its coins with another.
        MissingExtraError: a package for trained models is not installed.
    """
    checkpoint, others = _opened(folder), tuple(_opened(reference) for reference in references)
    for number, other in enumerate(others):
        for earlier in (checkpoint, *others[:number]):
            earlier.refuse_stranger(other)
    try:
        return Known(checkpoint, _records(checkpoint, data, others), references=others)
    except UsageError as error:
        return Known(checkpoint, None, ABSOLUTE.sub(r"\1", str(error)), others)


def _opened(folder: Path) -> Checkpoint:
    try:
        from harness.training.checkpoint import open_checkpoint
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "harness":  # ours: a fault, which an installation would not repair
            raise
        raise MissingExtraError("A checkpoint", package, "train") from error
    return open_checkpoint(folder)


def _records(checkpoint: Checkpoint, data: str | None, references: Sequence[Checkpoint]) -> Records:
    split = _split(checkpoint)
    examples, repeats = checkpoint.examples(data=data), split.repeats.tolist()
    seen = [frozenset(its.ids[row] for row in its.rows(Role.MEMBER)) for its in map(_split, references)]
    asked_by, invertible = _asked_by(checkpoint.manifest), is_invertible(checkpoint.manifest.kind)
    return Records(examples, split.roles, repeats, split.canaries, asked_by, seen, invertible)


def _split(checkpoint: Checkpoint) -> Split:
    split = checkpoint.split()
    if split is None:
        raise ModelError(
            f"{checkpoint.folder}: there is no records.parquet, so it is not known what the model was trained on."
            " Whoever trained it has that file."
        )
    return split


def _asked_by(manifest: Manifest) -> str | None:
    """What a `DrawAsk` needs, told from the manifest: planning opens no weights."""
    if manifest.kind == "text_to_image":
        return "prompt"
    return "label" if manifest.data.classes and manifest.settings.get("conditional") else None
