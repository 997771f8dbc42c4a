"""Single cases: found by their links, shown whole, and uncovered only for who may and says why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dashboards.sample import gist

LEAKED = "Call 030 1234567 or write to anna.beispiel@example.org"


@pytest.fixture
def private(audit_text, tmp_path, monkeypatch):
    """A store with the run of a model that answers with an address."""
    (tmp_path / "leak.py").write_text(f"def answer(prompt):\n    return {LEAKED!r}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = """
[model]
backend = "function"
target = "leak:answer"
[run]
profile = "smoke"
probes = ["hallucination.closed_book"]
[probe."hallucination.closed_book"]
items = 12
mode = "write"
"""
    return audit_text(text).folder


def samples(app):
    return app.switch_page("screens/samples.py").run()


def words(app):
    return "\n".join(one.value for kind in (app.code, app.caption, app.markdown) for one in kind).replace("\\", "")


def test_a_link_to_a_case_shows_that_case_alone(open_app, one_run):
    from harness.query import Filter, Role, open_library, page_of

    library = open_library(one_run, Role.AUDITOR)
    run = library.runs()[0].name
    third = page_of(library, run, Filter(), start=2, size=1).samples[0]
    app = samples(open_app(one_run, cell=third.cell, case=third.case))
    assert not app.exception
    shown = [one.label.replace("\\", "") for one in app.expander if third.cell in one.label.replace("\\", "")]
    assert len(shown) == 1
    assert shown[0].startswith(f"{third.case} · {third.cell} · {third.outcome} · ")
    assert "1 case in all" in words(app)


def test_pages_of_cases_follow_the_address_and_one_too_far_shows_the_last(open_app, private):
    first, second, beyond = (words(samples(open_app(private.parent, page=page))) for page in ("1", "2", "99"))
    assert first != second
    assert second == beyond
    assert words(samples(open_app(private.parent, page="-1"))) == first


def test_what_is_blacked_out_is_uncovered_for_an_admin_with_a_reason_alone(open_app, private):
    for role in ("auditor", "admin"):
        app = samples(open_app(private.parent, role=role))
        assert "anna.beispiel" not in words(app)
        assert "blacked out" in words(app)
        assert len(app.button) == (0 if role == "auditor" else 10)
    app.button[0].click().run()
    assert "Say why it must be seen" in words(app)
    assert "anna.beispiel" not in words(app)
    assert not (private.parent / ".reveals.jsonl").exists()

    reason = next(one for one in app.text_input if one.label.startswith("Why must it be seen"))
    reason.set_value("A complaint by Anna").run()
    app.button[0].click().run()
    assert not app.exception
    assert words(app).count("anna.beispiel") == 1
    (line,) = (private.parent / ".reveals.jsonl").read_text().splitlines()
    assert json.loads(line)["why"] == "A complaint by Anna"
    assert json.loads(line)["run"] == private.name


def test_a_reply_that_is_a_picture_is_shown_as_one(open_app, made):
    from harness.query import Filter, Role, open_library, page_of

    store = made("pictures")
    library = open_library(store, Role.AUDITOR)
    run = next(one.name for one in library.runs() if library.has_pictures(one.name))
    found = page_of(library, run, Filter(), size=200).samples
    drawn = next(one for one in found if one.media)
    app = samples(open_app(store, run=run, cell=drawn.cell, case=drawn.case))
    assert not app.exception
    shown = [image for one in app.get("image") for image in one.proto.imgs]
    assert len(shown) == min(len(drawn.media), 12)
    assert shown[0].caption == "picture 1"
    assert gist(replace(drawn, ask={"kind": "DrawAsk", "label": 3, "prompt": None, "seed": 7})) == "label 3, seed 7"
