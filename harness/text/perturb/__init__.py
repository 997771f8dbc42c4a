"""Perturbations of text: small changes that keep the right answer, and controls that change it.

    character, word, sentence, layout, meaning    the operators that keep it, one file a level
    controls, negation                            those that change it
    check                                         whether a variant, ours or anyone's, can still have the same answer
    change                                        what an operator, an edit and a change are
    guard                                         what no operator may touch
    lexicon, synonyms, templates                  the curated lists

The levels are those of PromptRobust (Zhu et al. 2023, arXiv 2306.04528), with the format level of FormatSpread
(Sclar et al. 2023, arXiv 2310.11324).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

from harness.text.perturb.change import Change, Edit, Level, Operator
from harness.text.perturb.character import CHARACTER
from harness.text.perturb.check import RULES, Check, preserves_label
from harness.text.perturb.controls import CONTROLS
from harness.text.perturb.layout import FORMAT
from harness.text.perturb.meaning import SEMANTIC
from harness.text.perturb.sentence import SENTENCE
from harness.text.perturb.word import WORD

__all__ = [
    "LEVELS",
    "OPERATORS",
    "RULES",
    "Change",
    "Check",
    "Edit",
    "Level",
    "Operator",
    "operators",
    "preserves_label",
]

LEVELS: tuple[Level, ...] = get_args(Level)
"""From the smallest piece of a text to its meaning."""

OPERATORS: Mapping[str, Operator] = {
    operator.name: operator for operator in (*CHARACTER, *WORD, *SENTENCE, *FORMAT, *SEMANTIC, *CONTROLS)
}
"""All operators by name, level by level, the label-changing controls last."""


def operators(*, levels: Iterable[Level] | None = None, preserving: bool | None = None) -> tuple[Operator, ...]:
    """Choose operators, in the order of `OPERATORS`.

    Args:
        levels: Of these levels only; None for all.
        preserving: Those that keep the right answer, or the controls that change it; None for both.

    Raises:
        ValueError: There is no such level.
    """
    wanted = frozenset(LEVELS if levels is None else levels)
    unknown = sorted(wanted - set(LEVELS))
    if unknown:
        raise ValueError(f"there is no level {', '.join(unknown)}; the levels are {', '.join(LEVELS)}")
    return tuple(
        operator
        for operator in OPERATORS.values()
        if operator.level in wanted and preserving in {None, operator.preserves}
    )
