"""Ctrl-C, twice: the first finishes what is under way and saves, the second stops at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.cli.output import talk

if TYPE_CHECKING:
    from harness.execute import Stop

__all__ = ["interrupts"]


@contextmanager
def interrupts(stop: Stop) -> Iterator[None]:
    """Turn the first Ctrl-C into ``stop`` while the body runs."""

    def first(*_: object) -> None:
        stop.interrupted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        talk("Stopping: finishing what is under way. Press Ctrl-C again to stop at once.")

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
