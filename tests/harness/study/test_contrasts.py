"""Two treatments beside each other where they cost the same: who does more for it, and who does not."""

from __future__ import annotations

import pytest

from harness.canonical import dumps, loads
from harness.errors import ConfigError
from harness.registry import Registry
from harness.study.bundle import verify_study
from harness.study.contrasts import contrast
from harness.study.design import read_design
from harness.study.reading import read_ran, read_study
from harness.study.records import Outcome, Side

TREATMENTS = """
[[treatment]]
name = "costly"
mitigation = "acme.costly"
dose = { setting = "much", values = [0.1, 0.3] }
[[treatment]]
name = "spoiled"
mitigation = "acme.dial"
settings = { dial = "hallucination" }
placebo = false
dose = { setting = "to", values = [0.2, 0.5, 0.8] }
"""


def table(treatment, against, matched="hallucination.closed_book/mc1"):
    return f"""
[[contrast]]
treatment = "{treatment}"
against = "{against}"
matched = "{matched}"
"""


@pytest.fixture
def text(text):
    """The study's file with two seeds, which do to find what is planted here."""
    return text.replace("seeds = [1, 2, 3]", "seeds = [1, 2]")


def test_a_dose_is_put_beside_the_dose_that_costs_the_same_and_the_page_and_verification_follow(study, text):
    done = study(text + TREATMENTS + table("costly", "spoiled") + table("spoiled", "costly"))
    helped = [one for one in done.results.contrasts if one.treatment == "costly"]
    assert [(one.dose, one.against_dose) for one in helped] == [(0.1, 0.5), (0.3, 0.8)]
    strongest = helped[-1]
    assert strongest.matched.change.low <= 0 <= strongest.matched.change.high
    assert [risk.side for risk in strongest.risks] == [Side.BETTER]
    assert strongest.risks[0].effect.gain.value == pytest.approx(0.3, abs=0.1)
    assert strongest.sentence.startswith("A costly dial at 0.3 is beside Turning a dial at 0.8, the nearest in")
    assert strongest.sentence.endswith("A costly dial at 0.3 does better on 1 of 1 risk.")

    # The same pair seen from the other side does worse.
    spoiled = [one for one in done.results.contrasts if one.treatment == "spoiled"]
    assert [(one.dose, one.against_dose) for one in spoiled] == [(0.2, 0.1), (0.5, 0.1), (0.8, 0.3)]
    assert spoiled[-1].risks[0].side is Side.WORSE
    assert spoiled[-1].sentence.endswith("Turning a dial at 0.8 does worse on 1 of 1 risk.")
    # Without any spoiling it is more useful than what it is put beside, and the sentence says by how much.
    assert "a difference of" in spoiled[0].sentence
    assert spoiled[0].matched.gain.value > 0

    page = (done.folder / "report.html").read_text()
    assert all(one.sentence in page for one in done.results.contrasts)
    # Where no arm was measured, nothing is chosen.
    design, titles, arms = read_study(done.folder)
    asked = design.contrast[0]
    bare = list(contrast(asked, design, read_ran(done.folder, arms), {}, titles))
    assert all(one.matched is None and not one.risks and "is beside nothing" in one.sentence for one in bare)

    assert fatal(done.folder) == []
    effects = loads((done.folder / "effects.json").read_bytes())
    effects["contrasts"] = effects["contrasts"][1:]
    (done.folder / "effects.json").write_bytes(dumps(effects, indent=2))
    assert fatal(done.folder) == ["effects.json"]


def fatal(folder):
    """Where verification finds what is wrong."""
    return [finding.where for finding in verify_study(folder, Registry()) if finding.fatal]


TWIN = """
[[treatment]]
name = "again"
mitigation = "acme.dial"
settings = { dial = "hallucination" }
placebo = false
dose = { setting = "to", values = [0.5, 0.8] }
"""


def test_two_that_only_spoil_are_not_shown_to_differ(study, text):
    twin = TREATMENTS + TWIN
    found = study(text + twin + table("again", "spoiled")).results.contrasts
    assert [(one.dose, one.against_dose, one.risks[0].side) for one in found] == [
        (0.5, 0.5, Side.OPEN),
        (0.8, 0.8, Side.OPEN),
    ]
    assert all("is not shown to do better than" in one.sentence for one in found)


def test_a_treatment_of_which_no_run_is_left_is_beside_nothing_and_the_sentence_says_so(study, text):
    broken = TREATMENTS.replace('dial = "hallucination"', 'dial = "hallucination", breaks = true')
    done = study(text + broken + table("costly", "spoiled"))
    assert {one.outcome for one in done.results.verdicts if one.treatment == "spoiled"} == {Outcome.FAILED}
    assert [one.sentence for one in done.results.contrasts] == [
        f"A costly dial at {dose} is beside nothing: no number of hallucination.closed_book/mc1 for Turning a dial."
        for dose in (0.1, 0.3)
    ]


@pytest.mark.parametrize(
    ("table_", "told"),
    [
        (table("costly", "spoild"), "contrast: 'spoild' is no treatment of this study. Did you mean 'spoiled'?"),
        (table("costly", "costly"), "a contrast is of two treatments"),
    ],
)
def test_a_contrast_is_of_two_treatments_of_the_study(text, table_, told):
    with pytest.raises(ConfigError) as refused:
        read_design(text + TREATMENTS + table_, "study.toml")
    assert told in str(refused.value)


def test_a_contrast_by_a_metric_that_nobody_measures_is_refused_before_anything_runs(study, text):
    with pytest.raises(ConfigError) as refused:
        study(text + TREATMENTS + table("costly", "spoiled", "hallucination.closed_book/mc2x"))
    assert "contrast: 'hallucination.closed_book/mc2x' is measured by no probe" in str(refused.value)
