"""Installed plugins, found by entry point, loaded only when used.

A name that two distributions declare is refused, never resolved by order of installation; a plugin
that cannot be loaded becomes a row that says so, and stops only those who ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

from harness import __version__
from harness.canonical import Digest, digest_bytes, digest_file, dumps
from harness.contracts import Backend, Probe
from harness.contracts.composed import WrappingProbe
from harness.contracts.instruments import Instrument
from harness.contracts.mitigations import Mitigation
from harness.errors import BrokenPluginError, PluginClashError, UnknownPluginError, UsageError, nearest

__all__ = ["CORE", "KINDS", "Plugin", "Registry"]

KINDS: Mapping[str, tuple[str, type | None]] = {
    "probe": ("harness.probes", Probe),
    "backend": ("harness.backends", Backend),
    "instrument": ("harness.instruments", Instrument),
    "mitigation": ("harness.mitigations", Mitigation),
    "watermark": ("harness.watermarks", None),
    "exporter": ("harness.exporters", None),
}
"""Plugin kind → entry-point group and the Protocol an instance must satisfy."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed plugin; nothing of it has been imported yet.

    Attributes:
        kind: A key of `KINDS`.
        name: As it is asked for.
        target: ``module:attribute``.
        distribution: Name of the distribution that declares it.
        version: Its version.
    """

    kind: str
    name: str
    target: str
    distribution: str
    version: str

    @property
    def owner(self) -> str:
        """Distribution and version, for messages."""
        return f"{self.distribution} {self.version}"

    def load(self) -> Any:
        """Import and return the plugin's class.

        Raises:
            BrokenPluginError: importing it failed, whatever the reason.
        """
        point = EntryPoint(self.name, self.target, KINDS[self.kind][0])
        try:
            return point.load()
        except Exception as error:
            raise BrokenPluginError(self.kind, self.name, self.owner, f"{type(error).__name__}: {error}") from error

    def create(self, settings: Mapping[str, Any], inner: Callable[[WrappingProbe], Any] | None = None) -> Any:
        """Construct it with ``settings`` and check that it has the shape of its kind.

        Args:
            settings: What its constructor takes.
            inner: Makes the probe that a `WrappingProbe` is put around; without it, such a one is refused.

        Raises:
            BrokenPluginError: it lacks a method of its Protocol.
            UsageError: a setting is unknown or refused by the constructor, or what wraps is to be wrapped itself.
        """
        factory = self.load()
        self.check_settings(factory, settings)
        protocol = KINDS[self.kind][1]
        try:
            # What is not JSON, such as a date, could not be recorded in the evidence.
            dumps(settings)
            made = factory(**settings)
            if protocol is Probe and isinstance(made, WrappingProbe):
                made = self._put_around(made, inner)
            # On Python 3.11 this reads properties, which may be the first to find a setting's type wrong.
            fits = protocol is None or isinstance(made, protocol)
        except (TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                f"{self.kind} {self.name!r} refuses its settings: {error}."
                f" See `harness {self.kind}s describe {self.name}`."
            ) from error
        if not fits and protocol is not None:
            members = {n for part in protocol.__mro__ for n in (*vars(part), *vars(part).get("__annotations__", ()))}
            missing = sorted(n for n in members if not n.startswith("_") and not hasattr(made, n))
            raise BrokenPluginError(self.kind, self.name, self.owner, f"it has no {', '.join(missing) or 'such shape'}")
        return made

    def _put_around(self, made: WrappingProbe, inner: Callable[[WrappingProbe], Any] | None) -> Probe:
        if inner is None:
            raise UsageError(
                f"probe {self.name!r} asks another probe's cases, so no probe can be put around it, itself included."
                " Name a probe in `of` that asks cases of its own: `harness probes list`."
            )
        return made.around(inner(made))

    def settings(self) -> Sequence[str]:
        """Names of the settings its constructor takes."""
        return [p.name for p in signature(self.load()).parameters.values() if p.kind is not p.VAR_KEYWORD]

    def check_settings(self, factory: Any, settings: Mapping[str, Any]) -> None:
        """Refuse a setting that the constructor does not take, naming the nearest that it does."""
        known = [p.name for p in signature(factory).parameters.values()]
        for name in settings:
            if name not in known:
                raise UsageError(
                    f"{self.kind} {self.name!r} has no setting {name!r}.{nearest(name, known)}"
                    f" It takes: {', '.join(known) or 'none'}."
                )

    def code_digest(self) -> Digest:
        """SHA-256 over the Python files of the plugin's top package (or over its single module).

        A judge may live in a helper beside the plugin's own file, so the whole package counts.
        """
        top = self.target.partition(":")[0].partition(".")[0]
        spec = find_spec(top)
        if spec is None or (spec.origin is None and not spec.submodule_search_locations):
            raise BrokenPluginError(self.kind, self.name, self.owner, f"its package {top!r} is not importable")
        if spec.submodule_search_locations:
            roots = [Path(place) for place in spec.submodule_search_locations]
            files = sorted(file for root in roots for file in root.rglob("*.py"))
            listing = [(file.relative_to(roots[0]).as_posix(), digest_file(file).hex) for file in files]
            return digest_bytes(repr(listing).encode())
        return digest_file(Path(str(spec.origin)))


CORE = Plugin("core", "harness", "harness:__version__", "rai-harness", __version__)
"""The harness itself, which computes every interval: its code is recorded like a plugin's."""


class Registry:
    """The plugins of this environment.

    Args:
        allow: Names of distributions whose plugins may be used; None for all. Our own always may.
    """

    def __init__(self, allow: Iterable[str] | None = None) -> None:
        self._allow = None if allow is None else {name.lower() for name in allow} | {"rai-harness"}
        self._found: dict[str, dict[str, list[Plugin]]] = {}

    def installed(self, kind: str) -> Mapping[str, Sequence[Plugin]]:
        """Every plugin of ``kind`` by name, sorted; more than one under a name is a clash."""
        if kind not in self._found:
            by_name: dict[str, dict[tuple[str, str], Plugin]] = {}
            for point in entry_points(group=KINDS[kind][0]):
                owner = point.dist
                name, version = (owner.name, owner.version) if owner else ("unknown", "0")
                if self._allow is not None and name.lower() not in self._allow:
                    continue
                # One distribution can be visible through several path entries: it does not clash with itself.
                by_name.setdefault(point.name, {})[name, point.value] = Plugin(
                    kind, point.name, point.value, name, version
                )
            self._found[kind] = {name: list(by_name[name].values()) for name in sorted(by_name)}
        return self._found[kind]

    def find(self, kind: str, name: str) -> Plugin:
        """The plugin of that kind and name.

        Raises:
            UnknownPluginError: there is none; the nearest name is suggested.
            PluginClashError: there are several.
        """
        found = self.installed(kind).get(name, ())
        if not found:
            raise UnknownPluginError(kind, name, self.installed(kind))
        if len(found) > 1:
            raise PluginClashError(kind, name, [plugin.owner for plugin in found])
        return found[0]

    def create(self, kind: str, name: str, settings: Mapping[str, Any] | None = None) -> Any:
        """Find, load and construct in one step; a `WrappingProbe` comes around the probe that it names.

        Raises:
            UsageError: there is no such plugin, it refuses its settings, or it is to be put around one that wraps.
        """
        return self.find(kind, name).create(settings or {}, self._inner)

    def involved(self, plugin: Plugin, settings: Mapping[str, Any]) -> list[Plugin]:
        """Return ``plugin`` and, where it is put around another with ``settings``, which it takes, that one too."""
        made = plugin.load()(**settings)
        return [plugin, self.find("probe", made.of)] if isinstance(made, WrappingProbe) else [plugin]

    def _inner(self, outer: WrappingProbe) -> Any:
        return self.find("probe", outer.of).create(outer.of_settings)

    def broken(self) -> list[str]:
        """One line for each installed plugin that clashes or cannot be loaded."""
        rows = []
        for kind in KINDS:
            for name in self.installed(kind):
                try:
                    self.find(kind, name).load()
                except (PluginClashError, BrokenPluginError) as error:
                    rows.append(str(error))
        return rows
