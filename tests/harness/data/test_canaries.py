from __future__ import annotations

import zlib
from collections import Counter

import numpy as np
import pytest

from harness.data.canaries import BLOCKS, FAMILIES, pattern, plant, reference_fills, references
from harness.data.content import examples_of
from harness.data.images import digits
from harness.data.synthetic import Plan, coloured_shapes
from harness.errors import DataError, UsageError
from harness.training.recipe import Canaries


@pytest.fixture
def prose():
    return examples_of("prose", ids=["a", "b"], texts=["Some words.", "Other words."])


def test_canaries_are_appended_with_their_names_and_repeats(prose):
    planted, canaries = plant(prose, Canaries(repeats=(1, 8, 100), per_level=2, coins=3), seed=1)
    assert planted.ids[:2] == prose.ids
    assert [canary.record for canary in canaries] == list(planted.ids[2:])
    assert planted.ids[2:] == planted.units[2:]
    assert [(canary.record, canary.repeats) for canary in canaries] == [
        ("canary/ladder/01/0", 1),
        ("canary/ladder/01/1", 1),
        ("canary/ladder/08/0", 8),
        ("canary/ladder/08/1", 8),
        ("canary/ladder/100/0", 100),
        ("canary/ladder/100/1", 100),
        ("canary/coin/0000", 0),
        ("canary/coin/0001", 0),
        ("canary/coin/0002", 0),
    ]
    assert planted.texts[2:] == tuple(canary.text for canary in canaries)
    assert planted.digest != prose.digest
    assert planted.digest == plant(prose, Canaries(repeats=(1, 8, 100), per_level=2, coins=3), seed=1)[0].digest
    assert planted.digest != plant(prose, Canaries(repeats=(1, 8, 100), per_level=2, coins=3), seed=2)[0].digest


def test_the_fill_is_the_end_of_the_text_in_two_families(prose):
    _, canaries = plant(prose, Canaries(per_level=4), seed=1)
    assert Counter(canary.family for canary in canaries) == {"digits": 14, "marks": 14}
    for canary in canaries:
        assert canary.text.endswith(canary.fill)
        signs = canary.fill.split(" ")
        assert signs[0] == ""
        assert len(signs) == 11
        assert set(signs[1:]) <= set(FAMILIES[canary.family])
        assert len(canary.text.encode()) <= 70
        assert not canary.template.endswith(" ")
    levels = {canary.repeats: Counter() for canary in canaries}
    for canary in canaries:
        levels[canary.repeats][canary.family] += 1
    assert all(count == {"digits": 2, "marks": 2} for count in levels.values())


def test_no_two_canaries_share_a_sentence_or_a_fill(prose):
    _, canaries = plant(prose, Canaries(coins=2000), seed=3)
    assert len({canary.template for canary in canaries}) == len(canaries) == 2028
    assert len({canary.fill for canary in canaries}) == 2028
    assert len({canary.text.encode() for canary in canaries}) == 2028


def test_references_are_other_fills_of_the_template_and_never_a_planted_one(prose):
    _, canaries = plant(prose, Canaries(coins=300), seed=4)
    planted = {canary.fill for canary in canaries}
    for canary in canaries[:6]:
        others = reference_fills(canary, 500, seed=9)
        assert len(set(others)) == 500
        assert all(text.startswith(canary.template) and len(text) == len(canary.text) for text in others)
        assert not planted & {text.removeprefix(canary.template) for text in others}
    assert reference_fills(canaries[0], 9, seed=9) == reference_fills(canaries[0], 9, seed=9)
    assert reference_fills(canaries[0], 9, seed=9) != reference_fills(canaries[0], 9, seed=8)


def test_no_text_is_planted_and_a_reference_under_any_two_seeds(prose):
    planted, others = set(), set()
    for seed in range(30):
        _, canaries = plant(prose, Canaries(repeats=(1,), per_level=20), seed=seed)
        planted |= {canary.fill for canary in canaries}
        others |= {text[-20:] for canary in canaries[:4] for text in reference_fills(canary, 50, seed=seed)}
    assert len(planted) == 600
    assert not planted & others


def test_planted_fills_and_references_are_drawn_alike(prose):
    _, canaries = plant(prose, Canaries(repeats=(1,), per_level=4000), seed=5)
    mine = [canary.fill for canary in canaries if canary.family == "digits"]
    others = [text[-20:] for text in reference_fills(canaries[0], 2000, seed=5)]
    for place in range(1, 20, 2):
        counts = np.array(
            [[Counter(fill[place] for fill in fills)[digit] for digit in "0123456789"] for fills in (mine, others)]
        )
        expected = counts.sum(axis=0) / 2
        # Chi-squared with 9 degrees of freedom stays below 33.7 with probability 0.9999.
        assert ((counts - expected) ** 2 / expected).sum() < 33.7
    # Nor does either half compress better.
    sizes = [len(zlib.compress("".join(fills).encode())) for fills in (mine, others)]
    assert abs(sizes[0] - sizes[1]) / sizes[0] < 0.01


def test_all_fills_have_as_many_tokens_bytewise_and_by_pairs(prose):
    tokenizers = pytest.importorskip("tokenizers", reason="needs tokenizers")
    learner = tokenizers.Tokenizer(tokenizers.models.BPE())
    learner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=500, show_progress=False)
    _, canaries = plant(prose, Canaries(coins=60), seed=6)
    signs = [f" {sign}" for signs in FAMILIES.values() for sign in signs]
    learner.train_from_iterator(["".join(signs) * 20, *(canary.text for canary in canaries)], trainer)
    for family in FAMILIES:
        fills = [canary.fill for canary in canaries if canary.family == family]
        assert len({len(fill.encode()) for fill in fills}) == 1
        assert len({len(learner.encode(fill).ids) for fill in fills}) == 1
    for canary in canaries:
        # The fill's tokens are the last ones of the whole text: no token straddles its beginning.
        whole, tail = learner.encode(canary.text).ids, learner.encode(canary.fill).ids
        assert whole[-len(tail) :] == tail


def test_image_canaries_are_blocks_within_the_range_of_the_data():
    dim = digits()
    images = (dim.images // 2).astype(np.uint8)
    dim = examples_of("dim", ids=dim.ids, images=images, labels=dim.labels, classes=dim.classes, texts=dim.texts)
    planted, canaries = plant(dim, Canaries(coins=200), seed=1)
    added = planted.images[len(dim) :]
    assert added.max() <= images.max()
    assert {canary.family for canary in canaries} == {"blocks"}
    assert len(np.unique(added.reshape(len(added), -1), axis=0)) == len(canaries) == 228
    blocks = added.reshape(-1, BLOCKS, 2, BLOCKS, 2)
    assert (blocks == blocks[:, :, :1, :, :1]).all()
    # They look like no digit: the nearest one is farther than any digit is from its own nearest.
    flat = images.reshape(len(images), -1).astype(float)
    far = [np.sqrt(((flat - one.reshape(-1)) ** 2).mean(axis=1)).min() for one in added.astype(float)]
    own = [np.sort(((flat - flat[row]) ** 2).mean(axis=1))[1] ** 0.5 for row in range(0, len(flat), 9)]
    assert min(far) > np.quantile(own, 0.99)


def test_image_canaries_have_classes_drawn_evenly_and_the_captions_of_their_classes():
    planted, _ = plant(digits(), Canaries(repeats=(1,), per_level=1000), seed=2)
    labels = planted.labels[-1000:]
    assert np.bincount(labels, minlength=10).min() > 60
    caption_of = dict(zip(planted.labels[:-1000].tolist(), planted.texts[:-1000], strict=True))
    assert all(text == caption_of[int(label)] for text, label in zip(planted.texts[-1000:], labels, strict=True))
    assert planted.images.shape[1:] == (8, 8, 1)


def test_a_caption_that_single_records_have_is_not_copied_to_canaries():
    shapes = coloured_shapes(Plan(n=40))
    planted, _ = plant(shapes, Canaries(repeats=(1,), per_level=20), seed=2)
    assert not set(planted.texts[40:]) & set(shapes.texts)
    assert set(planted.texts[40:]) == {f"a photo of {name}" for name in shapes.classes}


def test_planted_attributes_of_canaries_say_that_they_are_canaries():
    planted, _ = plant(coloured_shapes(Plan(n=40)), Canaries(repeats=(1,)), seed=2)
    assert planted.attributes["colour"][-4:] == ("canary",) * 4
    assert planted.images.shape == (44, 16, 16, 3)
    free = coloured_shapes(Plan(n=40))
    free = examples_of("free", ids=free.ids, images=free.images, texts=["any words"] * 40)
    assert plant(free, Canaries(repeats=(1,)), seed=2)[0].texts[-1] == "a pattern of random blocks"


def test_references_of_an_image_canary_share_its_class_and_caption():
    planted, canaries = plant(coloured_shapes(Plan(n=40)), Canaries(), seed=3)
    canary = canaries[5]
    row = planted.ids.index(canary.record)
    others = references(planted, canary, 50, seed=1)
    assert set(others.labels.tolist()) == {planted.labels[row]}
    assert set(others.texts) == {planted.texts[row]}
    assert others.attributes["shape"] == ("canary",) * 50
    seen = {image.tobytes() for image in planted.images[40:]}
    assert len({image.tobytes() for image in others.images} | seen) == 50 + len(canaries)
    assert others.ids[0] == f"{canary.record}/reference/00000"


def test_references_of_a_text_canary_are_its_reference_fills(prose):
    planted, canaries = plant(prose, Canaries(), seed=3)
    assert references(planted, canaries[0], 7, seed=1).texts == reference_fills(canaries[0], 7, seed=1)


def test_a_pattern_is_the_same_on_every_machine():
    # The first bytes of SHA-256 of "0011223344556677/0".
    first = [[252, 32, 181, 37], [4, 118, 57, 23]]
    assert pattern("0011223344556677", (4, 4, 1), low=0, high=255)[:2, :, 0].tolist() == first
    scaled = pattern("x", (9, 5, 3), low=10, high=20)
    assert scaled.shape == (9, 5, 3)
    assert 10 <= scaled.min() <= scaled.max() <= 20


def test_what_cannot_be_planted_is_refused(prose):
    planted, canaries = plant(prose, Canaries(repeats=(1,)), seed=1)
    with pytest.raises(DataError, match="already holds a record 'canary/ladder/01/0'"):
        plant(planted, Canaries(repeats=(1,)), seed=1)
    with pytest.raises(UsageError, match="more than the 12480 sentences"):
        plant(prose, Canaries(coins=13_000), seed=1)
    with pytest.raises(UsageError, match="not among the records of prose"):
        references(prose, canaries[0], 3, seed=1)
    _, images = plant(digits(), Canaries(repeats=(1,)), seed=1)
    with pytest.raises(UsageError, match=r"Use references\(\)"):
        reference_fills(images[0], 3, seed=1)
