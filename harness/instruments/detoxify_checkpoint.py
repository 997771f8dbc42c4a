"""A Detoxify checkpoint without its pickle: `harness instruments convert` writes the folder, the instrument reads it.

model.safetensors   the weights
detoxify.json       architecture, labels, where they come from, and the digest of the weights: its own digest pins all
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canonical import Digest, digest_bytes, digest_file, dumps, from_json, loads
from harness.errors import ModelError, UsageError

__all__ = ["DESCRIPTION", "PUBLISHED", "WEIGHTS", "Architecture", "Checkpoint", "open_checkpoint", "write_checkpoint"]

DESCRIPTION, WEIGHTS = "detoxify.json", "model.safetensors"
PUBLISHED: Mapping[str, str] = {
    "c1212f89": "original",
    "c7548aa0": "unbiased",
    "0b549669": "multilingual",
    "0e1d6498": "original-small",
    "c8519128": "unbiased-small",
}
"""First eight digits of a published file's SHA-256, which end its name → what Detoxify calls it."""
NETWORK, TOKENIZER = re.compile(r"[A-Z]\w{1,60}ForSequenceClassification"), re.compile(r"[A-Z]\w{1,60}Tokenizer(Fast)?")
LABEL, BASE = re.compile(r"[a-z]\w{0,39}", re.ASCII), re.compile(r"\w[\w./-]{0,99}", re.ASCII)
RESERVED = frozenset({"truncated"})


@dataclass(frozen=True, slots=True)
class Architecture:
    """Which classes of transformers the weights belong to.

    Attributes:
        network: Such as ``BertForSequenceClassification``.
        tokenizer: Such as ``BertTokenizer``.
        outputs: Number of its outputs; those behind the labels were trained on identities and are not read.
        base: Model whose configuration and tokenizer it shares, such as ``bert-base-uncased``.
    """

    network: str
    tokenizer: str
    outputs: int
    base: str

    def __post_init__(self) -> None:
        if not NETWORK.fullmatch(self.network) or not TOKENIZER.fullmatch(self.tokenizer):
            raise ValueError(f"not a classifier and a tokenizer of transformers: {self.network!r}, {self.tokenizer!r}")
        if isinstance(self.outputs, bool) or not isinstance(self.outputs, int) or self.outputs < 1:
            raise ValueError(f"outputs are a whole number from 1, not {self.outputs!r}")
        if not isinstance(self.base, str) or not BASE.fullmatch(self.base):
            raise ValueError(f"the base is the name of a model, not {self.base!r}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the weights are.

    Attributes:
        architecture: Of the network.
        labels: What each of the first outputs means, as Detoxify names it.
        source: Digest of the pickle that it was converted from.
        weights: Digest of the safetensors file.
    """

    architecture: Architecture
    labels: tuple[str, ...]
    source: Digest
    weights: Digest

    def __post_init__(self) -> None:
        odd = [label for label in self.labels if not isinstance(label, str) or not LABEL.fullmatch(label)]
        if odd or len(set(self.labels)) < len(self.labels) or RESERVED & set(self.labels):
            raise ValueError(f"labels are different plain words other than {', '.join(RESERVED)}, not {self.labels}")
        if not 1 <= len(self.labels) <= self.architecture.outputs:
            raise ValueError(f"{len(self.labels)} labels for {self.architecture.outputs} outputs")

    @property
    def name(self) -> str:
        """What Detoxify calls it; for other weights ``own`` and the beginning of their digest."""
        return PUBLISHED.get(self.source.hex[:8], f"own {self.source.short}")


def write_checkpoint(
    folder: Path, architecture: Architecture, labels: tuple[str, ...], source: Digest, tensors: Mapping[str, Any]
) -> tuple[Checkpoint, Digest]:
    """Write a checkpoint to ``folder``, the description last, and return it with the digest that pins it.

    Raises:
        UsageError: weights lie there already.
        ValueError: architecture, labels or tensors are none that can be kept.
        OSError: the disk refuses.
    """
    from safetensors.torch import save_file

    for name in (WEIGHTS, DESCRIPTION):
        if (folder / name).exists():
            raise UsageError(f"{folder} has a {name} already, which is not overwritten. Name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{WEIGHTS}.partial"
    try:
        save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, partial)
        checkpoint = Checkpoint(architecture, labels, source, digest_file(partial))
        partial.replace(folder / WEIGHTS)
    finally:
        partial.unlink(missing_ok=True)
    description = dumps(checkpoint, indent=2)
    (folder / DESCRIPTION).write_bytes(description)
    return checkpoint, digest_bytes(description)


def open_checkpoint(folder: Path, pinned: Digest) -> Checkpoint:
    """Read what lies in ``folder``, once both files are what ``pinned``, the description's digest, says.

    Raises:
        ModelError: there is no checkpoint, or another one.
    """
    description, weights = folder / DESCRIPTION, folder / WEIGHTS
    if not description.is_file() or not weights.is_file():
        raise ModelError(
            f"{folder} holds no converted checkpoint: {DESCRIPTION} and {WEIGHTS} are needed."
            " Make one from Detoxify's own file: `harness instruments convert CHECKPOINT --to FOLDER`."
        )
    content = description.read_bytes()
    _check(description, digest_bytes(content), pinned)
    try:
        checkpoint: Checkpoint = from_json(Checkpoint, loads(content))
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{description} cannot be read: {error}. Convert the checkpoint again.") from error
    _check(weights, digest_file(weights), checkpoint.weights)
    return checkpoint


def _check(file: Path, found: Digest, wanted: Digest) -> None:
    if found != wanted:
        raise ModelError(
            f"{file} is not the file that was pinned: found {found}, expected {wanted}."
            " Restore it, or convert the checkpoint again and pin what that prints."
        )
