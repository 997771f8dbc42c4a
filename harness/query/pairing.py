"""Which items two runs of a store have in common, and what of them cannot be compared, and why.

Nothing is computed here: records of both runs, and of their cases the columns by which they are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.canonical import from_json
from harness.contracts import ProbeCard
from harness.errors import BundleError, HarnessError
from harness.evidence.bundle import read_json
from harness.plan_records import Plan, PluginRecord
from harness.query.cells import Item, items_of, overlap
from harness.records import Cell, CellStatus
from harness.report.figures import dataset_words, flatten
from harness.study.shared import Shared, groups_of
from harness.text.safe import printable

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["CellPair", "Pairing", "Planned", "pairing", "planned", "shared_of"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run meant to do.

    Attributes:
        folder: Of its bundle.
        plan: Its plan.
        instruments: By cell, what read its replies: name, version, digest of weights and word lists.
    """

    folder: Path
    plan: Plan
    instruments: Mapping[str, frozenset[tuple[str, str, str]]]


@dataclass(frozen=True, slots=True)
class CellPair:
    """One cell of two runs.

    Attributes:
        cell: Probe and data set, ``probe@dataset``.
        title: Of the probe, and on which data; the cell's name where the probe is not installed here.
        family: Of the probe.
        headline: Name of the probe's first metric; empty where the probe is not installed here.
        both: Cases that both runs have.
        apart: Cases that one of them has, or that are not the same in both.
        refusal: Why its numbers are not compared, as a sentence; empty where they are.
        rejudge: Whether the probe's code differs between the runs, so that it must be shown to judge alike.
    """

    cell: str
    title: str
    family: str
    headline: str
    both: int = 0
    apart: int = 0
    refusal: str = ""
    rejudge: bool = False


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two runs side by side, before any number is looked at.

    Attributes:
        before: Name of the earlier run, the baseline.
        after: Name of the run that is compared with it.
        cells: All that either asked, those of ``after`` first.
        remarks: How the runs differ as a whole, as sentences.
    """

    before: str
    after: str
    cells: tuple[CellPair, ...]
    remarks: tuple[str, ...]

    @property
    def open(self) -> tuple[CellPair, ...]:
        """Cells that can be compared."""
        return tuple(cell for cell in self.cells if not cell.refusal)


def pairing(library: Library, before: str, after: str) -> Pairing:
    """Lay two runs of a store side by side.

    A case is the same in both where it has the same cell, name, ask, expected answer, groups, cluster and arm.

    Raises:
        UsageError: no bundle has that name.
        BundleError: one of them cannot be read.
    """
    early, late = (planned(library.folder(name)) for name in (before, after))
    counted = overlap(early.folder, late.folder)
    keys = dict.fromkeys(cell.key for its in (late, early) for cell in its.plan.cells)
    found = [_cell(library, key, (early, late), counted.get(key, (0, 0))) for key in keys]
    # What neither could be asked tells nothing about their difference.
    remarks = tuple(printable(text, limit=600) for text in _remarks(early, late))
    return Pairing(before, after, tuple(cell for cell in found if cell is not None), remarks)


def planned(folder: Path) -> Planned:
    """Read what the run at ``folder`` meant to do.

    Raises:
        BundleError: it cannot be read.
    """
    record = read_json(folder, "run.json")
    try:
        used: dict[str, set[tuple[str, str, str]]] = {}
        for one in record.get("instruments", ()):
            for cell in one["cells"]:
                mark = (str(one["plugin"]["name"]), str(one["card"]["version"]), str(one["card"]["digest"]))
                used.setdefault(cell, set()).add(mark)
        plan: Plan = from_json(Plan, record["plan"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"{folder / 'run.json'}: not the record of a run: {error}.") from error
    return Planned(folder, plan, {cell: frozenset(its) for cell, its in used.items()})


def shared_of(library: Library, before: str, after: str, cell: str) -> Shared:
    """The cases of a cell that both runs have, with the groups that are left out of both in turn.

    Raises:
        UsageError: no bundle has that name.
        BundleError: one of them cannot be read.
    """
    first, second = (items_of(library.folder(name), cell) for name in (before, after))
    clusters = [cluster for its in (first, second) for _, _, _, cluster, _ in its.values()]
    return Shared(frozenset(_same(first, second)), groups_of(clusters))


def _same(first: Mapping[str, Item], second: Mapping[str, Item]) -> Iterator[str]:
    return (name for name, item in first.items() if second.get(name) == item)


def _cell(library: Library, key: str, runs: tuple[Planned, Planned], counted: tuple[int, int]) -> CellPair | None:
    cells = [next((cell for cell in run.plan.cells if cell.key == key), None) for run in runs]
    if not any(cell is not None and cell.status is CellStatus.PLANNED for cell in cells):
        return None
    both, apart = counted
    probe, dataset = (cell := next(cell for cell in cells if cell is not None)).probe, cell.dataset
    refusal = printable(next(_refusals(key, runs, (cells[0], cells[1]), both), ""), limit=600)
    try:
        card: ProbeCard = library.registry.create("probe", probe, cell.settings).card
    except HarnessError as error:
        return CellPair(key, key, probe.partition(".")[0], "", both, apart, refusal or printable(str(error), limit=600))
    codes = {_code(run.plan, probe).code for run in runs} if not refusal else set()
    title = printable(f"{card.title}, {dataset_words(dataset)}", limit=300)
    return CellPair(key, title, card.family, card.metrics[0].name, both, apart, refusal, len(codes) > 1)


def _code(plan: Plan, probe: str) -> PluginRecord:
    return next(one for one in plan.plugins if one.kind == "probe" and one.name == probe)


def _refusals(
    key: str, runs: tuple[Planned, Planned], cells: tuple[Cell | None, Cell | None], both: int
) -> Iterator[str]:
    """Yield the reasons why two cells cannot be compared, the plainest first."""
    for name, cell in zip(("the baseline", "this run"), cells, strict=True):
        if cell is None:
            yield f"{name.capitalize()} did not ask it."
        elif cell.status is not CellStatus.PLANNED:
            yield f"It did not fit the model of {name}: {cell.reason}."
    early, late = cells
    if early is None or late is None:
        return
    data = [next((one for one in run.plan.data if one.name == late.dataset), None) for run in runs]
    if data[0] is not None and data[1] is not None and data[0].digest != data[1].digest:
        versions = f"version {data[0].version} in the baseline, {data[1].version} in this run"
        yield f"The data are not the same: {dataset_words(late.dataset)} has another content ({versions})."
    records = [_code(run.plan, late.probe) for run in runs]
    if records[0].version != records[1].version:
        yield (
            f"The probe is not the same: {records[0].distribution} {records[0].version} asked in the baseline,"
            f" {records[1].distribution} {records[1].version} in this run."
        )
    if early.settings != late.settings:
        yield f"The probe was set otherwise: {_settings(early)} in the baseline, {_settings(late)} in this run."
    if early.capability is not late.capability:
        yield f"The models were asked otherwise: {_how(early)} in the baseline, {_how(late)} in this run."
    if runs[0].instruments.get(key, frozenset()) != runs[1].instruments.get(key, frozenset()):
        yield "The replies were read by other instruments, or by other versions of them."
    if not both:
        yield "The runs have no item in common: none was asked alike in both."


def _settings(cell: Cell) -> str:
    return ", ".join(f"{name} = {text}" for name, text in flatten(dict(cell.settings))) or "as shipped"


def _how(cell: Cell) -> str:
    return cell.capability.value if cell.capability else "not at all"


def _remarks(early: Planned, late: Planned) -> Iterator[str]:
    """Say how the runs differ beside their replies: what a reader must know to make anything of a difference."""
    one, other = early.plan, late.plan
    if one.identity.name != other.identity.name:
        yield f"They are of different models: {one.identity.name} before, {other.identity.name} now."
    elif one.identity.digest != other.identity.digest:
        yield f"Something of the model {other.identity.name} is not as it was: its weights, settings or mitigations."
    else:
        yield f"Both are of the same model, {other.identity.name}: what differs is chance, or a service that changed."
    given = [tuple(its.card.title if its.card else its.name for its in plan.mitigations) for plan in (one, other)]
    if given[0] != given[1]:
        told = [", ".join(names) or "none" for names in given]
        yield f"Mitigations: {told[0]} before, {told[1]} now."
    if one.seed != other.seed:
        yield f"The seeds differ ({one.seed} and {other.seed}): fewer items may be the same, and chance counts twice."
    if one.profile != other.profile:
        yield f"The baseline asked as much as the profile {one.profile} says, this run as {other.profile} says."
