"""The server's own socket; what it answers is tested in a browser."""

from __future__ import annotations

import socket

import uvicorn

from dashboards.server import Served, serve
from dashboards.started import LOGIN, POLICIES, ROLE, STORE, URL


def test_connections_do_not_wait_for_acknowledgements(tmp_path, monkeypatch):
    for name in (STORE, ROLE, POLICIES, LOGIN, URL):
        monkeypatch.setenv(name, "")
    found = []

    def run(_, sockets):
        (listening,) = sockets
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            found.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(uvicorn.Server, "run", run)
    serve(Served(tmp_path, "auditor"), port=0)
    assert found[0]
