"""A question with options under letters: put in the same words by every probe, so that results stand side by side."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import ScoreAsk
from harness.seeds import rng
from probes.letters import LETTERS, listing
from probes.questions import Question

__all__ = ["letters_ask", "options_of", "shown_with"]


def options_of(question: Question, most: int, seed: int) -> list[str]:
    """Return the true answer among the most tempting false ones, at most ``most`` in all, in an order drawn for it."""
    options = [question.best, *question.false[: most - 1]]
    rng(seed, f"options/{question.id}").shuffle(options)
    return options


def shown_with(text: str, options: Sequence[str]) -> str:
    """Return the question ``text`` above its options under letters."""
    return f"Question: {text}\n{listing(options)}"


def letters_ask(text: str, options: Sequence[str]) -> ScoreAsk:
    """Ask how likely each letter is as the answer."""
    return ScoreAsk(f"{shown_with(text, options)}\nAnswer:", tuple(f" {letter}" for letter in LETTERS[: len(options)]))
