import numpy as np
import pytest
from scipy import linalg

from harness.images.quality import expected_coverage, frechet, kernel_distance, manifolds


def normal(n, features, seed, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, (n, features))


def test_the_frechet_distance_of_a_shift_is_its_squared_length():
    points = normal(200, 16, 0)
    assert frechet(points, points + 1) == pytest.approx(16)
    assert frechet(points, points) == pytest.approx(0, abs=1e-9)


def test_the_frechet_distance_agrees_with_the_matrix_square_root():
    first, second = normal(400, 6, 1), normal(300, 6, 2) @ np.diag([1, 2, 3, 1, 1, 0.5]) + 0.3
    root = linalg.sqrtm(np.cov(first, rowvar=False) @ np.cov(second, rowvar=False)).real
    gap = first.mean(axis=0) - second.mean(axis=0)
    both = np.cov(first, rowvar=False) + np.cov(second, rowvar=False)
    assert frechet(first, second) == pytest.approx(gap @ gap + np.trace(both - 2 * root))


def test_the_kernel_distance_of_equal_distributions_is_zero_on_average():
    values = [kernel_distance(normal(60, 8, seed), normal(60, 8, 1000 + seed)) for seed in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)
    assert kernel_distance(normal(60, 8, 1), normal(60, 8, 2, shift=1)) > max(values)


@pytest.mark.parametrize(("k", "golden"), [(5, 0.96898), (3, 0.87538)])
def test_expected_coverage_has_its_closed_form(k, golden):
    assert expected_coverage(1000, 1000, k=k) == pytest.approx(golden, abs=5e-6)


def test_coverage_and_density_of_one_distribution_match_theory():
    covered, density = [], []
    for seed in range(20):
        found = manifolds(normal(300, 4, seed), normal(300, 4, 100 + seed), k=5)
        covered.append(found.covered.mean())
        density.append(found.density.mean())
    for values, golden in ((covered, expected_coverage(300, 300, k=5)), (density, 1.0)):
        assert abs(np.mean(values) - golden) < 3 * np.std(values, ddof=1) / np.sqrt(20)


def test_copies_get_full_marks_so_these_figures_cannot_see_copying():
    points = normal(100, 4, 0)
    found = manifolds(points, points)
    assert found.precise.all()
    assert found.recalled.all()
    assert found.covered.all()
    assert found.density.mean() == pytest.approx(1, abs=0.25)


def test_generated_images_far_away_are_neither_precise_nor_covering():
    found = manifolds(normal(100, 4, 0), normal(100, 4, 1, shift=40))
    assert not found.precise.any()
    assert not found.covered.any()
    assert found.density.sum() == 0


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match="need 6 images"):
        manifolds(normal(5, 2, 0), normal(50, 2, 1))
