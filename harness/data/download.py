"""Files of public data, fetched over the network once: pinned, verified, kept in the user's cache.

What arrives is held against its pinned SHA-256; what does not fit is refused and never kept. Nothing is fetched
unless the caller can say so to the user.
"""

from __future__ import annotations

import http.client
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from harness.canonical import Digest, digest_bytes
from harness.catalogue.cache import disk_errors, require_space, root
from harness.errors import DataError, OfflineError
from harness.offline import is_offline

__all__ = ["PinnedDownload", "Say", "cached", "fetch"]

Say = Callable[[str], None]
"""Called with one sentence before a connection is opened."""

WAIT = 20.0
"""Seconds within which a server must answer, and then go on sending."""

PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class PinnedDownload:
    """A file that is only accepted with this content.

    Attributes:
        name: Of the file, and of its folder in the cache: ``set/file``.
        size: Bytes as sent.
        digest: SHA-256 of these bytes.
        addresses: Where it can be had, tried in order.
    """

    name: str
    size: int
    digest: Digest
    addresses: tuple[str, ...]


def cached(name: str) -> Path:
    """Where `fetch` keeps the file ``set/file``, whether or not it is there."""
    return root() / "data" / name


def fetch(pinned: PinnedDownload, say: Say) -> Path:
    """Bring a file into the cache and return its path.

    Args:
        pinned: What to fetch.
        say: Told which file comes from where.

    Raises:
        OfflineError: the network is forbidden.
        DataError: no address gave the pinned content; says why for each.
        StoreError: the cache's disk is full or cannot be written.
    """
    path = cached(pinned.name)
    if is_offline():
        raise OfflineError(f"{pinned.name} is not on this machine, and offline mode forbids fetching it.")
    reasons = []
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        require_space(path.parent, pinned.size)
    for address in pinned.addresses:
        host = urlsplit(address).netloc
        say(f"Fetching {pinned.name}, {pinned.size / 1e6:.1f} MB, from {host}, into {path.parent}.")
        try:
            content = _read(address, pinned.size)
        except (OSError, http.client.HTTPException) as error:
            reasons.append(f"{host}: {_line(error)}")
            continue
        found = digest_bytes(content)
        if found == pinned.digest:
            with disk_errors(path.parent):
                _keep(content, path)
            return path
        reasons.append(f"{host}: what it sends is {found.short}…, not the pinned {pinned.digest.short}…")
    raise DataError(f"{pinned.name} could not be fetched: {'; '.join(reasons)}. Try again later.")


def _read(address: str, size: int) -> bytes:
    """What the server sends, cut off one byte beyond ``size``: it is then not the pinned file anyway."""
    request = Request(address, headers={"User-Agent": "rai-harness"})  # noqa: S310  addresses are pinned, not given
    with urlopen(request, timeout=WAIT) as answer:  # noqa: S310  likewise
        parts, left = [], size + 1
        while left and (part := answer.read(min(PIECE, left))):
            parts.append(part)
            left -= len(part)
    return b"".join(parts)


def _keep(content: bytes, path: Path) -> None:
    """Write aside and rename: the file is there wholly or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.move(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _line(error: BaseException) -> str:
    text = str(getattr(error, "reason", "") or error) or type(error).__name__
    return "".join(character for character in " ".join(text.split()) if character.isprintable())[:200]
