"""The app behind security headers, served on this machine alone."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.middleware import Middleware
from streamlit import App

from dashboards.started import ROLE, STORE

__all__ = ["HEADERS", "Headers", "serve"]

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


def serve(store: Path, *, port: int, role: str) -> None:
    """Serve the app until it is interrupted.

    Args:
        store: Folder of runs; need not be there yet.
        port: On 127.0.0.1.
        role: Of everybody who opens it.

    Raises:
        OSError: the port is taken, or may not be used.
    """
    os.environ[STORE], os.environ[ROLE] = str(store.resolve()), role
    app = App(APP, middleware=[Middleware(Headers)])
    with socket.create_server(("127.0.0.1", port)) as listening:
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])
