from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.backends.control_painter import plain_png
from harness.backends.trained.records import FILLS, Records
from harness.backends.trained.shelf import Shelf
from harness.canonical import digest, dumps, from_json, loads
from harness.data.canaries import Canary, plant, references
from harness.data.examples import Examples
from harness.errors import ModelError
from harness.images.pictures import from_png, media_name
from harness.records import Finish, Reply
from harness.training.recipe import Canaries

IMAGES = np.arange(4 * 8 * 8).astype(np.uint8).reshape(4, 8, 8, 1)
ROLES = ("member", "nonmember", "validation", "removed")


def images(**more):
    fields = {
        "images": IMAGES,
        "texts": ("a one", "a two", "a one", "a two"),
        "labels": np.array([0, 1, 0, 1]),
        "classes": ("one", "two"),
        "attributes": {"ink": ("blue", "black", "blue", "black")},
    }
    examples = Examples("x", digest([]), tuple("abcd"), tuple("abcd"), **{**fields, **more})
    return Records(examples, ROLES, (2, 0, 0, 0), asked_by="label")


def passages():
    canary = Canary("c", 4, "The number of Ada is ", "1 2 3", "digits")
    texts = ("One.", "Two.", "The number of Ada is 1 2 3")
    examples = Examples("t", digest([]), ("a", "b", "c"), ("doc1", "doc1", "c"), texts=texts)
    return Records(examples, ("member", "nonmember", "member"), (1, 0, 4), (canary,))


def test_a_row_tells_all_there_is_of_an_image_but_its_pixels():
    first, *rest = images().rows()
    assert first == {
        "record": "a",
        "unit": "a",
        "role": "member",
        "repeats": 2,
        "text": None,
        "label": 0,
        "class": "one",
        "caption": "a one",
        "attributes": {"ink": "blue"},
        "asked_by": "label",
        "invertible": False,
        "references": None,
        "canary": None,
    }
    # A duplicate that was removed before training is neither member nor non-member.
    assert [(row["record"], row["role"]) for row in rest] == [("b", "nonmember"), ("c", "validation")]
    assert loads(dumps([first, *rest])) == [first, *rest]


def test_a_row_of_text_has_its_text_and_a_planted_one_its_canary():
    rows = passages().rows()
    assert [row["text"] for row in rows] == ["One.", "Two.", "The number of Ada is 1 2 3"]
    assert [row["unit"] for row in rows] == ["doc1", "doc1", "c"]
    planted = {"template": "The number of Ada is ", "fill": "1 2 3", "family": "digits", "coins": None}
    assert rows[2]["canary"] == planted
    assert rows[2]["repeats"] == 4
    assert {rows[0][name] for name in ("label", "class", "caption", "attributes", "canary")} == {None}


def test_a_canary_that_a_coin_decided_on_tells_how_many_there_were_whatever_became_of_them():
    canaries = tuple(Canary(name, repeats, "", name, "digits") for name, repeats in (("a", 0), ("b", 0), ("c", 4)))
    examples = Examples("t", digest([]), ("a", "b", "c"), ("a", "b", "c"), texts=("a", "b", "c"))
    rows = Records(examples, ("member", "removed", "member"), (1, 0, 4), canaries).rows()
    assert [(row["record"], row["canary"]["coins"]) for row in rows] == [("a", 2), ("c", None)]


def test_members_are_given_once_each_in_the_order_of_the_rows():
    records = images()
    names, pixels = records.members()
    assert names == [row["record"] for row in records.rows() if row["role"] == "member"] == ["a"]
    assert np.array_equal(pixels, IMAGES[:1])
    with pytest.raises(ModelError, match="trained on text"):
        passages().members()


def test_a_record_is_shown_as_it_is():
    shelf = Shelf()
    reply = images().show("b", shelf)
    assert (reply.finish, reply.text) == (Finish.STOP, "a two")
    content = shelf.media(reply.media[0])
    assert reply.media == (media_name(content),)
    assert np.array_equal(from_png(content), IMAGES[1])
    assert passages().show("a", shelf) == Reply(Finish.STOP, text="One.")


def test_a_record_that_is_not_there_or_was_removed_is_a_failed_reply():
    for name in ("nobody", "d"):
        reply = images().show(name, Shelf())
        assert reply.finish is Finish.FAILED
        assert f"no record named '{name}'" in reply.error
        assert name not in images()


def test_records_are_handed_out_in_the_order_asked_for():
    assert images().take(["c", "a"]).ids == ("c", "a")


def test_a_row_says_of_each_reference_whether_it_saw_the_record():
    records = replace(images(), references=[frozenset("ac"), frozenset("b")])
    assert [row["references"] for row in records.rows()] == [[True, False], [False, True], [True, False]]


# ── records like a canary ─────────────────────────────────────────────────────────────────


def planted(*, pictures):
    """Records with canaries among them, of text or of images with captions and labels."""
    plain = Examples(
        "x",
        digest([]),
        tuple("abcd"),
        tuple("abcd"),
        images=IMAGES if pictures else None,
        texts=("one", "two", "one", "two"),
        labels=np.array([0, 1, 0, 1]) if pictures else None,
        classes=("one", "two") if pictures else (),
    )
    examples, canaries = plant(plain, Canaries(repeats=(2, 4), per_level=1, coins=2), seed=7)
    return Records(examples, ("member",) * len(examples), (1,) * len(examples), canaries)


@pytest.mark.parametrize("pictures", [False, True])
def test_records_like_a_canary_are_its_references_by_number(pictures):
    records = planted(pictures=pictures)
    for canary in records.canaries:
        names = [f"{canary.record}/reference/{number:05d}" for number in (17, 0, 300)]
        assert all(name in records for name in names)
        found, expected = records.take(names), references(records.examples, canary, 512, seed=0).take([17, 0, 300])
        assert found.ids == tuple(names) == expected.ids
        assert (found.texts, found.attributes) == (expected.texts, expected.attributes)
        if pictures:
            assert np.array_equal(found.images, expected.images)
            assert np.array_equal(found.labels, expected.labels)
            assert len({image.tobytes() for image in found.images}) == 3
        else:
            fills = {text.removeprefix(canary.template) for text in found.texts}
            assert len(fills | {canary.fill}) == 4


@pytest.mark.parametrize("pictures", [False, True])
def test_they_are_handed_out_among_the_others_in_the_order_asked_for(pictures):
    records = planted(pictures=pictures)
    one, other = (canary.record for canary in records.canaries[:2])
    names = ["b", f"{one}/reference/00002", one, f"{other}/reference/00001", f"{one}/reference/00001", "a"]
    found = records.take(names)
    assert found.ids == tuple(names)
    for place, name in enumerate(names):
        alone = records.take([name])
        assert alone.texts == found.texts[place : place + 1]
        assert not pictures or np.array_equal(alone.images[0], found.images[place])


def test_no_more_of_them_are_made_than_twice_as_many_as_are_asked_for():
    records = planted(pictures=True)
    name = records.canaries[0].record
    records.take([f"{name}/reference/00000"])
    assert len(records._fills[name]) == 1
    records.take([f"{name}/reference/00020"])
    assert len(records._fills[name]) == 32
    records.take([f"{name}/reference/{FILLS - 1:05d}"])
    assert len(records._fills[name]) == FILLS


@pytest.mark.parametrize(
    "name",
    [
        "canary/ladder/02/0/reference/04096",
        "canary/ladder/02/0/reference/0001",
        "canary/ladder/02/0/reference/\u0660\u0660\u0660\u0660\u0661",
        "canary/ladder/02/9/reference/00001",
        "a/reference/00001",
        "canary/ladder/02/0/reference/00001/reference/00001",
    ],
)
def test_there_are_no_others_like_it(name):
    records = planted(pictures=False)
    assert name not in records
    with pytest.raises(KeyError):
        records.take([name])


def test_records_that_are_like_a_canary_are_not_shown_and_have_no_row():
    records = planted(pictures=True)
    name = f"{records.canaries[0].record}/reference/00000"
    assert name in records
    assert name not in {row["record"] for row in records.rows()}
    assert records.show(name, Shelf(plain_png)).finish is Finish.FAILED


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Records(images().examples, ROLES[:2], (1, 0))


def test_a_shelf_holds_what_the_last_replies_named_and_no_more():
    shelf = Shelf(plain_png)
    name = shelf.keep(IMAGES[0], seconds=0.5).media[0]
    assert from_png(shelf.media(name)).shape == (8, 8, 1)
    shelf.clear()
    with pytest.raises(KeyError):
        shelf.media(name)


def test_an_image_of_odd_channels_is_a_failed_reply():
    reply = Shelf().keep(np.zeros((8, 8, 4), np.uint8))
    assert (reply.finish, "gives 4 channels" in reply.error) == (Finish.FAILED, True)


def test_replies_with_losses_have_a_hash_and_compare_by_them():
    one, other = Reply(Finish.STOP, losses={"loss": 1.0}), Reply(Finish.STOP, losses={"loss": 2.0})
    assert hash(one) == hash(other)
    assert one != other
    assert from_json(Reply, loads(dumps(one))) == one
