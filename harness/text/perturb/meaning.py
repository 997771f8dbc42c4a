"""Semantic level: the same question or statement in other words, from curated templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from harness.text.perturb.change import ONCE, Edit, Operator, rewritten
from harness.text.perturb.templates import ASKED, AUXILIARY, CLEFTS, FRAMES, SPECIFIC, WHOLE

__all__ = ["SEMANTIC", "wordings"]


def wordings(question: str) -> list[str]:
    """Return every other wording of ``question`` that the templates have, at most twice and at least half as long.

    Empty for what is no question. A text of several sentences, and a question that no template of its own fits, get
    the wordings that fit any question.
    """
    if not question.endswith("?"):
        return []
    clauses = [_as_clause(clause) for clause in _matches(ASKED, question)]
    own = [*_matches(SPECIFIC, question), *(frame.format(clause) for clause in clauses for frame in FRAMES)]
    return _similar(question, own) or _similar(question, [frame.format(question) for frame in WHOLE])


def _matches(templates: Sequence[tuple[re.Pattern[str], str]], text: str) -> list[str]:
    found = ((pattern.fullmatch(text), wording) for pattern, wording in templates)
    return [match.expand(wording) for match, wording in found if match]


def _as_clause(asked: str) -> str:
    """Write what began the question as it is written within a sentence."""
    clause = asked[:1].lower() + asked[1:]
    return re.sub(rf"(?<=\s)(?i:{AUXILIARY})(?=\s)", lambda verb: verb[0].lower(), clause)


def _as_sentence(wording: str) -> str:
    """Write an article that began a sentence as within one, and begin with a capital."""
    within = re.sub(r"\A(It (?:is|was)) The\s", r"\1 the ", wording)
    return within[:1].upper() + within[1:]


def _similar(text: str, others: Sequence[str]) -> list[str]:
    return [other for other in others if other != text and len(text) <= 2 * len(other) <= 4 * len(text)]


def _paraphrased(text: str, random: Random, strength: float) -> list[Edit]:
    del strength
    others = wordings(text)
    return rewritten(text, random.choice(others)) if others else []


def _cleft(text: str, random: Random, strength: float) -> list[Edit]:
    del strength
    others = _similar(text, [_as_sentence(other) for other in _matches(CLEFTS, text)])
    return rewritten(text, random.choice(others)) if others else []


SEMANTIC: tuple[Operator, ...] = (
    Operator("paraphrase", "semantic", "Asks the question in other words.", True, ONCE, _paraphrased),
    Operator("cleft", "semantic", "Says who or what it was in a cleft, or without one.", True, ONCE, _cleft),
)
