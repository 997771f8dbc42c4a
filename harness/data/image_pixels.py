"""Image files as one array of pixels; every file that cannot be used is named and counted, none is skipped.

What an image is taken for:

    grey, black and white       one channel; three equal ones where another image of the set has colour
    colour, palette             three channels
    an alpha channel            dropped where every pixel is opaque; refused where any is not
    an orientation mark         followed, so that the image stands as people see it
    animated, 16-bit, CMYK …    refused

Nothing is resized, and nothing is converted with loss.
"""

from __future__ import annotations

import struct
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.data.content import named
from harness.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = ["read_pixels"]

GREY = frozenset({"1", "L", "LA"})
COLOUR = frozenset({"P", "PA", "RGB", "RGBA"})
ORIENTATION = 0x0112
"""Number of the EXIF entry that says which way up an image is; from 5 on, width and height change places."""

Size = tuple[int, int]
T = TypeVar("T")


class _UnfitError(Exception):
    """An image is readable and cannot be used; the text says why."""


def read_pixels(folder: Path, files: Sequence[str]) -> NDArray[np.uint8]:
    """Read images of one size.

    Args:
        folder: Where they lie.
        files: Relative paths, at least one.

    Returns:
        ``[n, height, width, channels]`` in the order of ``files``; one channel where all are grey, else three.

    Raises:
        DataError: images differ in size, are damaged, or are of a kind that cannot be used.
        MissingExtraError: Pillow is not installed.
    """
    problems: dict[str, list[str]] = {}
    # Every head first, so that mixed sizes are known before any pixel is in memory.
    heads = _each(folder, files, _head, problems)
    sizes = {file: size for file, (size, _) in heads.items()}
    if len(set(sizes.values())) > 1:
        raise DataError(f"{folder}: {_mixed(sizes)}{_listed(problems)}")
    grey = all(shade for _, shade in heads.values())
    # Pillow decodes what damaged bytes still give; only their checksums tell.
    sound = _each(folder, list(heads), lambda picture: picture.verify(), problems)
    pixels = _each(folder, list(sound), lambda picture: _decoded(picture, grey=grey), problems)
    if problems:
        count = sum(map(len, problems.values()))
        raise DataError(
            f"{folder}: {count} of {len(files)} images cannot be used.{_listed(problems)}"
            " Repair, convert or remove them; none is skipped."
        )
    return np.stack([pixels[file] for file in files])


def _each(
    folder: Path, files: Sequence[str], read: Callable[[Picture], T], problems: dict[str, list[str]]
) -> dict[str, T]:
    """Apply ``read`` to every image; add to ``problems`` the files it fails on, by reason."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise MissingExtraError("A folder of images", "pillow", "train") from error
    results: dict[str, T] = {}
    for file in files:
        try:
            with warnings.catch_warnings(), Image.open(folder / file) as picture:
                warnings.simplefilter("ignore")  # what matters of them is looked at below
                results[file] = read(picture)
        except _UnfitError as error:
            problems.setdefault(str(error), []).append(file)
        except UnidentifiedImageError:
            problems.setdefault("not an image, whatever its name says", []).append(file)
        except Image.DecompressionBombError:
            problems.setdefault("too large to be opened safely", []).append(file)
        # What Pillow raises on damage depends on the format and on where the damage is.
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error):
            problems.setdefault("damaged or cut short", []).append(file)
    return results


def _head(picture: Picture) -> tuple[Size, bool]:
    """Return width and height as people see them, and whether it is grey; pixels stay unread."""
    if getattr(picture, "n_frames", 1) > 1:
        raise _UnfitError("animated or of several pages: keep one")
    # Pillow opens 16-bit colour as 8-bit without a word: only the raw kind of its pixels tells.
    raw = str([tile[3] for tile in getattr(picture, "tile", ())])
    if picture.mode.startswith(("I", "F")) or ";16" in raw:
        raise _UnfitError("more than 8 bits a channel: convert to 8 bits")
    if picture.mode not in GREY | COLOUR:
        raise _UnfitError(f"pixels of kind {picture.mode}: convert to RGB or grey")
    width, height = picture.size
    turned = picture.getexif().get(ORIENTATION, 1) >= 5
    return (height, width) if turned else (width, height), picture.mode in GREY


def _decoded(picture: Picture, *, grey: bool) -> NDArray[np.uint8]:
    """Return ``[height, width, channels]``."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    if upright.mode.endswith("A") or "transparency" in upright.info:
        opacity = np.asarray(upright.convert("RGBA"))[..., 3]
        if opacity.min() < 255:
            raise _UnfitError("transparent in parts: put it on a ground")
    pixels = np.asarray(upright.convert("L" if grey else "RGB"), dtype=np.uint8)
    return pixels[..., None] if grey else pixels


def _mixed(sizes: Mapping[str, Size]) -> str:
    """Say which sizes there are, most frequent first, and which files have not the first."""
    counts = Counter(sizes.values()).most_common()
    (width, height), most = counts[0]
    rest = [
        f"{count} of {w} x {h} ({named([file for file, size in sizes.items() if size == (w, h)])})"
        for (w, h), count in counts[1:6]
    ]
    more = f", and {len(counts) - 6} sizes more" if len(counts) > 6 else ""
    return (
        f"images of {len(counts)} sizes, and all must have one: {most} of {width} x {height} pixels, {', '.join(rest)}"
        f"{more}. Crop or resize them to {width} x {height}, or move them to a folder of their own."
    )


def _listed(problems: Mapping[str, Sequence[str]]) -> str:
    return "".join(
        f" {reason[0].upper()}{reason[1:]}: {len(its)} ({named(sorted(its))})." for reason, its in problems.items()
    )
