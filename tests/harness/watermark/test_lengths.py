import numpy as np
import pytest
from scipy import stats

from harness.watermark.lengths import exponential_length, share_length, surprise
from harness.watermark.tails import gamma


def test_golden_lengths_of_green_lists():
    assert [share_length(0.25, share) for share in (0.71, 0.6, 0.5, 0.4, 0.35)] == [43, 76, 145, 389, 844]
    assert [share_length(0.5, share) for share in (0.88, 0.7, 0.6)] == [59, 245, 1012]


def test_a_length_has_the_power_it_says_and_one_less_has_not():
    def power(n):
        least = stats.binom.isf(1e-3, n, 0.25) + 1
        return stats.binom.sf(least - 1, n, 0.5)

    n = share_length(0.25, 0.5, level=1e-3, power=0.9)
    assert power(n) >= 0.9 > power(n - 1)


def test_layers_count_as_trials_of_their_own():
    assert share_length(0.5, 0.54, each=30) == pytest.approx(share_length(0.5, 0.54) / 30, abs=2)


@pytest.mark.parametrize("marked", [0.25, 0.1, 0.2501])
def test_where_no_length_would_do_there_is_no_number(marked):
    assert share_length(0.25, marked, longest=5000) is None


def test_what_is_no_probability_is_refused():
    for given in ({"null": 0.0, "marked": 0.5}, {"null": 0.25, "marked": 1.5}):
        with pytest.raises(ValueError, match=r"probability|share"):
            share_length(**given)
    with pytest.raises(ValueError, match="level"):
        share_length(0.25, 0.5, level=0.0)
    with pytest.raises(ValueError, match="add up to 1"):
        surprise(np.array([0.5, 0.6]))
    with pytest.raises(ValueError, match="deviation"):
        exponential_length(2.0, -1.0)


@pytest.mark.parametrize(
    ("probabilities", "mean"),
    [
        ([1.0], 1.0),
        ([0.5] * 2, 1.5),
        ([0.25] * 4, 2.083333),
        ([0.5, 0.25, 0.25, 0.0], 1.791667),
        ([0.1] * 10, 2.928968),
    ],
)
def test_golden_surprises_of_gumbel_max(probabilities, mean):
    assert surprise(np.array(probabilities))[0] == pytest.approx(mean, abs=1e-6)


def test_surprise_is_what_choosing_by_fractions_gives():
    p = np.array([0.6, 0.3, 0.1])
    r = np.random.default_rng(0).random((200_000, 3))
    chosen = (np.log(r) / p).argmax(axis=1)
    scores = -np.log1p(-r[np.arange(len(r)), chosen])
    mean, deviation = surprise(p)
    assert scores.mean() == pytest.approx(mean, abs=4 * deviation / np.sqrt(len(r)))
    assert scores.std() == pytest.approx(deviation, rel=0.01)
    assert surprise(np.full(49152, 1 / 49152))[0] == pytest.approx(11.38, abs=0.005)


def test_a_gumbel_length_has_about_the_power_it_says():
    p = np.array([0.5, 0.25, 0.25])
    n = exponential_length(*surprise(p))
    r = np.random.default_rng(0).random((4000, n, 3))
    scores = -np.log1p(-np.take_along_axis(r, (np.log(r) / p).argmax(axis=2)[..., None], axis=2)[..., 0])
    assert np.mean(gamma(scores.sum(axis=1), n) < 1e-6) == pytest.approx(0.95, abs=0.02)
    assert exponential_length(1.0, 1.0) is None
