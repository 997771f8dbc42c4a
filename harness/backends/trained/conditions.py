"""Whether a model can honour what a `DrawAsk` names; what it cannot honour is refused, never ignored."""

from __future__ import annotations

from typing import Any

from harness.records import DrawAsk, Finish, Reply

__all__ = ["SEEDS", "refusal", "unmet"]

SEEDS = 2**63
"""Seeds are from 0 to below this, which every generator of random numbers takes."""


def refusal(model: Any, ask: DrawAsk) -> Reply | None:
    """The reply to an ask that a generator cannot honour; None where it can."""
    problem = unmet(ask, prompted=model.prompted, classes=len(model.classes))
    if problem:
        return Reply(Finish.FAILED, error=problem)
    beyond = model.prompt_problem(ask.prompt) if model.prompted else ""
    return Reply(Finish.TOO_LONG, error=f"the prompt {beyond}") if beyond else None


def unmet(ask: DrawAsk, *, prompted: bool, classes: int) -> str:
    """Say why a model cannot honour ``ask``; empty where it can.

    Args:
        ask: What is to be drawn.
        prompted: Whether the model draws from prompts.
        classes: How many classes it draws by label; 0 where it knows none.
    """
    if not 0 <= ask.seed < SEEDS:
        return f"the seed {ask.seed} is not from 0 to below 2**63"
    if prompted:
        if ask.prompt is None:
            return "the model draws from prompts, and the ask has none"
        return "the model draws from prompts, and takes no label" if ask.label is not None else ""
    if ask.prompt is not None:
        return "the model takes no prompt"
    if classes == 0:
        return "" if ask.label is None else "the model knows no classes, and takes no label"
    if ask.label is None:
        return f"the model draws by class, and the ask has no label: it takes 0 to {classes - 1}"
    if not 0 <= ask.label < classes:
        return f"the label {ask.label} is none of the model's {classes} classes, 0 to {classes - 1}"
    return ""
