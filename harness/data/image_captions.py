"""Captions that lie beside images: one file for all, or a text file for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from harness.data.content import named
from harness.data.reading import parse
from harness.data.third_party import read_bytes
from harness.errors import DataError

__all__ = ["CAPTIONS", "find_captions"]

CAPTIONS = "captions.jsonl"
"""Rows ``{"file": "cats/1.png", "caption": "a sleeping cat"}``, with paths relative to its folder."""


def find_captions(folder: Path, images: Sequence[str], texts: Sequence[str]) -> list[str] | None:
    """Return the caption of every image, in order; None where none has one.

    Args:
        folder: Where they lie.
        images: Relative paths of the images.
        texts: Relative paths of `CAPTIONS` and of the ``.txt`` files there, whichever there are: ``cats/1.txt`` holds
            the caption of ``cats/1.png``.

    Raises:
        DataError: captions are missing for some images, belong to no image, come twice, or cannot be read.
    """
    if not texts:
        return None
    single = [file for file in texts if file != CAPTIONS]
    if CAPTIONS in texts and single:
        raise DataError(
            f"{folder}: captions are in {CAPTIONS} and in {len(single)} text files: {named(single)}."
            " Keep one of the two."
        )
    found = _from_texts(folder, images, single) if single else _from_rows(folder, images)
    missing = [file for file in images if not found.get(file, "").strip()]
    if missing:
        raise DataError(
            f"{folder}: {len(missing)} of {len(images)} images have no caption: {named(missing)}."
            " Add the captions, or take all captions away to train without."
        )
    return [found[file].strip() for file in images]


def _from_texts(folder: Path, images: Sequence[str], texts: Sequence[str]) -> Mapping[str, str]:
    stems = {str(PurePosixPath(file).with_suffix("")): file for file in texts}
    found = {file: stems.get(str(PurePosixPath(file).with_suffix(""))) for file in images}
    idle = sorted(set(texts) - set(found.values()))
    if idle:
        raise DataError(
            f"{folder}: {len(idle)} text files caption no image: {named(idle)}."
            " Name each like its image, or move it out of the folder."
        )
    return {file: _text(folder / text) for file, text in found.items() if text is not None}


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}). Save the caption as UTF-8.") from error


def _from_rows(folder: Path, images: Sequence[str]) -> Mapping[str, str]:
    where = folder / CAPTIONS
    found: dict[str, str] = {}
    for number, row in enumerate(parse(read_bytes(where), str(where)), start=1):
        file, text = row.get("file"), row.get("caption")
        if not isinstance(file, str) or not isinstance(text, str):
            raise DataError(f'{where}: row {number} is not like {{"file": "1.png", "caption": "a cat"}}. Correct it.')
        if file in found:
            raise DataError(f"{where}: row {number} captions {named([file])} again. Keep one caption for each image.")
        found[file] = text
    idle = sorted(set(found) - set(images))
    if idle:
        raise DataError(f"{where}: {len(idle)} rows name no image of the folder: {named(idle)}. Correct the paths.")
    return found
