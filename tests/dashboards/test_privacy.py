"""The page of promises and leaks, and that of memorisation: on pictures, on texts, with a promise, and with nothing."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pandas as pd
import pytest

from dashboards.charts.memorisation import exposed_chart, exposed_words
from dashboards.charts.palette import DARK, LIGHT
from dashboards.charts.privacy import bounds_chart, roc_chart, spent_chart, traded_chart
from dashboards.frames.privacy import bounds, roc, spent, traded
from harness.canonical import dumps, loads
from harness.config import parse
from harness.execute import Stop
from harness.query import (
    Absence,
    Audited,
    CurvePoint,
    Effect,
    MembershipCurve,
    Promised,
    Role,
    Standing,
    StudyArm,
    membership_attacks,
    open_library,
    tradeoffs,
)
from harness.records import Better, Interval
from harness.registry import Registry
from harness.run import Request, Silent, audit
from harness.stats.roc_curve import roc_curve
from harness.study.bundle import files_of, publish
from harness.study.design import read_design, shipped_studies
from harness.study.pairs import Ran
from harness.study.records import Arm, Compared, Outcome, Results, Ruled
from harness.study.records import Role as Arms

TEXTS = """
[model]
backend = "control"
trained_on = "text"
leak = 2.0
verbatim = 0.4
retention = 2.0
[run]
profile = "standard"
probes = [
    "memorisation.text_membership",
    "memorisation.extraction",
    "memorisation.canary",
    "memorisation.audited_epsilon",
]
[probe."memorisation.text_membership"]
records = 40
[probe."memorisation.extraction"]
records = 40
[probe."memorisation.canary"]
references = 24
[probe."memorisation.audited_epsilon"]
fills = 1
"""
NEVER = "never: left out by a coin"
CLAIM = (
    "(epsilon, delta)-differential privacy with epsilon = 0.500 and delta = 1e-05.",
    "Neighbours: add or remove one record. One record is one passage of text. Records: 97.",
    "Accountant: prv: an upper bound, at most 0.02 too high.",
)


PICTURES = """
[model]
backend = "control"
asked_by = "nothing"
copying = 0.3
[run]
profile = "smoke"
probes = ["bias.image_attributes", "memorisation.replication", "memorisation.membership"]
[probe."bias.image_attributes"]
items = 12
[probe."memorisation.replication"]
items = 24
[probe."memorisation.membership"]
records = 30
"""


def run(text, store):
    config = parse(text, overrides={"run.store": str(store)})
    request = Request(config, text, {"run.store": str(store)}, store.parent)
    return audit(request, Registry(), stop=Stop(), watch=Silent()).folder.parent


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A store with the run of a model that recites; no test may change it."""
    return run(TEXTS, tmp_path_factory.mktemp("texts") / "runs")


@pytest.fixture(scope="module")
def drawing(tmp_path_factory):
    """A store with the run of a model that copies some of what it draws; no test may change it."""
    return run(PICTURES, tmp_path_factory.mktemp("drawing") / "runs")


def compared(treatment, role, dose, numbers):
    """What a treatment did to the deciding risk and to usefulness: values before and after."""
    metrics = (
        ("memorisation.canary/excess_exposure", "bits"),
        ("utility.image_quality/kernel_distance", "thousandths"),
    )
    effects = tuple(
        Effect(
            *("p@training", metric, f"title of {metric}", {}, unit, Better.LOWER, 0.0, before, after),
            Interval(after - before, after - before - 0.5, after - before + 0.5, 0.95, 9, "jackknife"),
        )
        for (metric, unit), (before, after) in zip(metrics, numbers, strict=True)
    )
    return Compared(treatment, treatment, role, Arms.BASELINE, dose, (1, 2, 3), (), {}, effects)


@pytest.fixture
def studied(texts, tmp_path):
    """The run of texts beside a finished study of privacy, whose arms are lost and whose numbers are kept."""
    store = shutil.copytree(texts, tmp_path / "studied")
    text = shipped_studies()["privacy_pictures"].read_text()
    design = read_design(text, "privacy_pictures")
    doses = [("private", dose) for dose in (8, 3, 1)] + [("early_stopping", dose) for dose in (0.25, 0.15, 0.1)]
    found = [
        compared(name, Arms.TREATMENT, dose, ((3.0, 1.0 + place), (0.5, 2.0)))
        for place, (name, dose) in enumerate(doses)
    ]
    placebo = compared("private", Arms.PLACEBO, None, ((3.0, 2.9), (0.5, 0.6)))
    ruled = tuple(Ruled(name, str(dose), Outcome.COSTLY, (), f"{name} at {dose}: costly.") for name, dose in doses)
    arms = [Ran(Arm(Arms.BASELINE, "baseline", None, 0, seed, trains=True), None, "lost") for seed in (1, 2, 3)]
    files = files_of(design, text, arms, {}, Results((*found, placebo), ruled))
    publish(tmp_path / "aside", store / "studies" / "privacy-1", files)
    return store


@pytest.fixture(params=["texts", "drawing", "nothing"])
def store(request, tmp_path):
    """A store of each kind."""
    return tmp_path / "nowhere" if request.param == "nothing" else request.getfixturevalue(request.param)


@pytest.fixture
def promising(texts, tmp_path):
    """The same run, whose model tells of a promise."""
    store = shutil.copytree(texts, tmp_path / "promising")
    (place,) = store.glob("*/run.json")
    record = loads(place.read_bytes())
    counts = {"weights": 9, "records": 200, "members": 97, "nonmembers": 90, "validation": 13, "removed": 0, "steps": 3}
    told = {"what": "language model", "data": "people", "stopped": "it ran to its end", "classes": [], "missing": ""}
    told |= {**counts, "canaries": 56, "references": 0, "claim": [*CLAIM]}
    record["plan"]["identity"]["details"]["training"] = told
    place.write_bytes(dumps(record))
    return store


def said(app):
    parts = [app.title, app.header, app.subheader, app.markdown, app.caption, app.code]
    return "\n".join(str(one.value) for kind in parts for one in kind).replace("\\", "")


def open_page(open_app, store, page, role="auditor", **query):
    app = open_app(store, role, **query).switch_page(f"screens/{page}.py").run()
    assert not app.exception, app.exception
    return app


def charts(app):
    return [SimpleNamespace(spec=json.loads(one.proto.spec), alt=one.proto.alt) for one in app.get("vega_lite_chart")]


# ── pages ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", ["privacy", "memorisation"])
@pytest.mark.parametrize("role", ["policy", "auditor", "admin"])
def test_both_pages_open_for_every_role_on_pictures_on_texts_and_without_a_run(page, role, open_app, store):
    app = open_page(open_app, store, page, role)
    if store.name == "nowhere":
        assert [one.value for one in app.title] == ["There is no run to show yet"]
        return
    assert "What this cannot tell you" in said(app)
    assert charts(app)
    assert all(its.alt for its in charts(app))


def test_a_run_that_promises_nothing_says_so_and_which_commands_would(open_app, texts):
    app = open_page(open_app, texts, "privacy")
    words = said(app)
    assert "Nothing is promised." in words
    assert "harness train vae --data digits --epsilon 8" in words
    assert "Nothing is promised that this could be held against" in words
    assert "harness study privacy_text" in words


def test_a_promise_stands_in_its_own_sentences_beside_its_audit(open_app, promising):
    app = open_page(open_app, promising, "privacy", "policy")
    words = said(app)
    assert all(line in words for line in CLAIM)
    # e^0.5 over 1 + e^0.5 is 62.2 of 100, and a bound is rounded up.
    assert "nobody is right in more than 63 of 100 such tosses" in words
    assert "How epsilon was spent step by step is not known." in words
    drawn = next(its for its in charts(app) if its.alt.startswith("promised: epsilon is at most 0.5; audited"))
    assert "epsilon" in json.dumps(drawn.spec)


def choose(app, label, value):
    next(one for one in app.selectbox if one.label == label).set_value(value).run()
    assert not app.exception, app.exception
    return app


def test_the_attack_that_is_chosen_is_drawn_with_its_finding(open_app, texts):
    app = open_page(open_app, texts, "privacy")
    assert any(its.alt.startswith("Membership by the loss of a text: ") for its in charts(app))
    assert "Not enough evidence for what is found where 5 of 100" in said(app)
    choose(app, "Attack", "Membership by what lower case costs")
    assert any(its.alt.startswith("Membership by what lower case costs: ") for its in charts(app))


def test_an_attack_without_a_number_says_why_it_has_no_curve(open_app, texts):
    app = choose(open_page(open_app, texts, "privacy"), "Attack", "Membership by likelihood beside another model")
    assert "No number and no curve: no instrument is named by `reference`" in said(app)


def test_a_strange_address_shows_the_first_attack(open_app, texts):
    app = open_page(open_app, texts, "privacy", attack="' OR 1=1 --", study="../../etc")
    assert any(its.alt.startswith("Membership by the loss of a text: ") for its in charts(app))


def test_extraction_and_exposure_run_along_their_causes_and_are_not_shown_twice(open_app, texts):
    app = open_page(open_app, texts, "memorisation")
    drawn = charts(app)
    prefix = next(its for its in drawn if its.alt.startswith("passages it never saw at 16"))
    assert [its["type"] for its in _axes(prefix.spec)] == ["quantitative"]
    repeats = next(its for its in drawn if its.alt.startswith("planted secrets given back whole at 1:"))
    assert [its["scale"]["type"] for its in _axes(repeats.spec)] == ["log"]
    assert "by prefix, worst first" not in said(app)
    assert any("bits" in its.alt and "by chance" in its.alt for its in drawn)


def test_the_secrets_of_one_number_of_repeats_can_be_asked_for(open_app, texts):
    app = open_page(open_app, texts, "memorisation")
    (options,) = [one.options for one in app.selectbox if one.label == "In the training"]
    assert options == ["all that were, once or more", *("1 time", "4 times", "16 times", "64 times"), NEVER]
    choose(app, "In the training", "64 times")
    assert "4 of 4 secrets are among the likeliest eighth" in said(app)


def test_copies_stand_beside_their_originals_for_auditors_alone(open_app, drawing):
    app = open_page(open_app, drawing, "memorisation")
    words = said(app)
    shown = [image for one in app.get("image") for image in one.proto.imgs]
    assert len(shown) > 20
    assert {image.caption for image in shown} >= {"drawn"}
    assert "Drawn beside the nearest training picture" in words
    policy = open_page(open_app, drawing, "memorisation", "policy")
    assert not policy.get("image")
    assert "Pictures are for auditors" in said(policy)


def test_what_the_model_draws_is_shown_with_every_family_that_had_it_draw(open_app, drawing, texts):
    for page in ("bias", "memorisation"):
        assert "What the model draws" in said(open_page(open_app, drawing, page)), page
    assert "What the model draws" not in said(open_page(open_app, texts, "memorisation"))


def test_what_privacy_costs_is_read_from_the_studies_of_the_store(open_app, studied):
    (its,) = tradeoffs(open_library(studied, Role.POLICY))
    (deciding, *_), (use,) = its.risks, its.uses
    assert [(arm.role, arm.epsilon) for arm in deciding] == [
        *(("treatment", 8.0), ("treatment", 3.0), ("treatment", 1.0)),
        *(("treatment", None), ("treatment", None), ("treatment", None), ("placebo", None)),
    ]
    assert [arm.effect.after for arm in deciding] == [1, 2, 3, 4, 5, 6, 2.9]
    assert {arm.effect.after for arm in use} == {2.0, 0.6}
    app = open_page(open_app, studied, "privacy", "policy")
    words = said(app)
    assert "Risk: title of memorisation.canary/excess_exposure (less is better)" in words
    assert "Usefulness: title of utility.image_quality/kernel_distance (less is better)" in words
    assert "private at 3: costly." in words
    assert any("private at 1, epsilon 1: 3 bits" in one.alt for one in charts(app))
    assert "harness study privacy_text" not in words


def test_studies_tell_what_privacy_costs_where_there_is_no_run_beside_them(open_app, studied, tmp_path):
    alone = tmp_path / "alone"
    shutil.copytree(studied / "studies", alone / "studies")
    words = said(open_page(open_app, alone, "privacy", "policy"))
    assert "This store holds studies and no run" in words
    assert "private at 3: costly." in words
    assert "What this cannot tell you" in words


def test_the_address_names_an_attack_whatever_its_title_says(open_app, texts):
    its = open_library(texts, Role.AUDITOR)
    (listed,) = its.runs()
    *_, last = (one for one in membership_attacks(its.view(listed.name).sections) if not isinstance(one.area, Absence))
    app = open_page(open_app, texts, "privacy", attack=f"{last.metric}@{last.cell}")
    assert any(drawn.alt.startswith(f"{last.title}: ") for drawn in charts(app))


# ── charts ────────────────────────────────────────────────────────────────────────────────


def _axes(spec):
    return [
        its["encoding"]["x"]
        for its in spec["layer"]
        if "x" in its.get("encoding", {}) and its["mark"]["type"] == "line"
    ]


def _rows(chart):
    return list(chart.to_dict()["datasets"].values())


def test_a_curve_has_nothing_left_of_what_its_others_can_show():
    points = roc_curve([0.9, 0.8, 0.7, 0.1], [0.75, 0.5, 0.4, 0.3, 0.2])
    rows = roc(MembershipCurve(4, 5, points))
    drawn = roc_chart(rows, LIGHT)
    (unknown,) = [its for its in _rows(drawn) if "from" in its[0]]
    assert (unknown[0]["from"], unknown[0]["to"]) == (1e-3, 0.2)
    (curve,) = [its for its in _rows(drawn) if "found" in its[0]]
    assert min(its["false"] for its in curve) == 0.2
    assert len(curve) == len(rows) - 1
    chance = next(its for its in _rows(drawn) if its[0].get("at") == 1e-3)
    assert [its["at"] for its in chance] == [1e-3, 1.0]


def test_with_thousands_of_others_the_axis_reaches_as_far_as_they_do():
    rows = roc(MembershipCurve(2, 20_000, roc_curve([2.0, 3.0], [its / 20_000 for its in range(20_000)])))
    drawn = roc_chart(rows, DARK).to_dict()
    domains = [x["scale"]["domain"] for its in drawn["layer"] if "scale" in (x := its["encoding"]["x"])]
    assert domains == [[1 / 20_000, 1]] * 3
    assert not [rows for rows in drawn["datasets"].values() if "from" in rows[0]]


def test_a_promise_reaches_down_to_nothing_and_an_audit_up_to_what_it_could_show():
    rows = bounds(Promised(("so",), (), 8.0, 1e-5), Audited(Standing.POWERLESS, "so", 0.25, 1.5, 18, 1e-5))
    assert [(its["kind"], its["low"], its["value"], its["high"]) for its in rows.to_dict("records")] == [
        ("promise", 0.0, 8.0, 8.0),
        ("audit", 0.25, 0.25, 1.5),
    ]
    assert "triangle-right" in bounds_chart(rows, LIGHT).to_json()
    assert bounds(Promised(("No DP claim.",)), Audited(Standing.UNAUDITED, "so")).empty


def test_what_was_spent_is_drawn_under_its_labelled_budget():
    rows = spent([CurvePoint(1, 0.1, epsilon=1.0), CurvePoint(2, 0.2), CurvePoint(3, 0.3, epsilon=2.0)])
    assert list(rows["step"]) == [1, 3]
    drawn = spent_chart(rows, 3.0, "promised: 3", LIGHT)
    assert [{"at": 3.0, "words": "promised: 3"}] in _rows(drawn)


def effect(before, after, low, high):
    change = None if low is None else Interval(after - before, low, high, 0.95, 9, "jackknife")
    return Effect(
        "p@d",
        "p/m",
        "leak",
        {},
        "share",
        Better.LOWER,
        0.0,
        before,
        after,
        change,
        missing="" if change else "one seed alone",
    )


def test_the_price_of_privacy_runs_from_none_to_the_strictest_with_the_interval_of_the_change():
    arms = [
        StudyArm("private at 1", "treatment", 1.0, effect(0.5, 0.1, -0.5, -0.3)),
        StudyArm("private at 8", "treatment", 8.0, effect(0.5, 0.3, -0.3, -0.1)),
        StudyArm("stopped early", "treatment", None, effect(0.5, 0.2, -0.4, -0.2)),
        StudyArm("private, placebo", "placebo", None, effect(0.5, 0.5, None, None)),
    ]
    rows = traded(arms)
    assert list(rows["place"]) == ["no noise", "no noise", "no noise", "8", "1"]
    assert list(rows["role"].str.partition(":")[0]) == [
        *("no treatment", "another treatment", "placebo", "noise for privacy", "noise for privacy")
    ]
    strictest = rows.iloc[-1]
    assert (strictest["value"], strictest["low"], strictest["high"]) == pytest.approx((10, 0, 20))
    assert rows["low"].isna().tolist() == [True, False, True, False, False]
    assert rows["value"][0] == 50
    drawn = traded_chart(rows, LIGHT)
    assert all(shape in drawn.to_json() for shape in ("cross", "circle", "square", "diamond"))
    (placed,) = _rows(drawn)
    assert [round(its["x"], 2) for its in placed] == [-0.16, 0, 0.16, 1, 2]


def test_exposures_are_drawn_beside_chance_and_told_in_words():
    rows = pd.DataFrame(
        [("0 to 1", 0, 25.0, 10.0, 50.0, 50.0, 8, "clopper-pearson")],
        columns=["bits", "least", "share", "low", "high", "chance", "secrets", "method"],
    )
    assert exposed_words(rows) == "0 to 1 bits: 25 of 100 secrets, interval 10 to 50, by chance 50"
    drawn = exposed_chart(rows, LIGHT).to_dict()
    assert [its["mark"]["type"] for its in drawn["layer"]] == ["bar", "rule", "tick"]
