"""A text as token ids, by the tokenizer of the model that is said to have written it; needs the package tokenizers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from harness.errors import ModelError

__all__ = ["Cutter", "open_tokenizer"]


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts texts into tokens.

    Attributes:
        tokenizer: As its ``tokenizer.json`` has it.
        vocabulary: Tokens that the model knows: its logits, where a ``config.json`` tells, else the tokenizer's.
    """

    tokenizer: Tokenizer
    vocabulary: int

    def ids(self, text: str) -> NDArray[np.int64]:
        """Token ids of ``text`` by itself, without a token for its start; lone surrogates are left out."""
        sound = text.encode("utf-8", "ignore").decode("utf-8")
        return np.array(self.tokenizer.encode(sound, add_special_tokens=False).ids, dtype=np.int64)


def open_tokenizer(place: Path) -> Cutter:
    """Open a ``tokenizer.json``, or the folder of a model that has one.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    file = place / "tokenizer.json" if place.is_dir() else place
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the package raises nothing more exact
        raise ModelError(
            f"{file}: no tokenizer can be read: {error}. Name a model's folder, or its tokenizer.json."
        ) from error
    return Cutter(tokenizer, _vocabulary(file.parent) or tokenizer.get_vocab_size())


def _vocabulary(folder: Path) -> int | None:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) and found > 0 else None
