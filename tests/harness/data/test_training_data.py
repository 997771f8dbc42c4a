from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest
from PIL import Image

from harness.data.content import content_digest, examples_of, named
from harness.data.training_data import load_examples
from harness.errors import DataError


@pytest.fixture
def texts(tmp_path):
    """A folder of third-party data that holds one carded text set with two files."""
    folder = tmp_path / "data" / "tales"
    folder.mkdir(parents=True)
    card = ['schema = 1\nname = "tales"\nlicence = "MIT"']
    for name, text in (("all.txt", "Once.\n\nTwice."), ("more.txt", "Then.\n\nLater.\n\nNow.")):
        (folder / name).write_text(text)
        card.append(f'[[file]]\npath = "{name}"\nsha256 = "{hashlib.sha256(text.encode()).hexdigest()}"')
    (folder / "CARD.toml").write_text("\n".join(card))
    return tmp_path / "data"


def test_built_in_sets_are_asked_for_by_name():
    assert load_examples("digits").name == "digits"
    shapes = load_examples("synthetic:n=30,red=1")
    assert (shapes.name, len(shapes)) == ("synthetic:n=30,red=1", 30)
    assert set(shapes.attributes["colour"]) == {"red"}


def test_a_path_is_a_folder_of_images_or_a_text_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "digits"
    folder.mkdir()
    for name in ("a", "b"):
        Image.new("L", (4, 4)).save(folder / f"{name}.png")
    (tmp_path / "book.txt").write_text("one two\n\nthree")
    assert len(load_examples("./digits")) == 2
    assert load_examples("book.txt", passage_bytes=16).texts == ("one two", "three")
    (tmp_path / "book.pdf").write_text("%PDF")
    with pytest.raises(DataError, match=r"book\.pdf is no text file"):
        load_examples("book.pdf")


def test_a_text_set_with_a_card_is_found_under_the_folder_of_third_party_data(texts, monkeypatch):
    assert load_examples("tales", root=texts).texts == ("Once.", "Twice.")
    monkeypatch.setenv("HARNESS_DATA", str(texts))
    assert len(load_examples("tales:more.txt")) == 3


def test_a_changed_or_unlisted_file_of_a_text_set_is_refused(texts):
    with pytest.raises(DataError, match=r"lists no text file 'mor\.txt'\. Did you mean 'more\.txt'"):
        load_examples("tales:mor.txt", root=texts)
    (texts / "tales" / "all.txt").write_text("Changed.\n\nYes.")
    with pytest.raises(DataError, match="not the file its card describes"):
        load_examples("tales", root=texts)
    (texts / "tales" / "all.txt").unlink()
    with pytest.raises(DataError, match="is missing"):
        load_examples("tales", root=texts)


@pytest.mark.parametrize("name", ["digitz", "nowhere/at/all", "missing.txt", "digits:3", "tale"])
def test_an_unknown_name_says_what_there_is(name, texts):
    with pytest.raises(DataError, match=r"fashion-mnist, synthetic, people, a folder of images") as refused:
        load_examples(name, root=texts)
    assert ("Did you mean" in str(refused.value)) == (name in {"digitz", "digits:3", "tale"})


def test_an_unknown_name_without_third_party_data_says_that_there_is_none(monkeypatch):
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    with pytest.raises(DataError, match="the name of a text set under HARNESS_DATA, which is not set"):
        load_examples("tinyshakespeare")


def test_the_digest_changes_with_any_record_and_not_with_the_name():
    columns = {"ids": ["a", "b"], "texts": ["x", "y"]}
    plain = examples_of("one", **columns)
    assert plain.digest == examples_of("two", **columns).digest
    image = np.zeros((2, 1, 4, 1), np.uint8)
    others = [
        examples_of("one", ids=["a", "b"], texts=["x", "z"]),
        examples_of("one", ids=["a", "c"], texts=["x", "y"]),
        examples_of("one", **columns, units=["u", "u"]),
        examples_of("one", **columns, labels=np.array([0, 1]), classes=["p", "q"]),
        examples_of("one", **columns, labels=np.array([1, 0]), classes=["p", "q"]),
        examples_of("one", **columns, attributes={"colour": ["r", "g"]}),
        examples_of("one", **columns, images=image),
        examples_of("one", **columns, images=image.reshape(2, 2, 2, 1)),
        examples_of("one", **columns, images=image + np.uint8(1)),
    ]
    assert len({its.digest for its in [plain, *others]}) == len(others) + 1


def test_the_digest_of_a_known_record_never_changes():
    digest = content_digest({"ids": ["a"]}, images=np.zeros((1, 1, 1, 1), np.uint8), labels=None)
    by_hand = hashlib.sha256(b'{"ids":["a"]}' + b"[1,1,1,1]" + b"\0" + b"null").hexdigest()
    assert digest.hex == by_hand


def test_long_lists_of_names_are_cut():
    assert named(["a", "b"]) == "a, b"
    assert named([str(n) for n in range(9)]) == "0, 1, 2, 3, 4 and 4 more"


@pytest.mark.benchmarks
def test_the_plays_have_their_speeches_as_documents():
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    plays = load_examples("tinyshakespeare")
    assert len(set(plays.units)) == 7222
    assert max(len(text.encode()) for text in plays.texts) <= 254
