"""What changes a language model's next token is to a backend that gives out its probabilities.

A backend that has a method ``steered`` (`harness.contracts.mitigations.SteerableBackend`) takes objects of this shape.
Several act one after the other, in the order in which they were given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from harness.contracts import Backend
from harness.contracts.mitigations import LayeredBackend, MitigationCard, SteerableBackend, beneath
from harness.records import Capability, Value

if TYPE_CHECKING:
    import torch

__all__ = ["Begun", "Steer", "Steering", "Vocabulary", "unsteerable"]

Steer = Callable[["torch.Tensor", "torch.Tensor", Sequence[Sequence[int]]], "torch.Tensor"]
"""Next-token log-probabilities ``[rows, vocabulary]`` in float32; those behind each preamble ``[preambles, rows,
vocabulary]``; and the token ids that each row has written since its prompt, empty where texts are scored → new
log-probabilities ``[rows, vocabulary]``, on the same device, summing to 1 or, where tokens were forbidden, to less."""


class Vocabulary(Protocol):
    """The model's tokens."""

    vocabulary: int
    """How many."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ``ids`` without special tokens."""


@runtime_checkable
class Begun(Protocol):
    """A steer that must know behind what texts are written, or remembers what it saw of them."""

    def begun(self, prompts: Sequence[str]) -> Steer:
        """Make what steers one batch of texts, and is forgotten with it.

        Args:
            prompts: What is asked of each row, as it stands in the ask; empty where texts are scored.
        """


@runtime_checkable
class Steering(Protocol):
    """Changes what a model would write next."""

    @property
    def card(self) -> MitigationCard:
        """What it is."""

    @property
    def scores(self) -> bool:
        """Whether it changes how texts are scored too, and not only what is written."""

    def details(self) -> Mapping[str, Value]:
        """Everything that could change a reply; JSON values.

        Raises:
            DataError: what it works with cannot be read.
        """

    def preambles(self, *, chat: bool) -> Sequence[str]:
        """Texts that the same ask is also read behind, as many for a chat as for bare text.

        Args:
            chat: Whether the text stands before a user's message, or before bare text.
        """

    def opened(self, tokens: Vocabulary) -> Steer | Begun:
        """Make it ready for a model with these tokens; called once, when the model is opened."""


def unsteerable(target: Backend) -> str | None:
    """Say why the next token of ``target`` cannot be steered, as a clause; None where it can."""
    if isinstance(target, LayeredBackend) and isinstance(beneath(target), SteerableBackend):
        return "it works on the model's probabilities, over which another mitigation lies already: name it before that"
    if not isinstance(target, SteerableBackend):
        return "it works on the model's probabilities, which this backend does not give out"
    if not target.capabilities & {Capability.GENERATE, Capability.SCORE}:
        return "it works on the next token of a text, and this backend neither writes nor scores text"
    return None
