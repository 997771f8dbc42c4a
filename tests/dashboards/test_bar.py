"""The bar above every page: which run, held against which, judged by what, and how old that is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from dashboards.bar import age
from dashboards.opened import before
from harness.query import Listed

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "told"),
    [(timedelta(hours=3), "from today"), (timedelta(days=1), "1 day old"), (timedelta(days=40), "40 days old")],
)
def test_the_age_of_a_run_is_told_in_words(ago, told):
    assert age((NOW - ago).isoformat(), NOW) == told
    assert age("yesterday", NOW) == "of unknown age"


def run(name, day, *, model="m", cells=("p@d",), trouble=""):
    return Listed(
        name, model=model, finished=f"2026-05-{day:02}T00:00:00+00:00", cells=frozenset(cells), trouble=trouble
    )


def test_a_run_is_held_against_the_newest_older_one_of_its_model_that_was_asked_the_same():
    new, newer = run("new", 9), run("newer", 10)
    other, older, oldest = run("other", 8, model="n"), run("older", 7), run("oldest", 6)
    assert before(new, (newer, new, other, older, oldest)) is older
    assert before(new, (newer, new, other)) is other
    assert before(new, (newer, new)) is None
    # Of runs that finished in the same second, the one further down the list is the older one.
    late, later = run("late", 9), run("later", 9)
    assert before(later, (later, late)) is late
    assert before(late, (later, late)) is None
    unlike, broken = run("unlike", 8, cells=("q@d",)), run("broken", 8, trouble="torn")
    assert before(new, (new, unlike, broken, oldest)) is oldest


def test_the_verdict_follows_the_policy_that_the_address_names(open_app, one_run, tmp_path, monkeypatch):
    mild = tmp_path / "mild.toml"
    mild.write_text('[[gate]]\nmetric = "hallucination.closed_book/mc1"\nmin = 0.05\nreason = "Better than nothing."\n')
    monkeypatch.setenv("HARNESS_DASHBOARD_POLICIES", json.dumps({"mild": str(mild)}))
    app = open_app(one_run)
    assert app.header[0].value.endswith("Failed")
    app = open_app(one_run, policy="mild")
    assert not app.exception
    assert app.header[0].value.endswith("Passed")
    app = open_app(one_run, policy="../mild")
    assert app.header[0].value.endswith("Failed")


def test_a_store_elsewhere_that_cannot_be_reached_is_told_and_what_was_copied_is_shown(open_app, one_run, monkeypatch):
    monkeypatch.setenv("HARNESS_DASHBOARD_URL", "https://127.0.0.1:9/runs")
    app = open_app(one_run)
    assert not app.exception
    assert app.header[0].value.endswith("Failed")
    assert any("What was copied before is shown" in one.value.replace("\\", "") for one in app.markdown)
