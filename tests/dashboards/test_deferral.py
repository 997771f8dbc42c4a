"""The page of deferral: what thresholds do, told at a price, for every role; and honest where there is nothing."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from dashboards.charts.deferral import calibration, cost_curve, cost_words, diagram_words, risk_coverage, risk_words
from dashboards.charts.palette import DARK, LIGHT
from dashboards.frames.deferral import costs, diagram, lines, marks, sureness, thresholds
from harness.config import parse
from harness.execute import Stop
from harness.query.deferral import Answers, Handover, selection
from harness.query.deferral_costs import advise
from harness.registry import Registry
from harness.run import Request, Silent, audit

ASKING = """
[model]
backend = "control"
hallucination = 0.2
order_bias = 0.0
seed = 5
[run]
profile = "smoke"
probes = ["hallucination.calibration"]
"""
DEFERRING = """
[[mitigation]]
name = "defer"
confidence = "letters"
threshold = 0.96
"""


def run(text, store):
    config = parse(text, overrides={"run.store": str(store)})
    request = Request(config, text, {"run.store": str(store)}, store.parent)
    return audit(request, Registry(config.plugins.allow), stop=Stop(), watch=Silent()).folder.name


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a run that kept confidences, and one of a model that hands over by them."""
    root = tmp_path_factory.mktemp("deferral") / "runs"
    return root, run(ASKING, root), run(ASKING + DEFERRING, root)


def said(app):
    parts = [app.title, app.header, app.subheader, app.markdown, app.caption, app.code]
    return "\n".join(str(one.value) for kind in parts for one in kind).replace("\\", "")


def visit(app):
    app = app.switch_page("screens/deferral.py").run()
    assert not app.exception, app.exception
    return app


# ── the page ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ["policy", "auditor"])
def test_it_says_what_to_hand_over_at_a_price_and_what_is_then_wrong(open_app, store, role):
    root, name, _ = store
    app = visit(open_app(root, role, run=name))
    words = said(app)
    assert "If a wrong answer costs 5 times a hand-over, hand over the least sure " in words
    assert "are then wrong, instead of " in words
    assert "The threshold was chosen on the very answers that it is judged by" in words
    assert "harness study deferral" in words
    assert len(app.get("vega_lite_chart")) == 3
    assert all(one.proto.alt for one in app.get("vega_lite_chart"))


def test_the_price_of_a_wrong_answer_comes_from_the_address_and_changes_the_advice(open_app, store):
    root, name, _ = store
    app = visit(open_app(root, run=name, cost="1"))
    assert "If a wrong answer costs 1 time a hand-over, answer every question" in said(app)
    app.select_slider[0].set_value(100).run()
    assert "If a wrong answer costs 100 times a hand-over, hand over " in said(app)
    app = visit(open_app(root, run=name, cost="' OR 1=1", cell="../../etc"))
    assert "If a wrong answer costs 5 times a hand-over" in said(app)


def test_a_run_without_confidences_says_which_probes_would_give_them(open_app, one_run):
    app = visit(open_app(one_run))
    words = said(app)
    assert "No probe of this run kept an answer together with how sure the model was of it" in words
    assert '[run]\nprobes = ["hallucination.calibration", "hallucination.self_consistency"]' in words
    assert not app.get("vega_lite_chart")
    assert "What this cannot tell you" in words


def test_a_model_that_hands_over_already_says_so_before_anything_else(open_app, store):
    root, _, name = store
    words = said(visit(open_app(root, run=name)))
    assert "This model hands over already: answers less sure than 0.96, by likelihoods of letters." in words


def test_what_was_certified_and_what_could_not_be_is_told_in_the_words_of_the_report(open_app, store):
    root, name, _ = store
    page = (root / name / "report.html").read_text()
    told = [one.value.replace("\\", "") for one in visit(open_app(root, run=name)).markdown]
    promised = [text[2:] for text in told if text.startswith("- ") and "risk of at most" in text]
    assert promised
    assert all(text.replace("'", "&#39;") in page for text in promised)


# ── its tables and charts ─────────────────────────────────────────────────────────────────


@pytest.fixture
def answers():
    sure = (0.95, 0.9, 0.8, 0.8, 0.7, 0.6, 0.4, 0.3)
    return Answers("p@d", "stated confidences", sure, (0, 0, 0, 1, 0, 1, 1, 1), tuple("abcdefgh"), 9)


def test_marks_stand_where_their_threshold_lets_answers_through(answers):
    its = selection(answers)
    held = (
        Handover("defer", "stated confidences", 0.75, ""),
        Handover("defer", "agreement of samples", 0.5, ""),
        Handover("defer", "stated confidences", None, "nothing"),
    )
    rows = marks(its, held, 0.5)
    assert list(rows["label"]) == ["in use", "certified"]
    assert list(rows["coverage"]) == [0.5, 0.75]
    assert not len(marks(its, (), None))


def test_every_chart_is_drawn_from_its_table_on_either_background(answers):
    its, advice = selection(answers), advise(answers, 2)
    risks, prices, bins = thresholds(its), costs(advice), diagram(its)
    for palette in (LIGHT, DARK):
        for drawn in (
            risk_coverage(risks, lines(its), marks(its, (), 0.5), palette),
            risk_coverage(risks, lines(its), marks(its, (), None), palette),
            cost_curve(prices, palette),
            calibration(bins, palette),
        ):
            spec = json.dumps(drawn.to_dict())
            assert palette.rulings["none"] in spec
            assert "NaN" not in spec
    assert prices["cheapest"].sum() == 1
    assert risk_words(risks).count("of 100 wrong") == len(risks)
    assert "the cheapest" in cost_words(prices)
    assert diagram_words(bins).count("answers") == len(bins)


def test_shares_across_and_upward_are_of_a_hundred_and_every_row_has_its_interval(answers):
    rows = thresholds(selection(answers))
    assert rows["coverage"].between(0, 1).all()
    assert ((rows["low"] <= rows["risk"]) & (rows["risk"] <= rows["high"])).all()
    assert (rows["answered"] <= rows["of"]).all()
    ends = costs(advise(answers, 2))
    assert (ends["handed_over"].iloc[0], ends["cost"].iloc[0]) == (1, 100)
    assert pd.isna(ends["threshold"].iloc[0])
    assert ends["handed_over"].iloc[-1] == 0


def test_sureness_is_told_with_its_doubt(answers):
    assert sureness(selection(answers)) == (
        "On average the model is sure to 68 of 100, and right in 50 of 100 of these 8 answers: so few answers cannot"
        " tell that from a model which is as often right as it is sure."
    )
    boastful = Answers("p@d", "k", (0.95,) * 40, (1,) * 20 + (0,) * 20, tuple(map(str, range(40))), 40)
    assert sureness(selection(boastful)).endswith("of these 40 answers: it is surer than it is right.")
