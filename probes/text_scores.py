"""How likely a model finds a text, read in several ways from one reply; and scripted replies to that ask."""

from __future__ import annotations

from harness.records import Case, ContinuationScore, Finish, Outcome, Reply, Score, ScoreAsk
from harness.stats.token_scores import (
    lowercase_gain,
    min_k,
    min_k_plus,
    negative_loss,
    standard_scores,
    zlib_mean,
    zlib_rate,
)
from harness.text.words import pieces
from probes.documents import beginning
from probes.expected import score_ask
from probes.replies import read_totals

__all__ = ["FEATURES", "LEVEL", "ask_for", "likelier", "scores_of"]

FEATURES = ("loss", "zlib_rate", "zlib_mean", "lowercase", "min_k", "min_k_plus")
"""Names of the scores, all larger for what a model is more likely to have been trained on."""


def ask_for(text: str, characters: int) -> ScoreAsk:
    """Ask for the first ``characters`` of ``text``, and for the same in lower case where that differs."""
    start = beginning(text, characters)
    return ScoreAsk("", tuple(dict.fromkeys((start, start.lower()))), moments=True)


def scores_of(case: Case, reply: Reply, lowest: float) -> Score:
    """Take every score of `FEATURES` that the reply allows, or the outcome where it allows none.

    Args:
        case: Asks what `ask_for` made.
        reply: The answer.
        lowest: Share of tokens that Min-K% and Min-K%++ look at, in (0, 1].
    """
    ask = score_ask(case)
    totals = read_totals(ask, reply)
    if isinstance(totals, Score):
        return totals
    text, own = ask.continuations[0], reply.scores[0]
    values = {
        "loss": negative_loss(own.logprobs),
        "zlib_rate": zlib_rate(own.logprobs, text),
        "zlib_mean": zlib_mean(own.logprobs, text),
        "min_k": min_k(own.logprobs, lowest),
    }
    if len(reply.scores) > 1:
        values["lowercase"] = lowercase_gain(own.logprobs, reply.scores[1].logprobs)
    return Score(Outcome.SCORED, values | _beside_the_rest(own, lowest))


def _beside_the_rest(own: ContinuationScore, lowest: float) -> dict[str, float]:
    """Scores that need the whole distribution at each place; empty where the model does not tell it."""
    if not len(own.logprobs) == len(own.means) == len(own.deviations):
        return {}
    certain = standard_scores(own.logprobs, own.means, own.deviations)[1]
    return {
        "min_k_plus": min_k_plus(own.logprobs, own.means, own.deviations, lowest),
        "certain_share": certain / len(own.logprobs),
    }


# ── scripting ─────────────────────────────────────────────────────────────────────────────

LEVEL = 20.0
"""Standard deviations below certainty of a text on average, so that no planted one comes above it."""
UNIT = 0.2
"""Nats a token that a standard deviation is."""
PLACE = ((-2.0, 1.0),)
"""Mean and deviation that a scripted model has at every place."""


def likelier(case: Case, deviations: float) -> Reply:
    """Give every word of the text the same likelihood, so many standard deviations above the level; less than 20."""
    value = -UNIT * (LEVEL - deviations)
    scores = []
    for text in score_ask(case).continuations:
        starts = tuple(start for start, _ in pieces(text))
        means, spreads = zip(*PLACE * len(starts), strict=True)
        own = value if text == score_ask(case).continuations[0] else -UNIT * LEVEL
        scores.append(ContinuationScore((own,) * len(starts), starts, False, means, spreads))
    return Reply(Finish.STOP, scores=tuple(scores))
