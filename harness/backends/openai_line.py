"""The line to an OpenAI-compatible server: the key, the session, and one request at a time over it."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from typing import Any

from harness.backends.openai_wire import NoAnswerError, TryAgainError, refusal, retry_after
from harness.errors import MissingExtraError, ModelError

__all__ = ["Line", "Secret", "open_line"]

MOST_BYTES = 64 * 2**20
"""Largest answer read into memory."""


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

    def withheld(self, text: str, *, at_least: int) -> str:
        """``text`` without the key, where the key has ``at_least`` characters."""
        return text.replace(self._value, "[key withheld]") if len(self._value) >= at_least else text


@dataclass(slots=True, eq=False)
class Line:
    """What belongs to one event loop.

    Attributes:
        session: An ``aiohttp.ClientSession``.
        places: Requests that may still be sent; waiting for a place does not count against the timeout.
        timeout_s: Most seconds for one request.
    """

    session: Any
    places: asyncio.Semaphore
    timeout_s: float

    async def send(self, url: str, body: bytes) -> bytes:
        """Post once and return the body of a 2xx answer.

        Raises:
            TryAgainError: the same request may succeed later.
            NoAnswerError: it will not.
            OfflineError: offline mode forbids the connection.
        """
        import aiohttp

        try:
            async with self.places, self.session.post(url, data=body, allow_redirects=False) as response:
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

    async def close(self) -> None:
        """Close the session's connections."""
        await self.session.close()


def open_line(secret: Secret | None, *, in_flight: int, timeout_s: float) -> Line:
    """Open a line for the running event loop; nothing is connected before the first request.

    Without cookies, without compression (an answer could unpack to gigabytes), without proxies.

    Raises:
        MissingExtraError: aiohttp or stamina is not installed.
    """
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
    session = aiohttp.ClientSession(
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
    return Line(session, asyncio.Semaphore(in_flight), timeout_s)


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
