"""The pages on how a model was made and what it cost: the words of the record, or why there are none."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from dashboards.charts.energy import cost_bars
from dashboards.charts.palette import LIGHT
from dashboards.charts.training import loss_chart
from dashboards.frames.energy import beside, told
from dashboards.frames.training import losses
from harness.canonical import dumps, loads
from harness.query import CurvePoint, Role, figures, open_library, spendings, training_record


def said(app):
    """All the words of a page, one part a line."""
    parts = [app.title, app.subheader, app.markdown, app.caption, app.code, app.text]
    return "\n".join(str(one.value) for kind in parts for one in kind).replace("\\", "")


def visit(app, page):
    app.switch_page(f"screens/{page}.py").run()
    assert not app.exception, app.exception
    return app


def pictures(app):
    return [str(one.proto.imgs[0].caption) for one in app.get("image")]


def charts(app):
    return [json.loads(one.proto.spec) for one in app.get("vega_lite_chart")]


# ── how it was made ───────────────────────────────────────────────────────────────────────


def test_a_model_that_was_trained_here_shows_facts_losses_and_pictures_by_step(open_app, store_of, small_model):
    app = visit(open_app(store_of("plain")), "training")
    words = said(app)
    manifest = small_model("plain").manifest
    assert f"with {manifest.parameters:,} weights, trained on" in words
    assert "The validation loss, in nats per picture, " in words
    assert "The weights are those after the last step, 6." in words
    assert pictures(app) == [
        *("after step 1 of 6", "after step 3 of 6", "after step 6 of 6"),
        "eight of each class, ten classes at most",
    ]
    assert "What this cannot tell you" in words


def test_a_private_model_withholds_its_training_losses_and_says_that_its_pictures_are_covered(open_app, store_of):
    app = visit(open_app(store_of("private")), "training")
    words = said(app)
    assert "(epsilon, delta)-differential privacy with epsilon = " in words
    assert "The losses of training records are withheld" in words
    assert "covered by the claim of privacy" in words
    assert "The training loss" not in words


def test_a_policy_reader_sees_losses_and_no_picture_and_no_seed(open_app, store_of):
    app = visit(open_app(store_of("plain"), role="policy"), "training")
    words = said(app)
    assert "The validation loss, in nats per picture, " in words
    assert "shown to auditors" in words
    assert pictures(app) == []
    assert "seed = " not in words


def test_an_older_bundle_says_why_there_is_no_curve(open_app, store_of):
    app = visit(open_app(store_of("private", lambda files: files.clear())), "training")
    words = said(app)
    assert "written before bundles kept one" in words
    assert "trained on" in words
    assert charts(app) == pictures(app) == []


def test_a_model_that_was_not_trained_here_says_what_is_known_and_what_would_show_more(open_app, quick_run):
    app = visit(open_app(quick_run.folder.parent), "training")
    words = said(app)
    assert "It was not trained here, so nobody here knows" in words
    assert "backend: control" in words
    assert "harness train vae --data digits" in words


READ = re.compile(r"(?<!\\)(?:!\[|<script|:red\[)")
"""What Markdown or a browser would read, where no backslash stands before it."""
HOSTILE = "![x](http://127.0.0.1:9/canary.png)<script>alert(1)</script> :red[x]"


def test_a_hostile_record_is_shown_as_plain_text_alone(open_app, store_of):
    def poison(files):
        manifest = loads(files["manifest.json"])
        manifest["hardware"]["name"] = manifest["timing"]["finished"] = manifest["kind"] = HOSTILE
        manifest["recipe"][HOSTILE] = HOSTILE
        manifest["energy"] = {"joules": 1.0, "source": HOSTILE, "absent": HOSTILE}
        files["manifest.json"] = dumps(manifest)

    app = open_app(store_of("plain", poison))
    for page in ("training", "energy"):
        visit(app, page)
        for one in [*app.markdown, *app.caption, *app.subheader]:
            assert not READ.search(one.value), one.value
    assert any("canary.png" in one.value.replace("\\", "") for one in [*app.markdown, *app.caption])


def curve(store, *points):
    library = open_library(store, Role.AUDITOR)
    record = training_record(library, library.runs()[0].name)
    return replace(record, curve=tuple(CurvePoint(step, float(step), loss, held) for step, loss, held in points))


def test_curves_have_a_row_for_each_loss_that_was_measured(store_of):
    record = curve(store_of("plain"), (1, 9.0, None), (2, 8.0, 7.0), (3, None, 6.0))
    rows = losses(record)
    assert list(zip(rows["curve"], rows["step"], rows["value"], strict=True)) == [
        *(("training loss", 1, 9.0), ("training loss", 2, 8.0)),
        *(("validation loss", 2, 7.0), ("validation loss", 3, 6.0)),
    ]
    assert list(losses(record, after=2)["step"]) == [3]


def test_the_step_whose_weights_were_kept_is_drawn_and_named(store_of):
    rows = losses(curve(store_of("plain"), (1, 9.0, None), (2, 8.0, 7.0)))
    drawn = json.dumps(loss_chart(rows, "nats per picture", 2, LIGHT).to_dict())
    assert "weights kept: step 2" in drawn
    assert "training step" in drawn
    assert "nats per picture" in drawn
    unknown = json.dumps(loss_chart(rows, "nats per picture", None, LIGHT).to_dict())
    assert "weights kept" not in unknown


# ── what it cost ──────────────────────────────────────────────────────────────────────────


def test_a_run_says_what_it_cost_and_why_some_of_it_has_no_number(open_app, store_of, quick_run):
    app = visit(open_app(store_of("plain")), "energy")
    words = said(app)
    totals = quick_run.evidence.run["totals"]
    assert f"Asks: **{totals['asks']}** (counted" in words
    assert f"Tokens read: **{totals['prompt_tokens']:,} tokens** (counted" in words
    assert "Training steps: **6 steps** (counted" in words
    assert "Money: **no number**" in words
    assert "There is no other run to compare with." in words
    energy = quick_run.evidence.run["energy"]
    if energy["joules"] is None:
        assert "Energy for 1,000 tokens: **no number**" in words
        assert "Energy: **0" not in words


def test_measured_energy_is_told_as_measured_with_its_source(open_app, store_of):
    def counted(files):
        manifest = loads(files["manifest.json"])
        manifest["energy"] = {"joules": 7200.0, "source": "NVML Test", "how": "measured", "absent": ""}
        files["manifest.json"] = dumps(manifest)

    words = said(visit(open_app(store_of("plain", counted)), "energy"))
    assert "Energy of the training: **2 Wh** (measured, NVML Test)" in words


def test_runs_stand_beside_one_another_and_those_without_a_number_say_why(quick_run):
    library = open_library(quick_run.folder.parent, Role.POLICY)
    (one,) = spendings(library)
    other = replace(one, run="other-1", model="other", seconds=one.seconds * 2)
    silent = replace(one, run="silent-1", reused=one.asks)
    rows = beside([one, other, silent], "seconds_per_asks", one.run)
    assert list(rows["here"]) == [True, False, False]
    assert rows["value"].isna().tolist() == [False, False, True]
    assert "told by the run that asked" in rows["reason"].iloc[2]
    drawn = cost_bars(rows[rows["value"].notna()], LIGHT).to_dict()
    names = [row["row"] for rows in drawn["datasets"].values() for row in rows]
    assert [name.endswith("this run") for name in names] == [True, False]
    assert "seconds" in json.dumps(drawn["layer"])


def test_a_table_of_costs_has_no_zero_for_what_is_absent(quick_run):
    library = open_library(quick_run.folder.parent, Role.POLICY)
    (one,) = spendings(library)
    rows = told(figures(one))
    absent = rows[rows["how"] == "no number"]
    assert len(absent) >= 2
    assert absent["value"].isna().all()
    assert (absent["reason"] != "").all()


@pytest.mark.parametrize("asked", ["nonsense", "' OR 1=1 --"])
def test_a_strange_choice_in_the_address_shows_the_first(open_app, quick_run, asked):
    app = visit(open_app(quick_run.folder.parent, cost=asked), "energy")
    assert [one.value for one in app.title] == ["What did it cost?"]
