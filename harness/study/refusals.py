"""What is wrong with a study, found before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.canonical import Digest
from harness.config import Config
from harness.errors import ConfigError, UsageError, nearest
from harness.plan import check
from harness.registry import Registry
from harness.study.calibration import is_calibrated
from harness.study.design import Design
from harness.study.measured import PANEL
from harness.study.pairs import Ran
from harness.study.records import Arm, Role

__all__ = ["refuse_one_model", "refuse_one_run", "refuse_uncalibrated", "refuse_unfit", "refuse_unmeasured"]


def refuse_unfit(arms: Sequence[tuple[Arm, Config]], registry: Registry, *, by_seed: bool = False) -> None:
    """Check every arm before it runs, once for all its seeds or, where these differ by more than that, ``by_seed``.

    Raises:
        ConfigError: everything that is wrong, each problem with the arm that has it.
    """
    problems: dict[str, None] = {}
    seen: set[tuple[Role, str, int, int]] = set()
    for arm, config in arms:
        kind = (arm.role, arm.treatment, arm.place, arm.seed if by_seed else 0)
        if kind in seen:
            continue
        seen.add(kind)
        try:
            check(config, registry)
        except ConfigError as error:
            problems |= {f"{arm.treatment}: {problem}": None for problem in error.problems}
    if problems:
        raise ConfigError(list(problems))


def refuse_one_model(design: Design, arms: Sequence[tuple[Arm, Config]]) -> None:
    """Make sure that seeds draw the model anew wherever a treatment trains it: else they would all be one model.

    Raises:
        UsageError: they would not; names the treatment.
    """
    if design.reseed is not None or len(design.seeds) == 1:
        return
    for arm, _ in arms:
        if arm.trains:
            raise UsageError(
                f"treatment {arm.treatment!r} trains the model, and without a table [reseed] all seeds would train the"
                " same one. Say how a seed draws it anew, or name one seed."
            )


def refuse_one_run(design: Design, arms: Sequence[tuple[Arm, Config]], registry: Registry) -> None:
    """Make sure that seeds ask other things, or another model: else one run would be counted once for each.

    Raises:
        UsageError: two seeds would be the same run.
        ConfigError: a baseline cannot be planned.
    """
    if design.reseed is not None or len(design.seeds) == 1:
        return
    asked: dict[Digest, int] = {}
    for arm, config in arms:
        if arm.role is not Role.BASELINE:
            continue
        other = asked.setdefault(check(config, registry), arm.seed)
        if other != arm.seed:
            raise UsageError(
                f"seeds {other} and {arm.seed} would ask the same model the same things, and count one run twice. Let"
                " each ask a part of the data: `items` under its [probe], or `part` under [run]; or name one seed."
            )


def refuse_uncalibrated(
    design: Design, arms: Sequence[tuple[Arm, Config]], earlier: Mapping[int, Ran], registry: Registry
) -> None:
    """Check what could not be checked before its calibration run was there, such as whether it asks the same.

    Raises:
        ConfigError: everything that is wrong.
    """
    calibrated = [one for one in arms if is_calibrated(design, one[0]) and earlier[one[0].seed].evidence is not None]
    refuse_unfit(calibrated, registry, by_seed=True)


def refuse_unmeasured(design: Design, registry: Registry) -> None:
    """Make sure that a probe of the study measures each goal, and what contrasts are matched by.

    Raises:
        ConfigError: one line for each metric that none measures.
    """
    cards = [registry.create("probe", name, _settings(design, name)).card for name in design.probes]
    known = {metric.name for card in cards for metric in card.metrics} | {metric.name for metric, _ in PANEL.values()}
    goals = [("risk", goal.metric) for goal in design.risk] + [("utility", goal.metric) for goal in design.utility]
    goals += [("contrast", one.matched) for one in design.contrast]
    unknown = [(kind, metric) for kind, metric in goals if metric not in known]
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
