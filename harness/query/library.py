"""The runs of a store, newest first, each as one line of a list or as everything that its pages show."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.canonical import digest_bytes, from_json
from harness.config import load
from harness.contracts import ProbeCard
from harness.errors import BundleError, HarnessError, UsageError, nearest
from harness.evidence.bundle import Evidence, read_findings, read_json
from harness.evidence.manifest import MANIFEST, Entry, Manifest
from harness.evidence.media import FOLDER
from harness.evidence.store import Store
from harness.evidence.verify import Finding, verify
from harness.gate import Policy, judge
from harness.query.access import Role, require
from harness.records import Cell, CellStatus, Ruling, Verdict
from harness.registry import Registry
from harness.report.overview import Banner, banner
from harness.report.view import RunView, view

__all__ = ["Library", "Listed", "open_library"]

REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class Listed:
    """One bundle of a store, as far as a list shows it.

    Attributes:
        name: Of its folder, which names it in links.
        model: Name of the model; empty where it cannot be read.
        backend: How it was reached.
        profile: How much was asked.
        seed: Of the run; None where it cannot be read.
        finished: When, ISO 8601 in UTC; empty where it cannot be read.
        banner: The verdict; None where it cannot be read.
        mitigations: That the model had, innermost first.
        cells: What was asked, ``probe@dataset`` each.
        trouble: Why it cannot be read; empty where it can.
    """

    name: str
    model: str = ""
    backend: str = ""
    profile: str = ""
    seed: int | None = None
    finished: str = ""
    banner: Banner | None = None
    mitigations: tuple[str, ...] = ()
    cells: frozenset[str] = frozenset()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Library:
    """A store, read by somebody.

    Attributes:
        store: The folder of runs.
        registry: Where the probes are whose cards say what the numbers mean.
        role: Who reads.
        policies: By which a run may be judged besides its own, by name.
    """

    store: Store
    registry: Registry
    role: Role
    policies: Mapping[str, Policy] = field(default_factory=dict)

    def runs(self) -> tuple[Listed, ...]:
        """All bundles, newest first; one that cannot be read says why, and hides no other."""
        return tuple(_listed(folder, stamp) for folder in self.store.bundles() if (stamp := _stamp(folder)))

    def folder(self, name: str) -> Path:
        """The bundle of that name. A name comes from a link: it is looked up, and never made part of a path.

        Raises:
            UsageError: no bundle of the store has it.
        """
        known = {folder.name: folder for folder in self.store.bundles()}
        if name not in known:
            raise UsageError(f"There is no run {name!r} in this store.{nearest(name, known)} Choose one of the list.")
        return known[name]

    def fingerprint(self, name: str) -> str:
        """Digest of the bundle's manifest, which names every other file: equal ones are equal bundles.

        Raises:
            UsageError: no bundle of the store has that name.
            BundleError: its manifest cannot be read.
        """
        place = self.folder(name) / MANIFEST
        try:
            return str(digest_bytes(place.read_bytes()))
        except OSError as error:
            raise BundleError(f"{place}: cannot be read: {error.strerror}. The bundle is not whole.") from error

    def files(self, name: str) -> tuple[Entry, ...]:
        """Every file of a run but manifest and statement, with size, digest and who may see it.

        Raises:
            UsageError: no bundle of the store has that name.
            BundleError: its manifest cannot be read.
        """
        folder = self.folder(name)
        try:
            manifest: Manifest = from_json(Manifest, read_json(folder, MANIFEST))
        except (ValueError, TypeError, KeyError) as error:
            raise BundleError(f"{folder / MANIFEST}: not a manifest ({type(error).__name__}).") from error
        return manifest.files

    def view(self, name: str, policy: str = "") -> RunView:
        """Everything that pages show of a run, but for single cases.

        Args:
            name: Of the run.
            policy: Name of the policy it is judged by today; empty for the one it was run with, on the day it ran.

        Raises:
            UsageError: no bundle or no policy has that name, or one of the run's probes is not installed here.
            BundleError: it cannot be read.
        """
        evidence = read_findings(self.folder(name))
        cards = self._cards(evidence.run)
        return view(self._judged(evidence, policy, cards) if policy else evidence, cards)

    def today(self) -> str:
        """The day on which waivers of other policies are checked, ISO 8601 in UTC."""
        return datetime.now(UTC).date().isoformat()

    def _judged(self, evidence: Evidence, name: str, cards: Mapping[str, ProbeCard]) -> Evidence:
        """The same evidence under another policy, as `harness gate --config` judges it."""
        if name not in self.policies:
            raise UsageError(f"There is no policy {name!r} here.{nearest(name, self.policies)} Choose one of the list.")
        policy, today = self.policies[name], date.fromisoformat(self.today())
        plan: Any = evidence.run["plan"]
        cells: list[Cell] = [from_json(Cell, cell) for cell in plan["cells"]]
        metrics = {metric.name: metric for card in cards.values() for metric in card.metrics}
        verdict = judge(policy, cells, evidence.results, metrics, today)
        run = {**evidence.run, "policy": policy.dump(), "judged_on": today.isoformat()}
        return replace(evidence, run=run, verdict=verdict)

    def has_pictures(self, name: str) -> bool:
        """Whether the model drew something in this run.

        Raises:
            UsageError: no bundle of the store has that name.
        """
        return (self.folder(name) / FOLDER).is_dir()

    def report(self, name: str) -> bytes:
        """The run's ``report.html``: one page that needs nothing else, to be printed or sent.

        Raises:
            AccessError: it shows pictures, training data among them perhaps, and the reader sees no single case.
            UsageError: no bundle of the store has that name.
            BundleError: it cannot be read.
        """
        folder = self.folder(name)
        require(self.role, "raw" if self.has_pictures(name) else "public")
        try:
            return (folder / REPORT).read_bytes()
        except OSError as error:
            raise BundleError(
                f"{folder / REPORT}: cannot be read: {error.strerror}. The bundle is not whole."
            ) from error

    def verify(self, name: str) -> list[Finding]:
        """Everything that is wrong with a bundle: hashes its files, judges and computes all again.

        Raises:
            UsageError: no bundle of the store has that name.
        """
        return verify(self.folder(name), self.registry)

    def _cards(self, run: Mapping[str, Any]) -> dict[str, ProbeCard]:
        """Cards of the probes that ran; and where a limit was set on one that did not fit, its card, for its title."""
        cells: list[Cell] = [from_json(Cell, cell) for cell in run["plan"]["cells"]]
        planned = {cell.probe: cell.settings for cell in cells if cell.status is CellStatus.PLANNED}
        cards = {name: self.registry.create("probe", name, settings).card for name, settings in planned.items()}
        limited = {str(gate["metric"]).rpartition("/")[0] for gate in (run.get("policy") or {}).get("gates", ())}
        for cell in cells:
            if cell.probe in limited - set(cards):
                # Without it, the limit is told by its name: that hides no finding.
                with suppress(HarnessError):
                    cards[cell.probe] = self.registry.create("probe", cell.probe, cell.settings).card
        return cards


def open_library(root: Path, role: Role, policies: Mapping[str, Path] | None = None) -> Library:
    """Open the store at ``root``, which need not be there yet, with the plugins that are installed.

    Args:
        root: Folder of runs.
        role: Who reads.
        policies: Files of ``[[gate]]`` tables by name.

    Raises:
        ConfigError: a policy cannot be read.
        UsageError: a policy has no gate.
    """
    read = {name: Policy.of(load(path)) for name, path in (policies or {}).items()}
    return Library(Store(root), Registry(), role, read)


Stamp = tuple[int, int, int]


def _stamp(folder: Path) -> Stamp | None:
    """What changes when another bundle takes the folder's place; None where it has just gone."""
    try:
        its = (folder / MANIFEST).stat()
    except OSError:
        return None
    return its.st_mtime_ns, its.st_size, its.st_ino


@lru_cache(maxsize=4096)
def _listed(folder: Path, stamp: Stamp) -> Listed:
    """Read a bundle once: it never changes. Plain values are picked, since records of hundreds of runs take seconds."""
    del stamp
    try:
        record = read_json(folder, "run.json")
        plan = record["plan"]
        return Listed(
            name=folder.name,
            model=str(plan["identity"]["name"]),
            backend=str(plan["identity"]["backend"]),
            profile=str(plan["profile"]),
            seed=int(plan["seed"]),
            finished=str(record["timing"]["finished"]),
            banner=_banner(read_json(folder, "verdict.json")["verdict"]),
            mitigations=tuple(
                str((its.get("card") or {}).get("title") or its["name"]) for its in plan.get("mitigations") or ()
            ),
            cells=frozenset(
                f"{cell['probe']}@{cell['dataset']}" for cell in plan["cells"] if cell["status"] == CellStatus.PLANNED
            ),
        )
    except HarnessError as error:
        return Listed(folder.name, trouble=str(error))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return Listed(folder.name, trouble=f"{folder.name}: not the record of a run ({type(error).__name__}: {error}).")


def _banner(found: Any) -> Banner:
    if found is None:
        return banner(None)
    return banner(Verdict(Ruling(found["ruling"]), str(found["sentence"]), (), tuple(map(str, found["warnings"]))))
