"""A run's images: which ones its replies name, read one at a time, since all of them may not fit in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BundleError
from harness.records import Reply
from harness.records.replies import PICTURE_NAME

__all__ = ["FOLDER", "Media", "in_folder", "named"]

FOLDER = "media"
"""Where a bundle keeps them."""


@dataclass(frozen=True, slots=True, eq=False)
class Media(Mapping[str, bytes]):
    """Images by name, each read when it is asked for.

    Attributes:
        names: Sorted.
        read: Gives the content of a name.
    """

    names: tuple[str, ...]
    read: Callable[[str], bytes]

    def __getitem__(self, name: str) -> bytes:
        place = bisect_left(self.names, name)
        if self.names[place : place + 1] != (name,):
            raise KeyError(name)
        return self.read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def named(replies: Iterable[Reply]) -> tuple[str, ...]:
    """Names of all files that ``replies`` name, sorted."""
    return tuple(sorted({name for reply in replies for name in reply.media}))


def in_folder(folder: Path, names: tuple[str, ...]) -> Media:
    """The files ``names`` of the bundle at ``folder``; reading one that is not there is a `BundleError`."""

    def read(name: str) -> bytes:
        if not PICTURE_NAME.fullmatch(name):
            raise BundleError(
                f"{folder}: a reply names the file {name[:80]!r}, which is no image's name. It was forged."
            )
        try:
            return (folder / FOLDER / name).read_bytes()
        except OSError as error:
            raise BundleError(
                f"{folder / FOLDER / name}: cannot be read: {error.strerror}. `harness verify` says what else is wrong."
            ) from error

    return Media(names, read)
