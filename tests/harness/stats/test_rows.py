"""Bootstrap of a whole table: units in order, drawn whole, and none too few."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.rows import members, resampled


def test_units_are_clusters_in_order_of_appearance_or_rows():
    assert [its.tolist() for its in members(3, None)] == [[0], [1], [2]]
    assert [its.tolist() for its in members(4, ["b", "a", "b", "c"])] == [[0, 2], [1], [3]]
    with pytest.raises(ValueError, match="3 rows but 1 cluster labels"):
        members(3, ["a"])


def test_members_of_a_cluster_are_drawn_together():
    seen = []
    labels = [str(i // 3) for i in range(60)]

    def watched(rows):
        seen.append(np.bincount(rows, minlength=60).reshape(20, 3))
        return float(rows.mean())

    found = resampled(watched, 60, labels, confidence=0.95, seed=0, resamples=30)
    assert all((counts == counts[:, :1]).all() for counts in seen)
    assert (found.n, found.value, found.method) == (20, 29.5, "bca bootstrap, clustered")


def test_fewer_than_twenty_units_are_refused():
    with pytest.raises(ValueError, match="20 independent units, not 19"):
        resampled(lambda rows: float(rows.mean()), 19, None, confidence=0.95, seed=0, resamples=10)
