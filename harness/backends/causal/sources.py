"""What the user wrote for a model → a folder on this machine. Looking opens no connection; `fetch` may.

In order: a GGUF file, a name of the catalogue, a folder, a repository of the Hugging Face hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.catalogue import LocalModel, Say, entries, from_gguf, present, pull
from harness.contracts import Progress
from harness.errors import MissingExtraError, ModelError, OfflineError, nearest
from harness.offline import is_offline

__all__ = ["Found", "fetch", "find"]

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]


@dataclass(frozen=True, slots=True)
class Found:
    """A model on this machine.

    Attributes:
        name: For people.
        folder: Its files.
        origin: Where it came from: ``folder``, ``gguf:…``, ``wheel:…`` or ``hub:…``, with what pins it.
    """

    name: str
    folder: Path
    origin: str


def find(model: str, revision: str | None) -> Found:
    """Look for ``model`` on this machine.

    A GGUF file is converted on the way, once, which takes torch and some seconds; all else only looks.

    Raises:
        ModelError: it is not here; says where it was looked for and how to get it.
    """
    path = Path(model).expanduser()
    if path.suffix.lower() == ".gguf":
        return _of_catalogue(from_gguf(path))
    known = {entry.name: entry for entry in entries()}
    if model in known:
        here = present(known[model])
        if here is None:
            raise ModelError(
                f"The model {model!r} is not on this machine yet. Get it with `harness models pull {model}`."
            )
        return _of_catalogue(here)
    if path.is_dir():
        return Found(path.resolve().name, path, "folder")
    if HUB_ID.fullmatch(model):
        return _in_hub_cache(model, revision)
    raise ModelError(
        f"No model {model!r}: it is no name of the catalogue, no folder and no .gguf file here, and no hub id"
        f" (owner/name).{nearest(model, known)} See `harness models list`."
    )


def fetch(model: str, revision: str | None, *, progress: Progress | None = None, say: Say | None = None) -> None:
    """Bring ``model`` onto this machine, where that takes the network; does nothing where it is here.

    Args:
        model: As in `find`.
        revision: Commit, tag or branch of a hub repository.
        progress: Told bytes done and bytes in all while a model of the catalogue is downloaded.
        say: Told at once what takes long.

    Raises:
        OfflineError: it is not here, and the network is forbidden.
        ModelError: it cannot be had.
    """
    known = {entry.name: entry for entry in entries()}
    if model in known:
        pull(known[model], progress=progress, say=say)
        return
    try:
        find(model, revision)
    except ModelError:
        if revision is None or not HUB_ID.fullmatch(model):
            raise
        _download(model, revision, say)


def _of_catalogue(model: LocalModel) -> Found:
    return Found(model.name, model.folder, f"{model.source}:{model.origin} {model.digest}")


def _in_hub_cache(repo: str, revision: str | None) -> Found:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtraError("A model of the hub", "huggingface_hub", "hf") from error
    try:
        folder = Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError as error:
        if revision is None:
            raise ModelError(
                f"{repo} is not on this machine, and which version to get is not said. Set `revision` under [model] to"
                f" the commit shown under 'History' of its files on the hub (40 hexadecimal digits)."
            ) from error
        raise ModelError(
            f"{repo}@{revision} is not on this machine. Get it with `hf download {repo} --revision {revision}`,"
            " or name a local folder."
        ) from error
    return Found(repo, folder, f"hub:{repo}@{folder.name}")


def _download(repo: str, revision: str, say: Say | None) -> None:
    if is_offline():
        raise OfflineError(
            f"{repo}@{revision} is not on this machine, and offline mode forbids fetching it. Copy the folder of the"
            " model here and name it under [model]."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    if say is not None:
        say(f"Fetching {repo}@{revision} from the hub.")
    try:
        snapshot_download(repo, revision=revision, allow_patterns=HUB_FILES)
    except (OSError, RuntimeError, *HfHubHTTPError.__bases__) as error:
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise ModelError(f"{repo}@{revision}: the hub did not deliver: {reason[0][:300]}") from error
