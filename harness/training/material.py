"""What one training is given: its records, and which of them it may see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data.examples import Examples
from harness.training.prepare.stream import Stream
from harness.training.split import Role, Split

__all__ = ["Material"]


@dataclass(frozen=True, slots=True)
class Material:
    """What a recipe trains on.

    Attributes:
        examples: All records, planted canaries included.
        split: Who is a member.
        passage_bytes: What texts were cut to; None for images.
        stream: What training sees in place of the members' records, where the recipe prepares them.
    """

    examples: Examples
    split: Split
    passage_bytes: int | None
    stream: Stream | None = None

    def members(self) -> Examples:
        """The records that training may see, each once."""
        if self.stream is None:
            return self.examples.take(self.split.rows(Role.MEMBER))
        return self.stream.examples.take(self.stream.kept)

    def training(self) -> tuple[Examples, NDArray[np.int64]]:
        """Records, and the rows of the training set among them, each as often as it is trained on."""
        if self.stream is None:
            return self.examples, self.split.training_rows()
        return self.stream.examples, self.stream.rows()
