"""Models that the harness knows by name, and how they come to this machine: pinned, verified, said."""

from __future__ import annotations

from harness.catalogue.cache import LocalModel
from harness.catalogue.entries import Entry, HubSource, Source, WheelSource, entries, find
from harness.catalogue.fetch import Progress
from harness.catalogue.locate import Say, from_gguf, present, pull

__all__ = [
    "Entry",
    "HubSource",
    "LocalModel",
    "Progress",
    "Say",
    "Source",
    "WheelSource",
    "entries",
    "find",
    "from_gguf",
    "present",
    "pull",
]
