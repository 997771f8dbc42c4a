"""The folder of a training under way: written aside, brought to disk, renamed; the last two states kept.

    underway/
      lock              held by the process that trains
      job.json          what is being trained: a resume with anything else is refused, saying what differs
      step-00000200/    state.safetensors, and state.json with the digest of the former

Random numbers are a function of the step (with privacy: nobody's to repeat), so no generator's state is in it.
"""

from __future__ import annotations

import errno
import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from harness.canonical import digest_file, dumps, loads
from harness.errors import StoreError, UsageError
from harness.training.durable import sync, sync_tree, write
from harness.training.layout import JOB, LOCK, MANIFEST, UNDERWAY
from harness.training.state import Learned, Progress

__all__ = ["Keeper", "read_job"]

KEPT = 2  # should the newest be damaged, there is one before it

_PROGRESS = TypeAdapter(Progress)


class Keeper:
    """Keeps states of one training, and finds the newest that is sound.

    Args:
        out: The checkpoint's folder to be.
        writes: Whether this process writes; of several that train together, one does.
    """

    def __init__(self, out: Path, *, writes: bool = True) -> None:
        self.out, self.folder, self._writes = out, out / UNDERWAY, writes
        self._lock: IO[bytes] | None = None

    def claim(self) -> None:
        """Make sure that ``out`` is ours to write, before anything is computed.

        Raises:
            UsageError: it holds a finished checkpoint, something else, or a training that is running now.
            StoreError: it cannot be written.
        """
        if (self.out / MANIFEST).is_file() and not self.folder.exists():
            raise UsageError(f"{self.out} holds a finished checkpoint. Name another folder with --out.")
        begun = (self.folder / LOCK).is_file()
        if not begun and self.out.exists() and (not self.out.is_dir() or any(self.out.iterdir())):
            raise UsageError(f"{self.out} is not empty, and no training of ours. Name another folder with --out.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / LOCK).open("ab")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if self._lock is not None:
                self._lock.close()
                self._lock = None
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise UsageError(f"{self.out}: another process is training here. Wait for it, or stop it.") from error
            raise StoreError(
                f"{self.out}: checkpoints cannot be written here: {error.strerror}. Name another folder with --out."
            ) from error

    def begin(self, job: Mapping[str, Any]) -> None:
        """Write down what is being trained, or make sure that it is what was begun here.

        Raises:
            UsageError: something else was begun; everything that differs is listed.
        """
        begun = read_job(self.out)
        if begun is None:
            write(self.folder / JOB, dumps(job, indent=2))
            return
        differs = list(_differences("", begun, loads(dumps(job))))
        if differs:
            listed = "\n".join(f"  {line}" for line in differs)
            raise UsageError(
                f"{self.out}: a different training is under way here:\n{listed}\n"
                "Resume it with what it was begun with, or name another folder with --out."
            )

    def steps(self) -> list[int]:
        """Steps whose states are kept, newest first."""
        found = [place.name.removeprefix("step-") for place in self.folder.glob("step-*")]
        return sorted((int(number) for number in found if number.isdecimal()), reverse=True)

    def save(self, progress: Progress, learned: Learned) -> None:
        """Keep this state, and of the earlier ones the last.

        Raises:
            StoreError: the disk is full or cannot be written; earlier states are untouched.
        """
        if not self._writes:
            return
        aside, place = self.folder / ".partial", self._place(progress.step)
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            save_file(learned.flatten(), aside / "state.safetensors")
            head = {"progress": progress, "tensors": digest_file(aside / "state.safetensors")}
            (aside / "state.json").write_bytes(dumps(head, indent=2))
            sync_tree(aside)
            shutil.rmtree(place, ignore_errors=True)
            aside.rename(place)
            sync(self.folder)
            for step in self.steps()[KEPT:]:
                shutil.rmtree(self._place(step))
        except (OSError, SafetensorError) as error:
            left = next(iter(self.steps()), None)
            raise StoreError(
                f"{self.folder}: the state after step {progress.step} cannot be kept: {error}. Free some space, then"
                f" `harness train --resume` goes on from {'the start' if left is None else f'step {left}'}."
            ) from error

    def newest(self, learned: Learned, note: Callable[[str], None]) -> Progress | None:
        """Restore the newest sound state into ``learned``; None where there is none."""
        for step in self.steps():
            try:
                progress, tensors = _read(self._place(step))
            except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
                note(f"The state after step {step} is damaged ({_one_line(error)}); an earlier one is used.")
            else:
                learned.restore(tensors)
                return progress
        return None

    def close(self, *, done: bool) -> None:
        """Release the folder; remove it when ``done``, or when nothing was begun that could be resumed."""
        if self._writes and (done or not (self.folder / JOB).exists()):
            # The lock last: killed meanwhile, the folder is still known for ours.
            for place in sorted(self.folder.iterdir(), key=lambda place: place.name == LOCK):
                shutil.rmtree(place) if place.is_dir() else place.unlink()
            self.folder.rmdir()
            if not done and not any(self.out.iterdir()):
                self.out.rmdir()
        if self._lock is not None:
            self._lock.close()

    def _place(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}"


def read_job(out: Path) -> dict[str, Any] | None:
    """What is being trained in ``out``; None where nothing was begun.

    Raises:
        StoreError: the file is damaged.
    """
    path = out / UNDERWAY / JOB
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}. Remove {out} and train anew.") from error
    return found


def _read(place: Path) -> tuple[Progress, dict[str, Tensor]]:
    head = loads((place / "state.json").read_bytes())
    found = digest_file(place / "state.safetensors")
    if str(found) != head["tensors"]:
        raise ValueError("the tensors are not those that were written")
    try:
        progress = _PROGRESS.validate_python(head["progress"])
    except ValidationError as error:
        raise ValueError(f"state.json does not hold a state: {error}") from error
    return progress, load_file(place / "state.safetensors")


def _differences(at: str, begun: Any, now: Any) -> Iterator[str]:
    """One line for each leaf in which two JSON values differ."""
    if isinstance(begun, dict) and isinstance(now, dict):
        for key in sorted(begun.keys() | now.keys()):
            yield from _differences(f"{at}.{key}".removeprefix("."), begun.get(key), now.get(key))
    elif begun != now:
        yield f"{at}: begun with {begun!r:.80}, now {now!r:.80}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
