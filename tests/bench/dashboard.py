"""How long a reader waits for each page of a store of 200 runs and 1,000,000 scores, and what the server needs for it.

    python tests/bench/dashboard.py [--runs 200] [--scores 1000000] [--largest 600000] [--rounds 3] [--servers 5]
                                    [--keep FOLDER]

The store is made first, by the house's own writers: one run of most of the scores, and others that share the rest. A
server is started on it by `harness dashboard`, and a real browser goes to its pages. A wait ends when the page's
heading stands, no script runs and every chart is drawn. The first one is of a server that nobody has read from, by a
browser that has nothing of it yet; it is measured on ``--servers`` of them. On the last, every other page is then
visited once as if by a new reader, by address, and then ``--rounds`` times. Of each the median is shown, with the
range. The memory is the largest resident set of the server's process. There is no peer to run beside
it: no other harness has these pages. Aims: a first page within 2 s, any other within 3 s, less than 1 GB; where they
are missed, it is said.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import psutil

BESIDE = Path(__file__).parents[1] / "dashboards"
sys.path.insert(0, str(BESIDE))

from browsing import Server, browser, serving, settled, visit  # noqa: E402  the tests' own means
from large_store import build  # noqa: E402

ROUTER = BESIDE.parents[1] / "dashboards" / "app.py"
FIRST, ANY, MEMORY = 2.0, 3.0, 1e9
"""Aims: seconds, seconds, bytes."""


def pages() -> list[str]:
    """Addresses of the pages, as the router lists them; the first is at the root."""
    names = re.findall(r'st\.Page\("screens/(\w+)\.py"', ROUTER.read_text(encoding="utf-8"))
    return ["", *names[1:]]


def sizes(runs: int, scores: int, largest: int) -> list[int]:
    """How many scores each run has, the largest first."""
    return [largest, *([(scores - largest) // (runs - 1)] * (runs - 1))]


def waited(action: Callable[[], None]) -> float:
    """Seconds that ``action`` takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def peak(server: Server) -> float:
    """The largest resident set of the server's process so far, in bytes."""
    status = Path(f"/proc/{server.pid}/status")
    if status.exists():
        return 1024.0 * int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0])
    return float(psutil.Process(server.pid).memory_info().rss)


def newcomer(server: Server, chrome: Any) -> Any:
    """A window of a browser that has nothing of the server's yet."""
    window = chrome.new_context(viewport={"width": 1440, "height": 900}).new_page()
    window.goto(server.address("_stcore/health"))
    return window


def first(store: Path, chrome: Any) -> float:
    """Seconds until the first page of a new server stands."""
    with serving(store) as server:
        window = newcomer(server, chrome)
        return waited(lambda: visit(window, server.address()))


def measure(server: Server, chrome: Any, rounds: int) -> Iterator[tuple[str, list[float]]]:
    """Seconds of each kind of visit: each page to a new reader, and again."""
    window = newcomer(server, chrome)
    visit(window, server.address())
    for page in pages():
        url = server.address(page)
        yield f"/{page}, the first time", [waited(lambda url=url: visit(window, url))]
        yield f"/{page}, again", [waited(lambda url=url: visit(window, url)) for _ in range(rounds)]
    visit(window, server.address())
    yield "from page to page", [waited(lambda name=name: follow(window, name)) for name in ("Methods", "Risk map")]
    yield "a search in all cases", [waited(lambda: search(window, server))]


def follow(window: Any, name: str) -> None:
    """Click on a page's name and wait for it."""
    window.get_by_role("link", name=name, exact=True).click()
    window.wait_for_timeout(50)
    settled(window)


def search(window: Any, server: Server) -> None:
    """Look for words in every prompt and reply of the largest run."""
    visit(window, server.address("samples", {"text": "(77)"}))


def show(rows: Iterator[tuple[str, list[float]]], memory: Callable[[], float]) -> None:
    """Print one line for each kind of visit as it is measured, and then whether the aims were met."""
    medians = []
    for name, seconds in rows:
        medians.append(median(seconds))
        told = f"[{min(seconds):.2f}-{max(seconds):.2f}]   n={len(seconds)}"
        print(f"{name:36} {medians[-1]:6.2f} s {told}", flush=True)
    for name, found, aim in (
        ("first page, seconds", medians[0], FIRST),
        ("slowest other page, seconds", max(medians[1:]), ANY),
        ("largest resident set, GB", memory() / 1e9, MEMORY / 1e9),
    ):
        print(f"{name:36} {found:6.2f}   {'within' if found < aim else 'MISSES'} {aim:g}")


def main() -> None:
    """Read the command line, make the store, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--scores", type=int, default=1_000_000)
    parser.add_argument("--largest", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--servers", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder that keeps the store, and is used again where it has one")
    given = parser.parse_args()
    with ExitStack() as stack:
        home = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (home / "runs").exists():
            made = waited(lambda: build(home / "runs", sizes(given.runs, given.scores, given.largest)))
            print(f"made {given.runs} runs with {given.scores:,} scores in {made:.0f} s")
        chrome = stack.enter_context(browser())
        opened = [first(home / "runs", chrome) for _ in range(given.servers)]
        server = stack.enter_context(serving(home / "runs"))
        rows = chain([("first page of a new server", opened)], measure(server, chrome, given.rounds))
        show(rows, lambda: peak(server))


if __name__ == "__main__":
    main()
