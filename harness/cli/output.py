"""How the command line speaks: results on stdout, talk on stderr, model text never raw."""

from __future__ import annotations

import os
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.canonical import dumps
from harness.errors import BundleError, EvidenceError, HarnessError, NothingToRunError

__all__ = ["exit_for", "show", "show_json", "stderr", "stdout", "talk"]


class _Patient(Console):
    """A console that goes quiet when its reader leaves, as `| head` does: the command keeps its own exit code."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _silence()


def _silence() -> None:
    """Send what is still to come to nowhere, so that no later flush fails."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stdout() -> Console:
    """Console for results. Colour follows NO_COLOR, FORCE_COLOR and whether anyone is looking."""
    return _Patient(highlight=False, soft_wrap=not sys.stdout.isatty(), emoji=False)


def stderr() -> Console:
    """Console for progress and talk."""
    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def talk(text: str, *, style: str = "") -> None:
    """Say ``text`` on stderr, as it is: no markup is read from it."""
    stderr().print(Text(text, style=style))


def show(text: str, *, style: str = "") -> None:
    """Print ``text`` on stdout, as it is."""
    stdout().print(Text(text, style=style))


def show_json(data: Any) -> None:
    """Print one JSON document with a schema version on stdout."""
    try:
        sys.stdout.write(dumps({"schema": 1, **data}, indent=2).decode("utf-8"))
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()


def exit_for(error: HarnessError) -> int:
    """Exit code of an error that ended a command."""
    if isinstance(error, NothingToRunError):
        return 5
    if isinstance(error, BundleError):
        return 1
    return 4 if isinstance(error, EvidenceError) else 2
