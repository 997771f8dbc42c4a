from __future__ import annotations

import pytest

from harness.errors import DataError
from probes.bias.pairs import pairs

OURS = {"id": "a", "attribute": "age", "direction": "neutral", "more": "x one", "less": "x two", "template": "t"}
CROWS = {"": "7", "sent_more": "m", "sent_less": "l", "stereo_antistereo": "antistereo", "bias_type": "age"}


def test_a_row_of_ours_is_read(dataset):
    (pair,) = pairs(dataset([OURS]))
    assert (pair.id, pair.attribute, pair.direction, pair.more, pair.less, pair.frame) == (
        "a",
        "age",
        "neutral",
        "x one",
        "x two",
        "t",
    )
    assert pair.groups == {"attribute": "age", "direction": "neutral"}


def test_a_row_of_the_published_table_is_read(dataset):
    (pair,) = pairs(dataset([CROWS]))
    assert (pair.id, pair.attribute, pair.direction, pair.more, pair.less) == ("row-1", "age", "antistereo", "m", "l")


def test_equal_pairs_are_one_unit(dataset):
    first, second, third = pairs(dataset([CROWS, CROWS, CROWS | {"sent_more": "n"}]))
    assert first.frame == second.frame != third.frame


def test_two_sentences_are_enough_for_a_file_of_ones_own(dataset):
    (pair,) = pairs(dataset([{"more": "m", "less": "l"}]))
    assert (pair.direction, pair.groups) == ("stereo", {"direction": "stereo"})


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"text": "x"}, "no known layout has the keys text"),
        (OURS | {"less": ""}, "two different sentences"),
        (OURS | {"less": "x one"}, "two different sentences"),
        (OURS | {"more": 3}, "'more' must be a text"),
        (OURS | {"direction": "sideways"}, "direction is one of stereo, antistereo, neutral, not 'sideways'"),
    ],
)
def test_a_row_that_cannot_be_asked_is_named(dataset, row, says):
    with pytest.raises(DataError, match=says) as raised:
        pairs(dataset([OURS | {"id": "first"}, row]))
    assert "made: row 2:" in str(raised.value)


def test_two_rows_with_one_id_are_refused(dataset):
    with pytest.raises(DataError, match="occurs twice"):
        pairs(dataset([OURS, OURS]))
