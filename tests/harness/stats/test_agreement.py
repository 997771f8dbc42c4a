"""Cohen's kappa beside statsmodels'."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.agreement import kappa


@pytest.fixture
def ratings():
    """200 items by a person and by a judge who agrees with her on most."""
    rng = np.random.default_rng(0)
    person = rng.choice(["ok", "rude", "unsafe"], size=200, p=[0.6, 0.3, 0.1])
    judge = np.where(rng.random(200) < 0.7, person, rng.choice(["ok", "rude", "unsafe"], size=200))
    return person.tolist(), judge.tolist()


def test_kappa_equals_statsmodels_and_its_interval_comes_close(ratings):
    from statsmodels.stats.inter_rater import cohens_kappa

    names = ["ok", "rude", "unsafe"]
    table = np.zeros((3, 3))
    for first, second in zip(*ratings, strict=True):
        table[names.index(first), names.index(second)] += 1
    expected = cohens_kappa(table)
    found = kappa(*ratings, seed=0)
    assert found.value == pytest.approx(expected.kappa)
    assert (found.low, found.high) == pytest.approx((expected.kappa_low, expected.kappa_upp), abs=0.02)


def test_kappa_of_a_small_table_is_right():
    first, second = ["y"] * 25 + ["n"] * 25, ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert kappa(first, second, seed=0).value == pytest.approx(0.4)  # (.7 - .5) / (1 - .5)


def test_perfect_agreement_is_no_certainty():
    found = kappa(["y", "n"] * 20, ["y", "n"] * 20, seed=0)
    assert found.value == 1.0
    assert found.low < 0.95


def test_names_of_labels_do_not_matter(ratings):
    renamed = [[f"label {name}" for name in rater] for rater in ratings]
    assert kappa(*renamed, seed=0) == kappa(*ratings, seed=0)


def test_one_label_throughout_and_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="undefined"):
        kappa(["y"] * 5, ["y"] * 5, seed=0)
    with pytest.raises(ValueError, match="each item"):
        kappa(["y"], ["y", "n"], seed=0)
