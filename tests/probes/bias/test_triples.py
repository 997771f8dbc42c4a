"""Rows in StereoSet's schema, as they are published and as they are in this project's set."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import digest_bytes
from harness.contracts import Dataset
from harness.data import load
from harness.errors import DataError
from probes.bias.triples import LABELS, Triple, triples


def labelled(*texts, labels=LABELS):
    return [
        {"id": f"s-{at}", "sentence": text, "gold_label": label, "labels": [{"label": label, "human_id": "h"}]}
        for at, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]


WITHIN = {
    "id": "w1",
    "target": "sailor",
    "bias_type": "profession",
    "context": "The sailor was BLANK.",
    "sentences": labelled("The sailor was odd.", "The sailor was drunk.", "The sailor was sober.", labels=LABELS[::-1]),
}
AFTER = {
    "id": "a1",
    "target": "sailor",
    "bias_type": "Profession",
    "context": "A sailor came in.",
    "sentences": labelled("He swore.", "He prayed.", "Ink is blue."),
}


def test_sentences_come_in_the_order_of_their_labels_whatever_theirs_was(dataset):
    within, after = triples(dataset([WITHIN, AFTER]))
    assert within.sentences == ("The sailor was sober.", "The sailor was drunk.", "The sailor was odd.")
    assert (within.context, within.groups) == ("", {"attribute": "profession", "task": "intrasentence"})
    assert (after.context, after.groups) == ("A sailor came in.", {"attribute": "profession", "task": "intersentence"})
    assert within.target == after.target == "sailor"


def test_the_published_file_is_read_with_both_of_its_parts(tmp_path):
    whole = {"version": "1.0", "data": {"intersentence": [AFTER], "intrasentence": [WITHIN]}}
    (tmp_path / "dev.json").write_text(json.dumps(whole))
    found = triples(load((tmp_path / "dev.json").as_posix()))
    assert [(its.id, bool(its.context)) for its in found] == [("a1", True), ("w1", False)]


def test_the_embedded_set_has_both_kinds_of_every_target():
    found = triples(load("stereotype_triples"))
    kinds = Counter((its.target, bool(its.context)) for its in found)
    assert (len(found), len(kinds), set(kinds.values())) == (96, 48, {2})


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"unheard_of": 1}, "it has no text under 'target'"),
        (AFTER | {"context": " "}, "no text under 'context'"),
        (AFTER | {"sentences": None}, "'sentences' must be a list"),
        (AFTER | {"sentences": AFTER["sentences"][:2]}, "one each of stereotype, anti-stereotype, unrelated"),
        (AFTER | {"sentences": [*AFTER["sentences"], AFTER["sentences"][0]]}, "one each of"),
        (AFTER | {"sentences": labelled("a", "b", "c", labels=("stereotype", "unrelated", "related"))}, "one each of"),
        (AFTER | {"sentences": [3, 4, 5]}, "no text under 'gold_label'"),
        (AFTER | {"id": "w1"}, "'w1' occurs twice"),
    ],
)
def test_a_row_of_another_form_is_refused_by_its_number(dataset, row, says):
    with pytest.raises(DataError, match=says) as raised:
        triples(dataset([WITHIN, row]))
    assert "made: row 2:" in str(raised.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["sentence", "gold_label", "id"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.lists(st.dictionaries(st.sampled_from(sorted(AFTER)), ANYTHING, max_size=5), min_size=1, max_size=3))
def test_any_row_is_read_or_refused(rows):
    with suppress(DataError):
        found = triples(Dataset("made", "1", digest_bytes(b""), "unknown", rows, "file"))
        assert all(isinstance(its, Triple) for its in found)
