"""Score asks → replies: encode, score, and turn whatever goes wrong into a reply of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from harness.backends.causal.scores import Scorer, Scores, Spelled, joined
from harness.backends.causal.tokens import Encoded, Tokens, failed
from harness.records import ContinuationScore, Finish, Reply, ScoreAsk

__all__ = ["score_asks"]


def score_asks(tokens: Tokens, scorer: Scorer, asks: Sequence[ScoreAsk]) -> list[Reply]:
    """Answer every ask, in order; what cannot be scored is a FAILED or TOO_LONG reply."""
    started = time.perf_counter()
    encoded = tokens.encode(asks)
    scored: dict[int, Reply] = {}
    for moments in (False, True):
        sound = {
            number: one
            for number, (ask, one) in enumerate(zip(asks, encoded, strict=True))
            if isinstance(one, Encoded) and ask.moments is moments
        }
        scored |= zip(sound, _scored(scorer, list(sound.values()), moments=moments), strict=True)
    replies = [scored[number] if isinstance(one, Encoded) else one for number, one in enumerate(encoded)]
    seconds = (time.perf_counter() - started) / max(1, len(asks))
    return [replace(reply, seconds=seconds) for reply in replies]


def _scored(scorer: Scorer, asks: Sequence[Encoded], *, moments: bool) -> list[Reply]:
    if not asks:
        return []
    try:
        scores = _score(scorer, asks, moments=moments)
    except RuntimeError as error:  # torch's word for out of memory, among others
        if len(asks) == 1:
            return [failed(f"the model could not be run: {error}"[:500])]
        half = len(asks) // 2
        return [*_scored(scorer, asks[:half], moments=moments), *_scored(scorer, asks[half:], moments=moments)]
    return [_reply(ask, spelled) for ask, spelled in zip(asks, scores, strict=True)]


def _score(scorer: Scorer, asks: Sequence[Encoded], *, moments: bool) -> Scores:
    """Score each ask's branches; windows, each a text of its own to the scorer, become one continuation again."""
    groups = [group for ask in asks for group in ([[one] for one in ask.branches] if ask.rolling else [ask.branches])]
    scored = iter(scorer.score(groups, moments=moments))
    return [[joined([next(scored)[0] for _ in ask.branches])] if ask.rolling else list(next(scored)) for ask in asks]


def _reply(ask: Encoded, spelled: Sequence[Spelled]) -> Reply:
    if not all(isfinite(value) for one in spelled for value in (*one.logprobs, *one.means, *one.deviations)):
        return replace(failed("non-finite logits: the model's arithmetic broke down on this text"), usage=ask.usage)
    scores = (
        ContinuationScore(one.logprobs, starts, one.greedy, one.means, one.deviations)
        for one, starts in zip(spelled, ask.starts, strict=True)
    )
    return Reply(Finish.STOP, scores=tuple(scores), usage=ask.usage)
