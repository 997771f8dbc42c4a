"""Where a named model lies on this machine."""

from __future__ import annotations

from pathlib import Path

from harness.catalogue.entries import find
from harness.catalogue.locate import present
from harness.errors import HarnessError, UsageError

__all__ = ["place_of"]


def place_of(named: str, *, setting: str) -> Path:
    """A folder or file as it is, or the folder of a model of the catalogue.

    Args:
        named: Path, or name in the catalogue.
        setting: What it was given as, for the message.

    Raises:
        UsageError: there is no such path, and the catalogue has no such model or has not brought it here yet.
    """
    place = Path(named).expanduser()
    if place.exists():
        return place
    try:
        local = present(find(named))
    except HarnessError as error:
        raise UsageError(f"{setting}: {named} is no folder or file here, and {error}") from error
    if local is None:
        raise UsageError(f"The model {named!r} is not on this machine yet: `harness models pull {named}`.")
    return local.folder
