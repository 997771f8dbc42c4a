"""A folder of images as training records: subfolders are classes, captions lie beside the images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.data.content import examples_of, named
from harness.data.examples import Examples
from harness.data.image_captions import CAPTIONS, find_captions
from harness.data.image_pixels import read_pixels
from harness.data.images import caption
from harness.errors import DataError

__all__ = ["SUFFIXES", "image_folder"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
"""File names that are read as images."""

BESIDE = frozenset({"readme", "licence", "license", "card", "notice"})
"""Stems of files that may lie among images and hold no data."""


def image_folder(folder: Path, *, name: str | None = None) -> Examples:
    """Read every image of ``folder``, at any depth; all must have one size.

    Where there are subfolders, an image's class is the first of them, and images without captions of their own are
    captioned from their class. Records are in the order of their relative paths, which are their ids. Hidden files
    are no part of the folder.

    Args:
        folder: Holds images, or subfolders with images.
        name: As it was asked for; None takes the path.

    Raises:
        DataError: files that are no images, images that cannot be used, mixed sizes, captions for some images only,
            images beside subfolders, or fewer than two images. Files are named and counted.
        MissingExtraError: Pillow is not installed.
    """
    images, texts = _listing(folder)
    labels, classes = _classes(images, folder)
    captions = find_captions(folder, images, texts)
    if captions is None and labels is not None:
        captions = [caption(classes[label].replace("_", " ")) for label in labels]
    pixels = read_pixels(folder, images)
    return examples_of(
        name or folder.as_posix(), ids=images, images=pixels, texts=captions, labels=labels, classes=classes
    )


def _listing(folder: Path) -> tuple[list[str], list[str]]:
    """Return the images and the caption files, as relative paths; refuses files of other kinds."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    files = sorted(path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts))
    images = [file for file in files if _is_image(file)]
    data = [file for file in files if not _is_image(file) and Path(file).stem.lower() not in BESIDE]
    texts = [file for file in data if _is_caption(file)]
    strange = [file for file in data if not _is_caption(file)]
    kinds = ", ".join(sorted(SUFFIXES))
    if strange:
        raise DataError(
            f"{folder}: {len(strange)} files beside {len(images)} images are of a kind that is not read:"
            f" {named(strange)}. Convert them to one of {kinds}, or move them out of the folder."
        )
    if len(images) < 2:
        raise DataError(f"{folder} holds {len(images)} images; at least 2 are needed. Give images as {kinds}.")
    if any(not _is_text(file) for file in images):
        odd = [ascii(file) for file in images if not _is_text(file)]
        raise DataError(f"{folder}: {len(odd)} file names are not UTF-8: {named(odd)}. Rename them.")
    return images, texts


def _is_image(file: str) -> bool:
    return Path(file).suffix.lower() in SUFFIXES


def _is_caption(file: str) -> bool:
    return file == CAPTIONS or file.endswith(".txt")


def _is_text(name: str) -> bool:
    """Say whether a file's name can be kept as text: bytes that are no UTF-8 come as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _classes(images: Sequence[str], folder: Path) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    outside = [file for file in images if "/" not in file]
    if len(outside) == len(images):
        return None, ()
    if outside:
        raise DataError(
            f"{folder}: {len(outside)} images lie beside subfolders, so they have no class: {named(outside)}."
            " Move each into the subfolder of its class, or all out of the subfolders."
        )
    owners = [file.partition("/")[0] for file in images]
    classes = sorted(set(owners))
    number = {owner: place for place, owner in enumerate(classes)}
    return np.array([number[owner] for owner in owners], dtype=np.int64), tuple(classes)
