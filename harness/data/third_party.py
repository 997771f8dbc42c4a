"""Files of third-party data under HARNESS_DATA, as bytes that are what their card says."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

from harness.canonical import digest_bytes
from harness.data.cards import CARD_NAMES, VARIABLE, DatasetCard, read_card
from harness.errors import DataError, nearest

__all__ = ["find_card", "read_bytes", "unzipped", "verified"]


def find_card(name: str, *, root: Path | None) -> DatasetCard | None:
    """Return the card of the set ``name``; None where its folder is not there.

    Args:
        name: Of the folder.
        root: Folder of third-party data; None reads it from the environment variable HARNESS_DATA.

    Raises:
        DataError: the card cannot be read.
    """
    named = os.environ.get(VARIABLE, "")
    place = root or (Path(named).expanduser() if named else None)
    if place is None or not any((place / name / card).is_file() for card in CARD_NAMES):
        return None
    return read_card(place / name, origin=VARIABLE)


def verified(card: DatasetCard, path: str) -> bytes:
    """Read a file that ``card`` lists, as it lies there.

    Raises:
        DataError: the card does not list it, it is missing, or it is not what the card says.
    """
    listed = {file.path: file.digest for file in card.files}
    if path not in listed:
        raise DataError(f"The card of {card.name!r} does not list {path!r}.{nearest(path, listed)} Add it there.")
    data = read_bytes(card.folder / path)
    found = digest_bytes(data)
    if found != listed[path]:
        raise DataError(
            f"{card.folder / path} is not the file its card describes: found {found}, expected {listed[path]}."
            " Get the file again from the source that the card names."
        )
    return data


def read_bytes(path: Path) -> bytes:
    """Read a whole file; raises `DataError` where it cannot be opened."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing. Get it from its source.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}. Check its permissions.") from error


def unzipped(data: bytes, where: str) -> bytes:
    """Decompress where ``data`` is gzip, whatever its name says; raises `DataError` where it is cut short."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{where}: not a whole gzip file ({error}). Get it again from its source.") from error
