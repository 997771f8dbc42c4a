"""harness.toml → a frozen `Config`, or every mistake in it at once, each with its line."""

from __future__ import annotations

from harness.config.parse import load, parse
from harness.config.schema import Config, Gate, Profile, Waiver

__all__ = ["Config", "Gate", "Profile", "Waiver", "load", "parse"]
