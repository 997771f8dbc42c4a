from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.contracts import Budget
from harness.records import Capability
from probes.sampling import at_most, chosen


def budget(items, seed=0):
    return Budget(items, seed, Capability.SCORE)


@given(st.integers(1, 60), st.integers(0, 70), st.integers(0, 5))
def test_a_larger_budget_keeps_every_item_of_a_smaller_one(total, items, seed):
    rows = list(range(total))
    few, more = chosen(rows, budget(items, seed)), chosen(rows, budget(items + 1, seed))
    assert set(few) <= set(more)
    assert few == sorted(few)
    assert len(few) == min(items, total)


def test_no_limit_means_every_item_in_its_order():
    assert chosen("cab", budget(None)) == ["c", "a", "b"]


def test_the_draw_is_spread_over_the_file_and_depends_on_the_seed():
    picked = chosen(range(100), budget(20))
    assert max(picked) > 80
    assert picked != chosen(range(100), budget(20, seed=1))


def test_a_probe_may_want_fewer_rows_than_the_budget_has_and_never_gets_more():
    assert at_most(budget(120), 30) == budget(30)
    assert at_most(budget(None), 30) == budget(30)
    assert at_most(budget(10), 30) == budget(10)
    assert at_most(budget(120), None) == budget(120)
