from __future__ import annotations

import pytest

from harness.errors import DataError
from probes.questions import questions

FACT = {"id": "a", "topic": "t", "question": "Q?", "true": "yes", "also_true": ["yep"], "false": ["no", "nope"]}
JSON = {
    "question": "Q?",
    "mc0_targets": {"yes": 1, "nope": 0},
    "mc1_targets": {"yes": 1, "no": 0, "nope": 0},
    "mc2_targets": {"yes": 1, "yep": 1, "no": 0, "nope": 0, " ": 0},
}
CSV = {
    "Category": "t",
    "Question": "Q?",
    "Best Answer": "yes",
    "Best Incorrect Answer": "nope",
    "Correct Answers": "yes; yep",
    "Incorrect Answers": "no; nope; ",
}


def test_a_row_of_facts_is_read(dataset):
    (question,) = questions(dataset([FACT]))
    assert (question.id, question.topic, question.text, question.best) == ("a", "t", "Q?", "yes")
    assert (question.also_true, question.false, question.decoy) == (("yep",), ("no", "nope"), "no")
    assert question.groups == {"topic": "t"}


def test_a_row_of_the_published_json_is_read(dataset):
    (question,) = questions(dataset([JSON]))
    assert (question.id, question.best, question.also_true) == ("row-1", "yes", ("yep",))
    assert (question.false, question.decoy, question.groups) == (("no", "nope"), "nope", {})


def test_the_first_version_of_the_json_has_no_binary_choice(dataset):
    (question,) = questions(dataset([{key: value for key, value in JSON.items() if key != "mc0_targets"}]))
    assert question.decoy == "no"


def test_a_row_of_the_published_table_is_read_with_its_category(dataset):
    (question,) = questions(dataset([CSV]))
    assert (question.best, question.also_true, question.false) == ("yes", ("yep",), ("nope", "no"))
    assert (question.decoy, question.groups) == ("nope", {"topic": "t"})


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"prompt": "x"}, "no known layout has the keys prompt"),
        (FACT | {"question": ""}, "needs a question"),
        (FACT | {"false": []}, "at least one false one"),
        (FACT | {"false": "no"}, "'false' must be a list of texts"),
        (FACT | {"false": [1]}, "'false' must be a text"),
        (FACT | {"true": None}, "'true' must be a text"),
        (FACT | {"false": ["no", "yes"]}, "one answer stands in it twice"),
        (JSON | {"mc1_targets": {"yes": 1, "yep": 1}}, "marks 2 answers as true"),
        (JSON | {"mc1_targets": ["yes"]}, "not an object"),
        (CSV | {"Best Answer": ""}, "needs a question"),
    ],
)
def test_a_row_that_cannot_be_asked_is_named(dataset, row, says):
    with pytest.raises(DataError, match=says) as raised:
        questions(dataset([FACT | {"id": "first"}, row]))
    assert "made: row 2:" in str(raised.value)


def test_two_rows_with_one_id_are_refused(dataset):
    with pytest.raises(DataError, match="the id 'a' occurs twice"):
        questions(dataset([FACT, FACT]))
