"""`harness runs compare`: the numbers of the page Compare, without pages."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("duckdb", reason="comparing reads a store as the pages do: pip install 'rai-harness[dashboards]'")

QUIZ = """
[model]
backend = "control"
hallucination = {}
[run]
profile = "smoke"
probes = ["hallucination.closed_book"]
[probe."hallucination.closed_book"]
items = 40
"""


def test_two_runs_are_compared_in_sentences_and_as_json(audit_text, harness_cli):
    first, second = (audit_text(QUIZ.format(wrong)).folder for wrong in (0.0, 0.9))
    done = harness_cli("runs", "compare", first.name, second.name, "--store", first.parent)
    assert done.code == 0
    assert "Of 1 headline number that can be compared, 1 got worse." in done.out
    assert "This run lowered “MC1: true answer likeliest” by " in done.out
    assert " for animals " not in done.out
    assert (
        "MC1 without the question"
        in harness_cli("runs", "compare", first.name, second.name, "--all", "--store", first.parent).out
    )
    told = json.loads(harness_cli("runs", "compare", second.name, first.name, "--json", "--store", first.parent).out)
    assert (told["before"], told["after"]) == (second.name, first.name)
    (headline,) = (line for line in told["comparison"]["lines"] if line["headline"])
    assert headline["moved"] == "better"
    step = headline["effect"]["change"]
    assert step["low"] <= 0.9 <= step["high"]
    done = harness_cli("runs", "compare", first.name, "latest", "--store", first.parent, "--margin", "1")
    assert "1 changed by less than the margin." in done.out
    done = harness_cli("runs", "compare", first.name, first.name, "--store", first.parent)
    assert done.code == 2
    assert "Both are the run" in done.err
