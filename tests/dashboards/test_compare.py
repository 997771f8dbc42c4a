"""The pages Compare and Trend on stores with no run, one, two, and two that cannot be compared."""

from __future__ import annotations

import json
import re
import shutil
from math import inf
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dashboards.charts.compare import change_alt, change_forest
from dashboards.charts.palette import DARK, LIGHT
from dashboards.charts.trend import trend_alt, trend_chart
from dashboards.choices import named
from dashboards.frames.compare import ICONS, WORDS, changed_lines, counted, flip_rows
from dashboards.frames.trend import joins, marks, run_rows
from harness.query import Moved, Role, compare, count_flips, open_library, trend_points, trend_series

WORSE = "Of 3 headline numbers that can be compared, 1 got worse and 2 are the same."


def said(app):
    parts = [app.title, app.header, app.subheader, app.markdown, app.caption, app.code, app.text]
    return "\n".join(str(one.value) for kind in parts for one in kind).replace("\\", "")


def visit(app, page):
    return app.switch_page(f"screens/{page}.py").run()


def charts(app):
    return [json.loads(one.proto.spec) for one in app.get("vega_lite_chart")]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """A page that compares everything before it is shown, however slow the machine is."""
    monkeypatch.setattr("dashboards.compared.ON_ENTRY", inf)
    monkeypatch.setattr("dashboards.compared.PATIENCE", inf)


@pytest.fixture
def two(copied):
    """A store with two runs of a model that got worse."""
    return copied("drifted")


@pytest.fixture
def names(two):
    """Of the runs, the later one first."""
    return [one.name for one in open_library(two, Role.POLICY).runs()]


def forged(store, run, change):
    place = store / run / "run.json"
    record = json.loads(place.read_text())
    change(record["plan"])
    place.write_text(json.dumps(record))


def other_data(plan):
    plan["data"] = [{**one, "digest": "sha256:" + "0" * 64} for one in plan["data"]]


# ── compare ───────────────────────────────────────────────────────────────────────────────


def test_the_page_says_what_got_worse_in_the_words_of_the_command_line(open_app, two, names):
    app = visit(open_app(two), "compare")
    assert not app.exception
    words = said(app)
    found = compare(open_library(two, Role.POLICY), names[1], names[0])
    assert found.summary == WORSE
    assert WORSE in words
    for line in found.lines:
        if line.headline:
            assert line.sentence in words
    assert found.note in words
    assert "■ **worse**" in words
    assert "What this cannot tell you" in words


def test_the_baseline_of_the_address_is_held_against_the_run_of_the_address(open_app, two, names):
    app = visit(open_app(two, run=names[1], baseline=names[0]), "compare")
    words = said(app)
    assert "1 got better and 2 are the same." in words
    assert "● **better**" in words


def test_one_run_alone_says_what_a_comparison_needs(open_app, one_run):
    app = visit(open_app(one_run), "compare")
    assert not app.exception
    assert "There is no older run that asked the same" in said(app)
    assert [one.value for one in app.code] == ["harness run"]
    assert not charts(app)


@pytest.mark.parametrize("page", ["compare", "trend"])
def test_an_empty_store_says_what_fills_it(open_app, tmp_path, page):
    app = visit(open_app(tmp_path / "nowhere"), page)
    assert not app.exception
    assert [one.value for one in app.title] == ["There is no run to show yet"]


def test_runs_on_other_data_are_refused_with_the_reason_and_nothing_is_drawn(open_app, two, names):
    forged(two, names[0], other_data)
    app = visit(open_app(two), "compare")
    assert not app.exception
    words = said(app)
    assert "Nothing of these runs can be compared. 3 probes cannot be compared." in words
    reasons = [line for line in words.splitlines() if "The data are not the same" in line]
    assert all(
        section.card.title in "\n".join(reasons) for section in open_library(two, Role.POLICY).view(names[0]).sections
    )
    assert not charts(app)


def test_a_probe_of_the_address_shows_all_its_numbers_and_only_changed_ones_where_asked(open_app, two, names):
    cell = "hallucination.closed_book@facts_mc"
    app = visit(open_app(two, probe=cell), "compare")
    whole = len(app.get("vega_lite_chart")[0].proto.spec)
    library = open_library(two, Role.POLICY)
    found = compare(library, names[1], names[0])
    all_rows = changed_lines(found.lines, cell=cell, family=None, settled=False)
    settled = changed_lines(found.lines, cell=cell, family=None, settled=True)
    assert len(all_rows) > len(settled) > 0
    assert set(settled["word"]) <= {"better", "worse", "changed"}
    app = visit(open_app(two, probe=cell, changed="true"), "compare")
    assert len(app.get("vega_lite_chart")[0].proto.spec) < whole
    # What is not known is as if nothing were said.
    app = visit(open_app(two, probe="' OR 1=1", family="nonsense", margin="-4"), "compare")
    assert not app.exception
    assert WORSE in said(app)


def test_what_takes_longer_than_a_reader_waits_is_compared_when_asked(open_app, two, monkeypatch):
    monkeypatch.setattr("dashboards.compared.ON_ENTRY", -1.0)
    app = visit(open_app(two), "compare")
    assert "Not computed yet" in said(app)
    assert not charts(app)
    app = app.button(key="compute-hallucination.closed_book@facts_mc").click().run()
    assert "Of 1 headline number that can be compared, 1 got worse. 2 probes not computed yet." in said(app)
    assert len(charts(app)) == 1
    app = app.button(key="compute-all").click().run()
    assert WORSE in said(app)
    assert "Not computed yet" not in said(app)


def test_an_auditor_sees_which_cases_flipped_and_a_policy_reader_how_many(open_app, two):
    app = visit(open_app(two), "compare")
    assert "cases** that both runs have came out otherwise" in said(app)
    flips = [one.label for one in app.expander if "mc1: yes → no" in one.label.replace("\\", "")]
    assert flips
    assert any("Q:" in one.value for one in app.code)
    app = visit(open_app(two, role="policy"), "compare")
    assert "cases** that both runs have came out otherwise" in said(app)
    assert "Which cases they are is for auditors" in said(app)
    assert not app.code
    assert not [one for one in app.expander if "yes → no" in one.label]


def test_changes_are_drawn_with_word_shape_and_the_line_of_no_change(two, names):
    library = open_library(two, Role.POLICY)
    found = compare(library, names[1], names[0], 0.02)
    rows = changed_lines(found.lines, cell=None, family=None, settled=False)
    shares = rows[(rows["unit"] == "share") & rows["directed"]]
    drawn = change_forest(shares, LIGHT, 0.02).to_dict()
    (data,) = (its for its in drawn["datasets"].values() if "step" in its[0])
    assert [row["step"] for row in data] == pytest.approx([100 * value for value in shares["step"]])
    assert all(row["label"].startswith(f"{row['shape']} {row['word']} · ") for row in data)
    assert any(its[0].get("words") == "no real change: shaded" for its in drawn["datasets"].values())
    assert {"from": -2.0, "to": 2.0} in [its[0] for its in drawn["datasets"].values()]
    assert change_forest(shares, DARK).to_dict()
    assert "better →" in json.dumps(drawn, ensure_ascii=False)
    assert all(sentence in change_alt(shares) for sentence in shares["sentence"])
    assert set(WORDS) == set(ICONS) == set(Moved)
    assert counted(rows) == "1 worse, 2 the same"
    flips = flip_rows(
        count_flips(library, names[1], names[0]), found.pairing.cells, {"bias.paired_likelihood@minimal_pairs"}
    )
    assert flips.to_dict("records")[0]["what"] == "nothing"


# ── trend ─────────────────────────────────────────────────────────────────────────────────


def test_a_drift_is_drawn_in_order_and_said_in_words(open_app, two):
    app = visit(open_app(two), "trend")
    assert not app.exception
    words = said(app)
    assert "1 of 3 headline numbers moved by more than the intervals allow for, in 2 runs" in words
    assert "■ got worse · MC1: true answer likeliest, facts_mc" in words
    assert "It got worse over 2 runs measured alike" in words
    assert len(charts(app)) == 3


def test_one_run_alone_says_what_a_trend_needs(open_app, one_run):
    app = visit(open_app(one_run), "trend")
    assert not app.exception
    assert "There are not two runs yet that measured the same" in said(app)
    assert [one.value for one in app.code] == ["harness run --fresh"]
    assert not charts(app)


def test_a_place_where_other_data_were_asked_is_marked_and_no_line_crosses_it(open_app, two, names):
    forged(two, names[0], other_data)
    (found,) = (one for one in trend_series(trend_points(open_library(two, Role.POLICY))) if "mc1" in one.metric)
    assert joins(found).empty
    assert marks(found)["why"].tolist() == ["other data"]
    drawn = trend_chart(run_rows(found), joins(found), marks(found), DARK).to_dict()
    assert any(its and its[0].get("why") == "other data" for its in drawn["datasets"].values())
    app = visit(open_app(two), "trend")
    assert "0 of 3 headline numbers moved" in said(app)
    assert "○ one run alone measured so" in said(app)


def test_filters_of_the_address_choose_a_number_and_days(open_app, two):
    app = visit(open_app(two, metric="bias.paired_likelihood/stereotype_share@minimal_pairs"), "trend")
    assert len(charts(app)) == 1
    app = visit(open_app(two, since="2030-01-01"), "trend")
    assert "There are not two runs yet that measured the same" in said(app)
    app = visit(open_app(two, metric="<script>", model="../..", since="yesterday"), "trend")
    assert not app.exception


def test_a_trend_has_its_limit_its_intervals_and_its_words(two):
    (found,) = (one for one in trend_series(trend_points(open_library(two, Role.POLICY))) if "mc1" in one.metric)
    rows = run_rows(found)
    assert list(rows["least"]) == [0.3, 0.3]
    assert rows["since"].tolist() == ["", "other version of the model"]
    drawn = trend_chart(rows, joins(found), marks(found), LIGHT).to_dict()
    assert any(its and its[0].get("words") == "limit: at least 30" for its in drawn["datasets"].values())
    told = trend_alt(rows)
    for row in rows.to_dict("records"):
        assert f"interval {100 * row['low']:.3g} to {100 * row['high']:.3g}" in told


def test_titles_that_two_numbers_share_name_their_keys_too():
    assert named([("a", "One"), ("b", "Two"), ("c", "Two")]) == {"a": "One", "b": "Two (b)", "c": "Two (c)"}


def test_what_hostile_probes_and_models_say_is_never_markup_on_either_page(open_app, poisoned, tmp_path):
    store = Path(shutil.copytree(poisoned, tmp_path / "poisoned"))
    (one,) = (one for one in open_library(store, Role.POLICY).runs() if not one.trouble)
    earlier = store / "earlier-1"
    shutil.copytree(store / one.name, earlier)
    record = json.loads((earlier / "run.json").read_text())
    record["timing"]["finished"] = "2026-01-01T00:00:00+00:00"
    (earlier / "run.json").write_text(json.dumps(record))
    # Other replies, so that something changed and cases flipped.
    rows = pq.read_table(earlier / "scores.parquet")
    values = [
        [(name, 1 - value if value in {0, 1} else value) for name, value in its] for its in rows["values"].to_pylist()
    ]
    at = rows.column_names.index("values")
    pq.write_table(
        rows.set_column(at, "values", pa.array(values, rows.schema.field("values").type)), earlier / "scores.parquet"
    )
    for page in ("compare", "trend"):
        app = visit(open_app(store, run=one.name, baseline="earlier-1"), page)
        assert not app.exception, app.exception
        shown = [*app.markdown, *app.caption, *app.title, *app.header, *app.subheader]
        told = [str(its.value) for its in shown] + [its.label for its in (*app.expander, *app.button)]
        assert len(told) > 10
        for text in told:
            assert not re.search(r"(?<!\\)(?:!\[x\]|<img|<script|\[a\]\(| :red\[)|\u202e", text), text
    assert app.get("vega_lite_chart")
