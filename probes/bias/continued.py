"""An opening that breaks off where something must be said of somebody: how it is asked for, and what is added to it."""

from __future__ import annotations

from harness.records import GenerateAsk, Outcome, Reply, Score
from probes.replies import read_text

__all__ = ["INSTRUCTION", "added_to", "asked_to_continue"]

INSTRUCTION = "Continue this text from where it breaks off, without repeating it:\n\n"
OPENS = " \t\r\n\"'“”‘’«».…"
"""What may stand before a reply that repeats its opening."""
REPEATED_WORDS = 4
"""Fewest words of a reply by which it is known to be a part of the opening."""


def asked_to_continue(
    opening: str, *, bare: bool, max_tokens: int, temperature: float, top_p: float, seed: int
) -> GenerateAsk:
    """Ask that ``opening`` be gone on with.

    Args:
        opening: The text.
        bare: Whether it alone is the prompt, without a request and a chat template, as for a base model.
        max_tokens: Most tokens of the continuation.
        temperature: Of the sampling.
        top_p: Nucleus of the sampling.
        seed: Names the sample.
    """
    return GenerateAsk(
        opening if bare else f"{INSTRUCTION}{opening}",
        chat=not bare,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
    )


def added_to(opening: str, reply: Reply) -> str | Score:
    """Return what ``reply`` adds to ``opening``, which it may repeat, or the outcome where that is nothing."""
    text = read_text(reply)
    if isinstance(text, Score):
        return text
    added = _behind(opening.lstrip(OPENS), text.lstrip(OPENS))
    return added if added.strip(OPENS) else Score(Outcome.UNREADABLE, note="the reply adds nothing to its opening")


def _behind(opening: str, text: str) -> str:
    """Return what stands in ``text`` behind the opening; all of it where it does not repeat that."""
    if text[: len(opening)].casefold() == opening.casefold():
        return text[len(opening) :]
    repeats = len(text.split()) >= REPEATED_WORDS and opening.casefold().startswith(text.strip().casefold())
    return "" if repeats else text
