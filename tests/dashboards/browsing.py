"""A real server and a real browser: for tests of the pages, for measuring their speed, for taking their pictures."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["MISSING", "Server", "browser", "chromium", "serving", "settled", "visit"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
VARIABLE = "HARNESS_CHROMIUM"
MISSING = f"there is no Chromium: `apt-get install chromium`, or name one in {VARIABLE}"
PATIENCE = 120_000
"""Milliseconds until something that does not appear is missed: machines may be slow, and many things at once."""
RUNNING = '[data-testid="stApp"][data-test-script-state="notRunning"]'
UNFINISHED = '[data-stale="true"], [data-testid="stSkeleton"], [data-testid="stSpinner"]'


def chromium() -> str | None:
    """Where Chromium is; None where there is none."""
    return os.environ.get(VARIABLE) or next((place for name in NAMES if (place := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        # As root, as in a container, Chromium starts only without its own sandbox; it sees our own server alone.
        its = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield its
        finally:
            its.close()


@dataclass(frozen=True)
class Server:
    """A dashboard that is being served."""

    port: int
    pid: int

    def address(self, page: str = "", query: Mapping[str, str] | None = None) -> str:
        """Of a page, as it stands in a browser, with what it says after the question mark."""
        said = f"?{urlencode(query)}" if query else ""
        return f"http://127.0.0.1:{self.port}/{page}{said}"


@contextmanager
def serving(store: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve ``store`` by the command that anyone would use, in a process of its own, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "harness", "dashboard", "--store", str(store), "--port", str(port)]
    given = {**os.environ, "HARNESS_OFFLINE": "1", "HF_HUB_OFFLINE": "1", **(environment or {})}
    with TemporaryFile() as log, subprocess.Popen(command, env=given, stdout=log, stderr=log) as process:
        try:
            if not _answers(f"http://127.0.0.1:{port}/_stcore/health", process):
                log.seek(0)
                raise RuntimeError(f"{' '.join(command)} does not answer: {log.read().decode(errors='replace')}")
            yield Server(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(url, timeout=5):  # noqa: S310  our own server
                return True
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    return False


def visit(page: Page, url: str) -> None:
    """Go to an address, and wait until the page is finished."""
    page.goto(url, timeout=PATIENCE)
    page.locator("h1").first.wait_for(timeout=PATIENCE)
    settled(page)


def settled(page: Page) -> None:
    """Wait until no script runs, nothing on the page is of an earlier run, and charts are drawn."""
    page.locator(RUNNING).wait_for(state="attached", timeout=PATIENCE)
    page.wait_for_function("wanted => !document.querySelector(wanted)", arg=UNFINISHED, timeout=PATIENCE)
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')].every(
            chart => chart.closest('details:not([open])') || chart.querySelector('svg, canvas'))""",
        timeout=PATIENCE,
    )
