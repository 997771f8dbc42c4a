import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from harness.stats.combiner import fit
from harness.stats.effect_size import shuffled_p


def drawn(n=60, *, apart=1.0, features=4, seed=0):
    random = np.random.default_rng(seed)
    labels = (random.random(n) < 0.4).astype(int)
    values = random.normal(size=(n, features)) + apart * labels[:, None]
    values[:, 1] = values[:, 0] * 3 + 0.01 * random.normal(size=n)
    return values, labels


@pytest.mark.parametrize(("n", "apart"), [(40, 0.0), (60, 1.0), (400, 6.0)])
def test_the_weights_are_those_of_penalised_logistic_regression(n, apart):
    values, labels = drawn(n, apart=apart)
    combiner = fit(values, labels)
    told = combiner.ruler.told(values)
    oracle = LogisticRegression(C=1 / (10 * 4 / 4), tol=1e-10, max_iter=10_000).fit(told, labels)
    assert combiner.weights == pytest.approx(oracle.coef_[0], abs=1e-6)
    assert told.mean(axis=0) == pytest.approx(0.0, abs=1e-9)
    assert told.std(axis=0) == pytest.approx(1.0)


def test_limits_are_set_by_what_was_fitted_and_hold_for_what_is_scored():
    values, labels = drawn(200)
    combiner = fit(values, labels)
    wild = np.full((1, 4), 1e9)
    assert combiner.ruler.high == pytest.approx(np.quantile(values, 0.975, axis=0))
    assert combiner.scores(wild) == pytest.approx(combiner.scores(combiner.ruler.high[None]))
    assert combiner.scores(wild) > combiner.scores(values).mean()


def test_a_single_outlier_moves_no_weight_by_much():
    values, labels = drawn(200)
    spoilt = values.copy()
    spoilt[0, 3] = 1e12
    assert fit(spoilt, labels).weights == pytest.approx(fit(values, labels).weights, abs=0.05)


def test_a_missing_feature_counts_as_average_and_one_that_does_not_vary_as_nothing():
    values, labels = drawn(100)
    holes = np.column_stack([values, np.full(100, 7.0)])
    holes[::3, 2] = np.nan
    combiner = fit(holes, labels)
    assert combiner.weights[4] == 0.0
    missing, average = holes[:1].copy(), holes[:1].copy()
    missing[0, 2], average[0, 2] = np.nan, combiner.ruler.centre[2]
    assert combiner.scores(missing) == pytest.approx(combiner.scores(average))
    assert np.isfinite(combiner.scores(holes)).all()


@pytest.mark.parametrize(
    ("values", "labels", "told"),
    [
        (np.ones((4, 2)), [1, 0, 1, 0], "no feature varies"),
        (np.eye(4), [1, 1, 1, 1], "labels of both kinds"),
        (np.eye(4), [1, 0], "need a row of features each"),
        (np.array([[1.0, np.nan], [2.0, np.nan]]), [1, 0], "missing throughout"),
    ],
)
def test_what_sets_no_weights_is_refused(values, labels, told):
    with pytest.raises(ValueError, match=told):
        fit(values, labels)


@pytest.mark.slow
def test_p_values_of_records_that_set_no_weights_are_uniform_and_of_those_that_did_are_not():
    held_out, seen = [], []
    for seed in range(200):
        values, labels = drawn(80, apart=0.0, features=6, seed=seed)
        scores = fit(values[:40], labels[:40]).scores(values)
        for found, part in ((held_out, slice(40, None)), (seen, slice(0, 40))):
            one, other = scores[part][labels[part] == 1], scores[part][labels[part] == 0]
            found.append(shuffled_p(one, other, seed=seed).value)
    assert stats.kstest(held_out, "uniform").pvalue > 0.01
    assert stats.kstest(seen, "uniform").pvalue < 1e-6
