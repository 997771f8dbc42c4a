"""The app behind security headers, served on this machine alone."""

from __future__ import annotations

import json
import os
import socket
from asyncio import to_thread
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from starlette.middleware import Middleware
from streamlit import App
from streamlit.config import get_option, set_option

from dashboards.login import read_login, secrets
from dashboards.started import LOGIN, POLICIES, ROLE, STORE, URL
from harness.query import Role, open_library

__all__ = ["HEADERS", "Headers", "Served", "serve"]

APP = Path(__file__).parent / "app.py"
POLICY = (
    ("default-src", "'none'"),
    # Streamlit's page has one script in it, a flag for search engines: refusing it costs nothing.
    # Vega compiles the expressions of charts, which are ours: no text of a run becomes one.
    ("script-src", "'self' 'unsafe-eval'"),
    ("style-src", "'self' 'unsafe-inline'"),
    ("img-src", "'self' data: blob:"),
    ("font-src", "'self' data:"),
    ("connect-src", "'self'"),
    ("worker-src", "'self' blob:"),
    ("manifest-src", "'self'"),
    ("base-uri", "'self'"),
    ("form-action", "'none'"),
    ("frame-ancestors", "'none'"),
)
HEADERS = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in POLICY),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


class Headers:
    """Puts `HEADERS` on every answer, over whatever stood there by the same name."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                kept = [pair for pair in message.get("headers", []) if pair[0].decode().lower() not in HEADERS]
                message = {**message, "headers": [*kept, *ours]}
            await send(message)

        await self.app(scope, receive, sealed)


@dataclass(frozen=True, slots=True)
class Served:
    """What the pages are started with.

    Attributes:
        store: Folder of runs; need not be there yet.
        role: Of everybody who opens them, where nobody logs in.
        policies: Files of further policies, by name.
        login: The file that says who may log in; None where nobody has to.
        url: Where the store really is, of which ``store`` is a copy; empty where it is no copy.
    """

    store: Path
    role: str
    policies: Mapping[str, Path] = field(default_factory=dict)
    login: Path | None = None
    url: str = ""


@asynccontextmanager
async def _ready(_: App) -> AsyncIterator[None]:
    """What is done between start and the first reader: imports and a first look take seconds that nobody waits for."""
    await to_thread(_look)
    yield


def _look() -> None:
    # Not before the server runs: Streamlit takes whatever is kept before that for a script's without a server.
    import_module("dashboards.ahead").look_ahead(Role(os.environ[ROLE]))


def serve(its: Served, *, port: int) -> None:
    """Serve the app until it is interrupted.

    Args:
        its: What is shown, and to whom.
        port: On 127.0.0.1.

    Raises:
        OSError: the port is taken, or may not be used.
        ConfigError: a policy cannot be read.
        UsageError: a policy has no gate, or the login is not complete.
    """
    # Whatever cannot be read is refused here, where somebody can still repair it, and not on the first page.
    open_library(its.store, Role(its.role), its.policies)
    login = None if its.login is None else read_login(its.login)
    with socket.create_server(("127.0.0.1", port)) as listening:
        # Connections inherit it. The event loop would set it on sockets of its own making only, and without it each of
        # the hundred files of a first page waits 40 ms for an acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        os.environ[STORE], os.environ[ROLE] = str(its.store.resolve()), its.role
        os.environ[POLICIES] = json.dumps({name: str(path.resolve()) for name, path in its.policies.items()})
        os.environ[LOGIN] = "" if its.login is None else str(its.login.resolve())
        os.environ[URL] = its.url
        app = App(
            APP,
            middleware=[Middleware(Headers)],
            lifespan=_ready,
            secrets=None if login is None else secrets(login),
        )
        if login is not None:
            # Behind a proxy, browsers know the dashboard by another name than this machine's.
            set_option("server.allowedHosts", [*get_option("server.allowedHosts"), login.host])
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])
