"""The only room that calls a backend: batches or concurrent asks, every reply durable before it is used."""

from __future__ import annotations

from harness.execute.asking import Asked, Stop, ask_all
from harness.execute.journal import Journal

__all__ = ["Asked", "Journal", "Stop", "ask_all"]
