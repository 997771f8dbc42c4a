"""Twins in a training set: every text weighs the same, members stay who they are, and every reason is counted."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.canaries import Canary
from harness.data.content import examples_of
from harness.training.gathering import load
from harness.training.prepare.augment import TWIN, augmented
from harness.training.prepare.stream import Stream, compared
from harness.training.prepare.tables import Augment
from harness.training.recipe import Recipe

TEXTS = ["She met him.", "A tree stands there.", "I saw her duck.", "Ms Dunn left.", "Marie Curie met him.", "Ada he"]


def stream(texts=TEXTS, repeats=None, canaries=()):
    examples = examples_of("texts", ids=[f"r{row}" for row in range(len(texts))], texts=texts)
    return Stream(examples, np.array(repeats or [1] * len(texts)), canaries)


def given(its, seed=0, longest=None, **how):
    return augmented(its, how=Augment(**how), seed=seed, longest=longest)


def test_every_text_gets_a_second_place_and_what_can_be_swapped_is():
    its = stream(repeats=[1, 1, 1, 1, 1, 3], canaries=(Canary("r5", 3, "Ada", " he", "digits"),))
    after, counts = given(its)
    assert after.texts == (*TEXTS, "He met her.", *TEXTS[1:])
    assert after.repeats.tolist() == [1, 1, 1, 1, 1, 3] * 2
    assert after.examples.ids[6:] == tuple(f"r{row}{TWIN}" for row in range(6))
    reasons = {"unclear": 1, "unpaired": 1, "famous": 1, "one_way": 0}
    assert counts == {"chosen": 5, "swapped": 1, "words": 2, "without": 1, "cut": 0, **reasons}
    done = compared("augment", its, after, counts)
    assert (done.records_before, done.records_after, done.added, done.removed, done.changed) == (8, 16, 8, 0, 0)
    assert done.tokens_after == 2 * done.tokens_before


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_the_share_is_that_of_the_texts_that_are_swapped(share):
    its = stream([f"She met number {row}." for row in range(40)])
    after, counts = given(its, share=share)
    assert counts["swapped"] == sum(text.startswith("He") for text in after.texts) == round(40 * share)
    assert len(after.texts) == 80


def test_the_placebo_swaps_neutral_words_alone():
    after, counts = given(stream(["She met him on Monday in a red coat."]), swap="neutral")
    assert after.texts[1] == "She met him on Thursday in a blue shirt."
    assert counts["words"] == 3


def test_a_twin_that_grew_is_cut_to_what_is_read():
    text = "he he he ends here"
    after, counts = given(stream([text]), longest=len(text))
    assert after.texts == (text, "she she she ends")
    assert counts["cut"] == 1


def test_members_stay_who_they_are_and_how_often(tmp_path):
    (tmp_path / "book.txt").write_text("\n\n".join(f"She saw number {row} and {row * 7}." for row in range(40)))
    plain = {"kind": "language", "data": str(tmp_path / "book.txt"), "steps": 1, "batch": 2, "learning_rate": 0.1}
    plain |= {"canaries": {"repeats": [4], "per_level": 2, "coins": 4}, "model": {"context": 80}}
    before = load(Recipe.model_validate(plain))
    after = load(Recipe.model_validate({**plain, "prepare": {"augment": {}}}))
    assert after.split == before.split
    examples, rows = after.training()
    assert len(rows) == 2 * len(before.training()[1])
    seen = [examples.texts[row] for row in rows]
    assert sum(text.startswith("He saw") for text in seen) == sum(text.startswith("She saw") for text in seen) > 10
    assert {text: seen.count(text) for text in seen if "keeps the number" in text} == {
        canary.text: 2 * int(times)
        for canary in before.split.canaries
        if (times := before.split.repeats[before.split.ids.index(canary.record)])
    }
