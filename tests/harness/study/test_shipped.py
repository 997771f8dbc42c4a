"""Studies that ship: each is read, its goals are measured by its probes, and every arm of it fits its model."""

from __future__ import annotations

import pytest

from harness.config.schema import Model
from harness.errors import ConfigError
from harness.registry import Registry
from harness.study.arms import lay_out
from harness.study.design import read_design, shipped_studies
from harness.study.measured import PANEL
from harness.study.records import Role
from harness.study.refusals import refuse_one_model, refuse_unfit

REGISTRY = Registry()
NAMES = sorted(shipped_studies())
each_study = pytest.mark.parametrize("name", NAMES)


def design_of(name, **overrides):
    path = shipped_studies()[name]
    return read_design(path.read_text(encoding="utf-8"), path.name, overrides)


def settings_of(design, probe):
    table = design.probe.get(probe)
    return dict(table.settings) if table else {}


def problems_of(arms):
    try:
        refuse_unfit(arms, REGISTRY)
    except ConfigError as error:
        return list(error.problems)
    return []


@pytest.fixture(scope="module")
def beginner(tmp_path_factory):
    """Return a function: the model of a study that trains one, after the first steps of its own recipe."""
    from harness.training.job import run
    from harness.training.recipe_files import complete
    from harness.training.watch import Silent

    def made(design):
        if design.train is None:
            return design.model
        asked = design.train
        recipe = complete(asked.kind, asked.recipe if "recipe" in asked.model_fields_set else None, asked.changes)
        folder = tmp_path_factory.mktemp("beginner") / "model"
        short = recipe.model_copy(update={"steps": 20, "warmup": 0, "patience": None})
        run(short, folder, watch=Silent(), device="cpu", stop=lambda: False)
        return Model(backend=design.model.backend, **{**design.model.settings, "checkpoint": str(folder)})

    return made


@each_study
def test_its_goals_are_measured_by_its_probes_and_its_question_ends_as_one(name):
    design = design_of(name)
    cards = [REGISTRY.create("probe", probe, settings_of(design, probe)).card for probe in design.probes]
    goals = {goal.metric for goal in (*design.risk, *design.utility)} | {one.matched for one in design.contrast}
    assert goals <= {*PANEL, *(metric.name for card in cards for metric in card.metrics)}
    assert design.question.endswith("?")
    assert all(margin.reason.endswith(".") for margin in design.utility)


@each_study
def test_it_has_the_seeds_that_evidence_needs_and_a_baseline_for_each(name, tmp_path):
    design = design_of(name)
    arms = lay_out(design, REGISTRY, store=str(tmp_path))
    assert len(design.seeds) >= 3
    assert [arm.seed for arm, _ in arms if arm.role is Role.BASELINE] == list(design.seeds)
    assert len({arm.name for arm, _ in arms}) == len(arms)
    refuse_one_model(design, arms)


@pytest.mark.slow
@each_study
def test_every_arm_of_it_fits_its_model(name, tmp_path, beginner):
    design = design_of(name, **{"run.store": str(tmp_path)})
    if design.calibration is not None:
        pytest.skip("its treatments are calibrated on runs of the whole model, which are not made here")
    assert problems_of(lay_out(design, REGISTRY, store=str(tmp_path), model=beginner(design))) == []
