"""A name → rows, found where they lie and verified against their card.

Kinds of name, told apart by their shape:

    facts_mc                          a set that ships with the harness
    truthfulqa:v1/mc_task.json.gz     a file of third-party data under the folder named by HARNESS_DATA
    my/questions.jsonl                a file of your own, which has no card
    wordings+distractions             several of them, one after the other, for a probe that needs them together
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from harness.canonical import Digest, digest, digest_bytes
from harness.contracts import Dataset
from harness.data.cards import CARD_NAMES, VARIABLE, DataFile, DatasetCard, read_card
from harness.data.reading import kind_of, parse
from harness.errors import DataError, nearest

__all__ = ["available", "embedded", "load"]

JOINT = "+"


def load(name: str, *, root: Path | None = None) -> Dataset:
    """Find, verify and read the data set ``name``.

    Args:
        name: An embedded set, ``folder`` or ``folder:file`` of third-party data, the path of a file, or several of
            these joined by ``+``.
        root: Folder of third-party data; None reads it from the environment variable HARNESS_DATA.

    Raises:
        DataError: it is not there, differs from its card, is malformed or empty; says what to do.
    """
    folder, colon, file = name.partition(":")
    if kind_of(name) and Path(name).is_file():
        return _own(Path(name))
    if JOINT in name:
        return _joined(name, [load(part, root=root) for part in name.split(JOINT)])
    if not colon and name in _folders(embedded()):
        return _carded(name, read_card(embedded() / name, origin="embedded"), "")
    if not colon and kind_of(name):
        raise DataError(f"There is no file {name} (looked in {Path.cwd()}). Check the path.")
    if not colon and ("/" in name or "\\" in name):
        raise DataError(
            f"{name} is not a file that can be read. Name a .jsonl, .json, .csv, .tsv, .parquet or .txt file."
        )
    return _third_party(name, folder, file, root)


def available(*, root: Path | None = None) -> list[DatasetCard]:
    """Return the cards of the embedded sets, then of the third-party sets that are present, by name.

    Raises:
        DataError: a card cannot be read.
    """
    cards = [read_card(embedded() / name, origin="embedded") for name in _folders(embedded())]
    outside = _outside(root)
    if outside is not None:
        cards += [read_card(outside / name, origin=VARIABLE) for name in _folders(outside)]
    return cards


def _joined(name: str, parts: Sequence[Dataset]) -> Dataset:
    """Put the rows of several sets one after the other; version, licence and origin are those of each."""
    return Dataset(
        name,
        JOINT.join(part.version for part in parts),
        digest([str(part.digest) for part in parts]),
        " AND ".join(dict.fromkeys(part.licence for part in parts)),
        [row for part in parts for row in part.rows],
        JOINT.join(dict.fromkeys(part.origin for part in parts)),
    )


def _own(path: Path) -> Dataset:
    data = _bytes(path)
    return Dataset(path.as_posix(), "unknown", digest_bytes(data), "unknown", parse(data, path.as_posix()), "file")


def _third_party(name: str, folder: str, file: str, root: Path | None) -> Dataset:
    place = _outside(root)
    if place is None and ":" not in name:
        raise _unknown(name, ())
    if place is None:
        raise DataError(
            f"{name!r} is third-party data, and {VARIABLE} is not set."
            f" Set it to the folder that holds {folder!r}: `export {VARIABLE}=/path/to/data`."
        )
    if not place.is_dir():
        raise DataError(f"{VARIABLE} names {place}, which is not a folder. Set it to the folder that holds {folder!r}.")
    present = _folders(place)
    if folder not in present:
        raise _unknown(name, present)
    return _carded(name, read_card(place / folder, origin=VARIABLE), file)


def _unknown(name: str, outside: Sequence[str]) -> DataError:
    known = [*_folders(embedded()), *outside]
    wanted = name.partition(":")[0]
    hint = "" if outside else f" Third-party data is found once {VARIABLE} names its folder."
    return DataError(
        f"No data set named {wanted!r} is here.{nearest(wanted, known)}"
        f" Available: {', '.join(known) or 'none'}.{hint} A file of your own is named by its path."
    )


def _carded(name: str, card: DatasetCard, file: str) -> Dataset:
    """Read one file of a set with a card, once its digest is what the card says."""
    entry = _entry(card, file)
    data = _bytes(card.folder / entry.path)
    found = digest_bytes(data)
    if found != entry.digest:
        raise _changed(card, entry, found)
    return Dataset(name, card.version, found, card.licence, parse(data, str(card.folder / entry.path)), card.origin)


def _entry(card: DatasetCard, file: str) -> DataFile:
    if not file:
        if card.default is None:
            raise DataError(f"The card of {card.name!r} has no default file. Name one: {_choices(card)}.")
        return card.default
    entry = next((entry for entry in card.files if entry.path == file), None)
    if entry is None:
        listed = [entry.path for entry in card.files]
        raise DataError(
            f"The card of {card.name!r} does not list {file!r}.{nearest(file, listed)} It lists: {_choices(card)}."
        )
    return entry


def _choices(card: DatasetCard) -> str:
    readable = [f"{card.name}:{entry.path}" for entry in card.files if kind_of(entry.path)]
    return ", ".join(readable[:8]) + (f" and {len(readable) - 8} more" if len(readable) > 8 else "")


def _changed(card: DatasetCard, entry: DataFile, found: Digest) -> DataError:
    remedy = (
        "Restore it from the version you installed; if the change is meant, put the new digest and a new version"
        " in the card."
        if card.origin == "embedded"
        else "Get the file again from the source that the card names."
    )
    return DataError(
        f"{card.folder / entry.path} is not the file its card describes:"
        f" found {found}, expected {entry.digest}. {remedy}"
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing, though its card lists it. Get it again from its source.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}. Check its permissions.") from error


def embedded() -> Path:
    """Return the folder of embedded sets: the checkout's own where there is one, so that an edit is seen at once."""
    package = Path(str(files("harness")))
    checkout = package.parent / "datasets"
    if (package.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    return package / "_shipped_datasets"


def _outside(root: Path | None) -> Path | None:
    """Return the folder of third-party data, or None where nobody named one."""
    if root is not None:
        return root
    named = os.environ.get(VARIABLE, "")
    return Path(named).expanduser() if named else None


def _folders(place: Path) -> list[str]:
    """Return the names of the folders under ``place`` that have a card, sorted; none where there is no such place."""
    if not place.is_dir():
        return []
    return sorted(path.name for path in place.iterdir() if any((path / card).is_file() for card in CARD_NAMES))
