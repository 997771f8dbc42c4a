import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from harness.images.features import NAMES, describe


def painted(colour, size=16):
    image = np.zeros((1, size, size, 3), np.uint8)
    image[0, 4:12, 4:12] = colour
    return image


def test_every_value_has_a_name_and_is_finite():
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    found = describe(images)
    assert found.shape == (5, len(NAMES))
    assert len(set(NAMES)) == len(NAMES)
    assert np.isfinite(found).all()


def test_a_plain_image_has_no_edges_and_its_own_colour():
    found = describe(np.full((1, 9, 9, 3), (255, 0, 51), np.uint8))[0]
    values = dict(zip(NAMES, found.tolist(), strict=True))
    assert all(value == 0 for name, value in values.items() if name.startswith("edge"))
    assert values["r-00"] == pytest.approx(1)
    assert values["g-11"] == 0
    assert values["b-01"] == pytest.approx(0.2)


def test_an_upright_edge_and_a_level_one_differ_only_in_direction():
    upright = np.zeros((1, 16, 16, 1), np.uint8)
    upright[:, :, 8:] = 255
    found, turned = (describe(image)[0][:128].reshape(4, 4, 8) for image in (upright, np.swapaxes(upright, 1, 2)))
    assert found.sum(axis=(0, 1)).argmax() == 0
    assert turned.sum(axis=(0, 1)).argmax() == 4
    assert np.allclose(found[..., 0], turned[..., 4].T)


@pytest.mark.parametrize("size", [8, 12, 16, 28, 64])
def test_the_size_of_an_image_hardly_matters(size):
    blob = np.hypot(*np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size))) < 0.6
    found = describe((blob * 255).astype(np.uint8)[None, ..., None])[0]
    other = describe((blob.repeat(2, 0).repeat(2, 1) * 255).astype(np.uint8)[None, ..., None])[0]
    assert np.linalg.norm(found - other) < 0.35


def test_colour_is_read_where_it_stands():
    red, blue = describe(painted((255, 0, 0)))[0], describe(painted((0, 0, 255)))[0]
    assert np.allclose(red[:128], blue[:128])
    assert not np.allclose(red[128:], blue[128:])


def test_a_linear_classifier_on_them_reads_digits():
    digits = load_digits()
    found = describe((digits.images * 255 / 16).round().astype(np.uint8)[..., None])
    reader = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1).fit(found[:900], digits.target[:900])
    assert reader.score(found[900:], digits.target[900:]) > 0.93
