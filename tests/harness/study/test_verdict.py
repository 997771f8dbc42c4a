"""Eight answers make a verdict, and every sentence says what was found, with its interval."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.records import Better, Interval
from harness.study.checks import check_all
from harness.study.design import read_design
from harness.study.goals import of_goal, side_effects
from harness.study.records import CheckName, Compared, Effect, Lost, Outcome, Role, Trend
from harness.study.verdict import failed, rule

DESIGN = read_design(
    """
title = "A study"
question = "Does it?"
[[risk]]
metric = "bias.pairs/share"
[[risk]]
metric = "bias.pairs/gap"
[[utility]]
metric = "facts.right/share"
margin = 0.05
reason = "Because."
[[treatment]]
name = "told"
mitigation = "instruction"
""",
    "study.toml",
)


def effect(metric, gain, reach, *, better=Better.LOWER, slice_=None, before=0.6, unit="share", p=None):
    """An effect whose improvement is ``gain`` give or take ``reach``."""
    sign = 1 if better is Better.HIGHER else -1
    moved = sign * gain
    p = p if p is not None else (0.001 if gain > reach else 0.5 if gain > -reach else 0.999)
    return Effect(
        cell=f"{metric.partition('/')[0]}@items",
        metric=metric,
        title=metric.replace("/", " "),
        slice=slice_ or {},
        unit=unit,
        better=better,
        null=None,
        before=before,
        after=before + moved,
        change=Interval(moved, moved - reach, moved + reach, 0.95, 100, "jackknife"),
        gain=Interval(gain, gain - reach, gain + reach, 0.95, 100, "jackknife"),
        p_gain=p,
        p_loss=1 - p,
        least_gain=gain - 0.85 * reach,
        p_change=2 * min(p, 1 - p),
        by_seed=(gain, gain, gain),
    )


def compared(*effects, seeds=(1, 2, 3), items=None, lost=(), against=Role.BASELINE):
    return Compared(
        "told",
        "Being told",
        Role.TREATMENT,
        against,
        None,
        seeds,
        lost,
        items or {"bias.pairs@items": (100, 0)},
        effects,
    )


RISK = effect("bias.pairs/share", 0.1, 0.05)
GAP = effect("bias.pairs/gap", 0.0, 0.1)
KEPT = effect("facts.right/share", 0.0, 0.02, better=Better.HIGHER)
BESIDE = compared(effect("bias.pairs/share", 0.1, 0.05), against=Role.PLACEBO)


def ruled(*effects, beside=BESIDE, trend="It was tried at one dose.", **settings):
    one = compared(*effects, **settings)
    return rule(DESIGN, one, check_all(DESIGN, one, against_placebo=beside, trend=trend))


def test_what_passes_all_works_and_says_by_how_much():
    found = ruled(RISK, GAP, KEPT)
    assert found.outcome is Outcome.WORKS
    assert found.sentence == (
        "Being told lowered “bias.pairs share” by 10 points (95 % interval 5 to 15), from 60 of 100 to 50 of 100, did"
        " more than its placebo, and cost no more “facts.right share” than is allowed: works."
    )


def test_a_side_effect_is_named_and_others_are_counted():
    worse = effect("bias.pairs/other", -0.04, 0.02, before=0.1)
    group = effect("bias.pairs/share", -0.2, 0.02, slice_={"attribute": "age"})
    found = ruled(RISK, GAP, KEPT, worse, group)
    assert found.outcome is Outcome.SIDE_EFFECT
    assert (
        "and raised “bias.pairs other” by 4 points (95 % interval 2 to 6), from 10 of 100 to 14 of 100"
        in found.sentence
    )
    assert found.sentence.endswith("and made 1 other number worse: works, with a side effect.")


def test_no_more_than_the_placebo_is_no_better_than_it():
    beside = compared(effect("bias.pairs/share", 0.0, 0.05), against=Role.PLACEBO)
    found = ruled(RISK, GAP, KEPT, beside=beside)
    assert found.outcome is Outcome.PLACEBO
    assert "did not do more than its placebo" in found.sentence


def test_a_price_above_the_margin_costs_too_much_and_one_that_may_be_is_open():
    dear = effect("facts.right/share", -0.2, 0.05, better=Better.HIGHER)
    assert ruled(RISK, GAP, dear).outcome is Outcome.COSTLY
    unclear = effect("facts.right/share", -0.03, 0.05, better=Better.HIGHER)
    found = ruled(RISK, GAP, unclear)
    assert found.outcome is Outcome.OPEN
    assert "left open what it costs in “facts.right share”" in found.sentence


def test_chance_is_told_as_chance_and_harm_as_harm():
    chance = ruled(effect("bias.pairs/share", 0.02, 0.05), GAP, KEPT)
    assert chance.outcome is Outcome.OPEN
    assert "by −2 points (95 % interval −7 to 3), which may be chance" in chance.sentence
    harm = ruled(effect("bias.pairs/share", -0.1, 0.05), GAP, KEPT)
    assert harm.outcome is Outcome.HARMS
    assert "raised “bias.pairs share” by 10 points" in harm.sentence


def test_two_seeds_are_not_enough_and_a_seed_without_improvement_is_none():
    assert ruled(replace(RISK, by_seed=(0.1, 0.1)), GAP, KEPT, seeds=(1, 2)).outcome is Outcome.OPEN
    found = ruled(replace(RISK, by_seed=(0.2, 0.2, -0.1)), GAP, KEPT)
    assert found.outcome is Outcome.OPEN


def test_holm_is_over_all_risk_metrics():
    once = {check.name: check for check in ruled(effect("bias.pairs/share", 0.1, 0.05, p=0.03), GAP, KEPT).checks}
    assert once[CheckName.IMPROVED].passed is False
    assert "2 risk metrics" in once[CheckName.IMPROVED].why


def test_what_only_some_arms_were_asked_is_told_and_beyond_one_half_it_is_a_fault():
    few = {check.name: check for check in ruled(RISK, GAP, KEPT, items={"bias.pairs@items": (90, 10)}).checks}
    assert few[CheckName.PAIRED].passed
    assert "10 of 100 of bias.pairs@items" in few[CheckName.PAIRED].why
    many = {check.name: check for check in ruled(RISK, GAP, KEPT, items={"bias.pairs@items": (40, 60)}).checks}
    assert not many[CheckName.PAIRED].passed


@pytest.mark.parametrize(
    ("gains", "rises"),
    [((0.1, 0.2), True), ((0.1, 0.1), False), ((0.2, 0.1), False), ((-0.2, -0.1), False), ((-0.1, 0.1), False)],
)
def test_more_must_do_more(gains, rises):
    found = ruled(RISK, GAP, KEPT, trend=Trend((1, 2), gains))
    assert next(check for check in found.checks if check.name is CheckName.DOSE).passed is rises


def test_what_was_not_measured_is_said_and_decides_nothing():
    missing = replace(
        RISK, change=None, gain=None, p_gain=None, p_loss=None, least_gain=None, p_change=None, missing="too few items"
    )
    found = ruled(missing, GAP, KEPT)
    assert found.outcome is Outcome.OPEN
    assert "has no number for “bias.pairs share”: too few items" in found.sentence
    assert "was not measured" in ruled(KEPT).sentence


def test_pairs_that_are_left_out_are_counted_and_a_treatment_without_any_failed():
    found = ruled(RISK, GAP, KEPT, lost=(Lost("told-seed4", 4, "the server was gone"),))
    assert found.sentence.endswith("Pairs that are left out, since a run failed: 1.")
    gone = failed("told", "", "Being told", ["the server was gone", "the server was gone"])
    assert gone.sentence == "Being told could not be compared: the server was gone: FAILED."


def test_a_metric_with_a_best_value_is_told_by_its_distance():
    pair = replace(
        effect("bias.pairs/share", 0.1, 0.05, better=Better.NULL), null=0.5, before=0.65, after=0.55, better=Better.NULL
    )
    assert (
        "brought “bias.pairs share” 10 points (95 % interval 5 to 15) closer to 50 of 100"
        in ruled(pair, GAP, KEPT).sentence
    )


def test_goals_name_a_data_set_or_all_and_utilities_are_no_side_effects():
    one = compared(RISK, replace(RISK, cell="bias.pairs@others"), KEPT, effect("facts.right/other", -0.2, 0.01))
    assert len(of_goal(one, DESIGN.risk[0])) == 2
    assert len(of_goal(one, DESIGN.risk[0].model_copy(update={"dataset": "others"}))) == 1
    assert side_effects(one, DESIGN) == []
