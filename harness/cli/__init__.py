"""Parse, call, print, exit. No decision is made here: every command is a few lines over `harness.run`.

Results go to stdout, talk to stderr. Rooms behind the commands are imported when a command runs, so
that `harness --help` starts at once and imports neither torch nor pandas.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from harness import __version__
from harness.cli import audit, dashboard, listings, privacy, runs, settings, study, train, watermark
from harness.cli.output import exit_for, talk
from harness.errors import HarnessError

__all__ = ["app", "main"]

EPILOG = (
    "Exit codes: 0 every hard gate passed, or no gate was asked for; 1 a hard gate failed or a bundle does not verify;"
    " 2 usage or configuration; 3 not enough evidence (with --strict); 4 could not judge; 5 nothing to run;"
    " 130 interrupted, state saved."
)

app = typer.Typer(
    name="harness",
    help="Audit generative models, with evidence that anyone can verify again offline.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"rai-harness {__version__}")
        raise typer.Exit


@app.callback()
def common(
    offline: Annotated[
        bool,
        typer.Option("--offline", envvar="HARNESS_OFFLINE", help="Forbid every connection that leaves this machine."),
    ] = False,
    version: Annotated[  # noqa: ARG001  typer handles it before any command
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of every command."""
    if offline:
        from harness.offline import forbid_network

        os.environ["HARNESS_OFFLINE"] = "1"
        forbid_network()


audit.register(app)
train.register(app)
privacy.register(app)
runs.register(app)
settings.register(app)
listings.register(app)
watermark.register(app)
study.register(app)
dashboard.register(app)


def main() -> None:
    """Entry point: errors become one clear message and an exit code, never a traceback."""
    try:
        app()
    except HarnessError as error:
        talk(f"error: {error}", style="bold red")
        sys.exit(exit_for(error))
    except KeyboardInterrupt:
        talk("Interrupted.")
        sys.exit(130)
