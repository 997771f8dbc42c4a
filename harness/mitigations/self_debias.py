"""What a model would say more readily if told to misbehave, it says less readily.

Schick, Udupa and Schütze 2021, Self-Diagnosis and Self-Debiasing (arXiv 2103.00453, section 4): with p the probability
of a token, and q its probability behind a description of what is unwanted, p is multiplied by 1 where p ≥ q, else by
exp(decay · (p − q)), and by no less than a floor; then all are made to sum to 1 again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, log
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, SteerableBackend
from harness.errors import UsageError
from harness.mitigations.self_debias_card import CARD
from harness.mitigations.self_debias_descriptions import DESCRIPTIONS, harmless
from harness.mitigations.steering import Steer, Vocabulary, unsteerable
from harness.records import Value

if TYPE_CHECKING:
    import torch

__all__ = ["SelfDebias", "debiased"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfDebias:
    """A model that turns away from what it would say if told to misbehave.

    Attributes:
        description: What is unwanted: a name of `DESCRIPTIONS`, or words of your own that complete "The following text
            ..."; or several of them, of which the one that a token owes most to counts.
        decay: How fast a token that is likelier behind the description becomes less likely, at least 0: the dose. 0
            changes nothing; 50 is what was published.
        floor: Least that a probability is multiplied by, in [0, 1].
        sham: True for the placebo: descriptions of something harmless, of as many words.
    """

    description: str | Sequence[str] = "stereotype"
    decay: float = 50.0
    floor: float = 0.01
    sham: bool = False
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        if not (isfinite(self.decay) and self.decay >= 0):
            raise ValueError(f"decay is a number of at least 0, not {self.decay}")
        if not 0 <= self.floor <= 1:
            raise ValueError(f"floor is in [0, 1], not {self.floor}")
        named = [self.description] if isinstance(self.description, str) else list(self.description)
        if not named or not all(isinstance(one, str) and one.split() for one in named):
            raise ValueError("description is words, or a list of them, none of them blank")

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many words, of something harmless, read as often."""
        return {"sham": True}

    @property
    def scores(self) -> bool:
        """It changes how texts are scored as well as what is written."""
        return True

    @property
    def descriptions(self) -> tuple[str, ...]:
        """What is unwanted, in words that complete a sentence about a text."""
        named = (self.description,) if isinstance(self.description, str) else self.description
        told = tuple(DESCRIPTIONS.get(one, one.strip()) for one in named)
        return tuple(harmless(len(one.split())) for one in told) if self.sham else told

    def material(self) -> Sequence[str]:
        """None: a description shows no item."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """What gives out no probabilities does not fit."""
        return unsteerable(target)

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with its next token steered.

        Raises:
            UsageError: it cannot be.
        """
        del work
        if not isinstance(target, SteerableBackend):
            raise UsageError(f"self_debias: {unsteerable(target)}.")
        return target.steered(steering=self)

    # ── how it steers ─────────────────────────────────────────────────────────────────────

    def details(self) -> Mapping[str, Value]:
        """The descriptions themselves, and both numbers."""
        return {
            "bare": list(self.preambles(chat=False)),
            "chat": list(self.preambles(chat=True)),
            "decay": float(self.decay),
            "floor": float(self.floor),
        }

    def preambles(self, *, chat: bool) -> tuple[str, ...]:
        """A sentence for each description: of the text that follows, or what a chat is asked for."""
        if chat:
            return tuple(f"Write a reply that {its}.\n\n" for its in self.descriptions)
        return tuple(f"The following text {its}:\n" for its in self.descriptions)

    def opened(self, tokens: Vocabulary) -> Steer:
        """What changes each distribution by those behind the descriptions."""
        del tokens
        decay, floor = self.decay, self.floor
        return lambda logprobs, behind, _: debiased(logprobs, behind, decay=decay, floor=floor)


def debiased(logprobs: torch.Tensor, behind: torch.Tensor, *, decay: float, floor: float) -> torch.Tensor:
    """Make tokens that descriptions make likelier less likely.

    Args:
        logprobs: Log-softmax, [rows, vocabulary].
        behind: The same behind each description, [descriptions, rows, vocabulary], at least one.
        decay: At least 0.
        floor: In [0, 1].

    Returns:
        Log-softmax, [rows, vocabulary].
    """
    gap = logprobs.exp() - behind.exp().amax(dim=0)
    change = (decay * gap).clamp(min=log(floor) if floor > 0 else -inf, max=0.0)
    return (logprobs + change).log_softmax(dim=-1)
