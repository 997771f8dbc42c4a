import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.watermark.texts import blocks, checked


@pytest.mark.parametrize(
    "ids",
    [
        [[1, 2], [3, 4]],
        7,
        [1.0, 2.0],
        [True, False],
        ["1", "2"],
        [None],
        [1, -100],
        [2**70],
        [1, 2**63],
        [[1], [2, 3]],
        "text",
    ],
)
def test_what_is_no_text_of_token_ids_is_refused(ids):
    with pytest.raises(ValueError, match=r"token ids|inhomogeneous"):
        checked(ids)


def test_an_id_outside_the_vocabulary_is_refused_with_the_likely_cause():
    with pytest.raises(ValueError, match="between 0 and 99, and this text has 100: it was cut by another tokenizer"):
        checked([5, 100], vocabulary=100)


@pytest.mark.parametrize("ids", [[], (), np.array([], np.int64), np.array([3, 4], np.uint16), [3, 4]])
def test_texts_of_any_integer_type_and_empty_ones_are_taken(ids):
    assert checked(ids).dtype == np.int64


@given(st.lists(st.lists(st.integers(0, 9), max_size=12), max_size=12))
def test_blocks_hold_every_text_once_and_whole(texts):
    found = {}
    for block in blocks(texts):
        for row, place in enumerate(block.places):
            assert place not in found
            found[place] = block.ids[row, : block.lengths[row]].tolist()
    assert [found[place] for place in range(len(texts))] == texts


def test_a_long_text_is_no_reason_to_pad_many_short_ones():
    texts = [[1] * 10] * 500 + [[1] * 60_000] * 3
    assert max(block.ids.size for block in blocks(texts)) < 2**16
