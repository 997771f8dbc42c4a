import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_moons

from harness.images.copying import authentic, data_copying, likelihoods, mann_whitney_z
from harness.images.neighbours import nearest


@pytest.fixture(scope="module")
def moons():
    training = make_moons(2000, noise=0.2, random_state=0)[0].astype(np.float32)
    held_out = make_moons(1000, noise=0.2, random_state=1)[0].astype(np.float32)
    return training, held_out, KMeans(5, n_init=1, random_state=0).fit(training)


def test_z_is_standard_normal_where_both_sets_come_from_one_distribution():
    random = np.random.default_rng(0)
    values = [mann_whitney_z(random.random(80), random.random(120)) for _ in range(400)]
    assert abs(np.mean(values)) < 3 / np.sqrt(400)
    assert np.std(values) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("width", "low", "high"), [(0.001, -20, -15), (0.01, -14, -9), (0.05, -3.5, 0), (0.1, -2, 2), (0.5, 4, 8)]
)
def test_the_copying_test_falls_below_zero_as_samples_hug_the_training_set(moons, width, low, high):
    training, held_out, regions = moons
    random = np.random.default_rng(1)
    samples = training[random.integers(0, 2000, 1000)] + random.normal(0, width, (1000, 2)).astype(np.float32)
    samples = samples.astype(np.float32)
    found = data_copying(
        nearest(samples, training).distances[:, 0],
        nearest(held_out, training).distances[:, 0],
        generated_cells=regions.predict(samples),
        held_out_cells=regions.predict(held_out),
    )
    assert low < found.value < high


def test_copying_of_one_region_shows_in_the_worst_region(moons):
    training, held_out, regions = moons
    fresh = make_moons(1000, noise=0.2, random_state=2)[0].astype(np.float32)
    cells = regions.predict(fresh)
    copied = np.where((cells == 3)[:, None], training[regions.labels_ == 3][0], fresh)
    found = data_copying(
        nearest(copied, training).distances[:, 0],
        nearest(held_out, training).distances[:, 0],
        generated_cells=cells,
        held_out_cells=regions.predict(held_out),
    )
    assert found.worst.number == 3
    assert found.worst_p < 1e-6
    assert min(cell.z for cell in found.cells if cell.number != 3) > -4


def test_regions_with_too_little_in_them_are_named():
    found = data_copying(
        np.ones(25), np.ones(30), generated_cells=[0] * 20 + [1] * 5, held_out_cells=[0] * 10 + [2] * 20
    )
    assert [cell.number for cell in found.cells] == [0]
    assert found.left_out == {1: (0, 5), 2: (20, 0)}
    with pytest.raises(ValueError, match="no region holds"):
        data_copying(np.ones(5), np.ones(5), generated_cells=[0] * 5, held_out_cells=[0] * 5)


def test_no_copy_is_authentic_and_the_null_depends_on_the_dimension():
    shares = []
    for dimension in (2, 16, 64):
        random = np.random.default_rng(dimension)
        training, fresh = (random.normal(size=(1000, dimension)).astype(np.float32) for _ in range(2))
        own = nearest(training, training, excluded=np.arange(1000)).distances[:, 0]
        found = nearest(fresh, training)
        shares.append(authentic(found.distances[:, 0], own[found.rows[:, 0]]).mean())
        assert not authentic(np.zeros(1000), own).any()
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0.40, abs=0.06)


def test_likelihoods_part_where_samples_are_copies_and_agree_where_they_are_fresh():
    random = np.random.default_rng(5)
    training, held_out, fresh = (random.normal(size=(400, 16)) for _ in range(3))
    part = fresh.copy()
    part[:40] = training[:40]
    gaps = []
    for samples in (fresh, part, training):
        seen, unseen = likelihoods(samples, training, held_out)
        gaps.append(100 * (seen.mean() - unseen.mean()))
    assert abs(gaps[0]) < 4
    assert gaps[1] < -20
    assert gaps[2] < -200
