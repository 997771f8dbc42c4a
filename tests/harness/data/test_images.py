from __future__ import annotations

import gzip
import hashlib
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

import harness.data.images
from harness.data.images import FASHION_CLASSES, FASHION_SENT, caption, digits, fashion_mnist, read_idx
from harness.errors import DataError, MissingExtraError


def idx(array):
    head = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


@pytest.fixture
def garments(tmp_path):
    """A folder of third-party data with a made-up Fashion-MNIST of 20 images, and its two arrays."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(256, size=(20, 28, 28)), np.arange(20) % 10
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    card = ['schema = 1\nname = "fashion-mnist"\nlicence = "MIT"']
    for name, array in (("train-images-idx3-ubyte.gz", images), ("train-labels-idx1-ubyte.gz", labels)):
        data = gzip.compress(idx(array))
        (folder / name).write_bytes(data)
        card.append(f'[[file]]\npath = "{name}"\nsha256 = "{hashlib.sha256(data).hexdigest()}"')
    (folder / "CARD.toml").write_text("\n".join(card))
    return tmp_path, images, labels


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder without Fashion-MNIST, on a machine without its package and with an empty cache."""
    monkeypatch.setattr(harness.data.images, "FASHION_FOLDERS", (tmp_path / "package",))
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "nowhere" / "cache"))
    return tmp_path / "nowhere"


def test_digits_spread_seventeen_shades_over_all_of_a_byte():
    found = digits()
    assert found.images.shape == (1797, 8, 8, 1)
    assert len(np.unique(found.images)) == 17
    assert (found.images.min(), found.images.max()) == (0, 255)
    assert found.classes == tuple("0123456789")
    assert np.bincount(found.labels).min() == 174
    assert found.texts[list(found.labels).index(7)] == "the digit seven"
    assert found.ids[0] == found.units[0] == "digits/0000"
    assert found.digest == digits().digest


def test_digits_without_scikit_learn_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"rai-harness\[train\]"):
        digits()


def test_fashion_mnist_is_read_where_its_card_vouches_for_it(garments):
    root, images, labels = garments
    found = fashion_mnist(root=root)
    assert np.array_equal(found.images[..., 0], images)
    assert np.array_equal(found.labels, labels)
    assert found.classes == FASHION_CLASSES
    assert (found.texts[5], found.texts[9]) == ("a photo of a sandal", "a photo of an ankle boot")


def test_a_changed_file_of_fashion_mnist_is_refused(garments):
    root, images, _ = garments
    (root / "fashion-mnist" / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[:19])))
    with pytest.raises(DataError, match="not the file its card describes"):
        fashion_mnist(root=root)


def test_a_card_that_lists_no_images_says_so(garments):
    root, _, _ = garments
    card = root / "fashion-mnist" / "CARD.toml"
    card.write_text(card.read_text().replace("train-images", "other-images"))
    with pytest.raises(DataError, match="does not list 'train-images-idx3-ubyte'"):
        fashion_mnist(root=root)


def test_files_of_a_package_must_have_the_published_content(garments, tmp_path, monkeypatch):
    root, _, _ = garments
    monkeypatch.setattr(harness.data.images, "FASHION_FOLDERS", (root / "fashion-mnist",))
    with pytest.raises(DataError, match="not the published file"):
        fashion_mnist(root=tmp_path / "nowhere")


def test_a_missing_fashion_mnist_says_how_to_come_by_it(nowhere):
    with pytest.raises(DataError, match="dataset-fashion-mnist"):
        fashion_mnist(root=nowhere)


def test_where_it_is_nowhere_it_is_fetched_once_and_then_read_from_the_cache(garments, nowhere, loopback, monkeypatch):
    root, images, labels = garments
    address, folder, asked = loopback
    sent, published = {}, {}
    for name, array in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        content = (root / "fashion-mnist" / f"{name}.gz").read_bytes()
        (folder / f"{name}.gz").write_bytes(content)
        sent[name] = (len(content), hashlib.sha256(content).hexdigest())
        published[name] = hashlib.sha256(idx(array)).hexdigest()
    monkeypatch.setattr(harness.data.images, "FASHION_FILES", published)
    monkeypatch.setattr(harness.data.images, "FASHION_SENT", sent)
    monkeypatch.setattr(harness.data.images, "FASHION_ADDRESSES", (f"{address}/gone/", f"{address}/"))
    said = []
    found = fashion_mnist(root=nowhere, say=said.append)
    assert np.array_equal(found.images[..., 0], images)
    assert len(said) == len(asked) == 4
    assert fashion_mnist(root=nowhere).digest == found.digest
    assert len(asked) == 4
    (nowhere / "cache/data/fashion-mnist/train-images-idx3-ubyte.gz").write_bytes(b"")
    with pytest.raises(DataError, match="Remove it: it is then fetched anew"):
        fashion_mnist(root=nowhere)


def test_offline_a_missing_fashion_mnist_says_so_and_how_else_to_come_by_it(nowhere, monkeypatch):
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    with pytest.raises(DataError, match="offline mode forbids fetching it.*dataset-fashion-mnist"):
        fashion_mnist(root=nowhere, say=[].append)


def test_idx_files_that_lie_about_their_size_are_refused():
    whole = idx(np.zeros((2, 3, 3)))
    assert read_idx(whole, "x", dimensions=3).shape == (2, 3, 3)
    for broken in (whole[:-1], whole + b"\0", whole[:9], b""):
        with pytest.raises(DataError, match="again from its source"):
            read_idx(broken, "x", dimensions=3)
    with pytest.raises(DataError, match="not an IDX file"):
        read_idx(whole, "x", dimensions=1)


def test_captions_take_the_right_article():
    assert (caption("bag"), caption("Umbrella")) == ("a photo of a bag", "a photo of an Umbrella")


@pytest.mark.benchmarks
def test_the_published_fashion_mnist_is_the_same_carded_and_packaged(monkeypatch, tmp_path):
    named = os.environ.get("HARNESS_DATA")
    if not named:
        pytest.skip("HARNESS_DATA is not set")
    found = fashion_mnist()
    assert found.images.shape == (60_000, 28, 28, 1)
    assert np.bincount(found.labels).tolist() == [6000] * 10
    assert round(float(found.images.mean()), 2) == 72.94
    # The files that would be fetched are the ones that the card vouches for.
    for name, (size, digest) in FASHION_SENT.items():
        content = (Path(named) / "fashion-mnist" / f"{name}.gz").read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest)
    # The pinned digests are of the same content as the card's.
    monkeypatch.setattr(harness.data.images, "FASHION_FOLDERS", (Path(named) / "fashion-mnist",))
    assert fashion_mnist(root=tmp_path).digest == found.digest
