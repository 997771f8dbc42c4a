"""`dashboard`: the pages about a store, in a browser on this machine."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from harness.cli.options import StoreOption, open_store
from harness.cli.output import talk
from harness.errors import MissingExtraError, UsageError

__all__ = ["register"]


class Reader(StrEnum):
    """Who reads: `harness.query.Role`, said here so that `--help` reads no bundle."""

    policy = "policy"
    auditor = "auditor"
    admin = "admin"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("dashboard")(dashboard)


def dashboard(
    store: StoreOption = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="On 127.0.0.1.")] = 8501,
    role: Annotated[
        Reader, typer.Option("--role", help="Who reads: policy sees findings, auditor cases too, admin all of them.")
    ] = Reader.auditor,
) -> None:
    """Show the runs of a store in a browser. It listens on this machine alone, and computes nothing."""
    place = open_store(store)
    try:
        from dashboards.server import serve
    except ImportError as error:
        raise MissingExtraError("The dashboard", "streamlit and duckdb", "dashboards") from error
    talk(f"http://127.0.0.1:{port} shows the runs of {place.root}. Stop it with Ctrl-C.")
    try:
        serve(place.root, port=port, role=role.value)
    except OSError as error:
        raise UsageError(f"Port {port} cannot be used: {error.strerror}. Name another one with --port.") from error
