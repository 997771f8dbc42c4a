"""What one training is given: its records, and which of them it may see."""

from __future__ import annotations

from dataclasses import dataclass

from harness.data.examples import Examples
from harness.training.split import Split

__all__ = ["Material"]


@dataclass(frozen=True, slots=True)
class Material:
    """What a recipe trains on.

    Attributes:
        examples: All records, planted canaries included.
        split: Who is a member.
        passage_bytes: What texts were cut to; None for images.
    """

    examples: Examples
    split: Split
    passage_bytes: int | None
