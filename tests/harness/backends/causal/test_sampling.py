"""A token is drawn in proportion to its probability, and one that has none is never drawn."""

from __future__ import annotations

from itertools import accumulate
from math import exp, inf, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.causal.sampling import _nearest, draw
from harness.records import GenerateAsk

torch = pytest.importorskip("torch")

LAST = nextafter(1.0, 0.0)
"""The largest point that a random stream gives."""
logits = st.lists(st.one_of(st.just(-inf), st.floats(-2000, 2000, width=32)), min_size=1, max_size=40).filter(
    lambda row: max(row) > -inf
)
points = st.one_of(st.floats(0, 1), st.sampled_from([0.0, LAST, 1.0]))
nuclei = st.one_of(st.just(1.0), st.floats(1e-9, 1.0, exclude_min=True), st.sampled_from([LAST, 5e-324]))
temperatures = st.one_of(st.floats(1e-3, 100), st.sampled_from([5e-324, 1e-300, 1e300]))


def ask(temperature=1.0, top_p=1.0):
    return GenerateAsk("", temperature=temperature, top_p=top_p)


def drawn(row, point, **settings):
    return draw(torch.tensor([row]), [ask(**settings)], [point])[0]


@given(logits, points, temperatures, nuclei)
def test_a_token_without_probability_is_never_drawn(row, point, temperature, top_p):
    token = drawn(row, point, temperature=temperature, top_p=top_p)
    assert row[token] > -inf
    assert row[token] == max(row) or (row[token] - max(row)) / temperature > -746  # exp of less is 0


@pytest.mark.parametrize("top_p", [1.0, 0.999])
@pytest.mark.parametrize("forbidden", [(0,), (3,), (2, 3), (0, 3), (0, 1, 3)])
def test_at_the_whole_mass_the_last_token_that_has_any_is_drawn(forbidden, top_p):
    row = [-inf if place in forbidden else 0.0 for place in range(4)]
    left = [place for place in range(4) if place not in forbidden]
    assert drawn(row, 1.0, top_p=top_p) == drawn(row, LAST, top_p=top_p) == left[-1]
    assert drawn(row, 0.0, top_p=top_p) == left[0]


@given(st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=12), st.floats(0, 1, exclude_max=True), st.data())
def test_forbidding_tokens_leaves_what_would_be_drawn_were_they_not_there(row, point, data):
    gone = data.draw(st.sets(st.integers(0, len(row) - 1), max_size=len(row) - 1))
    kept = [place for place in range(len(row)) if place not in gone]
    masked = [-inf if place in gone else value for place, value in enumerate(row)]
    weights = [exp(row[place]) for place in kept]
    edges = [mass / sum(weights) for mass in accumulate(weights)]
    if all(abs(point - edge) > 1e-9 for edge in edges):  # at an edge rounding decides
        assert drawn(masked, point) == kept[drawn([row[place] for place in kept], point)]
        assert drawn(masked, point) == next(its for its, edge in zip(kept, edges, strict=True) if edge > point)


@given(st.lists(logits.filter(lambda row: len(row) > 3), min_size=2, max_size=4), st.data())
def test_a_lines_token_is_its_own_affair(rows, data):
    width = min(map(len, rows))
    rows = [row[:width] for row in rows if max(row[:width]) > -inf] or [[0.0] * width]
    asks = [ask(top_p=data.draw(nuclei)) for _ in rows]
    shares = [data.draw(points) for _ in rows]
    together = draw(torch.tensor(rows), asks, shares)
    assert together == [
        draw(torch.tensor([row]), [one], [share])[0] for row, one, share in zip(rows, asks, shares, strict=True)
    ]


def test_the_nearest_entry_with_a_probability_comes_behind_or_last():
    probabilities = torch.tensor([0.0, 0.5, 0.0, 0.5, 0.0])
    assert [_nearest(probabilities, place) for place in range(5)] == [1, 1, 3, 3, 3]


def test_tokens_come_up_as_often_as_their_probability_says_and_the_forbidden_never():
    row = torch.log(torch.tensor([0.0, 0.5, 0.2, 0.0, 0.3, 0.0]))
    count = 10_000
    found = draw(row.expand(count, -1), [ask()] * count, [(n + 0.5) / count for n in range(count)])
    assert [found.count(place) for place in range(6)] == [0, 5000, 2000, 0, 3000, 0]
