"""One picture for the page: held to its name, and put into the page itself; or the place where it would be, and why.

What a picture shows nobody has looked at, and its bytes come from a model: only a PNG of a bearable size is let in.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from harness.canonical import digest_bytes
from harness.errors import EvidenceError
from harness.images.png_size import LARGEST_SIDE, png_size
from harness.text.safe import printable

__all__ = ["LONGEST_LABEL", "Frame", "count_pictures", "frame"]

TINY = 96
"""Pixels of a side up to which a picture is enlarged without smoothing, so that single pixels are seen."""
LONGEST_LABEL = 120
"""Characters."""
OPENING = "data:image/png;base64,"
NOTHING = Markup()


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, or the place where it would be.

    Attributes:
        label: What it is, in a few words.
        source: Its content, for an ``img``; empty where it is not shown.
        size: Bytes of its file; 0 where it is not shown.
        width: Pixels; likewise.
        height: Pixels; likewise.
        missing: Why it is not shown; empty where it is.
    """

    label: str
    source: Markup = NOTHING
    size: int = 0
    width: int = 0
    height: int = 0
    missing: str = ""

    @property
    def tiny(self) -> bool:
        """Whether its pixels are to be seen as squares."""
        return max(self.width, self.height) <= TINY

    @property
    def alt(self) -> str:
        """What stands for the picture where it cannot be seen."""
        return f"{self.label}, {self.width} by {self.height} pixels"


def frame(name: str, label: str, media: Mapping[str, bytes]) -> Frame:
    """Read the picture ``name`` and frame it; total: a picture that cannot be shown gives a frame that says so."""
    label = printable(label, limit=LONGEST_LABEL)
    try:
        content = media[name]
    except (KeyError, EvidenceError):
        return Frame(label, missing="the file is not there")
    if f"{digest_bytes(content).hex}.png" != name:
        return Frame(label, missing="the file is not the one that was recorded")
    size = png_size(content)
    if size is None:
        return Frame(label, missing="the file is no PNG")
    width, height = size
    if not 0 < min(width, height) <= max(width, height) <= LARGEST_SIDE:
        told = f"it is of {width:,} by {height:,} pixels; shown are 1 to {LARGEST_SIDE:,} a side"
        return Frame(label, missing=told)
    # Base 64 has no character that means anything in HTML.
    source = Markup(OPENING + b64encode(content).decode("ascii"))  # noqa: S704
    return Frame(label, source, len(content), width, height)


def count_pictures(folder: Path) -> int:
    """Count the pictures in the report of the bundle at ``folder``; 0 where it has none, or no report."""
    try:
        return (folder / "report.html").read_bytes().count(f'src="{OPENING}'.encode())
    except OSError:
        return 0
