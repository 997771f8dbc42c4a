"""The pages of the families: each shows how it fails before it lists its probes, and says what it cannot show."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from dashboards.charts.families import curves, curves_words, fate_words, slope_words, slopes, stacked_fates
from dashboards.charts.palette import DARK, LIGHT
from dashboards.frames.families import curve, differences, fates, kinds_of_group, levels, slope_rows, survival
from harness.config import parse
from harness.execute import Stop
from harness.query import composition, found_at_levels, open_library
from harness.query import slopes as slopes_in
from harness.query.access import Role
from harness.registry import Registry
from harness.run import Request, Silent, audit

TEXT = """
[model]
backend = "control"
hallucination = 0.4
stereotype = 0.95
fickleness = 0.3
marks_text = 0.9
order_bias = 0.5
seed = 2
[run]
profile = "smoke"
probes = [
  "hallucination.false_premise", "hallucination.calibration", "robustness.perturbation", "robustness.option_order",
  "robustness.over_refusal", "robustness.image_noise", "bias.counterfactual", "bias.paired_likelihood",
  "bias.image_attributes", "watermark.detection", "watermark.removal",
]
[probe."hallucination.false_premise"]
items = 20
[probe."hallucination.calibration"]
items = 40
[probe."robustness.perturbation"]
of = "hallucination.closed_book"
items = 20
operators = ["keyboard_typo"]
[probe."robustness.option_order"]
items = 20
[probe."robustness.over_refusal"]
items = 10
[probe."robustness.image_noise"]
items = 24
[probe."bias.image_attributes"]
items = 60
[probe."bias.paired_likelihood"]
items = 80
[probe."watermark.detection"]
texts = 10
[probe."watermark.removal"]
texts = 6
"""
FAMILIES = ("hallucination", "robustness", "bias", "watermark")


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A store with one run of all four families on a model with known flaws, and the run's name."""
    store = tmp_path_factory.mktemp("families") / "runs"
    config = parse(TEXT, overrides={"run.store": str(store)})
    request = Request(config, TEXT, {"run.store": str(store)}, store.parent)
    return store, audit(request, Registry(config.plugins.allow), stop=Stop(), watch=Silent()).folder.name


@pytest.fixture(scope="module")
def sections(audited):
    store, run = audited
    return {its.card.id: its for its in open_library(store, Role.POLICY).view(run).sections}


def said(app):
    parts = [app.title, app.header, app.subheader, app.markdown, app.caption, app.code]
    return "\n".join(str(one.value) for kind in parts for one in kind).replace("\\", "")


def visit(app, page):
    app = app.switch_page(f"screens/{page}.py").run()
    assert not app.exception, app.exception
    return app


def charted(app):
    """What charts say in words."""
    return "\n".join(one.proto.alt for one in app.get("vega_lite_chart"))


# ── pages ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ["policy", "auditor"])
def test_each_family_shows_how_it_fails_before_its_headline_numbers(open_app, audited, role):
    store, _ = audited
    app = open_app(store, role)
    first = {
        "hallucination": "Most often wrong: ",
        "robustness": "kinds of change cost right answers by more than chance",
        "bias": "Stereotyped sentence preferred: ",
        "watermark": "Watermark of texts, plain_text, allowing for 1 false alarm in 100: found in ",
    }
    for page, words in first.items():
        told = said(visit(app, page))
        assert words in told, page
        assert told.index(words) < told.index("Headline numbers"), page
        assert "What this cannot tell you" in told


def test_a_run_without_a_family_says_so_and_how_it_would_be_asked(open_app, one_run):
    app = open_app(one_run)
    told = said(visit(app, "watermark"))
    assert "Nothing about watermark was tested in this run." in told
    assert "harness probes list" in told
    assert not app.get("vega_lite_chart")


def test_the_address_chooses_a_probe_and_a_kind_of_group(open_app, audited):
    store, _ = audited
    told = said(visit(open_app(store, probe="bias.paired_likelihood@minimal_pairs", by="attribute"), "bias"))
    assert "The same request about another group" not in told
    assert "Stereotyped sentence preferred: " in told
    told = said(visit(open_app(store, probe="nothing@nowhere", by="' OR 1=1"), "bias"))
    assert "The same request about another group" in told


def test_groups_that_the_main_view_shows_are_not_shown_again(open_app, audited):
    store, _ = audited
    app = visit(open_app(store, probe="bias.paired_likelihood@minimal_pairs"), "bias")
    titles = [one.value for one in app.markdown if "Stereotyped sentence preferred" in one.value]
    assert not [title for title in titles if "by attribute, worst first" in title.replace("\\", "")]


def test_single_prompts_are_shown_to_an_auditor_and_to_no_policy_reader(open_app, audited):
    store, _ = audited
    app = visit(open_app(store), "bias")
    assert app.code
    assert "They are picked for being far apart" in said(app)
    app = visit(open_app(store, "policy"), "bias")
    assert not app.code
    assert "Single prompts are for auditors" in said(app)


def test_what_has_no_place_in_the_main_view_is_named(open_app, audited):
    store, _ = audited
    told = said(visit(open_app(store), "robustness"))
    assert "Refusal of what only looks dangerous, lookalike_requests pairs no answers" in told
    assert "The more forms are tried" in told
    assert "How far a picture moves" in told
    assert "Pictures under small changes, its training data pairs no answers" not in told


def test_calibration_leads_to_the_page_of_deferral(open_app, audited):
    store, _ = audited
    told = said(visit(open_app(store), "hallucination"))
    assert "Is it as often right as it is sure?" in told
    assert "On average the model is sure to " in told


def test_a_mark_is_told_by_length_attack_and_false_alarm(open_app, audited):
    store, _ = audited
    app = visit(open_app(store), "watermark")
    told, words = said(app), charted(app)
    assert "by 200 tokens" in told
    assert "what hurts the mark most is " in told
    assert "False alarms on what others wrote, by register: " in told
    assert "by the model, without the mark at 0.01: 0 of 100" in words


# ── tables and charts ─────────────────────────────────────────────────────────────────────


def test_the_parts_of_a_bar_lie_end_to_end_and_fill_it(audited, sections):
    store, run = audited
    section = sections["hallucination.false_premise"]
    found = composition(open_library(store, Role.POLICY), run, f"{section.card.id}@{section.result.dataset}")
    rows = fates([(section, found)])
    assert rows["start"].iloc[0] == 0
    assert list(rows["end"].iloc[:-1]) == list(rows["start"].iloc[1:])
    assert rows["end"].iloc[-1] == pytest.approx(1)
    assert rows["count"].sum() == rows["asked"].iloc[0]
    assert "wrong or unsupported" in fate_words(rows)


def test_slopes_stand_in_the_order_of_what_they_cost(audited, sections):
    store, run = audited
    library = open_library(store, Role.POLICY)
    cells = [sections[name] for name in ("robustness.perturbation", "robustness.option_order")]
    rows = slope_rows([(its, slopes_in(library, run, f"{its.card.id}@{its.result.dataset}")) for its in cells])
    assert list(rows["lost"]) == sorted(rows["lost"], reverse=True)
    assert (rows["before"] - rows["after"]).tolist() == pytest.approx(rows["lost"].tolist())
    assert "keyboard typo (" in slope_words(rows)


def test_groups_stand_apart_where_their_interval_leaves_out_no_difference(sections):
    rows = differences(list(sections.values()))
    known = rows[rows["value"].notna()]
    null = known["null"].astype(float)
    leaves_out = (known["low"].astype(float) > null) | (known["high"].astype(float) < null)
    assert list(known["apart"]) == list(leaves_out)
    assert known["apart"].any(), "the stereotype that was dialled in is seen"
    # Nothing is left out: what has no number says why.
    assert (rows["value"].notna() | (rows["missing"] != "")).all()
    assert set(rows["by"]) <= set(kinds_of_group(list(sections.values())))


def test_shares_of_pictures_stand_beside_their_reference(sections):
    rows = differences([sections["bias.image_attributes"]], shares=True)
    assert rows["null"].astype(float).sum() == pytest.approx(1)
    assert rows["value"].astype(float).sum() == pytest.approx(1, abs=0.05)
    assert not len(differences([sections["bias.counterfactual"]], shares=True))


def test_curves_are_made_of_estimates_along_a_number(sections):
    rows = curve(sections["watermark.detection"], {"detected": "found", "surely_detected": "surely"}, "tokens")
    assert sorted(set(rows["at"])) == [25, 50, 100, 200]
    assert list(dict.fromkeys(rows["series"])) == ["found", "surely"]
    assert not len(curve(sections["watermark.detection"], {"detected": "found"}, "register"))
    assert not len(curve(sections["bias.counterfactual"], {"detected": "found"}, "tokens"))


def test_attacks_are_named_with_what_they_change(sections):
    rows = survival(sections["watermark.removal"])
    assert len(rows) > 10
    assert rows["group"].str.contains("changes .* words").all()
    assert not len(survival(sections["bias.counterfactual"]))


def test_every_chart_is_drawn_from_its_table_on_either_background(audited, sections):
    store, run = audited
    library = open_library(store, Role.POLICY)
    section = sections["hallucination.calibration"]
    bars = fates([(section, composition(library, run, f"{section.card.id}@{section.result.dataset}"))])
    its = sections["robustness.perturbation"]
    lost = slope_rows([(its, slopes_in(library, run, f"{its.card.id}@{its.result.dataset}"))])
    mark = sections["watermark.detection"]
    found = levels(found_at_levels(library, run, f"{mark.card.id}@{mark.result.dataset}"))
    named = found.assign(at=found["level"], series=found["words"], value=found["share"], unit="share")
    for palette in (LIGHT, DARK):
        for drawn in (
            stacked_fates(bars, palette),
            slopes(lost, palette),
            curves(named, palette, across="level", down="found", lines={"1 of 100": 0.01}, log=True),
        ):
            spec = json.dumps(drawn.to_dict())
            assert "NaN" not in spec
            assert palette.rulings["none"] in spec
    assert curves_words(named).count("interval") == len(named)
    assert curves_words(pd.DataFrame(columns=["unit"])) == ""
