import numpy as np
import pytest
from scipy import stats

from harness.watermark.spread_spectrum import detect, embed


def scenes(n, side=28, channels=1):
    random = np.random.default_rng(0)
    grid = np.linspace(0, 3, side)
    waves = np.sin(grid[None, :, None] * random.random((n, 1, 1)) * 3 + random.random((n, 1, 1)) * 6) * np.cos(grid)
    return np.repeat((120 + 90 * waves)[..., None], channels, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("picture", ["scene", "noise", "stripes"])
def test_p_values_of_random_keys_are_uniform_whatever_the_picture(picture):
    image = {
        "scene": scenes(1)[0],
        "noise": np.random.default_rng(1).integers(0, 256, (28, 28, 1), dtype=np.uint8),
        "stripes": np.tile(np.array([0, 255], np.uint8), (28, 14))[..., None],
    }[picture]
    p = [detect(image[None], key=f"key {number}")[1][0] for number in range(600)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_the_right_key_finds_the_mark_and_a_wrong_one_does_not():
    marked = embed(scenes(100), key="ours", strength=6)
    assert np.mean(detect(marked, key="ours")[1] < 1e-3) > 0.95
    assert np.mean(detect(marked, key="theirs")[1] < 1e-3) < 0.03
    assert np.mean(detect(scenes(100), key="ours")[1] < 1e-3) < 0.03


def test_a_stronger_mark_is_found_more_surely_and_seen_more_easily():
    t = [detect(embed(scenes(50), key="k", strength=s), key="k")[0].mean() for s in (0, 1, 2, 4)]
    assert t == sorted(t)
    change = np.abs(embed(scenes(50), key="k", strength=4).astype(int) - scenes(50)).mean()
    assert change == pytest.approx(4 * np.sqrt(2 / np.pi), rel=0.15)


def test_edges_do_not_drown_a_faint_mark():
    # Black and white blocks of 4 by 4 pixels: an edge at every other pixel, sixty times stronger than the mark.
    blocks = np.random.default_rng(0).integers(0, 2, (60, 7, 7, 1), dtype=np.uint8) * 200 + 20
    marked = embed(blocks.repeat(4, axis=1).repeat(4, axis=2), key="ours", strength=3)
    assert np.mean(detect(marked, key="ours")[1] <= 0.01) > 0.9


def test_a_plain_picture_says_nothing():
    t, p = detect(np.full((1, 8, 8, 3), 200, np.uint8), key="k")
    assert t.tolist() == [0]
    assert p.tolist() == [0.5]
