"""The instrument on pictures of every kind, with noises that a fake model tells."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.stats import kstest

from harness.canonical import dumps
from harness.contracts.instruments import Instrument, Materials
from harness.data.images import read_idx
from harness.data.synthetic import Plan, coloured_shapes
from harness.data.third_party import find_card, unzipped, verified
from harness.errors import ModelError, UsageError
from harness.images.attacks import attack
from harness.images.pictures import media_name, to_png
from harness.instruments.image_watermark import ImageWatermark
from harness.records import Reading
from harness.watermark import spread_spectrum, tree_ring
from harness.watermark.keys import PUBLIC_KEY, fingerprint, wrong_key
from harness.watermark.look import Look

PUBLIC = str(fingerprint(PUBLIC_KEY))
SPREAD, RING = Look("spread_spectrum", PUBLIC), Look("tree_ring", PUBLIC)


@dataclass
class Model:
    """Pictures by name, and a noise for each: its pixels, standardised. Pictures of 4 pixels a side have none."""

    pictures: dict[str, bytes] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)

    def show(self, images):
        """Keep ``images`` and return their names."""
        pngs = [to_png(image) for image in images]
        names = [media_name(png) for png in pngs]
        self.pictures |= zip(names, pngs, strict=True)
        return names

    def noise(self, images):
        self.calls.append(len(images))
        if images.shape[1] == 4:
            raise ModelError("not of this size")
        return (np.moveaxis(images, -1, 1).astype(np.float32) - 128) / 40

    def materials(self):
        return Materials(self.pictures.__getitem__, lambda: ([], np.empty(0)), self.noise)


def shapes(n, seed=0):
    return coloured_shapes(Plan(n=n, seed=seed)).images


def of_noise(noise):
    return np.clip(np.rint(np.moveaxis(noise, 1, -1) * 40 + 128), 0, 255).astype(np.uint8)


def p_of(model, names, look):
    readings = [Reading("image_watermark", "", look.context(), name) for name in names]
    return np.array([values["p"] for values in ImageWatermark().read(readings, model.materials())])


def test_it_is_an_instrument_that_says_how_it_errs():
    made = ImageWatermark()
    assert isinstance(made, Instrument)
    assert "of 10,000" in made.card.accuracy
    assert set(made.card.measures) == {"p", "statistic"}


def test_it_finds_the_mark_in_marked_pictures_and_only_with_the_key():
    model = Model()
    names = model.show(spread_spectrum.embed(shapes(60), key=PUBLIC_KEY, strength=spread_spectrum.STRENGTH))
    assert np.mean(p_of(model, names, SPREAD) <= 0.001) > 0.95
    assert np.mean(p_of(model, names, Look("spread_spectrum", PUBLIC, wrong=1)) <= 0.01) < 0.1
    assert model.calls == []


def test_it_finds_a_mark_in_the_noise_that_the_model_tells():
    model = Model()
    noise = np.random.default_rng(0).standard_normal((40, 1, 16, 16)).astype(np.float32)
    names = model.show(of_noise(tree_ring.embed(noise, key=PUBLIC_KEY, radius=tree_ring.RADIUS)))
    assert p_of(model, names, RING).max() == 1 / 2000
    assert np.mean(p_of(model, names, Look("tree_ring", PUBLIC, wrong=1)) <= 0.01) < 0.1
    unmarked = model.show(of_noise(noise))
    assert kstest(p_of(model, unmarked, RING), "uniform").pvalue > 0.01


def test_it_reads_what_the_library_reads_after_the_attack():
    model, image = Model(), spread_spectrum.embed(shapes(1), key=PUBLIC_KEY, strength=5)
    (name,) = model.show(image)
    attacked = attack(image[0], "jpeg-70")[None]
    (values,) = ImageWatermark().read(
        [Reading("image_watermark", "", Look("spread_spectrum", PUBLIC, attack="jpeg-70").context(), name)],
        model.materials(),
    )
    t, p = spread_spectrum.detect(attacked, key=PUBLIC_KEY)
    assert values["statistic"] == pytest.approx(t[0], rel=1e-5)
    assert values["p"] == pytest.approx(p[0], rel=1e-5)


def test_all_pictures_of_a_batch_are_inverted_in_one_call_and_each_of_them_once():
    model = Model()
    names = model.show(shapes(5))
    looks = [RING, Look("tree_ring", PUBLIC, wrong=1), Look("tree_ring", PUBLIC, attack="blur-1"), SPREAD]
    readings = [Reading("image_watermark", "", look.context(), name) for name in names for look in looks]
    found = ImageWatermark().read(readings, model.materials())
    assert len(found) == 20
    assert model.calls == [10]


def test_a_reading_does_not_depend_on_what_else_is_in_the_batch():
    model = Model()
    names = [*model.show(shapes(4)), *model.show(shapes(2)[:, :8, :8])]
    looks = [SPREAD, RING, Look("tree_ring", PUBLIC, attack="noise-0.05"), Look("spread_spectrum", PUBLIC, wrong=2)]
    readings = [Reading("image_watermark", "", look.context(), name) for name in names for look in looks]
    whole = ImageWatermark().read(readings, model.materials())
    assert whole == [ImageWatermark().read([reading], model.materials())[0] for reading in readings]
    assert whole[::-1] == ImageWatermark().read(readings[::-1], model.materials())


def test_where_no_noise_can_be_told_the_reading_is_empty_beside_the_others():
    model = Model()
    names = [*model.show(shapes(1)[:, :4, :4]), *model.show(shapes(1))]
    readings = [Reading("image_watermark", "", look.context(), name) for name in names for look in (RING, SPREAD)]
    found = ImageWatermark().read(readings, model.materials())
    assert [set(values) for values in found] == [set(), {"p", "statistic"}, {"p", "statistic"}, {"p", "statistic"}]


def test_a_key_of_ones_own_is_read_from_the_environment_and_told_nowhere(monkeypatch):
    key = "a long and random key, 0123456789"
    monkeypatch.setenv("WM_KEY", key)
    model = Model()
    names = model.show(spread_spectrum.embed(shapes(20), key=key, strength=6))
    look = Look("spread_spectrum", str(fingerprint(key)), key_env="WM_KEY")
    readings = [Reading("image_watermark", "", look.context(), name) for name in names]
    found = ImageWatermark().read(readings, model.materials())
    assert np.mean([values["p"] <= 0.001 for values in found]) > 0.9
    assert key not in dumps([readings, found]).decode()
    assert key not in repr(readings)
    monkeypatch.delenv("WM_KEY")
    with pytest.raises(UsageError, match="WM_KEY"):
        ImageWatermark().read(readings, model.materials())


def test_an_unknown_attack_is_refused():
    model = Model()
    look = Look("spread_spectrum", PUBLIC, attack="scratch-1")
    with pytest.raises(UsageError, match="No attack is named 'scratch'"):
        p_of(model, model.show(shapes(1)), look)


@pytest.mark.parametrize("scheme", ["spread_spectrum", "tree_ring"])
def test_p_values_are_uniform_over_keys_on_one_real_picture(scheme, monkeypatch):
    model = Model()
    (name,) = model.show(shapes(1, seed=5))
    p = []
    for number in range(150):
        monkeypatch.setenv("WM_KEY", wrong_key(PUBLIC_KEY, number))
        look = Look(scheme, str(fingerprint(wrong_key(PUBLIC_KEY, number))), key_env="WM_KEY")
        p += p_of(model, [name], look).tolist()
    assert kstest(p, "uniform").pvalue > 0.01


@pytest.mark.benchmarks
def test_the_card_tells_what_ten_thousand_real_pictures_show():
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    card = find_card("fashion-mnist", root=None)
    if card is None:
        pytest.skip("HARNESS_DATA holds no fashion-mnist")
    (file,) = [file.path for file in card.files if file.path.startswith("t10k-images")]
    images = read_idx(unzipped(verified(card, file), file), file, dimensions=3)[..., None]
    _, p = spread_spectrum.detect(images, key=PUBLIC_KEY)
    assert f"{int((p <= 0.01).sum())} false alarms" in ImageWatermark().card.accuracy
    marked = spread_spectrum.embed(images[:1000], key=PUBLIC_KEY, strength=spread_spectrum.STRENGTH)
    assert spread_spectrum.detect(marked, key=PUBLIC_KEY)[1].max() <= 0.01
