"""Well-known image sets as training records: scikit-learn's digits and Fashion-MNIST.

Both are grey, small and free; each class has one caption, so that text-to-image models can train on them.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.canonical import Digest, digest_bytes
from harness.data.content import examples_of
from harness.data.download import PinnedDownload, Say, cached, fetch
from harness.data.examples import Examples
from harness.data.third_party import find_card, read_bytes, unzipped, verified
from harness.errors import DataError, MissingExtraError, OfflineError

__all__ = ["FASHION_CLASSES", "caption", "digits", "fashion_mnist", "read_idx"]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
"""In the order of their labels, as the set's authors write them."""

FASHION_NOUNS = (
    *("t-shirt", "pair of trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)

FASHION_FOLDERS = (Path("/usr/share/datasets/fashion-mnist"),)
"""Where a distribution's package puts the set: Debian's ``dataset-fashion-mnist``."""

FASHION_FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
}
"""SHA-256 of the files' content, not of their compressed form, which differs from one packager to the next."""

FASHION_ADDRESSES = (
    "https://github.com/zalandoresearch/fashion-mnist/raw/b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
"""Where the set's authors publish the compressed files; what a file must be is pinned, so the second needs no TLS."""

FASHION_SENT = {
    "train-images-idx3-ubyte": (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    "train-labels-idx1-ubyte": (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
}
"""Size and SHA-256 of the files as their authors compressed them."""


def caption(noun: str) -> str:
    """Describe a photo of a thing: ``a photo of an ankle boot``."""
    article = "an" if noun[:1].lower() in "aeiou" and noun else "a"
    return f"a photo of {article} {noun}"


def digits() -> Examples:
    """1,797 handwritten digits of 8 by 8 pixels, as scikit-learn ships them, with captions such as ``the digit seven``.

    Its 17 shades of ink are spread over 0 to 255.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtraError(
            "The data set 'digits'", "scikit-learn", "train", "train on 'synthetic', or on a folder of images."
        ) from error
    bunch = load_digits()
    labels = np.asarray(bunch.target, dtype=np.int64)
    return examples_of(
        "digits",
        ids=[f"digits/{row:04d}" for row in range(len(labels))],
        images=np.rint(np.asarray(bunch.images)[..., None] * (255 / 16)).astype(np.uint8),
        texts=[f"the digit {DIGITS[label]}" for label in labels],
        labels=labels,
        classes=[str(number) for number in range(10)],
    )


def fashion_mnist(*, root: Path | None = None, say: Say | None = None) -> Examples:
    """The 60,000 training images of Fashion-MNIST, 28 by 28 pixels; its test part stays unread, as held-out reference.

    Looked for under HARNESS_DATA, whose card names the digests, then where Debian's package puts it, then in the
    user's cache; files without a card must have the content that the set's authors published. Where it is nowhere, it
    is fetched from its authors, once.

    Args:
        root: Folder of third-party data; None reads it from the environment variable HARNESS_DATA.
        say: Told before a file is fetched; None: nothing is.

    Raises:
        DataError: it is nowhere, or a file is not what it should be.
        StoreError: a fetched file cannot be kept.
    """
    pictures, answers = (_fashion_file(name, root, say) for name in FASHION_FILES)
    images, labels = read_idx(*pictures, dimensions=3), read_idx(*answers, dimensions=1).astype(np.int64)
    if len(images) != len(labels) or labels.max(initial=0) >= len(FASHION_CLASSES):
        raise DataError(
            f"{answers[1]} holds {len(labels)} labels up to {labels.max(initial=0)} for {len(images)} images of"
            f" {len(FASHION_CLASSES)} classes. Get both files again from their source."
        )
    return examples_of(
        "fashion-mnist",
        ids=[f"fashion-mnist/train/{row:05d}" for row in range(len(labels))],
        images=images[..., None],
        texts=[caption(FASHION_NOUNS[label]) for label in labels],
        labels=labels,
        classes=FASHION_CLASSES,
    )


def _fashion_file(name: str, root: Path | None, say: Say | None) -> tuple[bytes, str]:
    """Return the content of one verified file, and where it was found."""
    card = find_card("fashion-mnist", root=root)
    if card is not None:
        path = next((file.path for file in card.files if file.path in {name, f"{name}.gz"}), name)
        where = str(card.folder / path)
        return unzipped(verified(card, path), where), where
    kept = cached(f"fashion-mnist/{name}.gz")
    places = [*(folder / f"{name}{ending}" for folder in FASHION_FOLDERS for ending in (".gz", "")), kept]
    found = next((place for place in places if place.is_file()), None) or _fetched(name, say)
    content = unzipped(read_bytes(found), str(found))
    digest = digest_bytes(content)
    if digest.hex != FASHION_FILES[name]:
        raise DataError(
            f"{found} is not the published file: its content is {digest}, expected sha256:{FASHION_FILES[name]}."
            f" {'Remove it: it is then fetched anew' if found == kept else 'Install it again'}."
        )
    return content, str(found)


def _fetched(name: str, say: Say | None) -> Path:
    """Fetch one file; raises `DataError` where it cannot or must not be had, with the other ways to come by it."""
    reason = ""
    if say is not None:
        size, digest = FASHION_SENT[name]
        addresses = tuple(f"{address}{name}.gz" for address in FASHION_ADDRESSES)
        try:
            return fetch(PinnedDownload(f"fashion-mnist/{name}.gz", size, Digest("sha256", digest), addresses), say)
        except (DataError, OfflineError) as error:
            reason = f" {error}"
    raise DataError(
        "Fashion-MNIST is not here: it was looked for under the folder that HARNESS_DATA names, in"
        f" {FASHION_FOLDERS[0]} and in {cached('fashion-mnist')}.{reason} Put its folder fashion-mnist, with a"
        " CARD.toml, where HARNESS_DATA points, or install the Debian package dataset-fashion-mnist."
    )


def read_idx(content: bytes, where: str, *, dimensions: int) -> NDArray[np.uint8]:
    """Read the IDX format of bytes: a magic number, big-endian sizes, then the values.

    Args:
        content: The whole file, decompressed.
        where: Stands in every message.
        dimensions: How many the array must have: 3 for images, 1 for labels.

    Raises:
        DataError: it is another kind of file, or shorter or longer than it says.
    """
    head = 4 + 4 * dimensions
    if len(content) < head or content[:4] != bytes((0, 0, 8, dimensions)):
        raise DataError(f"{where}: not an IDX file of bytes in {dimensions} dimensions. Get it again from its source.")
    shape = struct.unpack(f">{dimensions}I", content[4:head])
    values = np.frombuffer(content, dtype=np.uint8, offset=head)
    if values.size != int(np.prod(shape, dtype=np.int64)):
        raise DataError(
            f"{where}: {values.size} values where its head says {' x '.join(map(str, shape))}."
            " It is cut short or damaged: get it again from its source."
        )
    return values.reshape(shape)
