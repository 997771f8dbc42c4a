import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.images.neighbours import nearest


def brute(queries, references, k, excluded=None):
    squared = np.square(queries[:, None].astype(float) - references[None].astype(float)).mean(axis=2)
    if excluded is not None:
        squared[np.arange(len(queries)), excluded] = np.inf
    order = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return np.sqrt(np.take_along_axis(squared, order, axis=1)), order


@given(
    st.tuples(st.integers(1, 40), st.integers(2, 700), st.integers(1, 12)),
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
    st.sampled_from((0.0, 50.0)),
)
@settings(max_examples=40, deadline=None)
def test_neighbours_are_those_of_the_whole_table(shape, k, seed, offset):
    n, m, coordinates = shape
    random = np.random.default_rng(seed)
    k = min(k, m)
    queries = random.normal(offset, 1, (n, coordinates)).astype(np.float32)
    references = random.normal(offset, 1, (m, coordinates)).astype(np.float32)
    distances, rows = brute(queries, references, k)
    found = nearest(queries, references, k=k)
    assert np.allclose(found.distances, distances, rtol=1e-6, atol=1e-7)
    assert (found.rows == rows).mean() > 0.99  # equals up to rounding may swap


def test_a_copy_lies_at_zero_and_a_noisy_copy_at_its_noise():
    random = np.random.default_rng(0)
    references = random.random((500, 784), dtype=np.float32)
    noisy = (references[:50] + random.normal(0, 0.05, (50, 784))).astype(np.float32)
    assert nearest(references[:50], references).distances.max() == 0
    found = nearest(noisy, references)
    assert found.rows[:, 0].tolist() == list(range(50))
    assert found.distances.mean() == pytest.approx(0.05, rel=0.01)


def test_an_excluded_reference_is_never_found():
    points = np.random.default_rng(1).random((300, 5), dtype=np.float32)
    own = np.arange(300)
    found = nearest(points, points, k=4, excluded=own)
    distances, rows = brute(points, points, 4, own)
    assert np.array_equal(found.rows, rows)
    assert np.allclose(found.distances, distances)


def test_of_equal_references_one_is_named_always_the_same():
    points = np.repeat(np.eye(3, dtype=np.float32), 40, axis=0)
    rows = nearest(np.eye(3, dtype=np.float32), points).rows[:, 0]
    assert (rows // 40).tolist() == [0, 1, 2]
    assert np.array_equal(rows, nearest(np.eye(3, dtype=np.float32), points).rows[:, 0])


@pytest.mark.parametrize("k", [0, 4])
def test_more_neighbours_than_there_are_references_are_refused(k):
    points = np.zeros((3, 2), np.float32)
    with pytest.raises(ValueError, match="between 1 and 3"):
        nearest(points, points, k=k)


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match="equal coordinates"):
        nearest(np.zeros((3, 2), np.float32), np.zeros((3, 3), np.float32))
