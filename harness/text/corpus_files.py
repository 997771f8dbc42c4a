"""A laid-out corpus in a folder: three plain numpy files, mapped into memory when read, and their digests.

text.npy  suffixes.npy  documents.npy  index.json
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.canonical import digest_file, dumps, from_json, loads
from harness.errors import DataError
from harness.text.corpus import Corpus

__all__ = ["CARD", "SCHEMA", "opened", "saved"]

SCHEMA = 1
"""Changes whenever a folder of before could be read wrongly."""
CARD = "index.json"
"""Written last: a folder without it is not finished."""
TEXT, SUFFIXES, DOCUMENTS = "text.npy", "suffixes.npy", "documents.npy"
TYPES = {TEXT: {"uint8"}, SUFFIXES: {"int32", "int64"}, DOCUMENTS: {"int64"}}
ANEW = "Delete the folder, or name another one: the index is then made anew."


@dataclass(frozen=True, slots=True)
class Card:
    """What a folder says of itself.

    Attributes:
        schema: `SCHEMA` of who wrote it.
        source: Digest of what the corpus was made of.
        files: Names of the corpus's files.
        digests: SHA-256 of each numpy file, by its name.
    """

    schema: int
    source: str
    files: tuple[str, ...]
    digests: dict[str, str]


def saved(corpus: Corpus, folder: Path) -> None:
    """Write ``corpus`` into ``folder``, which is made where it is not there.

    Raises:
        DataError: the folder cannot be written.
    """
    arrays = {TEXT: corpus.text, SUFFIXES: corpus.suffixes, DOCUMENTS: np.stack([corpus.starts, corpus.owners])}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CARD).unlink(missing_ok=True)
        for name, array in arrays.items():
            np.save(folder / name, array, allow_pickle=False)
        digests = {name: str(digest_file(folder / name)) for name in arrays}
        (folder / CARD).write_bytes(dumps(Card(SCHEMA, corpus.source, corpus.files, digests), indent=2))
    except OSError as error:
        raise DataError(f"{folder}: the index cannot be kept here: {error.strerror}. Name another folder.") from error


def opened(folder: Path, *, source: str) -> Corpus | None:
    """Open what `saved` wrote; the arrays stay on disk and are read where they are searched.

    Args:
        folder: Where it was written.
        source: Digest of what the corpus is to be made of.

    Returns:
        None where no finished index is there.

    Raises:
        DataError: it is of another text, of another version, or damaged.
    """
    if not (folder / CARD).is_file():
        return None
    try:
        card: Card = from_json(Card, loads((folder / CARD).read_bytes()))
    except (ValueError, AttributeError) as error:
        raise DataError(f"{folder / CARD} is not the card of an index: {error}. {ANEW}") from error
    except OSError as error:
        raise DataError(f"{folder / CARD} cannot be opened: {error.strerror}. Check its permissions.") from error
    if card.schema != SCHEMA:
        raise DataError(f"{folder}: the index is of version {card.schema}; this harness reads {SCHEMA}. {ANEW}")
    if card.source != source:
        raise DataError(f"{folder}: the index is of a text with digest {card.source}, not of {source}. {ANEW}")
    text, suffixes, documents = (_mapped(folder / name, card.digests.get(name)) for name in TYPES)
    if documents.ndim != 2 or documents.shape[0] != 2 or not len(suffixes) or not len(text):
        raise DataError(f"{folder}: the index has arrays of the wrong shape. {ANEW}")
    return Corpus(text, suffixes, documents[0], documents[1], card.files, card.source)


def _mapped(path: Path, expected: str | None) -> NDArray[Any]:
    try:
        found = str(digest_file(path))
        if found != expected:
            raise DataError(f"{path} was changed: its digest is {found}, not {expected}. {ANEW}")
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} cannot be read as part of an index: {error}. {ANEW}") from error
    if array.dtype.name not in TYPES[path.name]:
        raise DataError(f"{path} holds {array.dtype}, which is no part of an index. {ANEW}")
    # The view is an ordinary array: slices of the class for mapped ones cost several times as much.
    plain: NDArray[Any] = np.asarray(array)
    return plain
