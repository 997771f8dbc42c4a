"""The smoke recipes as they ship: what they draw is what was asked for, and what they write is English.

Minutes on two CPU cores; how long each takes is said in its file.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import pairwise
from math import log

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from harness.images.pictures import from_png, to_bytes
from harness.models.generator import Drawing
from harness.training.job import run
from harness.training.recipe_files import complete
from harness.training.split import Role
from harness.training.watch import Silent

pytestmark = pytest.mark.slow

EACH = 20
"""Samples of each class."""


@pytest.fixture(scope="module", params=["vae", "gan", "diffusion", "text_to_image"])
def checkpoint(request, tmp_path_factory):
    """The checkpoint of a shipped recipe, unchanged, trained on the CPU."""
    return trained(request.param, tmp_path_factory)


def trained(kind, tmp_path_factory):
    folder = tmp_path_factory.mktemp(kind) / "out"
    return run(complete(kind, "smoke", {}), folder, watch=Silent(), device="cpu", stop=lambda: False)


def flat(images):
    return images.reshape(len(images), -1) / 255


@pytest.fixture(scope="module")
def judge(checkpoint):
    """A classifier of real digits that none of the generators was trained on, found good on those that they were."""
    examples, split = checkpoint.examples(), checkpoint.split()
    unseen, members = (examples.take(split.rows(role)) for role in (Role.NONMEMBER, Role.MEMBER))
    found = LogisticRegression(max_iter=1000).fit(flat(unseen.images), unseen.labels)
    assert found.score(flat(members.images), members.labels) > 0.9
    return found


@pytest.fixture(scope="module")
def drawn(checkpoint):
    """Samples of every class as bytes, and their labels."""
    generator, classes = checkpoint.generator(), len(checkpoint.manifest.data.classes)
    assert isinstance(generator, Drawing)
    labels = np.arange(EACH * classes) % classes
    words = generator.classes
    asked = {"prompts": [words[label] for label in labels]} if generator.prompted else {"labels": labels.tolist()}
    return to_bytes(generator.draw(range(len(labels)), **asked).numpy()), labels


def test_a_classifier_of_real_digits_finds_in_the_samples_what_was_asked_for(checkpoint, judge, drawn):
    images, labels = drawn
    assert np.mean(judge.predict(flat(images)) == labels) >= 0.8


def test_samples_of_one_class_differ_as_real_digits_do(checkpoint, drawn):
    images, labels = drawn
    examples = checkpoint.examples()

    def spread(pixels, its):
        return np.mean([flat(pixels[its == label]).std(axis=0).mean() for label in range(10)])

    assert 0.4 < spread(images, labels) / spread(examples.images, examples.labels) < 1.6


def test_the_grid_of_samples_shows_eight_of_each_class(checkpoint, judge):
    grid = from_png((checkpoint.folder / "samples.png").read_bytes())
    cell, scale = 9, 7  # 8 pixels and a line between, each drawn 7 by 7
    assert grid.shape[:2] == ((10 * cell + 1) * scale, (8 * cell + 1) * scale)
    pixels = grid[scale // 2 :: scale, scale // 2 :: scale, 0]
    cells = [pixels[1 + row * cell :, 1 + column * cell :][:8, :8] for row in range(10) for column in range(8)]
    assert np.mean(judge.predict(flat(np.stack(cells))) == np.repeat(range(10), 8)) >= 0.75


# ── the language model ────────────────────────────────────────────────────────────────────


class Pairs:
    """The baseline: a byte given the one before it, mixed with the byte alone by Witten and Bell (1991)."""

    def __init__(self, texts):
        self.single, self.pairs, self.after = Counter(), Counter(), {}
        for text in texts:
            data = self.framed(text)
            self.single.update(data[1:])
            self.pairs.update(pairwise(data))
        for first, second in self.pairs:
            self.after.setdefault(first, set()).add(second)
        self.totals = Counter()
        for (first, _), count in self.pairs.items():
            self.totals[first] += count

    @staticmethod
    def framed(text):
        return [256, *text.encode(), 257]

    def nats(self, text, *, pairs):
        """Mean surprise at each byte and at the end."""
        data = self.framed(text)
        chances = [self.alone(second) for second in data[1:]]
        if pairs:
            chances = [self.given(*its, alone) for its, alone in zip(pairwise(data), chances, strict=True)]
        return -sum(map(log, chances)) / len(chances)

    def alone(self, byte):
        return (self.single[byte] + 1) / (self.single.total() + 257)

    def given(self, first, second, alone):
        kinds = len(self.after.get(first, ()))
        return (self.pairs[first, second] + kinds * alone) / (self.totals[first] + kinds) if kinds else alone


def words(text):
    return [word for word in ("".join(filter(str.isalpha, each)).lower() for each in text.split()) if len(word) > 2]


@pytest.mark.benchmarks
def test_the_language_model_beats_pairs_of_bytes_and_writes_words_through_plain_transformers(tmp_path_factory):
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    checkpoint = trained("language", tmp_path_factory)
    texts, split = checkpoint.examples().texts, checkpoint.split()
    members, held_out = ([texts[row] for row in split.rows(role)] for role in (Role.MEMBER, Role.VALIDATION))
    pairs = Pairs(members)
    single, double = (np.mean([pairs.nats(text, pairs=both) for text in held_out]) for both in (False, True))
    last = checkpoint.manifest.curve[-1].validation
    assert last < double - 0.5 < double < single

    folder = checkpoint.folder / "model"
    network, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(5)
    start = torch.full((40, 1), tokenizer.bos_token_id)
    written = network.generate(start, do_sample=True, top_k=0, max_new_tokens=120, pad_token_id=tokenizer.pad_token_id)
    said = [word for text in tokenizer.batch_decode(written, skip_special_tokens=True) for word in words(text)]
    known = {word for text in members for word in words(text)}
    assert len(said) > 200
    assert np.mean([word in known for word in said]) > 0.6
