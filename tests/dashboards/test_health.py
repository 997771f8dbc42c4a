"""Whether the data is sound, and what the bundle holds: told from its own counts and its own manifest."""

from __future__ import annotations

import json

import pytest

from dashboards.charts.health import outcome_bars, outcome_words
from dashboards.charts.palette import DARK, LIGHT
from dashboards.frames.run import denominators, files, outcomes
from harness.query import Role, open_library


@pytest.fixture
def library(one_run):
    return open_library(one_run, Role.POLICY)


def test_the_parts_of_each_bar_are_all_that_was_asked(library):
    shown = library.view(library.runs()[0].name)
    rows, whole = outcomes(shown), denominators(shown)
    assert int(rows["cases"].sum()) == int(whole["asked"].sum()) > 0
    assert rows.groupby("probe")["share"].sum().tolist() == pytest.approx([100.0] * rows["probe"].nunique())
    for palette in (LIGHT, DARK):
        assert outcome_bars(rows, palette).to_dict()["layer"]
    for row in rows.to_dict("records"):
        assert f"{row['probe']}: of {row['asked']:,} cases" in outcome_words(rows)


def test_every_file_of_the_manifest_is_listed_with_who_may_see_it(library, one_run):
    run = library.runs()[0].name
    listed = json.loads((one_run / run / "manifest.json").read_bytes())["files"]
    rows = files(library.files(run))
    assert rows["path"].tolist() == [its["path"] for its in listed]
    assert rows["bytes"].sum() == sum((one_run / run / path).stat().st_size for path in rows["path"])
    assert set(rows["tier"]) >= {"public", "auditor", "raw"}


def test_the_evidence_page_names_the_digest_that_binds_all_others(open_app, library, one_run):
    app = open_app(one_run).switch_page("screens/evidence.py").run()
    assert not app.exception
    assert library.fingerprint(library.runs()[0].name) in [one.value for one in app.code]


def test_the_health_page_counts_what_was_left_out(open_app, one_run):
    app = open_app(one_run).switch_page("screens/health.py").run()
    assert not app.exception
    words = "\n".join(one.value for one in app.markdown).replace("\\", "")
    assert "were scored; none was left out." in words
    assert "Every control came out as it should." in words
    assert "Asked again: 0" in words
