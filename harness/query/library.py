"""The runs of a store, newest first, each as one line of a list or as everything that its pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canonical import digest_bytes, from_json
from harness.contracts import ProbeCard
from harness.errors import BundleError, HarnessError, UsageError, nearest
from harness.evidence.bundle import read_findings, read_json, read_verdict
from harness.evidence.manifest import MANIFEST
from harness.evidence.store import Store
from harness.evidence.verify import Finding, verify
from harness.plan_records import Plan
from harness.query.access import Role
from harness.records import Cell, CellStatus
from harness.registry import Registry
from harness.report.overview import Banner, banner
from harness.report.view import RunView, view

__all__ = ["Library", "Listed", "open_library"]


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
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Library:
    """A store, read by somebody.

    Attributes:
        store: The folder of runs.
        registry: Where the probes are whose cards say what the numbers mean.
        role: Who reads.
    """

    store: Store
    registry: Registry
    role: Role

    def runs(self) -> tuple[Listed, ...]:
        """All bundles, newest first; one that cannot be read says why, and hides no other."""
        return tuple(_listed(folder) for folder in self.store.bundles())

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

    def view(self, name: str) -> RunView:
        """Everything that pages show of a run, but for single cases.

        Raises:
            UsageError: no bundle has that name, or one of its probes is not installed here.
            BundleError: it cannot be read.
        """
        evidence = read_findings(self.folder(name))
        return view(evidence, self._cards(evidence.run))

    def verify(self, name: str) -> list[Finding]:
        """Everything that is wrong with a bundle: hashes its files, judges and computes all again.

        Raises:
            UsageError: no bundle of the store has that name.
        """
        return verify(self.folder(name), self.registry)

    def _cards(self, run: Mapping[str, Any]) -> dict[str, ProbeCard]:
        cells: list[Cell] = [from_json(Cell, cell) for cell in run["plan"]["cells"]]
        planned = {cell.probe: cell.settings for cell in cells if cell.status is CellStatus.PLANNED}
        return {name: self.registry.create("probe", name, settings).card for name, settings in planned.items()}


def open_library(root: Path, role: Role) -> Library:
    """Open the store at ``root``, which need not be there yet, with the plugins that are installed."""
    return Library(Store(root), Registry(), role)


def _listed(folder: Path) -> Listed:
    try:
        record = read_json(folder, "run.json")
        plan: Plan = from_json(Plan, record["plan"])
        return Listed(
            name=folder.name,
            model=plan.identity.name,
            backend=plan.identity.backend,
            profile=plan.profile,
            seed=plan.seed,
            finished=str(record["timing"]["finished"]),
            banner=banner(read_verdict(folder)),
            mitigations=tuple(its.card.title if its.card else its.name for its in plan.mitigations),
        )
    except HarnessError as error:
        return Listed(folder.name, trouble=str(error))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return Listed(folder.name, trouble=f"{folder.name}: not the record of a run ({type(error).__name__}: {error}).")
