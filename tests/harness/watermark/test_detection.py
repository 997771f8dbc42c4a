import numpy as np
import pytest
from scipy import stats

from harness.watermark.detection import Detection, TooShort, if_long_enough, of_several, rank_p

FOUND = Detection("kgw", 40, 3, 20.0, 10.0, 1e-3)


@pytest.mark.parametrize(
    "change", [{"p": float("nan")}, {"p": 1.1}, {"statistic": float("inf")}, {"n": 0}, {"z": float("nan")}]
)
def test_a_detection_without_units_or_with_a_number_that_is_none_cannot_be_made(change):
    given = {"scheme": "kgw", "n": 40, "repeats": 3, "statistic": 20.0, "expected": 10.0, "p": 1e-3} | change
    with pytest.raises(ValueError, match="a detection"):
        Detection(**given)


def test_too_short_is_a_type_and_says_what_is_missing():
    assert if_long_enough(FOUND, needed=40) is FOUND
    short = if_long_enough(FOUND, needed=43)
    assert short == TooShort("kgw", 40, 43)
    assert "40 different units here and needs 43" in short.reason
    assert if_long_enough(TooShort("kgw", 0, 1), needed=43) == TooShort("kgw", 0, 43)
    assert "No text is long enough" in if_long_enough(FOUND, needed=None).reason
    assert not hasattr(short, "p")


def test_a_key_is_ranked_among_others_and_ties_count_against_it():
    assert rank_p([5, *range(99)]) == (1 + 94) / 100
    assert rank_p([5.0, 5.0, 5.0, 1.0]) == 3 / 4
    assert rank_p([1000, *range(999)]) == 1 / 1000
    with pytest.raises(ValueError, match="compared"):
        rank_p([1.0])


def test_ranks_among_like_ones_are_uniform():
    strengths = np.random.default_rng(0).poisson(3, size=(3000, 100))
    ps = [rank_p(row) for row in strengths]
    assert stats.kstest(ps, "uniform", alternative="greater").pvalue > 0.01


def test_several_looks_at_one_text_are_paid_for():
    assert of_several([0.2, 0.01, 0.5]) == pytest.approx(0.03)
    assert of_several([0.2, 0.01, 0.5], independent=True) == pytest.approx(1 - 0.99**3)
    assert of_several([1e-40] * 1000, independent=True) == pytest.approx(1e-37)
    assert of_several([0.6, 0.9]) == 1
    assert of_several([1.0, 1.0], independent=True) == 1
    for ps in ([], [0.1, -0.1], [float("nan")]):
        with pytest.raises(ValueError, match="at least one p-value"):
            of_several(ps)
    least = np.random.default_rng(1).random((20_000, 5))
    corrected = [of_several(row, independent=True) for row in least.tolist()]
    assert stats.kstest(corrected, "uniform").pvalue > 0.01
