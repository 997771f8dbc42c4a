"""Any OpenAI-compatible server: vLLM, llama.cpp, Ollama, TGI, or a provider's own.

One connection per ask, many at a time. What may pass is tried again (no connection, timeout, 429,
5xx, malformed JSON); what is final is recorded. The key is read from the environment by name and
appears in nothing that is written.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from harness.backends.openai_echo import read_score, score_request
from harness.backends.openai_wire import (
    Api,
    NoAnswerError,
    TryAgainError,
    generation_request,
    parsed,
    read_generation,
    read_usage,
    refusal,
    retry_after,
)
from harness.backends.reply_checks import one_line
from harness.canonical import digest
from harness.contracts import Identity
from harness.errors import MissingExtraError, ModelError
from harness.records import Ask, Capability, Finish, GenerateAsk, Reply, ScoreAsk, Usage

__all__ = ["OpenAIApi"]

MOST_BYTES = 64 * 2**20
"""Largest answer read into memory."""

LONGEST_WAIT_S = 30.0
"""Longest pause between two tries, unless the server asks for more."""

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")

KEY_IN_TEXT = 16
"""Shortest key that is looked for in a model's text: shorter ones, such as ``EMPTY``, are ordinary words."""


class Secret:
    """A key in memory. Not a record, so nothing can write it; what it is shows in no ``repr``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(***)"

    @classmethod
    def from_environment(cls, name: str) -> Secret:
        """Read the variable ``name``; raises `ModelError` where it is unset or no key."""
        value = os.environ.get(name, "").strip()
        if not value:
            raise ModelError(
                f"The environment variable {name}, named by api_key_env, is not set."
                f" Set it (`export {name}=…`) or remove api_key_env if the server needs no key."
            )
        if not (value.isascii() and value.isprintable()):
            raise ModelError(
                f"The environment variable {name} holds characters that no key has. Set it to the key alone."
            )
        return cls(value)

    def header(self) -> dict[str, str]:
        """The header that carries it."""
        return {"Authorization": f"Bearer {self._value}"}

    def withheld(self, text: str, *, at_least: int = 1) -> str:
        """``text`` without the key, where the key has ``at_least`` characters."""
        return text.replace(self._value, "[key withheld]") if len(self._value) >= at_least else text


@dataclass(slots=True, eq=False)
class Line:
    """What belongs to one event loop: the session, and the places for requests under way."""

    session: Any
    places: asyncio.Semaphore


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
    _lines: MutableMapping[asyncio.AbstractEventLoop, Line] = field(
        default_factory=WeakKeyDictionary, init=False, repr=False
    )

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
            reply = Reply(error.finish, error=str(error) if error.finish is not Finish.REFUSED else None)
        except TryAgainError as error:
            reply = Reply(Finish.FAILED, error=f"no answer after {tries.retries + 1} tries; the last: {error}")
        return replace(
            reply,
            text=self._without_key(reply.text, at_least=KEY_IN_TEXT),
            # The key goes before the line is cut, or half of it could stay.
            error=None if reply.error is None else one_line(self._without_key(reply.error) or ""),
            seconds=perf_counter() - started,
            retries=tries.retries,
        )

    def _without_key(self, text: str | None, *, at_least: int = 1) -> str | None:
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

            def understood(data: Mapping[str, Any], continuation: str = continuation) -> Any:
                return read_score(data, context=context, continuation=continuation), read_usage(data)

            score, usage = await self._asked(line, tries, body, understood)
            scores.append(score)
            read, written = read + usage.prompt_tokens, written + usage.output_tokens
        return Reply(Finish.STOP, scores=tuple(scores), usage=Usage(read, written))

    async def _asked(self, line: Line, tries: Tries, body: bytes, understood: Any) -> Any:
        """Send ``body`` until it is answered and ``understood``."""
        import stamina

        try:
            return understood(parsed(await self._sent(line, body)))
        except TryAgainError as error:
            # stamina's machinery costs as much CPU as the request itself: only what fails pays for it.
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
                return understood(parsed(await self._sent(line, body)))
        raise failed

    async def _sent(self, line: Line, body: bytes) -> bytes:
        """Post once and return the body of a 2xx answer."""
        import aiohttp

        try:
            async with line.places, line.session.post(self._url, data=body, allow_redirects=False) as response:
                content = await _content(response)
                if 200 <= response.status < 300:
                    return content
                wait_s = retry_after(response.headers.get("Retry-After"))
                raise refusal(response.status, content, wait_s=wait_s)
        except aiohttp.ClientConnectorCertificateError as error:
            raise NoAnswerError(f"the server's certificate is refused: {error}") from None
        except TimeoutError:
            raise TryAgainError(f"no answer within {self.timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise TryAgainError(f"{type(error).__name__}: {error}") from None

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
            line = self._lines[loop] = Line(
                _session(self._secret, timeout_s=self.timeout_s), asyncio.Semaphore(self.in_flight)
            )
        return line

    async def aclose(self) -> None:
        """Close this event loop's connections; a later ask opens new ones."""
        line = self._lines.pop(asyncio.get_running_loop(), None)
        if line is not None:
            await line.session.close()

    def close(self) -> None:
        """Close the connections of every event loop that can still do it, and forget the key."""
        for loop, line in list(self._lines.items()):
            if loop.is_running():
                loop.call_soon_threadsafe(loop.create_task, line.session.close())
            elif not loop.is_closed():
                loop.run_until_complete(line.session.close())
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
    return True if error.wait_s is None else error.wait_s


def _session(secret: Secret | None, *, timeout_s: float) -> Any:
    """A session without cookies, compression (an answer could unpack to gigabytes) or a limit of its own."""
    try:
        import aiohttp
        import stamina
    except ImportError as error:
        raise MissingExtraError(
            "The backend 'openai_api'",
            "aiohttp and stamina",
            "api",
            "record the model's outputs elsewhere and judge them with the backend 'replay'",
        ) from error
    del stamina
    # Retries are counted in replies; without a handler Python would print each of them over the progress bar.
    logger = logging.getLogger("stamina")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "rai-harness",
            **(secret.header() if secret else {}),
        },
    )


async def _content(response: Any) -> bytes:
    """The whole body, or `NoAnswerError` where it is larger than any honest answer."""
    if response.content_length is not None and response.content_length <= MOST_BYTES:
        return bytes(await response.read())
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MOST_BYTES:
            raise NoAnswerError(f"the server's answer is larger than {MOST_BYTES // 2**20} MiB")
        chunks.append(chunk)
    return b"".join(chunks)
