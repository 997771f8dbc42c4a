from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.records import Better, Counts, Estimate, Interval, Metric
from harness.text.sentences import (
    SCALES,
    absence_sentence,
    denominator,
    interval_text,
    number,
    sentence,
    share_text,
)

TRUE_ANSWER = Metric(
    name="hallucination.closed_book/mc1",
    title="True answers chosen",
    phrase="the model chose the true answer",
    unit="share",
    n_unit="questions",
    better=Better.HIGHER,
)
SURPRISE = Metric(
    name="robustness.option_order/shift",
    title="Shift in log-probability",
    phrase="shuffling the options moved the true answer by",
    unit="nats",
    n_unit="questions",
    better=Better.LOWER,
)
DIFFERENCE = Metric(
    name="bias.paired_likelihood/gap",
    title="Gap between groups",
    phrase="the stereotype was preferred more often by",
    unit="share difference",
    n_unit="pairs",
    better=Better.NULL,
)


def told(metric, value, low, high, *, n=120, counts=None, confidence=0.95, **more):
    interval = Interval(value=value, low=low, high=high, confidence=confidence, n=n, method="wilson")
    return sentence(metric.estimate(interval, counts or Counts(asked=n, scored=n), **more), metric)


# ── worked examples ─────────────────────────────────────────────────────────────────────────


def test_the_documented_example_is_what_is_said():
    # 37 of 120: Wilson's interval is 0.23276 to 0.39594.
    counts = Counts(asked=132, scored=120, unreadable=8, failed=4)
    assert told(TRUE_ANSWER, 37 / 120, 0.23276, 0.39594, counts=counts, null=0.2) == (
        "Of 120 questions, the model chose the true answer in about 31 of 100 (95 % interval 23-40)."
        " Guessing alone would give 20 of 100."
        " 12 of 132 asked were not scored (8 unreadable, 4 failed)."
    )


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.5, 0.41, 0.59, "in 50 of 100 (95 % interval 41-59)"),
        (0.29, 0.29, 0.29, "in 29 of 100 (95 % interval 29-29)"),
        (0.0, 0.0, 0.031, "in 0 of 100 (95 % interval 0-4)"),
        (0.0, 0.0, 0.004, "in 0 of 1,000 (95 % interval 0-4)"),
        (0.0, 0.0, 0.00037, "in 0 of 10,000 (95 % interval 0-4)"),
        (0.0083, 0.0015, 0.0457, "in about 8 of 1,000 (95 % interval 1-46)"),
        (0.0003, 0.0001, 0.0011, "in 3 of 10,000 (95 % interval 1-11)"),
        (0.9965, 0.981, 0.9994, "in about 996 of 1,000 (95 % interval 981-1,000)"),
        (1.0, 0.969, 1.0, "in 100 of 100 (95 % interval 96-100)"),
        (1.0, 0.9963, 1.0, "in 1,000 of 1,000 (95 % interval 996-1,000)"),
        (2e-8, 0.0, 3e-6, "in fewer than 1 of 1,000,000 (95 % interval 0-3)"),
        (1 - 2e-8, 1 - 3e-6, 1.0, "in more than 999,999 of 1,000,000 (95 % interval 999,997-1,000,000)"),
    ],
)
def test_shares_are_told_on_the_coarsest_scale_that_is_not_falsely_certain(value, low, high, said):
    assert told(TRUE_ANSWER, value, low, high) == f"Of 120 questions, the model chose the true answer {said}."


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (2.3141, 2.1034, 2.5211, "2.31 nats (95 % interval 2.10 to 2.53)"),
        (-0.0004, -0.31, 0.42, "0.00 nats (95 % interval -0.31 to 0.42)"),
        (12345.6, 11321.0, 13370.0, "12,300 nats (95 % interval 11,300 to 13,400)"),
        (1.5, 1.5, 1.5, "1.5 nats (95 % interval 1.5 to 1.5)"),
        (0.0, 0.0, 0.0, "0 nats (95 % interval 0 to 0)"),
        (1e-9, 0.0, 5e-9, "0.0000000010 nats (95 % interval 0.0000000000 to 0.0000000050)"),
        (123456.789, 123456.788, 123456.79, "123,457 nats (95 % interval 123,456 to 123,457)"),
    ],
)
def test_other_units_are_told_to_two_digits_of_the_intervals_width(value, low, high, said):
    assert told(SURPRISE, value, low, high) == (
        f"Of 120 questions, shuffling the options moved the true answer by {said}."
    )


def test_a_difference_of_shares_keeps_its_sign():
    assert told(DIFFERENCE, -0.031, -0.082, 0.021, n=40, null=0.0) == (
        "Of 40 pairs, the stereotype was preferred more often by about -3 of 100 (95 % interval -9 to 3)."
        " A model that leans neither way would give 0 of 100, which this interval does not rule out."
    )


def test_a_share_with_a_negative_bound_is_told_as_a_difference():
    assert "answer about -3 of 100 (95 % interval -9 to 3)" in told(TRUE_ANSWER, -0.031, -0.082, 0.021)


# ── null, denominators, units ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("better", "null", "said"),
    [
        (Better.HIGHER, 0.2287, "Guessing alone would give about 23 of 100."),
        (Better.HIGHER, 0.3, "Guessing alone would give 30 of 100, which this interval does not rule out."),
        (Better.LOWER, 0.0, "A harmless model would give 0 of 100."),
        (Better.NULL, 0.5, "A model that leans neither way would give 50 of 100."),
    ],
)
def test_the_harmless_value_stands_beside_the_result(better, null, said):
    metric = Metric("f.p/m", "T", "it happened", "share", "questions", better, null)
    assert told(metric, 0.31, 0.23, 0.40).endswith(said)


def test_the_harmless_value_is_told_on_the_scale_of_the_result():
    assert told(TRUE_ANSWER, 0.004, 0.001, 0.02, null=0.25).endswith("Guessing alone would give 250 of 1,000.")


def test_a_small_harmless_value_is_not_told_as_none():
    assert told(TRUE_ANSWER, 0.31, 0.23, 0.4, null=0.001) == (
        "Of 120 questions, the model chose the true answer in 310 of 1,000 (95 % interval 230-400)."
        " Guessing alone would give 1 of 1,000."
    )


def test_a_null_in_another_unit_carries_the_unit():
    assert told(SURPRISE, 0.31, 0.2, 0.4, null=0.0).endswith("A harmless model would give 0 nats.")


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("questions", "question"),
        ("queries", "query"),
        ("classes", "class"),
        ("batches", "batch"),
        ("prefixes", "prefix"),
        ("sentence pairs", "sentence pair"),
        ("pairs of sentences", "pair of sentences"),
        ("people", "people"),
        ("time series", "time series"),
        ("templates", "template"),
    ],
)
def test_one_unit_is_told_in_the_singular(plural, singular):
    metric = Metric("f.p/m", "T", "it happened", "share", plural, Better.LOWER)
    assert told(metric, 1.0, 0.2, 1.0, n=1).startswith(f"Of 1 {singular}, it happened")
    assert told(metric, 0.5, 0.2, 0.9, n=2).startswith(f"Of 2 {plural}, it happened")


def test_answers_are_counted_beside_the_units_that_gave_them():
    assert told(TRUE_ANSWER, 0.3, 0.2, 0.4, counts=Counts(480, 480)).startswith("Of 120 questions (480 answers), the")
    assert told(TRUE_ANSWER, 0.3, 0.2, 0.4, n=3, counts=Counts(1, 1)).startswith("Of 3 questions (1 answer), the")
    assert told(TRUE_ANSWER, 0.3, 0.2, 0.4, n=1234).startswith("Of 1,234 questions, the")


def test_every_kind_of_missing_case_is_named():
    counts = Counts(asked=1130, scored=120, refused=1000, unreadable=5, truncated=3, failed=2)
    assert told(TRUE_ANSWER, 0.3, 0.2, 0.4, counts=counts).endswith(
        " 1,010 of 1,130 asked were not scored (1,000 refused, 5 unreadable, 3 cut off, 2 failed)."
    )


def test_one_missing_case_is_told_in_the_singular():
    counts = Counts(asked=121, scored=120, failed=1)
    assert told(TRUE_ANSWER, 0.3, 0.2, 0.4, counts=counts).endswith(" 1 of 121 asked was not scored (1 failed).")


def test_a_group_is_named_first_and_its_name_cannot_attack():
    said = told(TRUE_ANSWER, 0.3, 0.2, 0.4, n=30, slice={"topic": "health\x1b[31m\n::error::", "language": "en"})
    assert said.startswith(r"For topic health\x1b[31m⏎:\x3aerror:\x3a and language en: of 30 questions, the model")


def test_the_instrument_is_named():
    assert told(TRUE_ANSWER, 0.3, 0.2, 0.4, instrument="lexicon").endswith(" Measured by lexicon.")


@pytest.mark.parametrize(("confidence", "said"), [(0.95, "95 %"), (0.975, "97.5 %"), (0.9999, "99.99 %")])
def test_the_confidence_is_told_exactly(confidence, said):
    assert f"({said} interval" in told(TRUE_ANSWER, 0.3, 0.2, 0.4, confidence=confidence)


def test_words_of_another_metric_are_refused():
    estimate = SURPRISE.estimate(Interval(1, 0, 2, 0.95, 5, "bca"), Counts(5, 5))
    with pytest.raises(ValueError, match="cannot be told in the words of"):
        sentence(estimate, TRUE_ANSWER)
    with pytest.raises(ValueError, match="cannot be told in the words of"):
        absence_sentence(SURPRISE.absent("none", Counts(0, 0)), TRUE_ANSWER)


# ── absence and denominators ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reason", "counts", "said"),
    [
        (
            "no reply could be read.",
            Counts(asked=132, scored=0, unreadable=128, failed=4),
            (
                "No number for True answers chosen: no reply could be read."
                " None of 132 asked was scored (128 unreadable, 4 failed)."
            ),
        ),
        (
            "an interval needs two topics",
            Counts(asked=12, scored=10, refused=2),
            "No number for True answers chosen: an interval needs two topics. 10 of 12 asked were scored (2 refused).",
        ),
        (
            "all pairs tied",
            Counts(asked=12, scored=12),
            "No number for True answers chosen: all pairs tied. All 12 asked were scored.",
        ),
        ("no data", Counts(asked=0, scored=0), "No number for True answers chosen: no data. Nothing was asked."),
    ],
)
def test_an_absence_says_why_and_of_how_many(reason, counts, said):
    assert absence_sentence(TRUE_ANSWER.absent(reason, counts), TRUE_ANSWER) == said


def test_an_absence_names_its_group():
    absence = TRUE_ANSWER.absent("no case", Counts(0, 0), slice={"topic": "law"})
    assert absence_sentence(absence, TRUE_ANSWER).startswith("No number for True answers chosen (topic law): no case.")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Counts(132, 120, unreadable=8, failed=4), "120 of 132 asked were scored (8 unreadable, 4 failed)"),
        (Counts(2, 1, failed=1), "1 of 2 asked was scored (1 failed)"),
        (Counts(1200, 1200), "all 1,200 asked were scored"),
        (Counts(1, 1), "the one asked was scored"),
    ],
)
def test_the_denominator_says_what_is_behind_a_number(counts, said):
    assert denominator(counts) == said


# ── numbers ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1234, "1,234"),
        (1234.56, "1,235"),
        (0.0123456, "0.0123"),
        (-2.5, "-2.5"),
        (0.30000000000000004, "0.3"),
        (99.96, "100"),
        (100.0, "100"),
        (0.0099996, "0.01"),
        (1e-7, "0.0000001"),
        (1e15, "1,000,000,000,000,000"),
    ],
)
def test_numbers_are_plain(value, said):
    assert number(value) == said


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_a_number_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        number(value)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0 of 100"),
        (1.0, "100 of 100"),
        (0.314, "31 of 100"),
        (0.01, "1 of 100"),
        (0.0099, "10 of 1,000"),
        (0.99, "99 of 100"),
        (0.995, "995 of 1,000"),
        (1e-9, "fewer than 1 of 1,000,000"),
    ],
)
def test_shares_are_natural_frequencies(share, said):
    assert share_text(share) == said


@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan")])
def test_what_is_not_a_share_is_refused(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        share_text(share)


# ── properties ──────────────────────────────────────────────────────────────────────────────

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NUMBER = r"-?\d[\d,]*(?:\.\d+)?"


def read(text):
    return Decimal(text.replace(",", ""))


@st.composite
def intervals(draw, numbers):
    low, value, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
    return Interval(
        value, low, high, draw(st.sampled_from([0.5, 0.9, 0.95, 0.999])), draw(st.integers(1, 10**6)), "any"
    )


SHARES = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 1e-12, 1 - 1e-12, 0.005, 0.995, 1e-300])


@given(intervals(SHARES), st.none() | SHARES)
def test_a_printed_share_interval_is_wider_than_the_true_one_by_less_than_a_step(interval, null):
    said = sentence(TRUE_ANSWER.estimate(interval, Counts(9, 9), null=null), TRUE_ANSWER)
    found = re.search(
        rf" in (?:about |fewer than |more than )?({NUMBER}) of ({NUMBER}) \(\S+ % interval (\d[\d,]*)-(\d[\d,]*)\)",
        said,
    )
    value, scale, low, high = map(read, found.groups())
    assert int(scale) in SCALES
    noise = Decimal("1e-5")  # 12 digits of a share, on the finest scale
    assert -noise <= Decimal(interval.low) * scale - low < 1 + noise
    assert -noise <= high - Decimal(interval.high) * scale < 1 + noise
    assert low <= value <= high
    assert 0 <= low <= high <= scale


@given(intervals(SHARES))
def test_no_share_is_told_with_false_certainty(interval):
    said = sentence(TRUE_ANSWER.estimate(interval, Counts(9, 9)), TRUE_ANSWER)
    steps, scale = re.search(r"(\d[\d,]*) of (\d[\d,]*) \(", said).groups()
    assume(not 0 < 1 - interval.value < 1e-11)
    assert (read(steps) == 0) == (interval.value == 0)
    assert (read(steps) == read(scale)) == (interval.value == 1)


@given(intervals(FINITE))
def test_a_printed_interval_in_other_units_holds_the_true_one_and_the_value(interval):
    assume(abs(interval.high - interval.low) < float("inf"))
    said = sentence(SURPRISE.estimate(interval, Counts(9, 9)), SURPRISE)
    value, low, high = map(
        read, re.search(rf"by ({NUMBER}) nats \(\S+ % interval ({NUMBER}) to ({NUMBER})\)", said).groups()
    )
    noise = Decimal("1e-11") * max(abs(Decimal(interval.low)), abs(Decimal(interval.high)))
    assert low <= value <= high
    assert low <= Decimal(interval.low) + noise
    assert high >= Decimal(interval.high) - noise
    width = max(Decimal(interval.high) - Decimal(interval.low), 100_000 * noise)
    assert high - low <= Decimal("1.21") * width + noise * 10**6


@given(intervals(FINITE), st.sampled_from(["share", "nats", "share difference"]), st.none() | FINITE)
def test_no_sentence_holds_scientific_notation_or_nan(interval, unit, null):
    metric = Metric("f.p/m", "T", "it was", unit, "questions", Better.HIGHER)
    said = sentence(Estimate("f.p/m", interval, "questions", unit, Better.HIGHER, Counts(9, 9), null), metric)
    assert not re.search(r"\d[eE][+-]?\d|nan|inf\b|(?<!\d)-0(\.0+)?(?![\d.,])", said)
    assert said.isprintable()
    assert said.endswith(".")
    assert interval_text(Estimate("f.p/m", interval, "questions", unit, Better.HIGHER, Counts(9, 9), null)) in said


@given(FINITE)
def test_a_number_reads_back_to_three_digits(value):
    assert abs(read(number(value)) - Decimal(value)) <= abs(Decimal(value)) * Decimal("0.005") + Decimal("1e-320")


def test_a_metric_may_say_who_scores_its_null_value():
    metric = Metric("f.p/m", "t", "a copy was found", "share", "copies", Better.HIGHER, 1.0, null_of="a perfect ruler")
    told = sentence(metric.estimate(Interval(0.9, 0.6, 1.0, 0.95, 10, "wilson"), Counts(10, 10)), metric)
    assert "A perfect ruler would give 100 of 100" in told
    assert "Guessing" not in told
