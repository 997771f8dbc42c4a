import numpy as np
import pytest

from harness.errors import UsageError
from harness.images.attacks import ATTACKS, attack

AMOUNTS = {"jpeg": 50, "crop": 0.8, "blur": 1, "resize": 0.5, "brightness": 1.2, "noise": 0.05}
picture = np.random.default_rng(0).integers(60, 200, (28, 28, 3), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", sorted(ATTACKS))
def test_an_attack_changes_the_pixels_keeps_the_shape_and_repeats_itself(kind, channels):
    image = picture[..., :channels]
    name = f"{kind}-{AMOUNTS[kind]}"
    changed = attack(image, name)
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed, image)
    assert np.array_equal(changed, attack(image, name))


def test_a_lower_quality_loses_more():
    losses = [np.abs(attack(picture, f"jpeg-{quality}").astype(int) - picture).mean() for quality in (90, 70, 50, 10)]
    assert losses == sorted(losses)


@pytest.mark.parametrize("name", ["jepg-50", "jpeg", "jpeg-much"])
def test_an_unknown_attack_is_refused(name):
    with pytest.raises(UsageError, match="jpeg"):
        attack(picture, name)
