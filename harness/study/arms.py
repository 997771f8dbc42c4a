"""Design → arms: one run each, which differ in nothing but the treatment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.config import Config
from harness.config.schema import Mitigation as Applied
from harness.config.schema import Model
from harness.contracts.mitigations import Mitigation, MitigationKind
from harness.errors import UsageError
from harness.registry import Registry
from harness.study.design import BASELINE, Design, Treatment
from harness.study.records import Arm, Role

__all__ = ["lay_out", "refuse_one_model", "settings_at"]


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


def _of(
    design: Design, treatment: Treatment, model: Model, store: str, registry: Registry
) -> Iterator[tuple[Arm, Config]]:
    doses = treatment.dose.values if treatment.dose else (None,)
    trained = design.reseed is not None
    for place, dose in enumerate(doses):
        settings = settings_at(treatment, dose)
        made: Mitigation = registry.create("mitigation", treatment.mitigation, settings)
        trains = made.card.kind in {MitigationKind.DATA, MitigationKind.TRAINING}
        for seed in design.seeds:
            config = _config(design, model, store, seed, Applied(name=treatment.mitigation, **settings))
            yield Arm(Role.TREATMENT, treatment.name, dose, place, seed, trained or trains), config
    # The placebo is that of the strongest dose: what costs most is what could do most by its cost alone.
    placebo = _placebo(treatment, made)
    if placebo is not None:
        inert = {**settings, **placebo}
        for seed in design.seeds:
            config = _config(design, model, store, seed, Applied(name=treatment.mitigation, **inert))
            yield Arm(Role.PLACEBO, treatment.name, doses[-1], len(doses) - 1, seed, trained or trains), config


def _placebo(treatment: Treatment, made: Mitigation) -> Mapping[str, Any] | None:
    if isinstance(treatment.placebo, Mapping):
        return treatment.placebo
    return made.placebo if treatment.placebo else None


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
    again = design.reseed
    reseeded = [] if again is None else [Applied(name=again.mitigation, **{again.setting: seed})]
    return Config(
        schema=1,
        model=model,
        run=design.run.model_copy(update={"probes": tuple(design.probes), "seed": seed, "store": store}),
        probe=design.probe,
        instrument=design.instrument,
        mitigation=(*reseeded, *([] if applied is None else [applied])),
    )
