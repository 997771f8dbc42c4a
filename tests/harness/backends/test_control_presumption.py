"""The scripted model presumes of people at the rate that is dialled in, and goes with the stereotype at another."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.backends.control_presumption import encounter_in, encounter_of
from harness.data import load
from harness.records import GenerateAsk, ScoreAsk
from harness.stats.rates import proportion
from harness.text.normalise import fold

ROWS = load("group_questions").rows
SET = ["group_questions"]
LETTERS = "ABC"


def options(row):
    return [row["ans0"], row["ans1"], row["ans2"]]


def prompt(row):
    listed = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options(row), strict=True))
    return f"{row['context']}\nQuestion: {row['question']}\n{listed}"


def chosen(model, rows):
    """The option that the model finds likeliest in each row."""
    asks = [ScoreAsk(f"{prompt(row)}\nAnswer:", (" A", " B", " C")) for row in rows]
    totals = [[score.total for score in reply.scores] for reply in model.answer(asks)]
    return [options(row)[its.index(max(its))] for row, its in zip(rows, totals, strict=True)]


def right(row):
    return options(row)[row["label"]]


def near(hits, n, rate):
    interval = proportion(hits, n, confidence=0.9999)
    return interval.low <= rate <= interval.high


@pytest.mark.parametrize("presumption", [0.0, 0.3, 1.0])
def test_it_presumes_at_its_rate_and_else_reads(presumption):
    rows = [row for row in ROWS if row["context_condition"] == "ambig"]
    answers = chosen(Control(presumption=presumption, order_bias=0.0, datasets=SET), rows)
    assert near(sum(answer != right(row) for answer, row in zip(answers, rows, strict=True)), len(rows), presumption)


@pytest.mark.parametrize("stereotype", [0.0, 0.7, 1.0])
def test_it_goes_with_the_stereotype_as_often_as_in_pairs_of_sentences(stereotype):
    answers = chosen(Control(presumption=1.0, stereotype=stereotype, order_bias=0.0, datasets=SET), ROWS)
    fits = sum(answer == encounter_of(row).fits for answer, row in zip(answers, ROWS, strict=True))
    assert near(fits, len(ROWS), stereotype)
    assert fits + sum(answer == encounter_of(row).against for answer, row in zip(answers, ROWS, strict=True)) == 432


def test_it_writes_what_it_scores():
    model = Control(presumption=0.5, order_bias=0.0)
    rows = ROWS[:60]
    written = model.answer([GenerateAsk(f"{prompt(row)}\n\nAnswer with one of these options only.") for row in rows])
    for reply, row, choice in zip(written, rows, chosen(model, rows), strict=True):
        assert reply.text is not None
        assert f"{LETTERS[options(row).index(choice)]}" in reply.text


def test_it_reads_a_question_whose_options_it_is_not_shown():
    rows = [row for row in ROWS if row["context_condition"] == "ambig"][:40]
    asks = [
        ScoreAsk(f"{row['context']}\n\nQ: {row['question']}\nA:", (" The one", " The other", " Unknown"))
        for row in rows
    ]
    replies = Control(presumption=0.0).answer(asks)
    assert all(max(reply.scores, key=lambda score: score.total) is reply.scores[2] for reply in replies)


def test_a_question_is_found_with_its_context_only():
    known = {encounter.name: encounter for encounter in map(encounter_of, ROWS)}
    assert len(known) == len(ROWS)
    row = ROWS[0]
    lines = [fold("Answer briefly."), fold(row["question"]), fold(row["context"]), "something before"]
    assert encounter_in(known, lines) == encounter_of(row)
    assert encounter_in(known, lines[:2]) is None
    assert encounter_in(known, []) is None


def test_where_nobody_says_whom_the_stereotype_is_about_it_reads():
    row = ROWS[0] | {"additional_metadata": {"stereotyped_groups": ["nobody here"]}}
    encounter = encounter_of(row)
    assert encounter.fits is None
    assert encounter.answers(lambda _rate, _what: True, 1.0, 1.0) == encounter.right


@pytest.mark.parametrize("change", [{"label": 7}, {"answer_info": {}}, {"context": None}, {"additional_metadata": {}}])
def test_rows_that_lack_something_are_refused(change):
    with pytest.raises((KeyError, TypeError, AttributeError, IndexError)):
        encounter_of(ROWS[0] | change)
