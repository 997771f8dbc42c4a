"""Run every arm, compare, and leave a bundle. What was asked before, by whatever run, is not asked again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import tomlkit

from harness.config import Config
from harness.config.schema import Model
from harness.contracts.mitigations import Mitigation
from harness.errors import ConfigError, HarnessError, UsageError, nearest
from harness.evidence.bundle import Evidence
from harness.evidence.store import Store, slug
from harness.execute import Stop
from harness.plan import check
from harness.registry import Registry
from harness.run import Finished, Request, Watch, audit
from harness.study.arms import lay_out, refuse_one_model, settings_at
from harness.study.bundle import ARMS, STUDIES, files_of, publish
from harness.study.compared import Ran, compare
from harness.study.design import Design
from harness.study.page import render_study
from harness.study.records import Arm, Results, Role

__all__ = ["Conducted", "Halted", "StudyWatch", "conduct", "refuse_unfit"]


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


def refuse_unfit(arms: Sequence[tuple[Arm, Config]], registry: Registry) -> None:
    """Check every arm, once for all its seeds, before anything runs.

    Raises:
        ConfigError: everything that is wrong, each problem with the arm that has it.
    """
    problems: dict[str, None] = {}
    seen: set[tuple[Role, str, int]] = set()
    for arm, config in arms:
        kind = (arm.role, arm.treatment, arm.place)
        if kind in seen:
            continue
        seen.add(kind)
        try:
            check(config, registry)
        except ConfigError as error:
            problems |= {f"{arm.treatment}: {problem}": None for problem in error.problems}
    if problems:
        raise ConfigError(list(problems))


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
        UsageError: a treatment trains the model, and all seeds would train the same one.
        ConfigError: a mitigation cannot be applied, a metric is measured by no probe, or the like; nothing was run.
        HarnessError: the store failed, or no baseline is left to compare with.
    """
    store = Store(Path(design.run.store))
    store.prepare()
    _refuse_unmeasured(design, registry)
    titles = _titles(design, registry)
    arms = lay_out(design, registry, store=design.run.store, model=_model(design, train))
    refuse_unfit(arms, registry)
    refuse_one_model(design, arms)
    name = f"{slug(design.title)}-{design.digest.short}"
    aside = store.root / STUDIES / f".{name}.partial"
    shutil.rmtree(aside, ignore_errors=True)
    ran: list[Ran] = []
    for number, (arm, config) in enumerate(arms, 1):
        request = Request(config, _toml(config), {}, project, folder=aside / ARMS / arm.name)
        one = _run(arm, request, registry, stop=stop, watch=watch.arm(arm, number, len(arms)), today=today)
        if isinstance(one, Halted):
            shutil.rmtree(aside, ignore_errors=True)
            return one
        if one.evidence is None:
            watch.lost(arm, one.reason)
        ran.append(one)
    watch.comparing()
    if all(one.evidence is None for one in ran if one.arm.role is Role.BASELINE):
        raise HarnessError(f"No baseline is left to compare with: {ran[0].reason}")
    results = compare(design, ran, titles, registry)
    files = dict(files_of(design, text, ran, titles, results))
    files["report.html"] = render_study(design, ran, results).encode()
    return Conducted(publish(aside, _free(store.root / STUDIES, name), files), design, ran, results)


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


def _refuse_unmeasured(design: Design, registry: Registry) -> None:
    cards = [registry.create("probe", name, _settings(design, name)).card for name in design.probes]
    known = {metric.name for card in cards for metric in card.metrics}
    goals = [("risk", goal) for goal in design.risk] + [("utility", goal) for goal in design.utility]
    unknown = [(kind, goal.metric) for kind, goal in goals if goal.metric not in known]
    if unknown:
        probes = ", ".join(design.probes)
        raise ConfigError(
            [
                f"{kind}: {metric!r} is measured by no probe of this study ({probes}).{nearest(metric, known)}"
                for kind, metric in unknown
            ]
        )


def _settings(design: Design, probe: str) -> dict[str, object]:
    table = design.probe.get(probe)
    return dict(table.settings) if table else {}


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
