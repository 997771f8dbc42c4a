"""What decoding a damaged picture may raise."""

from __future__ import annotations

import struct
import zlib

__all__ = ["DAMAGE"]

DAMAGE = (ValueError, OSError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
"""Of a PNG whose size was looked at before: which one it is depends on where the damage is."""
