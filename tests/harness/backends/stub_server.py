"""A rude OpenAI-compatible server on the loopback interface.

In a test: ``with StubServer(too_many=0.1, dropped=0.02) as server: OpenAIApi(base_url=server.url, …)``.
From a shell: ``python stub_server.py --latency 0.05`` prints its address and serves until it is stopped.

Rudeness is drawn from the prompt and the number of times it was asked, so a run can be repeated.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Self
from zlib import crc32

from aiohttp import web

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x1b[31mred\u202e\u200b<script>alert(1)</script> =cmd|' /C calc'!A0 **bold** ]]>\x00é"
"""Terminal escapes, direction overrides, HTML, a spreadsheet formula, Markdown, a NUL."""

TOKEN = re.compile(r"\s*[^\s]+|\s+")


def reply_to(prompt: str) -> str:
    """What a polite server answers to ``prompt``."""
    return f"reply to {prompt}"


def logprob(token: str, position: int) -> float:
    """The stub's log-probability of ``token`` at ``position`` in its text: made up, but always the same."""
    return -0.25 - (crc32(f"{position}/{token}".encode()) % 1000) / 250


@dataclass
class StubServer:
    """Serves ``/v1/chat/completions`` and ``/v1/completions`` from a thread of its own.

    Attributes:
        too_many: Fraction of requests answered with 429.
        retry_after: The header sent with them; None for none.
        server_error: Fraction answered with 500.
        malformed: Fraction answered with JSON that is cut short.
        dropped: Fraction whose connection is cut without an answer.
        slow: Fraction that waits ``slow_s`` seconds first.
        empty: Whether the model says nothing.
        content_filter: Whether a content filter answers.
        hostile: Whether the model's text is `HOSTILE`.
        usage: Whether tokens are counted.
        finish: ``finish_reason`` of polite answers.
        status: Status of every answer, with ``body`` as its body; None for the ordinary way.
        body: See ``status``; also sent with 200.
        echo: Whether completions can echo the prompt with log-probabilities.
        start_token: Text of the start-of-text token it adds, None for none.
        latency_s: Seconds before every answer.
        seed: Another seed, other victims.
        requests: How often each prompt was asked.
        bodies: Every request body, in order.
        authorizations: Every ``Authorization`` header seen.
        most_in_flight: Most requests that were under way at once.
    """

    too_many: float = 0.0
    retry_after: str | None = "0"
    server_error: float = 0.0
    malformed: float = 0.0
    dropped: float = 0.0
    slow: float = 0.0
    slow_s: float = 1.0
    empty: bool = False
    content_filter: bool = False
    hostile: bool = False
    usage: bool = True
    finish: str | None = "stop"
    status: int | None = None
    body: bytes = b""
    echo: bool = True
    start_token: str | None = None
    latency_s: float = 0.0
    seed: int = 0
    port: int = 0
    requests: Counter[str] = field(default_factory=Counter, init=False)
    bodies: list[dict[str, object]] = field(default_factory=list, init=False)
    authorizations: set[str | None] = field(default_factory=set, init=False)
    most_in_flight: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._in_flight = 0
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="stub server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(timeout=30):
            raise RuntimeError("the stub server did not start")
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Base URL, ending in ``/v1``."""
        return f"http://127.0.0.1:{self.port}/v1"

    def kill(self) -> None:
        """Stop at once, cutting every connection; may be called twice."""
        if self._thread.is_alive() and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout=30)

    async def _serve(self) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/chat/completions", self._handle)
        app.router.add_post("/v1/completions", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01, handle_signals=False)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = runner.addresses[0][1]
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            return await self._answer(request)
        finally:
            self._in_flight -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        prompt = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        self.requests[prompt] += 1
        self.bodies.append(body)
        self.authorizations.add(request.headers.get("Authorization"))
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        if self.status is not None:
            return web.Response(status=self.status, body=self.body, headers=self._retry_header())
        return await self._mood(request, body, prompt)

    async def _mood(self, request: web.Request, body: dict[str, object], prompt: str) -> web.Response:
        """Be rude, each way with its own probability; else answer."""
        # Hashed by zlib, since Python's own hash differs between processes.
        key = f"{self.seed}/{self.requests[prompt]}/{prompt}".encode(errors="replace")
        draw = Random(crc32(key)).random()
        for share, act in (
            (self.too_many, lambda: web.Response(status=429, text="slow down", headers=self._retry_header())),
            (self.server_error, lambda: web.json_response({"error": {"message": "overloaded"}}, status=500)),
            (self.malformed, lambda: web.Response(body=self._polite(body, prompt)[:-9])),
        ):
            if draw < share:
                return act()
            draw -= share
        if draw < self.dropped:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if draw - self.dropped < self.slow:
            await asyncio.sleep(self.slow_s)
        return web.Response(body=self._polite(body, prompt), content_type="application/json")

    def _retry_header(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": self.retry_after}

    def _polite(self, body: dict[str, object], prompt: str) -> bytes:
        text = HOSTILE if self.hostile else "" if self.empty else reply_to(prompt)
        choice: dict[str, object] = {"index": 0, "finish_reason": self.finish}
        if self.content_filter:
            text, choice["finish_reason"] = "", "content_filter"
        if "messages" in body:
            choice["message"] = {"role": "assistant", "content": text}
        elif body.get("echo"):
            choice |= {"text": prompt + " end"} | ({"logprobs": self._echoed(prompt)} if self.echo else {})
        else:
            choice["text"] = text
        answer: dict[str, object] = {"object": "completion", "model": body["model"], "choices": [choice]}
        if self.usage:
            answer["usage"] = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
        return json.dumps(answer).encode()

    def _echoed(self, prompt: str) -> dict[str, object]:
        tokens = [*TOKEN.findall(prompt), " end"]
        values: list[float | None] = []
        offsets, place = [], 0
        for token in tokens:
            offsets.append(place)
            values.append(logprob(token, place))
            place += len(token)
        if self.start_token is not None:
            # As vLLM has it: the token's text moves every offset, but is not in the echoed text.
            tokens, values = [self.start_token, *tokens], [None, *values]
            offsets = [0, *(offset + len(self.start_token) for offset in offsets)]
        else:
            values[0] = None
        top = [None if value is None else {token: value} for token, value in zip(tokens, values, strict=True)]
        return {"tokens": tokens, "token_logprobs": values, "text_offset": offsets, "top_logprobs": top}


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--too-many", type=float, default=0.0, help="fraction of 429")
    parser.add_argument("--server-error", type=float, default=0.0, help="fraction of 500")
    parser.add_argument("--malformed", type=float, default=0.0, help="fraction of malformed JSON")
    parser.add_argument("--dropped", type=float, default=0.0, help="fraction of cut connections")
    given = parser.parse_args()
    with StubServer(
        port=given.port,
        latency_s=given.latency,
        too_many=given.too_many,
        server_error=given.server_error,
        malformed=given.malformed,
        dropped=given.dropped,
    ) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
