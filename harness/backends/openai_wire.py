"""The OpenAI wire format: requests as bytes, answers as replies. Pure; nothing here opens a connection."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from harness.canonical import loads
from harness.records import Finish, GenerateAsk, Reply, Usage

__all__ = [
    "Api",
    "NoAnswerError",
    "TryAgainError",
    "generation_request",
    "parsed",
    "read_generation",
    "read_usage",
    "refusal",
    "retry_after",
]

Api = Literal["chat", "completions"]

RETRY_AFTER_CAP_S = 60.0
"""Longest wait that a server may ask for: beyond it, a run would seem to hang."""

SEED_MASK = 0x7FFF_FFFF
"""Seeds are 63 bits wide here; some servers keep 32 and some refuse more."""

TOO_LONG_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"})
TOO_LONG_WORDS = re.compile(
    r"context (?:length|size|window)|prompt is too long|`inputs` tokens \+ `max_new_tokens`", re.IGNORECASE
)

NEXT_STEP = {
    401: "check the key",
    403: "check what the key may do",
    404: "check base_url and model",
    405: "check base_url",
}


class TryAgainError(Exception):
    """The same request may well succeed a moment later.

    Attributes:
        wait_s: Seconds to wait first, as the server asked; None where it did not.
    """

    def __init__(self, reason: str, *, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s

    def __repr__(self) -> str:
        # What is retried is logged by its repr, and a server may quote the key in its error message.
        return f"TryAgainError(wait_s={self.wait_s})"


class NoAnswerError(Exception):
    """The request was answered for good, but not with a reply of the model.

    Attributes:
        finish: FAILED, TOO_LONG, or REFUSED where a content filter answered.
    """

    def __init__(self, reason: str, *, finish: Finish = Finish.FAILED) -> None:
        super().__init__(reason)
        self.finish = finish


@dataclass(frozen=True, slots=True)
class Answered:
    """Where a choice ended and what it said."""

    text: str
    finish: str | None


def generation_request(ask: GenerateAsk, *, api: Api, model: str, max_tokens_field: str) -> bytes:
    """Write the body that asks for ``ask``.

    The completions API applies no chat template: a system message goes before the prompt, with a blank line between.
    """
    body: dict[str, Any] = {"model": model}
    if api == "chat":
        system = [{"role": "system", "content": ask.system}] if ask.system is not None else []
        body["messages"] = [*system, {"role": "user", "content": ask.prompt}]
    else:
        body["prompt"] = f"{ask.system}\n\n{ask.prompt}" if ask.chat and ask.system is not None else ask.prompt
    body |= {
        max_tokens_field: ask.max_tokens,
        "temperature": ask.temperature,
        "top_p": ask.top_p,
        "seed": ask.seed & SEED_MASK,
    }
    if ask.stop:
        body["stop"] = list(ask.stop)
    # ASCII escapes keep what UTF-8 cannot hold (lone surrogates of broken text) on the wire.
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def parsed(body: bytes) -> Mapping[str, Any]:
    """Read a body as a JSON object.

    Raises:
        TryAgainError: it is not one (truncated, not JSON, nested beyond reason, NaN).
    """
    try:
        data = loads(body)
    except (ValueError, RecursionError):
        raise TryAgainError("the server sent malformed JSON") from None
    if not isinstance(data, Mapping):
        raise TryAgainError(f"the server sent a JSON {type(data).__name__} where an object belongs")
    return data


def first_choice(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first of ``choices``; raises `TryAgainError` where there is none, quoting the server's own error."""
    choices = data.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        return choices[0]
    raise TryAgainError(f"the server sent no choices{_said(data)}")


def read_generation(data: Mapping[str, Any], ask: GenerateAsk) -> Reply:
    """Turn an answer of either API into a reply; the text is data and stays as it came.

    Raises:
        TryAgainError: it is not shaped like an answer, or says that the server failed.
    """
    choice = first_choice(data)
    said = _answered(choice)
    usage = read_usage(data)
    if said.finish == "content_filter":
        return Reply(Finish.REFUSED, text=said.text or None, usage=usage)
    if said.finish == "error":
        raise TryAgainError(f"the server failed while answering{_said(choice) or _said(data)}")
    # Some servers leave the stop text in place; the ask says that it is no part of the reply.
    ends = [place for stop in ask.stop if stop and (place := said.text.find(stop)) >= 0]
    if ends:
        return Reply(Finish.STOP, text=said.text[: min(ends)], usage=usage)
    return Reply(Finish.LENGTH if said.finish == "length" else Finish.STOP, text=said.text, usage=usage)


def _answered(choice: Mapping[str, Any]) -> Answered:
    message = choice.get("message")
    text = choice.get("text")
    if isinstance(message, Mapping):
        # A model that declines may do so in a field of its own: those are its words all the same.
        text = message.get("content") or message.get("refusal") or ""
        if isinstance(text, list):
            text = "".join(str(part.get("text", "")) for part in text if isinstance(part, Mapping))
    finish = choice.get("finish_reason")
    if text is None and finish is not None:
        text = ""
    if not isinstance(text, str):
        raise TryAgainError("the server sent a choice without text")
    return Answered(text, finish if isinstance(finish, str) else None)


def read_usage(data: Mapping[str, Any]) -> Usage:
    """Tokens as the server counted them; 0 where it did not say."""
    usage = data.get("usage")
    counts = usage if isinstance(usage, Mapping) else {}
    return Usage(_count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def refusal(status: int, body: bytes, *, wait_s: float | None) -> TryAgainError | NoAnswerError:
    """What a status other than 2xx means; the server's own words are quoted, so clean them before showing."""
    try:
        data: Mapping[str, Any] = parsed(body)
    except TryAgainError:
        data = {}
    reason = f"HTTP {status}{_said(data)}"
    if status == 429 or status >= 500:
        return TryAgainError(reason, wait_s=wait_s)
    error = data.get("error")
    code = str(error.get("code") or error.get("type")) if isinstance(error, Mapping) else ""
    if code == "content_filter":
        return NoAnswerError(reason, finish=Finish.REFUSED)
    if code in TOO_LONG_CODES or (status in (400, 413, 422) and TOO_LONG_WORDS.search(reason)):
        return NoAnswerError(reason, finish=Finish.TOO_LONG)
    if 300 <= status < 400:
        return NoAnswerError(f"{reason}; the server redirects, so put the address it means into base_url")
    return NoAnswerError(f"{reason}; {NEXT_STEP[status]}" if status in NEXT_STEP else reason)


def _said(data: Mapping[str, Any]) -> str:
    """The server's error message as ``: message``, in any of the shapes in use, or nothing."""
    error = data.get("error", data.get("message", data.get("detail")))
    message = error.get("message") if isinstance(error, Mapping) else error
    return f": {message}" if isinstance(message, str) and message else ""


def retry_after(header: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait by a ``Retry-After`` header (seconds, or an HTTP date), in [0, 60]; None where it says nothing.

    Source: RFC 9110, section 10.2.3.
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            when = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (when - (now or datetime.now(UTC))).total_seconds() if when.tzinfo else 0.0
    # A NaN compares false with everything, so it falls to 0.
    return min(seconds, RETRY_AFTER_CAP_S) if seconds > 0 else 0.0
