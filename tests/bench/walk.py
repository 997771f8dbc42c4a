"""Where the time of one whole audit goes: the hallucination and robustness families on a real model, room by room.

    python tests/bench/walk.py [--model smollm2-135m-instruct] [--profile smoke] [--families hallucination robustness]

The audit runs in this process, once, from planning to the bundle, with nothing in its journal. Each room's time is its
own: what it spends in another room is counted there. The model's forward passes are what `answer` of the backend takes,
loading included on a line of its own; everything else together is the last line but one, as a share of the wall time.
There is no peer to run beside it: no other harness has these probes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import harness.controls
import harness.run
from harness.backends.huggingface import HuggingFace
from harness.canonical import digest
from harness.config import parse
from harness.execute import Stop
from harness.registry import Registry

ROOMS: tuple[tuple[str, Any, str], ...] = (
    ("plan", harness.run, "make_plan"),
    ("plan", harness.run, "forecast"),
    ("model: forward passes", HuggingFace, "answer"),
    ("ask: batches and journal", harness.run, "ask_all"),
    ("measure: instruments", harness.run, "measure"),
    ("judge", harness.run, "judge_cases"),
    ("judge", harness.controls, "judge_cases"),
    ("controls", harness.run, "run_controls"),
    ("summarise", harness.run, "summarise"),
    ("report", harness.run, "render"),
    ("report", harness.run, "gallery"),
    ("bundle", harness.run, "write_bundle"),
)
MODEL = "model: forward passes"


class Clock:
    """Gives every moment to the innermost room."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._open: list[str] = ["between rooms"]
        self._since = time.perf_counter()

    @contextmanager
    def inside(self, room: str) -> Iterator[None]:
        """Charge ``room`` until it is left."""
        self._charge()
        self._open.append(room)
        try:
            yield
        finally:
            self._charge()
            self._open.pop()

    def _charge(self) -> None:
        now = time.perf_counter()
        self.spent[self._open[-1]] = self.spent.get(self._open[-1], 0.0) + now - self._since
        self._since = now

    def timed(self, room: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap ``function`` so that its time is the room's."""

        @wraps(function)
        def inner(*args: Any, **named: Any) -> Any:
            with self.inside(room):
                return function(*args, **named)

        return inner


def configuration(model: str, profile: str, probes: list[str], store: str) -> str:
    """Write the run down as harness.toml."""
    listed = ", ".join(f'"{name}"' for name in probes)
    return (
        f'[model]\nbackend = "huggingface"\nmodel = "{model}"\n'
        f'[run]\nprofile = "{profile}"\nprobes = [{listed}]\nstore = "{store}"\n'
    )


def walk(model: str, profile: str, families: list[str]) -> tuple[Clock, float, Any]:
    """Run one audit and return the clock, the wall time in seconds, and what was finished."""
    registry, clock = Registry(), Clock()
    probes = [name for name in registry.installed("probe") if name.partition(".")[0] in families]
    with tempfile.TemporaryDirectory() as store, ExitStack() as undone:
        text = configuration(model, profile, probes, store)
        request = harness.run.Request(parse(text), text, {}, Path(store))
        for room, place, name in ROOMS:
            plain = getattr(place, name)
            undone.callback(setattr, place, name, plain)
            setattr(place, name, clock.timed(room, plain))
        started = time.perf_counter()
        done = harness.run.audit(request, registry, stop=Stop(), watch=harness.run.Silent())
        return clock, time.perf_counter() - started, done


def show(clock: Clock, wall: float, done: Any) -> None:
    """Print one line for each room, longest first, and the work of each probe."""
    totals = done.evidence.run["totals"]
    for cell, cases in done.evidence.cases.items():
        replies = done.evidence.replies
        its = {digest(case.ask): replies[digest(case.ask)] for case in cases}
        seconds = sum(reply.seconds for reply in its.values())
        written = sum(reply.usage.output_tokens for reply in its.values())
        print(f"{cell:60} {len(its):5} asks  {written:6} tokens written  {seconds:7.1f} s of the model's time")
    print()
    for room, seconds in sorted(clock.spent.items(), key=lambda item: -item[1]):
        print(f"{room:30} {seconds:8.1f} s  {seconds / wall:6.1%}")
    others = wall - clock.spent.get(MODEL, 0.0)
    print(f"{'all but the model':30} {others:8.1f} s  {others / wall:6.1%}")
    print(f"{'wall':30} {wall:8.1f} s  {totals['asks']} asks, {totals['prompt_tokens']} tokens read")


def main() -> None:
    """Read the command line, walk, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--profile", default="smoke", choices=("smoke", "standard", "full"))
    parser.add_argument("--families", nargs="+", default=["hallucination", "robustness"])
    options = parser.parse_args()
    show(*walk(options.model, options.profile, options.families))


if __name__ == "__main__":
    main()
