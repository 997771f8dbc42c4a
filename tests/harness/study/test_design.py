"""A study's file: what it may say, what is refused, and the studies that ship."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError, UsageError
from harness.registry import Registry
from harness.study.arms import calibrations, lay_out
from harness.study.design import read_design, shipped_studies
from harness.study.measured import PANEL
from harness.study.records import Role
from harness.study.refusals import refuse_one_model

TEXT = """
title = "A study"
question = "Does it?"
[model]
backend = "control"
[[risk]]
metric = "robustness.option_order/flip_rate"
[[utility]]
metric = "hallucination.closed_book/mc1"
margin = 0.1
reason = "Because."
[[treatment]]
name = "orders"
mitigation = "permute_average"
dose = { setting = "orders", values = [2, 3] }
"""


def test_its_probes_are_those_of_its_goals_and_its_digest_is_of_what_could_change_a_number():
    design = read_design(TEXT, "study.toml")
    assert design.probes == ("robustness.option_order", "hallucination.closed_book")
    assert len(design.seeds) == 3
    kept = read_design(TEXT, "study.toml", {"run.store": "elsewhere"})
    assert kept.digest == design.digest
    assert read_design(TEXT.replace("0.1", "0.2"), "study.toml").digest != design.digest


def test_arms_are_baselines_then_doses_then_the_placebo_of_the_strongest():
    arms = lay_out(read_design(TEXT, "study.toml"), Registry(), store="runs")
    assert [arm.role for arm, _ in arms] == [Role.BASELINE] * 3 + [Role.TREATMENT] * 6 + [Role.PLACEBO] * 3
    assert len({arm.name for arm, _ in arms}) == 12
    for arm, config in arms:
        assert config.run.seed == arm.seed
        assert config.run.store == "runs"
        assert len(config.mitigation) == (arm.role is not Role.BASELINE)
    doses = [config.mitigation[0].settings["orders"] for arm, config in arms if arm.role is Role.TREATMENT]
    assert doses == [2, 2, 2, 3, 3, 3]
    placebo = next(config for arm, config in arms if arm.role is Role.PLACEBO)
    assert placebo.mitigation[0].settings["orders"] == 3
    assert placebo.mitigation[0].settings != {"orders": 3}


def test_each_seed_draws_the_model_anew_where_the_design_says_how():
    text = TEXT + '\n[reseed]\nmitigation = "retrain"\nsetting = "toss"\n'
    for arm, config in lay_out(read_design(text, "study.toml"), Registry(), store="runs"):
        assert arm.trains
        assert config.mitigation[0].settings == {"toss": arm.seed}


def test_what_trains_one_model_for_several_seeds_is_refused():
    text = TEXT.replace('mitigation = "permute_average"', 'mitigation = "private"').replace("orders", "epsilon")
    design, once = (read_design(its, "study.toml") for its in (text, f"seeds = [1]{text}"))
    with pytest.raises(UsageError, match=r"without a table \[reseed\] all seeds would train the same one"):
        refuse_one_model(design, lay_out(design, Registry(), store="runs"))
    arms = lay_out(once, Registry(), store="runs")
    assert len(arms) == 4
    refuse_one_model(once, arms)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('title = "A study"', ""), "title: this key is required here and missing"),
        (('title = "A study"', 'titel = "A study"'), r"titel: unknown key\. Did you mean 'title'"),
        (("margin = 0.1", "margin = 0"), r"utility\.0\.margin"),
        (("values = [2, 3]", "values = [2]"), r"treatment\.0\.dose\.values"),
        (('name = "orders"', 'name = "Orders of options"'), r"treatment\.0\.name"),
        (('name = "orders"', 'name = "baseline"'), "is the name of the arm without treatment"),
        (('title = "A study"', 'title = "A study"\nseeds = [1, 1]'), "seeds are distinct"),
        (('title = "A study"', 'title = "A study'), "not valid TOML"),
        (("[[risk]]", '[train]\nkind = "vae"\n[[risk]]'), r"\[reseed\]"),
    ],
)
def test_mistakes_are_told_with_their_place(change, message):
    with pytest.raises(ConfigError, match=message):
        read_design(TEXT.replace(*change), "study.toml")


@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_a_study_that_ships_names_what_there_is(name):
    design = read_design(shipped_studies()[name].read_text(encoding="utf-8"), name)
    registry = Registry()
    assert design.question.endswith("?")
    assert len(design.seeds) >= 3
    metrics = {metric.name for probe in design.probes for metric in registry.create("probe", probe).card.metrics}
    metrics |= {metric.name for metric, _ in PANEL.values()}
    assert {goal.metric for goal in (*design.risk, *design.utility)} <= metrics
    arms = lay_out(design, registry, store="runs")
    assert {Role.BASELINE, Role.TREATMENT, Role.PLACEBO} == {arm.role for arm, _ in arms}


CALIBRATED = """
[calibration]
probes = ["hallucination.calibration"]
share = 0.6
[[treatment]]
name = "deferral"
mitigation = "defer"
calibrated = "calibration"
"""


def test_what_is_calibrated_takes_a_folder_of_the_study_and_asks_other_rows_than_its_calibration_run():
    design = read_design(f"{TEXT}{CALIBRATED}", "study.toml")
    first = calibrations(design, store="runs")
    assert [(arm.name, config.run.part) for arm, config in first] == [
        (f"calibration-seed{seed}", (0.0, 0.6)) for seed in design.seeds
    ]
    assert all(config.run.probes == ("hallucination.calibration",) for _, config in first)
    for arm, config in lay_out(design, Registry(), store="runs"):
        assert config.run.part == (0.6, 1.0)
        if arm.treatment == "deferral":
            assert config.mitigation[0].settings["calibration"] == f"calibration/seed{arm.seed}"
            assert config.mitigation[0].settings.get("at_random", False) is (arm.role is Role.PLACEBO)
    assert calibrations(read_design(TEXT, "study.toml"), store="runs") == []


def test_what_every_arm_is_watched_for_can_be_a_goal_and_is_no_probe():
    text = TEXT.replace("hallucination.closed_book/mc1", "panel/refused")
    assert read_design(text, "study.toml").probes == ("robustness.option_order",)
