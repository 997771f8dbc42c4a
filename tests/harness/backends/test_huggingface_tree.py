"""Packing continuations into rows: everything is read once, everything sees exactly what stands before it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.causal.tree import MIN_PRIMER, Branch, Row, Twig, pack, shared_length, visible

LINE = 9  # the token that ends a line


def packed(asks, width=16):
    return pack(asks, width=width, breaks_line=lambda token: token == LINE)


def branches(context, *continuations):
    return [Branch((*context, *continuation), len(context)) for continuation in continuations]


def read(pack_, row, node):
    """Tokens that ``node`` of ``row`` sees, in order, itself last."""
    sees = visible([row], len(row))[0, node]
    return [*pack_.primer, *(row.tokens[place] for place in np.flatnonzero(sees))]


TOKENS = st.integers(0, 3)
CONTEXTS = st.one_of(
    st.lists(TOKENS, min_size=1, max_size=6),
    # Long contexts that begin alike, so that primers come into play.
    st.lists(TOKENS, max_size=4).map(lambda end: [*range(40), LINE, *end]),
)
ASKS = st.lists(
    st.tuples(CONTEXTS, st.lists(st.lists(TOKENS, min_size=1, max_size=7), min_size=1, max_size=5)).map(
        lambda drawn: branches(drawn[0], *drawn[1])
    ),
    max_size=8,
)


@given(ASKS, st.integers(2, 60))
def test_each_scored_token_is_predicted_by_a_node_that_sees_exactly_what_stands_before_it(asks, width):
    seen = Counter()
    for pack_ in packed(asks, width):
        for row in pack_.rows:
            points = iter(zip(row.nodes, row.targets, strict=True))
            for twig in row.twigs:
                branch = asks[twig.ask][twig.continuation]
                assert twig.branch == branch
                for place in range(branch.start, len(branch.tokens)):
                    node, target = next(points)
                    assert target == branch.tokens[place]
                    assert read(pack_, row, node) == list(branch.tokens[:place])
                    assert row.depths[node] == place - 1
                seen[twig.ask, twig.continuation] += 1
            assert next(points, None) is None
    assert seen == {(ask, number): 1 for ask, its in enumerate(asks) for number in range(len(its))}


@given(ASKS, st.integers(2, 60))
def test_packing_depends_on_the_asks_alone(asks, width):
    assert packed(asks, width) == packed([list(its) for its in asks], width)


@given(ASKS, st.integers(8, 60))
def test_no_more_nodes_are_read_than_by_reading_each_branch_alone(asks, width):
    nodes = sum(len(row) + len(pack_.primer) / len(pack_.rows) for pack_ in packed(asks, width) for row in pack_.rows)
    assert nodes <= sum(len(branch.tokens) - 1 for its in asks for branch in its) + 1e-9


@given(st.lists(TOKENS, max_size=6).map(tuple), st.lists(TOKENS, max_size=6).map(tuple))
def test_shared_length_is_the_length_of_the_common_beginning(left, right):
    length = shared_length(left, right, 0, 99)
    assert left[:length] == right[:length]
    assert length == min(len(left), len(right)) or left[length] != right[length]


def test_a_pair_is_read_once_up_to_where_it_parts():
    # 0 | 1 2 3 6 and 0 | 1 2 4 5 6: the last token of each is predicted, not read.
    (only,) = packed([branches((0,), (1, 2, 3, 6), (1, 2, 4, 5, 6))])
    (row,) = only.rows
    assert row.tokens == [0, 1, 2, 3, 4, 5]
    assert row.depths == [0, 1, 2, 3, 3, 4]
    assert row.ends == [6, 6, 6, 4, 6, 6]
    assert row.nodes == [0, 1, 2, 3, 0, 1, 2, 4, 5]
    assert row.targets == [1, 2, 3, 6, 1, 2, 4, 5, 6]
    mask = visible([row], 7)[0]
    assert mask[5].tolist() == [True, True, True, False, True, True, False]
    assert mask[6].tolist() == [False] * 6 + [True]


def test_asks_behind_one_primer_share_it_up_to_the_line_break():
    primer = (*range(40), LINE)
    asks = [branches((*primer, 50, question), *[(60 + n,) * 4 for n in range(4)]) for question in range(5)]
    (only,) = packed(asks)
    assert only.primer == primer
    assert len(only.rows) == 5
    assert {row.past for row in only.rows} == {41}


def test_a_primer_does_not_depend_on_what_questions_happen_to_share():
    primer = (*range(40), LINE)
    alike = [branches((*primer, 50, 51, q), *[(60 + n,) * 9 for n in range(4)]) for q in range(4)]
    unlike = [branches((*primer, q, 51, 52), *[(60 + n,) * 9 for n in range(4)]) for q in range(50, 54)]
    assert packed(alike)[0].primer == packed(unlike)[0].primer == primer


def test_what_fits_one_row_needs_no_primer():
    (only,) = packed([branches((*range(40), LINE, 50), (60,), (61,)), branches((*range(40), LINE, 51), (60,))])
    assert only.primer == ()
    assert [len(row) for row in only.rows] == [43]


def test_a_long_context_is_not_repeated_for_each_continuation():
    context = tuple(range(200))
    (only,) = packed([branches(context, *[(300 + n, 400 + n) for n in range(30)])])
    assert len(only.primer) >= MIN_PRIMER
    assert len(only.primer) + sum(map(len, only.rows)) < 260


def test_an_ask_with_very_many_continuations_is_split_over_rows():
    (only,) = packed([branches((1,), *[(n, n, n, n) for n in range(2, 42)])])
    assert len(only.rows) > 5
    assert max(map(len, only.rows)) <= 16


def test_nothing_is_packed_for_no_asks():
    assert packed([]) == []


def test_a_row_grows_by_the_number_of_nodes_it_announces():
    row = Row(0)
    twigs = [Twig(0, n, branch) for n, branch in enumerate(branches((1, 2), (3,), (3, 4, 5), (3, 4, 6, 7)))]
    announced = row.new_nodes(twigs)
    for twig in twigs:
        row.add(twig)
    assert len(row.close()) == announced == 5


@pytest.mark.parametrize("width", [4, 9])
def test_padding_nodes_see_themselves_only(width):
    row = packed([branches((0,), (1, 2), (3, 4))])[0].rows[0]
    mask = visible([row], width)[0]
    assert mask[len(row) :].sum() == width - len(row)
    assert mask.diagonal().all()
