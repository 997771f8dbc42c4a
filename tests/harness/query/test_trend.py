"""Many runs in order of time: a line only between what was measured alike, and words where something else changed."""

from __future__ import annotations

import json

import pytest

from harness.query.trend import Link, trend_points, trend_series

QUIZ = "hallucination.closed_book@facts_mc"


def rewritten(library, run, change):
    """Change the record of a run, and its manifest, as another run's would be."""
    folder = library.folder(run)
    record = json.loads((folder / "run.json").read_text())
    change(record)
    (folder / "run.json").write_text(json.dumps(record))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "note": json.dumps(record)}))


def quiz(library):
    (found,) = (one for one in trend_series(trend_points(library)) if one.cell == QUIZ)
    return found


@pytest.fixture
def library(drifted):
    """The store, its runs a day apart."""
    opened, names = drifted
    for day, name in enumerate(("first", "again", "worse"), 1):

        def dated(record, day=day):
            record["timing"]["finished"] = f"2026-11-0{day}T08:00:00+00:00"

        rewritten(opened(), names[name], dated)
    return opened(), names


def test_runs_stand_in_order_of_time_and_the_numbers_are_those_of_their_estimates(library):
    library, names = library
    found = quiz(library)
    assert [point.run for point in found.points] == [names["first"], names["again"], names["worse"]]
    for point in found.points:
        cells = json.loads((library.folder(point.run) / "estimates.json").read_text())["cells"]
        its = next(cell for cell in cells if f"{cell['probe']}@{cell['dataset']}" == QUIZ)["results"][0]["interval"]
        interval = point.found.interval
        assert (interval.value, interval.low, interval.high) == (its["value"], its["low"], its["high"])
        assert point.limit == (0.5, None)


@pytest.mark.parametrize("order", [("first", "again", "worse"), ("worse", "again", "first")])
def test_runs_that_finished_in_one_second_stand_in_the_order_of_the_store(drifted, order):
    opened, names = drifted
    for name in order:
        rewritten(opened(), names[name], lambda record: record["timing"].update(finished="2026-11-01T08:00:00+00:00"))
    assert [point.run for point in quiz(opened()).points] == [names[name] for name in order]


def test_a_model_that_got_worse_is_said_to_and_what_stands_still_is_not(library):
    library, _ = library
    found = {one.cell: one for one in trend_series(trend_points(library))}
    assert next(iter(found)) == QUIZ
    assert found[QUIZ].moved == "worse"
    assert found[QUIZ].sentence.startswith("It got worse over 3 runs measured alike since 2026-11-01: ")
    other = found["bias.paired_likelihood@minimal_pairs"]
    assert other.moved == "open"
    assert other.sentence.startswith("No drift is shown over 3 runs")


def test_the_same_model_is_joined_and_another_version_of_it_is_told(library):
    library, _ = library
    steps = quiz(library).steps
    assert [step.link for step in steps] == [Link.SAME, Link.OTHER_MODEL]
    assert [step.why for step in steps] == ["", "other version of the model"]


def mitigated(record):
    record["plan"]["mitigations"] = [{"name": "instruction", "settings": {}, "card": None}]


def other_code(record):
    record["plan"]["plugins"] = [{**one, "code": "sha256:" + "1" * 64} for one in record["plan"]["plugins"]]


def test_a_mitigation_and_other_code_are_told_and_do_not_break_the_line(library):
    library, names = library
    rewritten(library, names["again"], mitigated)
    first, second = quiz(library).steps
    assert (first.link, first.why) == (Link.OTHER_MODEL, "with instruction")
    assert (second.link, second.why) == (Link.OTHER_MODEL, "without instruction")
    rewritten(library, names["again"], other_code)
    assert quiz(library).steps[0].why == "with instruction, other code of the probe"


def other_data(record):
    record["plan"]["data"] = [{**one, "digest": "sha256:" + "0" * 64} for one in record["plan"]["data"]]


def other_version(record):
    record["plan"]["plugins"] = [{**one, "version": "9.9"} for one in record["plan"]["plugins"]]


def other_profile(record):
    record["plan"]["profile"] = "full"


def other_budget(record):
    record["plan"]["cells"] = [{**one, "items": 7} for one in record["plan"]["cells"]]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (other_data, "other data"),
        (other_version, "other version of the probe"),
        (other_profile, "other profile"),
        (other_budget, "other number of items"),
    ],
)
def test_what_was_measured_otherwise_is_not_joined_and_says_why(library, change, why):
    library, names = library
    rewritten(library, names["worse"], change)
    found = quiz(library)
    assert (found.steps[1].link, found.steps[1].why) == (Link.OTHER_MEASURE, why)
    assert (found.comparable, found.moved) == (1, "none")
    assert found.sentence.startswith("One run alone says ")
    assert found.sentence.endswith("2 other runs measured otherwise.")


def test_a_run_of_another_budget_in_between_takes_nothing_from_the_others(library):
    library, names = library
    rewritten(library, names["again"], other_budget)
    found = quiz(library)
    assert [step.link for step in found.steps] == [Link.OTHER_MEASURE, Link.OTHER_MEASURE]
    assert (found.comparable, found.moved) == (2, "worse")


def test_a_bundle_that_cannot_be_read_hides_no_other(library):
    library, names = library
    (library.folder(names["again"]) / "estimates.json").write_text("[]")
    (library.folder(names["again"]) / "manifest.json").write_text('{"other": 1}')
    assert [point.run for point in quiz(library).points] == [names["first"], names["worse"]]
