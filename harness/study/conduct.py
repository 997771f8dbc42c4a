"""Run every arm, compare, and leave a bundle. What was asked before, by whatever run, is not asked again."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import tomlkit

from harness.config import Config
from harness.config.schema import Model
from harness.contracts.mitigations import Mitigation
from harness.errors import HarnessError, StoreError, UsageError
from harness.evidence.bundle import Evidence
from harness.evidence.store import Store, slug
from harness.execute import Stop
from harness.registry import Registry
from harness.run import Finished, Request, Watch, audit
from harness.study.arms import calibration_folder, calibrations, lay_out, settings_at
from harness.study.bundle import files_of, publish
from harness.study.calibration import apart, is_calibrated
from harness.study.compared import compare
from harness.study.design import Design
from harness.study.page import render_study
from harness.study.pairs import Ran
from harness.study.reading import ARMS, STUDIES
from harness.study.records import Arm, Results, Role
from harness.study.refusals import (
    refuse_one_model,
    refuse_one_run,
    refuse_uncalibrated,
    refuse_unfit,
    refuse_unmeasured,
)

__all__ = ["Conducted", "Halted", "StudyWatch", "conduct"]


class StudyWatch(Protocol):
    """Who is told how a study goes."""

    def arm(self, arm: Arm, number: int, of: int) -> Watch:
        """Arm ``number`` of ``of``, from 1, begins; returns who is told how its run goes."""

    def lost(self, arm: Arm, reason: str) -> None:
        """An arm failed; the others go on."""

    def comparing(self) -> None:
        """All arms have run; what follows is arithmetic."""


@dataclass(frozen=True, slots=True)
class Conducted:
    """A study that has its bundle."""

    folder: Path
    design: Design
    ran: Sequence[Ran]
    results: Results


@dataclass(frozen=True, slots=True)
class Halted:
    """A study that was stopped in an arm; its replies are in the journals, and the same command goes on."""

    arm: Arm
    left: int
    interrupted: bool


def conduct(
    design: Design,
    text: str,
    registry: Registry,
    *,
    project: Path,
    stop: Stop,
    watch: StudyWatch,
    train: Callable[[Design], Model] | None = None,
    today: Callable[[], date] = date.today,
) -> Conducted | Halted:
    """Run the study and write its bundle; a study that was stopped goes on when it is conducted again.

    Args:
        design: The study.
        text: The file it was read from, kept in the bundle.
        registry: Installed plugins.
        project: Folder whose git commit is recorded.
        stop: Says when to ask no more.
        watch: Is told how it goes.
        train: Trains the model of a design that has a table [train], and returns the table [model] that opens it.
        today: The day on which verdicts of runs are made.

    Raises:
        UsageError: a treatment trains the model, and all seeds would train the same one; two seeds would be one run; or
            another process conducts this very study.
        ConfigError: a mitigation cannot be applied, a metric is measured by no probe, or the like; nothing was run but
            what treatments are calibrated on.
        HarnessError: the store failed, or no baseline is left to compare with.
    """
    store = Store(Path(design.run.store))
    store.prepare()
    refuse_unmeasured(design, registry)
    titles = _titles(design, registry)
    model = _model(design, train)
    first = calibrations(design, store=design.run.store, model=model)
    arms = lay_out(design, registry, store=design.run.store, model=model)
    refuse_unfit([*first, *(one for one in arms if not is_calibrated(design, one[0]))], registry)
    refuse_one_model(design, arms)
    refuse_one_run(design, arms, registry)
    name = f"{slug(design.title)}-{design.digest.short}"
    with _alone(store.root / STUDIES, name) as aside:
        walk = _Walk(design, registry, project, stop, watch, today, aside, len(first) + len(arms))
        earlier = _calibrate(walk, first)
        if isinstance(earlier, Halted):
            return earlier
        folders = {calibration_folder(seed): str(aside / calibration_folder(seed)) for seed in earlier}
        arms = [(arm, config.lying(folders)) for arm, config in arms]
        refuse_uncalibrated(design, arms, earlier, registry)
        ran = _treat(walk, arms, earlier)
        if isinstance(ran, Halted):
            return ran
        watch.comparing()
        if all(one.evidence is None for one in ran if one.arm.role is Role.BASELINE):
            raise HarnessError(f"No baseline is left to compare with: {ran[0].reason}")
        results = compare(design, ran, titles, registry)
        files = dict(files_of(design, text, ran, titles, results, earlier=list(earlier.values())))
        files["report.html"] = render_study(design, ran, results).encode()
        return Conducted(publish(aside, _free(store.root / STUDIES, name), files), design, ran, results)


@contextmanager
def _alone(place: Path, name: str) -> Iterator[Path]:
    """Give the empty folder that the study ``name`` is made in, and to nobody else; nothing of it is left behind.

    Raises:
        UsageError: another process conducts the same study into the same store.
        StoreError: the store cannot be written.
    """
    aside = place / f".{name}.partial"
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = (place / f".{name}.lock").open("ab")
    except OSError as error:
        raise StoreError(f"{place}: studies cannot be kept here: {error.strerror}. Name another --store.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"{place}: another process conducts this very study. Wait for it, or stop it: what it has asked is not"
                " asked again."
            ) from error
        shutil.rmtree(aside, ignore_errors=True)
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            # Taken away while it is held: who waits for it opens a new one.
            Path(lock.name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Walk:
    """What all runs of a study have in common; ``of`` is how many there are."""

    design: Design
    registry: Registry
    project: Path
    stop: Stop
    watch: StudyWatch
    today: Callable[[], date]
    aside: Path
    of: int

    def run(self, number: int, arm: Arm, config: Config, folder: Path) -> Ran | Halted:
        request = Request(config, _toml(config), {}, self.project, folder=folder)
        told = self.watch.arm(arm, number, self.of)
        return _run(arm, request, self.registry, stop=self.stop, watch=told, today=self.today)


def _calibrate(walk: _Walk, first: Sequence[tuple[Arm, Config]]) -> dict[int, Ran] | Halted:
    """Run what treatments are calibrated on, by seed; none where nothing is."""
    earlier: dict[int, Ran] = {}
    for number, (arm, config) in enumerate(first, 1):
        one = walk.run(number, arm, config, walk.aside / calibration_folder(arm.seed))
        if isinstance(one, Halted):
            return one
        if one.evidence is None:
            walk.watch.lost(arm, one.reason)
        earlier[arm.seed] = one
    return earlier


def _treat(walk: _Walk, arms: Sequence[tuple[Arm, Config]], earlier: Mapping[int, Ran]) -> list[Ran] | Halted:
    """Run every arm; one whose calibration run failed is lost with it."""
    ran: list[Ran] = []
    for number, (arm, config) in enumerate(arms, len(earlier) + 1):
        before = earlier.get(arm.seed) if is_calibrated(walk.design, arm) else None
        if before is not None and before.evidence is None:
            one: Ran | Halted = Ran(arm, None, f"its calibration run failed: {before.reason}")
        else:
            one = walk.run(number, arm, config, walk.aside / ARMS / arm.name)
        if isinstance(one, Halted):
            return one
        if before is not None:
            one = apart(one, before)
        if one.evidence is None:
            shutil.rmtree(walk.aside / ARMS / arm.name, ignore_errors=True)
            walk.watch.lost(arm, one.reason)
        ran.append(one)
    return ran


def _model(design: Design, train: Callable[[Design], Model] | None) -> Model:
    if design.train is None:
        return design.model
    if train is None:
        raise UsageError("This study trains its own model, and nobody here trains one.")
    return train(design)


def _run(
    arm: Arm, request: Request, registry: Registry, *, stop: Stop, watch: Watch, today: Callable[[], date]
) -> Ran | Halted:
    """Run one arm. Its own trouble, as of its training, is recorded; a store that fails stops the study."""
    try:
        done = audit(request, registry, stop=stop, watch=watch, today=today)
    except UsageError as error:
        return Ran(arm, None, str(error))
    if not isinstance(done, Finished):
        return Halted(arm, done.left, done.interrupted)
    one = _judged(arm, request.config, done.evidence)
    if one.evidence is None:
        shutil.rmtree(done.folder)
    return one


def _judged(arm: Arm, config: Config, evidence: Evidence) -> Ran:
    """Take the arm's evidence; one in which too many asks failed counts as failed itself."""
    totals = evidence.run["totals"]
    if isinstance(totals, dict) and int(str(totals["failed"])) > config.run.failed_share * int(str(totals["asks"])):
        errors = sorted({reply.error for reply in evidence.replies.values() if reply.error is not None})
        why = f": {errors[0]}" if errors else ""
        return Ran(arm, None, f"{totals['failed']} of {totals['asks']} asks failed{why}")
    return Ran(arm, evidence)


def _titles(design: Design, registry: Registry) -> dict[str, str]:
    """How sentences call each treatment where the design does not say: as its mitigation calls itself."""
    titles = {}
    for one in design.treatment:
        settings = settings_at(one, one.dose.values[-1] if one.dose else None)
        made: Mitigation = registry.create("mitigation", one.mitigation, settings)
        titles[one.name] = made.card.title
    return titles


def _toml(config: Config) -> str:
    content = config.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    # Where a run is kept is no part of what it is.
    content.get("run", {}).pop("store", None)
    return tomlkit.dumps({"schema": 1, **content})


def _free(place: Path, name: str) -> Path:
    number = 1
    while (place / f"{name}-{number}").exists():
        number += 1
    return place / f"{name}-{number}"
