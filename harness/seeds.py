"""One root seed, and named streams from it that do not disturb each other.

A stream is named by where it is used (``"cases/bias.paired_likelihood@minimal_pairs"``), so adding a
probe, or running it alone, never changes the randomness of another.
"""

from __future__ import annotations

import hashlib
import random

__all__ = ["derive", "rng"]


def derive(root: int, name: str) -> int:
    """A 63-bit seed for the stream ``name`` under ``root``: the head of SHA-256 of both.

    Independent for practical purposes, and the same on every machine and Python version.
    """
    head = hashlib.sha256(f"{root}/{name}".encode()).digest()[:8]
    return int.from_bytes(head, "big") >> 1


def rng(root: int, name: str) -> random.Random:
    """A generator of its own for the stream ``name`` under ``root``."""
    return random.Random(derive(root, name))  # noqa: S311  reproducibility is the point, not secrecy
