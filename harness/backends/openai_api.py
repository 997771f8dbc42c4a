"""Any OpenAI-compatible server: vLLM, llama.cpp, Ollama, TGI, or a provider's own.

One connection per ask, many at a time. What may pass is tried again (no connection, timeout, 429,
5xx, malformed JSON); what is final is recorded. The key is read from the environment by name and
appears in nothing that is written.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, TypeVar
from urllib.parse import urlsplit

from harness.backends.openai_echo import read_score, score_request
from harness.backends.openai_line import Line, Secret, open_line
from harness.backends.openai_wire import (
    Api,
    NoAnswerError,
    TryAgainError,
    generation_request,
    parsed,
    read_generation,
    read_usage,
)
from harness.backends.reply_checks import one_line
from harness.canonical import digest
from harness.contracts import Identity
from harness.records import Ask, Capability, ContinuationScore, Finish, GenerateAsk, Reply, ScoreAsk, Usage

__all__ = ["OpenAIApi"]

T = TypeVar("T")

LONGEST_WAIT_S = 30.0
"""Longest pause between two tries, unless the server asks for more."""

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")

KEY_IN_TEXT, KEY_IN_ERROR = 16, 4
"""Shortest key that is looked for in a model's text (shorter ones, such as ``EMPTY``, are ordinary words) and in
a server's error message."""


@dataclass(slots=True)
class Tries:
    """How often the requests of one ask were repeated."""

    retries: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class OpenAIApi:
    """A model behind an OpenAI-compatible server.

    With ``api = "completions"`` no chat template is applied: prompts go as they are, a system message before them.
    With ``api = "chat"`` the template always is: an ask for bare text FAILS.

    Attributes:
        base_url: Address up to the version, such as ``http://127.0.0.1:8000/v1``; no user name, password or query.
        model: Name of the model, as the server knows it.
        api_key_env: NAME of the environment variable that holds the key; None for servers without one.
        api: ``chat`` or ``completions``.
        in_flight: Most requests under way at once, at least 1.
        timeout_s: Most seconds for one request, from connecting to the last byte.
        retries: How often a request is repeated, 0 for never.
        backoff_s: Pause before the first repetition, in seconds; it doubles, up to 30 s, with jitter of as much again.
            A server's ``Retry-After`` goes first, up to 60 s.
        echo_logprobs: Whether the completions server can ``echo`` the prompt with log-probabilities (vLLM can):
            it then scores as well as generates.
        start_text: Put before an empty context when scoring; needed where the server adds no start-of-text token.
        max_tokens_field: Name of the limit of new tokens on the wire; some servers want ``max_completion_tokens``.
    """

    base_url: str
    model: str
    api_key_env: str | None = None
    api: Api = "chat"
    in_flight: int = 32
    timeout_s: float = 60.0
    retries: int = 5
    backoff_s: float = 0.5
    echo_logprobs: bool = True
    start_text: str = ""
    max_tokens_field: str = "max_tokens"
    _secret: Secret | None = field(default=None, init=False, repr=False)
    _lines: dict[asyncio.AbstractEventLoop, Line] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.base_url = _checked_url(self.base_url)
        if self.api_key_env is not None and not VARIABLE.fullmatch(self.api_key_env):
            raise ValueError(
                "api_key_env is the NAME of an environment variable in capitals, such as OPENAI_API_KEY;"
                " what was given is not shown, in case it is the key itself"
            )
        if self.api not in ("chat", "completions"):
            raise ValueError(f"api is 'chat' or 'completions', not {self.api!r}")
        if not self.model or not self.max_tokens_field:
            raise ValueError("model and max_tokens_field may not be empty")
        if self.in_flight < 1 or self.timeout_s <= 0 or self.retries < 0 or self.backoff_s < 0:
            raise ValueError(
                "in_flight is at least 1, timeout_s above 0, retries and backoff_s at least 0;"
                f" not {self.in_flight}, {self.timeout_s}, {self.retries}, {self.backoff_s}"
            )

    @property
    def capabilities(self) -> frozenset[Capability]:
        """GENERATE; SCORE too where a completions server echoes log-probabilities."""
        scores = self.api == "completions" and self.echo_logprobs
        return frozenset({Capability.GENERATE, Capability.SCORE} if scores else {Capability.GENERATE})

    def identity(self) -> Identity:
        """Which model answers, by its name and address: a server does not prove which weights it holds."""
        settings = {
            "model": self.model,
            "server": self.base_url,
            "api": self.api,
            "template": "the server's" if self.api == "chat" else "none: system message, blank line, prompt",
            "max_tokens_field": self.max_tokens_field,
            "start_text": self.start_text,
        }
        return Identity(backend="openai_api", name=self.model, digest=digest(settings), details={**settings})

    async def answer_one(self, ask: Ask) -> Reply:
        """Answer one ask; ``seconds`` counts its waits too.

        Raises:
            ModelError: the variable that should hold the key is not set.
            MissingExtraError: aiohttp or stamina is not installed.
            OfflineError: the server is elsewhere and ``--offline`` forbids it.
        """
        started, tries = perf_counter(), Tries()
        line = self._line()
        try:
            reply = await self._answer(ask, line, tries)
        except NoAnswerError as error:
            reply = Reply(error.finish, error=None if error.finish is Finish.REFUSED else str(error))
        except TryAgainError as error:
            often = f"{tries.retries + 1} tries; the last" if tries.retries else "one try"
            reply = Reply(Finish.FAILED, error=f"no answer after {often}: {error}")
        return replace(
            reply,
            text=self._without_key(reply.text, KEY_IN_TEXT),
            # The key goes before the line is cut, or half of it could stay.
            error=None if reply.error is None else one_line(self._without_key(reply.error, KEY_IN_ERROR) or ""),
            seconds=perf_counter() - started,
            retries=tries.retries,
        )

    def _without_key(self, text: str | None, at_least: int) -> str | None:
        return text if text is None or self._secret is None else self._secret.withheld(text, at_least=at_least)

    async def _answer(self, ask: Ask, line: Line, tries: Tries) -> Reply:
        if isinstance(ask, GenerateAsk):
            if self.api == "chat" and not ask.chat:
                raise NoAnswerError("the chat API cannot continue bare text; set api = 'completions'")
            body = generation_request(ask, api=self.api, model=self.model, max_tokens_field=self.max_tokens_field)
            return await self._asked(line, tries, body, lambda data: read_generation(data, ask))
        if isinstance(ask, ScoreAsk) and Capability.SCORE in self.capabilities:
            return await self._scored(ask, line, tries)
        raise NoAnswerError(f"this backend cannot answer a {type(ask).__name__} (api = {self.api!r})")

    async def _scored(self, ask: ScoreAsk, line: Line, tries: Tries) -> Reply:
        """One request per continuation, in turn: other asks keep the line busy meanwhile."""
        context = ask.context or self.start_text
        scores, read, written = [], 0, 0
        for continuation in ask.continuations:
            body = score_request(context + continuation, model=self.model)

            def understood(
                data: Mapping[str, Any], continuation: str = continuation
            ) -> tuple[ContinuationScore, Usage]:
                return read_score(data, context=context, continuation=continuation), read_usage(data)

            score, usage = await self._asked(line, tries, body, understood)
            scores.append(score)
            read, written = read + usage.prompt_tokens, written + usage.output_tokens
        return Reply(Finish.STOP, scores=tuple(scores), usage=Usage(read, written))

    async def _asked(self, line: Line, tries: Tries, body: bytes, understood: Callable[[Mapping[str, Any]], T]) -> T:
        """Send ``body`` until it is answered and ``understood``."""
        import stamina

        try:
            return understood(parsed(await line.send(self._url, body)))
        except TryAgainError as error:
            # Measured: stamina's machinery more than doubles the CPU of a request, so only what fails pays for it.
            # The failed try is handed to it as its first attempt, which it then waits and counts from.
            failed = error
        async for attempt in stamina.retry_context(
            on=_pause,
            attempts=self.retries + 1,
            timeout=None,
            wait_initial=self.backoff_s,
            wait_max=LONGEST_WAIT_S,
            wait_jitter=self.backoff_s,
        ):
            with attempt:
                if attempt.num == 1:
                    raise failed
                tries.retries += 1
                return understood(parsed(await line.send(self._url, body)))
        raise failed

    @property
    def _url(self) -> str:
        return f"{self.base_url}/{'chat/completions' if self.api == 'chat' else 'completions'}"

    def _line(self) -> Line:
        """The running event loop's line, opened on first use."""
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            if self.api_key_env is not None and self._secret is None:
                self._secret = Secret.from_environment(self.api_key_env)
            line = open_line(self._secret, in_flight=self.in_flight, timeout_s=self.timeout_s)
            self._lines[loop] = line
        return line

    async def aclose(self) -> None:
        """Close this event loop's connections; a later ask opens new ones."""
        line = self._lines.pop(asyncio.get_running_loop(), None)
        if line is not None:
            await line.close()

    def close(self) -> None:
        """Close the connections of every event loop that can still do it, and forget the key."""
        for loop, line in list(self._lines.items()):
            if loop.is_running():
                loop.call_soon_threadsafe(loop.create_task, line.close())
            elif not loop.is_closed():
                loop.run_until_complete(line.close())
        self._lines.clear()
        self._secret = None


def _checked_url(url: str) -> str:
    """``url`` without a final slash; refuses what could carry a secret, without showing it."""
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "base_url may carry no user name, password or query, since it is written into evidence;"
            " put the key into an environment variable and its name into api_key_env"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"base_url starts with http:// or https:// and a host, unlike {url!r}")
    if parts.port == 0:
        raise ValueError("base_url has port 0")
    return url.rstrip("/")


def _pause(error: Exception) -> bool | float:
    """What stamina is to do about ``error``: wait as long as the server asked, wait by its own rule, or give up."""
    if not isinstance(error, TryAgainError):
        return False
    # A server that says "0" gets our own pause: without one, every try would be spent within milliseconds.
    return error.wait_s or True
