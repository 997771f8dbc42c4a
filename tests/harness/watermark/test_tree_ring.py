import numpy as np
import pytest
from scipy import stats

from harness.watermark.tree_ring import chi_square_p, detect, embed, half_plane, pattern


def noise(n, side=32, seed=0, channels=1):
    return np.random.default_rng(seed).standard_normal((n, channels, side, side)).astype(np.float32)


def test_half_of_the_plane_has_one_of_each_pair_and_no_real_coefficient():
    mask = half_plane(16, 16, radius=5)
    rows, columns = np.nonzero(mask)
    partners = set(zip((-rows) % 16, (-columns) % 16, strict=True))
    assert not partners & set(zip(rows, columns, strict=True))
    assert not mask[0, 0]
    whole = np.hypot(*np.meshgrid(np.fft.fftfreq(16) * 16, np.fft.fftfreq(16) * 16)) <= 5
    assert mask.sum() == (whole.sum() - 1) / 2


def test_no_coefficient_within_the_radius_is_an_error():
    with pytest.raises(ValueError, match="no coefficient"):
        half_plane(8, 8, radius=0.5)


@pytest.mark.parametrize(("side", "radius"), [(8, 3), (32, 6), (7, 2)])
def test_marked_noise_is_real_and_carries_exactly_the_pattern(side, radius):
    plain = noise(3, side)
    marked = embed(plain, key="k", radius=radius)
    mask = half_plane(side, side, radius=radius)
    spectrum = np.fft.fft2(marked[:, 0], norm="ortho")
    assert np.allclose(spectrum[:, mask], pattern("k", mask.sum()), atol=1e-5)
    untouched = np.fft.fft2(plain[:, 0], norm="ortho")[:, 0, 0]
    assert np.allclose(spectrum[:, 0, 0], untouched, atol=1e-5)


def test_marked_noise_is_standard_normal_over_keys():
    values = [embed(noise(1, seed=number), key=f"key {number}", radius=6).ravel() for number in range(30)]
    assert stats.kstest(np.concatenate(values), "norm").pvalue > 0.001


def test_the_chi_square_null_holds_on_half_of_the_plane_and_fails_on_all_of_it():
    plain = noise(2000)
    half = chi_square_p(plain, key="k", radius=6)
    assert stats.kstest(half, "uniform").pvalue > 0.01
    # Counting each pair twice, as if its two halves were independent, makes false alarms far too common.
    mask = half_plane(32, 32, radius=6)
    found = np.fft.fft2(plain[:, 0].astype(float), norm="ortho")[:, mask]
    twice, wanted = np.concatenate([found, found], axis=1), np.tile(pattern("k", mask.sum()), 2)
    distance = 2 * np.square(np.abs(twice - wanted)).sum(axis=1)
    whole = stats.ncx2.cdf(distance, 2 * len(wanted), 2 * np.square(np.abs(wanted)).sum())
    assert stats.kstest(whole, "uniform").pvalue < 0.01
    assert np.mean(whole < 0.01) > 1.5 * 0.01


@pytest.mark.parametrize("side", [8, 28])
def test_the_right_key_is_found_at_once_and_wrong_keys_are_uniform(side):
    radius = 3 if side == 8 else 6
    marked = embed(noise(40, side), key="ours", radius=radius)
    assert detect(marked, key="ours", radius=radius)[1].max() == 1 / 2000
    p = detect(noise(400, side, seed=3), key="ours", radius=radius, others=199)[1]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_p_values_of_random_keys_are_uniform_though_the_noise_is_not_normal():
    # As it comes back from a picture: smooth, skewed and far from standard normal.
    rows, columns = np.meshgrid(np.linspace(0, 3, 16), np.linspace(0, 3, 16))
    estimate = np.exp(np.sin(2 * rows) + np.cos(columns))[None, None].astype(np.float32)
    p = [detect(estimate, key=f"key {number}", radius=4, others=99)[1][0] for number in range(300)]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    # No formula would have done: under the null of normal noise no key at all fits such an estimate.
    normal = [chi_square_p(estimate, key=f"key {number}", radius=4)[0] for number in range(300)]
    assert stats.kstest(normal, "uniform").pvalue < 1e-6


def test_a_faint_and_shifted_estimate_still_shows_the_mark():
    marked = embed(noise(50, 28), key="ours", radius=6)
    estimate = 0.4 * marked + 0.2 * noise(50, 28, seed=9) + 0.3
    assert np.mean(detect(estimate, key="ours", radius=6)[1] <= 1e-3) > 0.95
