"""Design → arms: one run each, which differ in nothing but the treatment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.config import Config
from harness.config.schema import Mitigation as Applied
from harness.config.schema import Model
from harness.contracts.mitigations import Mitigation, MitigationKind
from harness.registry import Registry
from harness.study.design import BASELINE, CALIBRATION, Design, Treatment
from harness.study.records import Arm, Role

__all__ = ["calibration_folder", "calibrations", "lay_out", "settings_at"]


def lay_out(design: Design, registry: Registry, *, store: str, model: Model | None = None) -> list[tuple[Arm, Config]]:
    """Lay out all arms with what each runs, baselines first, then treatment by treatment, dose by dose, seed by seed.

    Args:
        design: The study.
        registry: Installed plugins.
        store: Folder of journals and checkpoints.
        model: The model, where the study trains it first; None for that of the design.

    Raises:
        UsageError: a mitigation is not installed, or refuses its settings.
    """
    found = model or design.model
    trained = design.reseed is not None
    arms = [
        (Arm(Role.BASELINE, BASELINE, None, 0, seed, trained), _config(design, found, store, seed, None))
        for seed in design.seeds
    ]
    for treatment in design.treatment:
        arms += _of(design, treatment, found, store, registry)
    return arms


def calibrations(design: Design, *, store: str, model: Model | None = None) -> list[tuple[Arm, Config]]:
    """Lay out the runs that treatments are calibrated on, one for each seed; none where the design has no such table.

    They are of the untreated model, and ask the rows that no arm of the seed asks.
    """
    table = design.calibration
    if table is None:
        return []
    laid = []
    for seed in design.seeds:
        config = _config(design, model or design.model, store, seed, None)
        run = config.run.model_copy(update={"probes": table.probes, "part": (0.0, table.share)})
        arm = Arm(Role.BASELINE, CALIBRATION, None, 0, seed, design.reseed is not None)
        laid.append((arm, config.model_copy(update={"run": run})))
    return laid


def calibration_folder(seed: int) -> str:
    """Where the calibration run of a seed is kept: in the folder of the study, wherever that lies."""
    return f"{CALIBRATION}/seed{seed}"


def _of(
    design: Design, treatment: Treatment, model: Model, store: str, registry: Registry
) -> Iterator[tuple[Arm, Config]]:
    doses = treatment.dose.values if treatment.dose else (None,)
    trained = design.reseed is not None
    for place, dose in enumerate(doses):
        settings = settings_at(treatment, dose)
        # What it is does not depend on the seed.
        made: Mitigation = registry.create(
            "mitigation", treatment.mitigation, {**settings, **_calibrated(treatment, design.seeds[0])}
        )
        trains = made.card.kind in {MitigationKind.DATA, MitigationKind.TRAINING}
        for seed in design.seeds:
            its = {**settings, **_calibrated(treatment, seed)}
            config = _config(design, model, store, seed, Applied(name=treatment.mitigation, **its))
            yield Arm(Role.TREATMENT, treatment.name, dose, place, seed, trained or trains), config
    # The placebo is that of the strongest dose: what costs most is what could do most by its cost alone.
    placebo = _placebo(treatment, made)
    if placebo is not None:
        for seed in design.seeds:
            inert = {**settings, **_calibrated(treatment, seed), **placebo}
            config = _config(design, model, store, seed, Applied(name=treatment.mitigation, **inert))
            yield Arm(Role.PLACEBO, treatment.name, doses[-1], len(doses) - 1, seed, trained or trains), config


def _placebo(treatment: Treatment, made: Mitigation) -> Mapping[str, Any] | None:
    if isinstance(treatment.placebo, Mapping):
        return treatment.placebo
    return made.placebo if treatment.placebo else None


def _calibrated(treatment: Treatment, seed: int) -> dict[str, Any]:
    return {} if treatment.calibrated is None else {treatment.calibrated: calibration_folder(seed)}


def settings_at(treatment: Treatment, dose: Any) -> dict[str, Any]:
    """Settings of the treatment's mitigation, with its dose at ``dose``."""
    settings = _copied(treatment.settings)
    if treatment.dose is not None:
        *tables, key = treatment.dose.setting.split(".")
        table = settings
        for name in tables:
            table = table.setdefault(name, {})
        table[key] = dose
    return settings


def _copied(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in settings.items()}


def _config(design: Design, model: Model, store: str, seed: int, applied: Applied | None) -> Config:
    """The arm's configuration. With [reseed], each seed draws the model anew, whatever is done to it then."""
    again, calibration = design.reseed, design.calibration
    part = design.run.part if calibration is None else (calibration.share, 1.0)
    reseeded = [] if again is None else [Applied(name=again.mitigation, **{again.setting: seed})]
    return Config(
        schema=1,
        model=model,
        run=design.run.model_copy(update={"probes": tuple(design.probes), "seed": seed, "store": store, "part": part}),
        probe=design.probe,
        instrument=design.instrument,
        mitigation=(*reseeded, *([] if applied is None else [applied])),
    )
