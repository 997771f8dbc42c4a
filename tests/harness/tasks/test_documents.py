"""Documents of a task: made with lm-eval and without it, alike; and rows that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from harness.canonical import digest, dumps, from_json, loads
from harness.contracts import Dataset
from harness.data import load
from harness.errors import DataError
from harness.tasks.document import PART, Document, as_json, parts_of, target_of
from harness.tasks.engine import documents
from harness.tasks.names import find
from harness.tasks.outline import read_outline
from harness.tasks.plain import is_plain, plain_documents

RTE = [{"sentence1": f"One {n}.", "sentence2": f"Two {n}.", "label": n % 2, "idx": n} for n in range(5)]
ARC = [
    {
        "question": f"Which {n}?",
        "choices": {"text": ["a", "bé", "c c"][: 2 + n % 2], "label": ["A", "B", "C"][: 2 + n % 2]},
        "answerKey": "AB"[n % 2],
    }
    for n in range(4)
]
ODD = [{"q": "7 + 0 =", "a": ["1", "2"], "gold": [1], "x": None}, {"q": "é?", "a": ["1", "3"], "gold": [0, 1], "x": 2}]


def table(rows, name="rows"):
    return Dataset(name, "1", digest(name), "unknown", rows, "file")


@pytest.fixture
def odd(tmp_path):
    text = """
task: odd
output_type: multiple_choice
test_split: test
doc_to_text: "{{q | regex_replace('[0-9]', '#')}}\\n{{x or 'none'}}:\\n"
doc_to_choice: "{{a}}"
doc_to_target: "{{gold}}"
target_delimiter: ""
"""
    (tmp_path / "odd.yaml").write_text(text)
    return str(tmp_path / "odd.yaml")


@pytest.mark.parametrize(
    ("task", "rows"),
    [("rte", RTE), ("arc_easy", ARC), ("odd", ODD), ("sensible_endings", None), ("mrpc", RTE), ("boolq", None)],
)
def test_documents_of_templates_alone_are_those_of_lm_eval(odd, task, rows):
    if task == "boolq":
        rows = [{"passage": f"P {n}.", "question": f"is it {n}", "label": n % 2, "idx": n} for n in range(3)]
    outline = read_outline(find(odd if task == "odd" else task))
    rows = rows or load("sensible_endings").rows[:20]
    assert is_plain(outline, shots=0)
    parts = parts_of(outline, table(rows), shots=0)
    plain = plain_documents(outline, rows, "rows")
    assert plain == documents(outline, parts, shots=None, most=None, name="rows")
    assert [from_json(Document, loads(dumps(one))) for one in plain] == plain


@pytest.mark.parametrize("task", ["gsm8k", "winogrande", "wikitext", "lambada_openai", "hellaswag"])
def test_tasks_with_examples_or_functions_are_left_to_lm_eval(task):
    assert not is_plain(read_outline(find(task)), shots=None)
    assert not is_plain(read_outline(find("rte")), shots=2)


def test_rows_go_to_the_part_that_is_asked_or_to_the_parts_that_they_name():
    outline = read_outline(find("gsm8k"))
    rows = [{"question": f"{n}?", "answer": f"#### {n}"} for n in range(4)]
    assert {name: len(its) for name, its in parts_of(outline, table(rows), shots=0).items()} == {"test": 4, "train": 4}
    parted = [{**row, PART: "train" if n else "test"} for n, row in enumerate(rows)]
    found = parts_of(outline, table(parted), shots=2)
    assert {name: len(its) for name, its in found.items()} == {"test": 1, "train": 3}
    assert PART not in found["train"][0]
    with pytest.raises(DataError, match=r"draws its 5 examples from the part 'train'.*num_fewshot = 0"):
        parts_of(outline, table(rows), shots=5)
    with pytest.raises(DataError, match="row 2: '_split' names the part of the data in all rows or in none"):
        parts_of(outline, table([parted[0], rows[1]]), shots=0)
    with pytest.raises(DataError, match="no row is of the part 'test'"):
        parts_of(outline, table(parted[1:]), shots=0)


def test_examples_are_drawn_as_lm_eval_draws_them_and_the_process_is_left_as_it_was():
    import random

    outline = read_outline(find("gsm8k"))
    rows = [{"question": f"{n}?", "answer": f"#### {n}", PART: "test" if n < 3 else "train"} for n in range(20)]
    random.seed(5)
    before = random.getstate()
    parts = parts_of(outline, table(rows), shots=2)
    first, again = (documents(outline, parts, shots=2, most=2, name="rows") for _ in range(2))
    assert first == again
    assert random.getstate() == before
    assert len(first) == 2
    assert first[0].requests[0].context.count("Question:") == 3
    assert first[0].requests[0].settings["until"] == ["Question:", "</s>", "<|im_end|>"]


@pytest.mark.parametrize("task", ["rte", "gsm8k", "winogrande", "sensible_endings"])
def test_a_row_that_does_not_fit_is_refused_by_its_number(task):
    outline = read_outline(find(task))
    rows = [{"unheard_of": 1}]

    def make():
        if is_plain(outline, shots=0):
            return plain_documents(outline, rows, "rows")
        return documents(outline, parts_of(outline, table(rows), shots=0), shots=0, most=None, name="rows")

    with pytest.raises(DataError, match="row 1|of rows"):
        make()


def test_a_later_row_that_does_not_fit_is_named():
    outline = read_outline(find("sensible_endings"))
    rows = [*load("sensible_endings").rows[:3], {"context": "x", "endings": "no list", "label": 0}]
    with pytest.raises(DataError, match="rows: row 4: does not fit the templates of 'sensible_endings'"):
        plain_documents(outline, rows, "rows")


def test_targets_are_places_whatever_a_task_calls_them():
    assert target_of(1, ["a", "b"], several=0, inputs=0).places == (1,)
    assert target_of("b", ["a", "b"], several=0, inputs=0).places == (1,)
    assert target_of([0, 5, -100], ["a", "b"], several=2, inputs=0).places == (0,)
    assert target_of("7", [], several=0, inputs=0).texts == ("7",)


def test_numpy_is_told_in_pythons_numbers_and_no_number_as_nothing():
    found = as_json({"a": np.float64(0.5), "b": (1, np.array([1, 2])), "c": float("nan"), "d": {"e": np.int64(3)}})
    assert found == {"a": 0.5, "b": [1, [1, 2]], "c": None, "d": {"e": 3}}
    with pytest.raises(TypeError):
        as_json({"picture": object()})
