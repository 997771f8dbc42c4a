"""How large a picture is, told from the first bytes of its file: nothing is decoded to find out."""

from __future__ import annotations

from struct import unpack_from

from harness.records.replies import PNG

__all__ = ["LARGEST_SIDE", "png_size"]

LARGEST_SIDE = 4096
"""Pixels: a small file can unfold into a picture that no reader survives."""


def png_size(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, as the header of a PNG states them; None where it is no PNG."""
    if not content.startswith(PNG) or content[12:16] != b"IHDR" or len(content) < 24:
        return None
    width, height = unpack_from(">II", content, 16)
    return width, height
