"""The page of a study: what it shows, and what a hostile name cannot make of it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from harness.records import Better, Interval
from harness.study.design import read_design
from harness.study.frontier import HEIGHT, frontier
from harness.study.page import render_study
from harness.study.pairs import Ran
from harness.study.records import Arm, Check, CheckName, Compared, Effect, Outcome, Results, Role, Ruled
from harness.study.rows import axes_of, held, rows_of

HOSTILE = "<script src='http://example.org/x.js'></script><img src=x onerror=alert(1)>\u202e\x1b[31m"


def design(title="A study"):
    text = """
question = "Does it?"
[[risk]]
metric = "bias.pairs/share"
[[utility]]
metric = "facts.right/bits"
margin = 0.05
reason = "Because."
[[treatment]]
name = "told"
mitigation = "instruction"
dose = { setting = "strength", values = ["short", "full"] }
"""
    return read_design(text, "study.toml", {"title": title})


def effect(metric, before, after, unit, *, better=Better.LOWER, null=None):
    moved = after - before
    interval = Interval(moved, moved - 0.02, moved + 0.02, 0.95, 100, "jackknife of 20 groups")
    gain = interval if better is Better.HIGHER else Interval(-moved, -moved - 0.02, -moved + 0.02, 0.95, 100, "j")
    return Effect(
        *(f"{metric.partition('/')[0]}@items", metric, metric, {}, unit, better, null, before, after, interval, gain),
        *(0.001, 0.999, 0.01, 0.002, (moved, moved, moved)),
    )


def compared(dose, risk, bits, *, role=Role.TREATMENT, title="Being told", against=Role.BASELINE):
    effects = (effect("bias.pairs/share", 0.6, risk, "share", null=0.5), effect("facts.right/bits", 1.0, bits, "bits"))
    return Compared("told", title, role, against, dose, (1, 2, 3), (), {"bias.pairs@items": (100, 0)}, effects)


def results(title="Being told", sentence="It works."):
    check = Check(CheckName.PAIRED, passed=True, why=sentence)
    return Results(
        compared=(
            compared("short", 0.55, 1.01, title=title),
            compared("full", 0.5, 1.02, title=title),
            compared("full", 0.6, 1.02, role=Role.PLACEBO, title=title),
            compared("full", 0.5, 1.02, against=Role.PLACEBO, title=title),
        ),
        verdicts=tuple(Ruled("told", dose, Outcome.WORKS, (check,), sentence) for dose in ("short", "full")),
    )


def test_it_shows_every_verdict_the_doses_the_placebo_and_how_to_check_it():
    page = render_study(design(), [], results())
    assert page.count("It works.") >= 2
    assert "Being told at short" in page
    assert "strength = full" in page
    assert "Its placebo, against no treatment" in page
    assert "harness verify FOLDER" in page
    assert "60 of 100" in page
    assert "\N{MINUS SIGN}10 points" in page
    assert "+0.02 bits" in page


@pytest.mark.parametrize("lost", [False, True])
def test_nothing_on_it_can_become_markup_or_a_request(lost):
    arm = Arm(Role.TREATMENT, "told", "short", 0, 1, trains=False)
    ran = [Ran(arm, None, HOSTILE)] if lost else []
    page = render_study(design(HOSTILE), ran, results(HOSTILE, HOSTILE))
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "default-src 'none'" in page
    assert not re.findall(r"(?:src|href)=\"(?!#|arms/)[^\"]*", page)


def test_what_is_beside_the_goals_is_worse_only_where_that_outlasts_the_number_of_looks():
    its = compared("short", 0.55, 1.01)
    chance = replace(effect("bias.pairs/gap", 2.0, 2.1, "nats"), p_gain=0.97, p_loss=0.03)

    def word(looks):
        others = (replace(chance, metric=f"bias.pairs/gap{place}") for place in range(looks))
        rows = rows_of(design(), both := replace(its, effects=(*its.effects, *others)), axes_of(Results((both,), ())))
        return next(row.word for row in rows if row.effect.metric == "bias.pairs/gap0")

    # Once, three in a hundred are no chance; one such number of three is.
    assert [word(1), word(3)] == ["worse", "may be chance"]


def test_the_frontier_has_a_dot_for_the_baseline_each_dose_and_the_placebo():
    found = frontier(design(), results().compared)
    assert [(dot.number, dot.kind) for dot in found.dots] == [
        (0, "baseline"),
        (1, "treatment"),
        (2, "treatment"),
        (3, "placebo"),
    ]
    none, short, full, placebo = found.dots
    # Less risk stands lower, more bits stand to the right, and equal values stand at equal places.
    assert none.y < short.y < full.y <= HEIGHT
    assert none.x < short.x < full.x == placebo.x
    assert placebo.y == none.y
    assert full.words == "Being told at full: bias.pairs/share 50 of 100, facts.right/bits 1.02"


def test_a_study_without_two_arms_that_have_both_numbers_has_no_frontier():
    assert frontier(design(), [compared("short", 0.55, 1.01)]) is None


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(0.31, "share", "31 of 100"), (-0.06, "share", "-6 of 100"), (0.0, "share", "0 of 100"), (2.5, "bits", "2.5")],
)
def test_what_one_arm_has_is_told_of_a_hundred_below_nothing_too(value, unit, told):
    assert held(value, unit) == told
