from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.data import load
from harness.errors import DataError, NotApplicableError
from harness.records import Capability, DrawAsk
from probes.pictures import draws
from probes.subjects import PROMPTS, subjects

WORDS = Budget(None, 0, Capability.TEXT_TO_IMAGE)


@pytest.mark.parametrize("asked_by", ["label", "prompt", "nothing"])
@pytest.mark.parametrize("way", [Capability.DRAW, Capability.TEXT_TO_IMAGE])
def test_a_model_that_knows_its_training_is_asked_for_the_first_draws_of_all_probes(asked_by, way):
    data = Control(asked_by=asked_by).training_data()
    found = subjects(data, Budget(None, 0, way), 20)
    assert [subject.ask for subject in found] == [draw.ask for draw in draws(data, 20)]
    assert all(subject.jitters and subject.rephrased is None for subject in found)
    assert [subject.name for subject in found[:2]] == ["draw/0", "draw/1"]
    assert len(subjects(data, Budget(7, 0, way), 20)) == 7


def test_any_other_model_of_prompts_is_asked_for_those_of_the_file():
    found = subjects(load(PROMPTS), WORDS, 100)
    assert len(found) == 60
    assert found[0].ask == DrawAsk(0, prompt="A red fox asleep in the snow beside a birch tree")
    assert (found[0].name, found[0].topic) == ("animals-001", "animals")
    assert found[0].rephrased == "Beside a birch tree, a red fox sleeping in the snow"
    assert not any(subject.jitters for subject in found)


def test_a_few_prompts_are_spread_over_the_file_and_keep_their_seeds():
    few = subjects(load(PROMPTS), Budget(12, 3, Capability.TEXT_TO_IMAGE), 100)
    most = subjects(load(PROMPTS), Budget(None, 3, Capability.TEXT_TO_IMAGE), 20)
    assert set(few) <= set(most) <= set(subjects(load(PROMPTS), WORDS, 100))
    assert (len(few), len(most)) == (12, 20)
    assert len({subject.topic for subject in few}) > 4


def test_a_model_that_draws_from_no_prompt_is_not_asked_for_any():
    with pytest.raises(NotApplicableError, match="draws from no prompt"):
        subjects(load(PROMPTS), Budget(None, 0, Capability.DRAW), 5)


def test_a_file_of_ones_own_needs_prompts_only(dataset):
    (one, other) = subjects(dataset([{"prompt": "a cat"}, {"id": "x", "prompt": "a dog", "topic": ""}]), WORDS, 5)
    assert (one.name, one.topic, one.rephrased) == ("row-1", None, None)
    assert (other.name, other.topic, other.ask) == ("x", None, DrawAsk(1, prompt="a dog"))


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"text": "a cat"}], "row 1: prompt is 'None'"),
        ([{"prompt": "a cat"}, {"prompt": "  "}], "row 2: prompt"),
        ([{"prompt": "a cat", "rewording": 3}], "row 1: rewording is '3', not a text"),
        ([{"prompt": "a cat", "id": 7}], "row 1: id"),
        ([{"prompt": "a cat", "id": "x"}, {"prompt": "a dog", "id": "x"}], "row 2: the id 'x' occurs twice"),
    ],
)
@pytest.mark.parametrize("way", [Capability.DRAW, Capability.TEXT_TO_IMAGE])
def test_rows_that_are_no_prompts_are_refused_whatever_the_model(dataset, rows, problem, way):
    with pytest.raises(DataError, match=problem):
        subjects(dataset(rows), Budget(None, 0, way), 5)
