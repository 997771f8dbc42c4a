from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text.confidence import stated


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Confidence: 95 %", 0.95),
        ("Confidence: 95%", 0.95),
        ("confidence 95", 0.95),
        ("Confidence: 0.95", 0.95),
        ("Confidence: .95", 0.95),
        ("Confidence: .95.", 0.95),
        ("Confidence: 95/100", 0.95),
        ("Confidence: 95 out of 100", 0.95),
        ("Confidence: 9/10", 0.9),
        ("**Confidence:** 95%", 0.95),
        ("Confidence level = 80 per cent", 0.8),
        ("Confidence: 80 percent", 0.8),
        ("Confidence - 80%", 0.8),
        ("Confidence:\n80", 0.8),
        ("(Confidence: 70)", 0.7),
        ("My confidence in this answer is about 60%.", 0.6),
        ("I am 80% sure.", 0.8),
        ("Certainty: 99.5 %", 0.995),
        ("Certainty: 99,5 %", 0.995),
        ("Confidence: 0", 0.0),
        ("Confidence: 0 %", 0.0),
        ("Confidence: 1.0", 1.0),
        ("Confidence: 100", 1.0),
        ("Confidence: 1 %", 0.01),
        ("Confidence: 95\nConfidence: 95 %", 0.95),
    ],
)
def test_a_number_that_can_be_read_in_one_way_is_read(text, confidence):
    found = stated(f"B\n{text}")
    assert found is not None
    assert found[0] == pytest.approx(confidence)


@pytest.mark.parametrize(
    "text",
    [
        "very sure",
        "Confidence: very sure",
        "Confidence: high",
        "Confidence: NN %",
        "Confidence: NaN",
        "Confidence: 1",
        "Confidence: 0.5 %",
        "Confidence: 101",
        "Confidence: 950 %",
        "Confidence: 95000",
        "Confidence: -5 %",
        "Confidence: 1e2",
        "Confidence: 95abc",
        "Confidence: 95/1000",
        "Confidence: 11/10",
        "Confidence: 70-80 %",
        "Confidence: 70 % to 80 %",
        "Confidence: 70%–80%",
        "Confidence: from 0 % to 100 %",
        "Confidence: 95. On second thoughts, confidence: 20.",
        "Confidence: 95 %. I am 40 % sure.",
        "Confidence: \uff19\uff15",
        "95 %",
        "",
    ],
)
def test_words_ranges_and_numbers_with_two_readings_or_none_are_no_confidence(text):
    assert stated(text) is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("B\nConfidence: 95 %", "B\n"),
        ("Confidence: 95 %\nB", "\nB"),
        ("confidence: 90 % sure, so B", ", so B"),
        ("B. I am 80% sure.", "B. I am ."),
    ],
)
def test_the_rest_of_the_reply_is_given_back_without_it(text, rest):
    found = stated(text)
    assert found is not None
    assert found[1] == rest


@given(st.text(alphabet="confidence:%/0159 .,-\nasure", max_size=200))
def test_any_text_is_read(text):
    found = stated(text)
    assert found is None or 0 <= found[0] <= 1


def test_hostile_text_is_read_in_no_time():
    started = time.process_time()
    for text in (
        "confidence " * 2000,
        "confidence" + " in my " * 2000,
        "confidence" + ":" * 9000,
        "9" * 9000 + " % sure",
    ):
        assert stated(text) is None
    assert time.process_time() - started < 2
