"""How the command line speaks: results on stdout, talk on stderr, model text never raw."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.canonical import dumps
from harness.errors import BundleError, EvidenceError, HarnessError, NothingToRunError

__all__ = ["exit_for", "show", "show_json", "stderr", "stdout", "talk"]


def stdout() -> Console:
    """Console for results. Colour follows NO_COLOR, FORCE_COLOR and whether anyone is looking."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


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
    sys.stdout.write(dumps({"schema": 1, **data}, indent=2).decode("utf-8"))


def exit_for(error: HarnessError) -> int:
    """Exit code of an error that ended a command."""
    if isinstance(error, NothingToRunError):
        return 5
    if isinstance(error, BundleError):
        return 1
    return 4 if isinstance(error, EvidenceError) else 2
