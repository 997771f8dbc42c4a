"""Temperature scaling: planted temperatures are found, and answers of others get better by them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from harness.stats.temperature import fit_temperature


def answers(rng, n, hot):
    """Scores that are ``hot`` times as far apart as the chances by which right options are drawn."""
    scores = rng.normal(0, 1.5, size=(n, 4))
    chances = special.softmax(scores, axis=1)
    return scores * hot, (chances.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)


@pytest.mark.parametrize("hot", [0.3, 1.0, 4.0])
def test_a_planted_temperature_is_found(hot):
    found = fit_temperature(*answers(np.random.default_rng(1), 20_000, hot))
    assert found.value == pytest.approx(hot, rel=0.05)
    assert found.after <= found.before
    assert found.n == 20_000


def test_other_answers_lose_less_at_the_fitted_temperature():
    rng = np.random.default_rng(2)
    fitted = fit_temperature(*answers(rng, 500, 4.0))
    scores, right = answers(rng, 2000, 4.0)
    before, after = (
        -np.log(its[np.arange(2000), right]).mean() for its in (special.softmax(scores, axis=1), fitted.chances(scores))
    )
    assert after < before - 0.2
    assert (fitted.chances(scores).argmax(axis=1) == scores.argmax(axis=1)).all()
    assert fitted.chances(scores).sum(axis=1) == pytest.approx(np.ones(2000))


def test_one_confidence_is_two_options():
    # Says .9 and is right three times in four: odds of 9 become odds of 3 at a temperature of log 9 / log 3.
    found = fit_temperature(np.log([[0.9, 0.1]] * 4), [0, 0, 0, 1])
    assert found.value == pytest.approx(2.0)
    assert found.chances(np.log([[0.9, 0.1]]))[0] == pytest.approx([0.75, 0.25])


def test_a_constant_added_to_all_scores_of_an_answer_makes_no_difference():
    scores, right = answers(np.random.default_rng(3), 200, 2.0)
    moved = fit_temperature(scores + np.arange(200)[:, None], right)
    assert moved.value == pytest.approx(fit_temperature(scores, right).value)


def test_no_temperature_is_made_up_where_none_is_best():
    scores = np.array([[2.0, 0.0], [0.0, 1.0]] * 5)
    with pytest.raises(ValueError, match="always have the best scores"):
        fit_temperature(scores, [0, 1] * 5)
    with pytest.raises(ValueError, match="no more of the right options than chance"):
        fit_temperature(scores, [1, 0] * 5)
    with pytest.raises(ValueError, match="no more of the right options than chance"):
        fit_temperature(np.zeros((4, 3)), [0, 1, 2, 0])


@pytest.mark.parametrize(
    ("scores", "right"), [([[0.0]], [0]), ([[0.0, np.inf]], [0]), ([[0.0, 1.0]], [2]), ([[0.0, 1.0]], [0, 1])]
)
def test_scores_that_do_not_fit_are_refused(scores, right):
    with pytest.raises(ValueError, match=r"finite scores|place of its right option"):
        fit_temperature(scores, right)
