"""`dashboard`: the pages about a store, in a browser on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from harness.catalogue.cache import root
from harness.cli.options import open_store
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
    store: Annotated[
        str | None,
        typer.Option("--store", help="Folder of runs, or a URL of fsspec such as s3://bucket/runs. Default: of [run]."),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="On 127.0.0.1.")] = 8501,
    role: Annotated[
        Reader, typer.Option("--role", help="Who reads: policy sees findings, auditor cases too, admin all of them.")
    ] = Reader.auditor,
    policy: Annotated[
        list[Path] | None,
        typer.Option("--policy", help="A file with [[gate]] to judge runs by besides their own; may be repeated."),
    ] = None,
    login: Annotated[
        Path | None, typer.Option("--login", help="A file that says who may log in as what: docs/login.md.")
    ] = None,
) -> None:
    """Show the runs of a store in a browser. It listens on this machine alone, and computes nothing."""
    try:
        from dashboards.server import Served, serve
        from harness.query.remote import is_url, open_mirror
    except ImportError as error:
        raise MissingExtraError("The dashboard", "streamlit and duckdb", "dashboards") from error
    if store is not None and is_url(store):
        mirror = open_mirror(store, root() / "stores")
        talk(f"What is finished in {mirror.url} is copied to {mirror.folder}, now and while this runs.")
        for trouble in mirror.refresh():
            talk(f"Not shown: {trouble}", style="bold red")
        shown, where = mirror.folder, mirror.url
    else:
        shown = open_store(store).root
        where = str(shown)
    served = Served(
        store=shown, role=role.value, policies=_named(policy or ()), login=login, url=where if is_url(where) else ""
    )
    talk(f"http://127.0.0.1:{port} shows the runs of {where}. Stop it with Ctrl-C.")
    try:
        serve(served, port=port)
    except OSError as error:
        raise UsageError(f"Port {port} cannot be used: {error.strerror}. Name another one with --port.") from error


def _named(files: Sequence[Path]) -> dict[str, Path]:
    """Policies by the names of their files."""
    found = {path.stem: path for path in files}
    if len(found) < len(files):
        raise UsageError("Two policies have one name: they are called by their files' names. Rename one.")
    return found
