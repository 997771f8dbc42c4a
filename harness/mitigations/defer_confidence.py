"""How sure a model is of a reply: what `harness.mitigations.defer` holds against its threshold.

Each kind is computed as a probe computes it, so that what a probe has judged can set a threshold: likelihoods and
stated confidences as `hallucination.calibration` does, agreement as `hallucination.self_consistency` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, isfinite

from harness.records import Ask, Finish, GenerateAsk, Reply, ScoreAsk
from harness.text.confidence import stated
from harness.text.equivalence import likeness

__all__ = ["AGREEMENT", "ANSWERS", "FEWEST", "KINDS", "LETTERS", "LONGEST", "STATED", "WHOLE", "ConfidenceSource"]

LETTERS, ANSWERS, WHOLE, STATED, AGREEMENT = "letters", "answers", "whole", "stated", "agreement"
KINDS = {
    LETTERS: "likelihoods of letters",
    ANSWERS: "likelihoods of answers per token",
    WHOLE: "likelihoods of whole answers",
    STATED: "stated confidences",
    AGREEMENT: "agreement of samples",
}
"""What a confidence may be of, in words: a threshold on one kind is none on another."""
FEWEST = 3
"""Samples that can be read, below which their agreement says nothing."""
LONGEST = 64
"""Tokens that an ask allows, beyond which a reply is no short answer: samples of long texts never agree."""

MARK = re.compile(r"\s*[(\[]?([A-Za-z]|[1-9][0-9]?)[)\].:]?\s*")
SPOKEN_OF = re.compile(r"\b(?:confidence|certainty|how (?:sure|certain|confident))\b", re.IGNORECASE)
QUESTION = re.compile(r"[?？؟]")


@dataclass(frozen=True, slots=True)
class ConfidenceSource:
    """One way to say how sure a model is.

    Attributes:
        kind: A key of `KINDS`.
        samples: Further samples of each question, for agreement.
    """

    kind: str
    samples: int

    def concerns(self, ask: Ask) -> bool:
        """Whether ``ask`` wants an answer whose confidence can be had this way."""
        if isinstance(ask, ScoreAsk):
            # Without a context there is no question: whole sentences are compared.
            choice = bool(ask.context) and len(ask.continuations) > 1
            return choice and self.kind in ((LETTERS,) if _are_marks(ask.continuations) else (ANSWERS, WHOLE))
        if not isinstance(ask, GenerateAsk):
            return False
        if self.kind == STATED:
            return bool(SPOKEN_OF.search(f"{ask.system or ''}\n{ask.prompt}"))
        return self.kind == AGREEMENT and ask.max_tokens <= LONGEST and bool(QUESTION.search(ask.prompt))

    def asks(self, ask: Ask) -> list[Ask]:
        """Return what is asked for one reply: ``ask`` first, and what says how sure the model is of it."""
        if self.kind != AGREEMENT or not isinstance(ask, GenerateAsk):
            return [ask]
        return [ask, *(replace(ask, temperature=1.0, seed=ask.seed + at) for at in range(1, self.samples + 1))]

    def of(self, ask: Ask, replies: Sequence[Reply]) -> float | None:
        """Return the confidence in [0, 1] of the first of ``replies``, one for each of `asks`; None for none.

        For likelihoods the share of the likeliest continuation in what all have, summed over its tokens or, for
        ``answers``, as the mean per token; for agreement the share of the readable samples that say the same.
        """
        if any(reply.finish not in (Finish.STOP, Finish.LENGTH) for reply in replies):
            return None
        if isinstance(ask, ScoreAsk):
            return _share_of_best(ask, replies[0], per_token=self.kind == ANSWERS)
        if not isinstance(ask, GenerateAsk):
            return None
        if self.kind == STATED:
            found = stated(replies[0].text or "")
            return None if found is None else found[0]
        return _agreeing(ask.prompt, replies)


def _are_marks(continuations: Sequence[str]) -> bool:
    """Whether they are letters from A on, or numbers from 1 on, in any order."""
    found = [MARK.fullmatch(text) for text in continuations]
    names = sorted(match[1].upper() if match[1].isalpha() else f"{int(match[1]):02}" for match in found if match)
    count = len(continuations)
    return names in ([chr(ord("A") + at) for at in range(count)], [f"{at:02}" for at in range(1, count + 1)])


def _share_of_best(ask: ScoreAsk, reply: Reply, *, per_token: bool) -> float | None:
    scores = reply.scores
    if len(scores) != len(ask.continuations) or not all(score.logprobs for score in scores):
        return None
    totals = [score.total / (len(score.logprobs) if per_token else 1) for score in scores]
    if not all(isfinite(total) and total <= 0 for total in totals):
        return None
    top = max(totals)
    return 1 / sum(exp(total - top) for total in totals)


def _agreeing(question: str, replies: Sequence[Reply]) -> float | None:
    first, *rest = [(reply.text or "").strip() for reply in replies]
    samples = [text for text in rest if text]
    if not first or len(samples) < FEWEST:
        return None
    return sum(likeness(first, text, question=question).same for text in samples) / len(samples)
