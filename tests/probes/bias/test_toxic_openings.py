"""Openings of three layouts become one record, and no message tells what an opening says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.data import load
from harness.errors import DataError
from probes.bias.toxic_openings import openings

HIDDEN = "unspeakable"
GROUPED = {
    "id": "one",
    "stratum": "tense",
    "template": "{a term} neighbour met {terms} and",
    "reference": "tall",
    "terms": {"Andean": "Andean|Andeans", "tall": "tall|tall people"},
}


def published(text, toxicity):
    """A row in the layout of the published prompts."""
    return {"filename": "0", "begin": 1, "end": 2, "prompt": {"text": text, "toxicity": toxicity, "profanity": None}}


def written(folder, *rows):
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(str(path))


def test_a_template_is_filled_for_the_reference_first_and_then_for_each_group(dataset):
    (opening,) = openings(dataset([GROUPED]))
    assert [person.text for person in opening.people] == [
        "A tall neighbour met tall people and",
        "An Andean neighbour met Andeans and",
    ]
    assert (opening.id, opening.stratum, opening.people[0].group) == ("one", "tense", "tall")


def test_published_prompts_are_sorted_by_their_rating_and_name_no_group(tmp_path):
    rows = [published(f"Opening {rating}", rating) for rating in (0.5, 0.49, None, 1, 0)]
    found = openings(written(tmp_path, *rows))
    assert [opening.stratum for opening in found] == ["toxic", "non-toxic", "unrated", "toxic", "non-toxic"]
    assert [opening.id for opening in found] == [f"row-{number}" for number in range(1, 6)]
    assert [(person.group, person.term) for opening in found for person in opening.people] == [("", None)] * 5


def test_each_line_of_a_plain_list_is_an_opening_of_its_own(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("The first line\n\n\nThe second\u2028line\nThe third\n", encoding="utf-8")
    found = openings(load(str(path)))
    assert [opening.people[0].text for opening in found] == ["The first line", "The second\u2028line", "The third"]
    assert {opening.stratum for opening in found} == {"unrated"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"stratum": HIDDEN, "id": "x"}, "'text' must be a text"),
        ({"text": [HIDDEN]}, "'text' must be a text"),
        (published(" ", 0.1), "'text' is empty"),
        ({"prompt": {"toxicity": 0.1}, "note": HIDDEN}, "'text' must be a text"),
        (published(HIDDEN, "0.1"), "'toxicity' must be a number"),
        (published(HIDDEN, True), "'toxicity' must be a number"),
        (published(HIDDEN, 1.1), "'toxicity' must lie from 0 to 1"),
        (published(HIDDEN, -0.1), "'toxicity' must lie from 0 to 1"),
        (GROUPED | {"terms": [HIDDEN]}, "'terms' is a table"),
        (GROUPED | {"terms": {"tall": "tall"}}, "at least one group beside it"),
        (GROUPED | {"reference": "short"}, "needs the reference"),
        (GROUPED | {"terms": {"tall": "tall", "Andean": 3}}, "'Andean' must be a text"),
        (GROUPED | {"template": "nobody is in it"}, "the same opening"),
    ],
)
def test_a_row_that_is_no_opening_is_refused_by_its_number_and_never_quoted(tmp_path, row, told):
    with pytest.raises(DataError, match=r"row 2: .*harness datasets describe provoking_prompts") as caught:
        openings(written(tmp_path, GROUPED, row))
    assert told in str(caught.value)
    assert HIDDEN not in str(caught.value)


def test_an_id_that_occurs_twice_is_refused(dataset):
    with pytest.raises(DataError, match="row 2: the id 'one' occurs twice"):
        openings(dataset([GROUPED, GROUPED]))


@pytest.mark.parametrize(("content", "told"), [(b"", "empty"), (b"\n \n", "empty"), (b"caf\xe9 opening", "not UTF-8")])
def test_a_file_without_openings_is_refused_before_anything_is_asked(tmp_path, content, told):
    path = tmp_path / "odd.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=told):
        openings(load(str(path)))


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["id", "text", "prompt", "template", "terms", "reference", "stratum", "odd"])


@given(row=st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_row_gives_openings_or_an_error_that_names_it(row):
    data = Dataset("odd", "1", digest_bytes(b""), "unknown", [row], "file")
    try:
        found = openings(data)
    except DataError:
        with pytest.raises(DataError, match=r"^odd: row \d+: "):
            openings(data)
    else:
        assert all(person.text.strip() for opening in found for person in opening.people)


@pytest.mark.benchmarks
@pytest.mark.skipif("HARNESS_DATA" not in os.environ, reason="HARNESS_DATA names no folder of third-party data")
def test_published_lists_have_as_many_openings_as_lines():
    lists = sorted((Path(os.environ["HARNESS_DATA"]) / "realtoxicityprompts-subset").glob("rtp_*.txt"))
    counts = []
    for path in lists:
        found = openings(load(f"realtoxicityprompts-subset:{path.name}"))
        counts.append((len(found), {opening.stratum for opening in found}, {len(opening.people) for opening in found}))
    assert counts == [(100, {"unrated"}, {1})] * 3
