"""The study of a watermark's strength that ships, of a scripted model that marks as strongly as it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.canonical import digest
from harness.execute import Stop
from harness.registry import Registry
from harness.run import Silent
from harness.study.bundle import verify_study
from harness.study.conduct import conduct
from harness.study.design import read_design, shipped_studies
from harness.study.goals import of_goal
from harness.study.records import Role

OUTSIDE = Path(__file__).parents[2] / "outside"
MODEL = {"backend": "acme.marker", "watermark": "kgw", "watermark_settings": {"delta": 1e-6}}
OTHER_LISTS = "placebo = { settings = { context_width = 2 } }\n"
LITTLE = {
    "seeds": [1],
    "run.part": [0.0, 0.3],
    "run.probes": ["watermark.detection", "watermark.quality"],
    "risk": [{"metric": "watermark.detection/detected"}],
}
"""One seed, fewer texts, and no edits of them."""


class Quiet:
    """A watch that loses nothing."""

    def arm(self, arm, number, of):
        return Silent()

    def lost(self, arm, reason):
        raise AssertionError(f"{arm.name}: {reason}")

    def comparing(self):
        pass


@pytest.fixture
def marked(install, tmp_path):
    """Return a function that conducts the study that ships, of the scripted model, with some of it changed."""
    points = {"harness.backends": {"acme.marker": "acme_marker:Marker"}}
    install("acme-marker", points, package=OUTSIDE / "acme_marker.py")

    def go(changes=None, *, without=""):
        text = shipped_studies()["watermark"].read_text(encoding="utf-8")
        assert without in text
        its = {"model": MODEL, "instrument.likelihood.backend": {"backend": "control"}, "run.store": str(tmp_path)}
        design = read_design(text.replace(without, ""), "watermark.toml", its | (changes or {}))
        return conduct(design, text, Registry(), project=tmp_path, stop=Stop(), watch=Quiet())

    return go


def shares(done, role, goal=0):
    """By dose, the share of texts in which the mark is found without and with what is compared with the baseline."""
    compared = [one for one in done.results.compared if (one.role, one.against) == (role, Role.BASELINE)]
    effects = [of_goal(one, done.design.risk[goal])[0] for one in compared]
    return [(effect.before, effect.after) for effect in effects]


def asked(ran):
    """Digests of what an arm was asked, by cell."""
    return {cell: {digest(case.ask) for case in cases} for cell, cases in ran.evidence.cases.items()}


def test_a_stronger_mark_is_found_more_often_and_one_of_other_lists_is_not(marked):
    done = marked(LITTLE)
    before, after = zip(*shares(done, Role.TREATMENT), strict=True)
    assert max(before) < 0.1
    assert list(after) == sorted(after)
    assert after[0] < 0.7
    assert after[-1] > 0.8
    assert shares(done, Role.PLACEBO)[0][1] < 0.1
    checks = {check.name.value: check.passed for check in done.results.verdicts[-1].checks}
    assert checks["improved"]
    assert checks["placebo"]
    assert checks["dose"]


def test_the_placebo_that_is_too_faint_is_the_model_itself(marked):
    done = marked(LITTLE, without=OTHER_LISTS)
    assert shares(done, Role.PLACEBO) == [(0.0, 0.0)]
    [run] = [one.evidence.run for one in done.ran if one.arm.role is Role.PLACEBO]
    assert run["totals"]["from_journal"] == run["totals"]["asks"] > 0


@pytest.mark.slow
def test_the_whole_study_works_where_the_mark_costs_nothing(marked):
    done = marked()
    for goal in (0, 1):
        _, after = zip(*shares(done, Role.TREATMENT, goal), strict=True)
        assert list(after) == sorted(after)
    assert done.results.verdicts[-1].outcome.value == "works"
    assert "did more than its placebo" in done.results.verdicts[-1].sentence
    assert verify_study(done.folder, Registry()) == []


@pytest.mark.slow
def test_one_reply_serves_all_probes_and_each_seed_asks_others(marked):
    baselines = [one for one in marked().ran if one.arm.role is Role.BASELINE]
    by_seed = [asked(one) for one in baselines]
    for cells in by_seed:
        assert len(cells) == 3
        assert len({frozenset(its) for its in cells.values()}) == 1
    seen = [frozenset.union(*map(frozenset, cells.values())) for cells in by_seed]
    assert len(set(seen)) == len(seen) == 3
