from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import Digest, digest, digest_bytes, digest_file, dumps, from_json, loads
from harness.records import (
    Absence,
    Better,
    Case,
    ContinuationScore,
    Counts,
    DrawAsk,
    Estimate,
    Finish,
    GenerateAsk,
    Interval,
    LossAsk,
    RecordAsk,
    Reply,
    ScoreAsk,
    Usage,
)

TEXT = st.text(st.characters(codec=None), max_size=40)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
ASKS = st.one_of(
    st.builds(GenerateAsk, prompt=TEXT, system=st.none() | TEXT, stop=st.lists(TEXT, max_size=2).map(tuple)),
    st.builds(ScoreAsk, context=TEXT, continuations=st.lists(TEXT.filter(bool), min_size=1, max_size=4).map(tuple)),
    st.builds(DrawAsk, seed=st.integers(0, 9), prompt=st.none() | TEXT, label=st.none() | st.integers(0, 9)),
    st.builds(LossAsk, record=TEXT),
    st.builds(RecordAsk, record=TEXT),
)
SCORES = st.builds(
    ContinuationScore,
    logprobs=st.lists(FINITE, max_size=3).map(tuple),
    starts=st.lists(st.integers(0, 9), max_size=3).map(tuple),
    greedy=st.booleans(),
)
REPLIES = st.builds(
    Reply,
    finish=st.sampled_from(Finish),
    text=st.none() | TEXT,
    scores=st.lists(SCORES, max_size=2).map(tuple),
    error=st.none() | TEXT,
    usage=st.builds(Usage, st.integers(0, 99), st.integers(0, 99)),
    seconds=FINITE,
    media=st.lists(TEXT, max_size=2).map(tuple),
    losses=st.dictionaries(TEXT, FINITE, max_size=2),
)


@given(ASKS)
def test_a_case_reads_back_as_it_was_written(ask):
    case = Case("c/1", ask, {"true": [0, 2], "why": None, "deep": {"x": 1.5}}, {"topic": "t"}, "c")
    assert from_json(Case, loads(dumps(case))) == case


@given(REPLIES)
def test_a_reply_reads_back_as_it_was_written_even_when_its_text_is_broken_unicode(reply):
    assert from_json(Reply, loads(dumps(reply))) == reply


@given(ASKS, ASKS)
def test_asks_have_equal_digests_exactly_when_they_are_equal(one, other):
    assert (digest(one) == digest(other)) == (one == other)


def test_an_estimate_and_an_absence_are_told_apart_by_their_fields():
    estimate = Estimate(
        "a/b", Interval(0.5, 0.4, 0.6, 0.95, 10, "wilson"), "items", "share", Better.LOWER, Counts(10, 10)
    )
    absence = Absence("a/b", "nothing to read", Counts(3, 0, unreadable=3))
    for record in (estimate, absence):
        assert from_json(Estimate | Absence, loads(dumps(record))) == record


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_refused(number):
    with pytest.raises(ValueError, match="JSON compliant"):
        dumps({"value": number})


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_numbers_that_are_none_are_refused_on_reading_too(text):
    with pytest.raises(ValueError, match="not allowed in evidence"):
        loads(text)


def test_key_order_does_not_change_the_bytes():
    assert dumps({"b": 1, "a": [1.0, True]}) == dumps({"a": (1.0, True), "b": 1}) == b'{"a":[1.0,true],"b":1}'


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="has no JSON form"):
        dumps({"x": object()})
    with pytest.raises(TypeError, match="keys must be strings"):
        dumps({1: "x"})


def test_an_unknown_field_is_refused_with_the_name_of_the_record():
    with pytest.raises(ValueError, match=r"Usage has no field \['tokens'\]"):
        from_json(Usage, {"tokens": 3})


def test_a_digest_is_a_value_with_one_spelling(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_file(path) == digest_bytes(b"abc") == Digest.parse(f"sha256:{known}")
    assert str(Digest("sha256", known)) == f"sha256:{known}"
    with pytest.raises(ValueError, match="not a sha256 digest"):
        Digest.parse("md5:abc")


def test_a_field_that_came_later_is_left_out_where_it_has_its_default():
    case = Case("c/1", GenerateAsk("Who?"), {}, {}, "c")
    told = {"id": "c/1", "ask": GenerateAsk("Who?"), "expected": {}, "groups": {}, "cluster": "c", "arm": "main"}
    assert dumps(case) == dumps(told)
    worded = Case("c/1", GenerateAsk("Who?"), {}, {}, "c", wording="Who?")
    assert dumps(worded) == dumps({**told, "wording": "Who?"})
    assert from_json(Case, loads(dumps(worded))) == worded
