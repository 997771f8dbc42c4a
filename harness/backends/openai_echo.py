"""Log-probabilities from a completions server that repeats the prompt (``echo`` with ``logprobs``).

The answer lists the tokens of prompt and continuation in one row. Which of them belong to the
continuation is found from the tokens' own texts, and checked: a start-of-text token, a token cut
inside a character, or a prompt that the server shortened would move every score by one place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from harness.backends.openai_wire import NoAnswerError, TryAgainError, first_choice
from harness.backends.reply_checks import token_scores
from harness.records import ContinuationScore

__all__ = ["read_score", "score_request"]


def score_request(text: str, *, model: str) -> bytes:
    """Write the body that asks for the log-probabilities of ``text``.

    One new token is asked for and dropped: some servers refuse none, and some take none to mean no limit.
    """
    body = {"model": model, "prompt": text, "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def read_score(data: Mapping[str, Any], *, context: str, continuation: str) -> ContinuationScore:
    """Pick the continuation's tokens out of the echoed row.

    A token that begins in the context and ends in the continuation counts, with start 0: leaving
    it out would leave the first characters unscored.

    Raises:
        TryAgainError: the answer is not shaped like one.
        NoAnswerError: the server gives no log-probabilities of the prompt, or none that fit the text.
    """
    logprobs = first_choice(data).get("logprobs")
    if not isinstance(logprobs, Mapping):
        raise NoAnswerError("the server sent no log-probabilities; if it cannot, set echo_logprobs = false")
    tokens, values, offsets = (logprobs.get(key) for key in ("tokens", "token_logprobs", "text_offset"))
    if not isinstance(tokens, list) or not isinstance(values, list) or len(tokens) != len(values):
        raise TryAgainError("the server sent log-probabilities without their tokens")
    places = _places([str(token) for token in tokens], offsets, context + continuation)
    first = _first(places, values, len(context))
    chosen = values[first : len(places)]
    if chosen[0] is None:
        raise NoAnswerError(
            "the server gives the first token no log-probability: it adds no start-of-text token;"
            " set start_text to that token's text"
        )
    try:
        score = token_scores(
            chosen, [max(0, place - len(context)) for place in places[first:]], length=len(continuation), greedy=False
        )
    except (ValueError, TypeError) as error:
        raise NoAnswerError(f"the server's log-probabilities are unusable: {error}") from None
    return replace(score, greedy=_greedy(score.logprobs, logprobs.get("top_logprobs"), first))


def _places(tokens: Sequence[str], offsets: object, text: str) -> list[int]:
    """Where each token of ``text`` begins; negative for a start-of-text token that is not part of it.

    The generated token at the end, if there is one, is left out.
    """
    for end in (len(tokens) - 1, len(tokens)):
        for head in (0, 1):
            if "".join(tokens[head:end]) == text:
                return [-1] * head + [0, *accumulate(map(len, tokens[head : end - 1]))]
    # Tokens cut inside a character have no text of their own: trust the server's offsets, if the
    # generated token begins exactly where the text ends.
    if isinstance(offsets, list) and len(offsets) == len(tokens) and all(isinstance(o, int) for o in offsets):
        for shift in (0, len(tokens[0]) if tokens else 0):
            if offsets and offsets[-1] - shift == len(text):
                return [offset - shift for offset in offsets[:-1]]
    raise NoAnswerError("the tokens the server scored do not spell what was sent; it may have shortened the prompt")


def _first(places: Sequence[int], values: Sequence[Any], boundary: int) -> int:
    """Index of the token that holds the character at ``boundary``."""
    after = next((i for i, place in enumerate(places) if place >= boundary), len(places))
    if after == len(places) or places[after] != boundary:
        return max(0, after - 1)
    # A start-of-text token whose text is hidden begins where the first real token begins.
    hidden = values[after] is None and places[after + 1 : after + 2] == [boundary]
    return after + 1 if hidden else after


def _greedy(logprobs: Sequence[float], top: object, first: int) -> bool:
    """Whether each token was the most likely one; False where the server does not say."""
    rows = top[first : first + len(logprobs)] if isinstance(top, list) else []
    if len(rows) < len(logprobs):
        return False
    return all(
        isinstance(row, Mapping) and all(isinstance(other, int | float) and other <= value for other in row.values())
        for value, row in zip(logprobs, rows, strict=True)
    )
