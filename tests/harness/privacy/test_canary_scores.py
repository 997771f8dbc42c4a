from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.data.canaries import plant
from harness.data.content import examples_of
from harness.errors import UsageError
from harness.privacy.audit import decide
from harness.privacy.canary_scores import beside_other_models, coin_canaries, score_canaries
from harness.stats.one_run import Guesses
from harness.training.recipe import Canaries
from harness.training.split import assign

COINS = Canaries(repeats=(1,), per_level=1, coins=60)


class Rememberer:
    """Gives records that it has seen a lower loss; pixels or letters decide what it gives the others."""

    def __init__(self, seen, *, noise=0.0, easy=None):
        self._seen, self._noise, self._easy = set(seen), noise, easy or {}
        self.asked, self.networks = 0, {"memory": torch.nn.Linear(1, 1)}

    def prepare(self, examples):
        images = examples.images
        keys = examples.texts if images is None else [image.tobytes() for image in images]
        seen, easy = [float(key in self._seen) for key in keys], [self._easy.get(key, 0.0) for key in keys]
        return {"seen": torch.tensor(seen), "easy": torch.tensor(easy, dtype=torch.float32)}

    def losses(self, rows, *, seed):
        self.asked += len(rows["seen"])
        noise = self._noise * torch.randn((), generator=torch.Generator().manual_seed(seed))
        return {"mean": 5.0 - 3.0 * rows["seen"] - rows["easy"] + noise, "other": torch.zeros(len(rows["seen"]))}


def planted(kind):
    if kind == "images":
        drawn = np.random.default_rng(5).integers(0, 256, size=(40, 8, 8, 1), dtype=np.uint8)
        labels = np.arange(40) % 2
        examples = examples_of("t", ids=[str(i) for i in range(40)], images=drawn, labels=labels, classes=("a", "b"))
    else:
        texts = [f"Passage number {n} about {n * 7919 % 1000} things." for n in range(40)]
        examples = examples_of("t", ids=[str(i) for i in range(40)], texts=texts)
    examples, canaries = plant(examples, COINS, seed=3)
    return examples, assign(examples, seed=4, canaries=canaries)


@pytest.mark.parametrize("kind", ["images", "texts"])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_both_scores_find_what_a_model_remembers(kind, noise):
    examples, split = planted(kind)
    trained = examples.take(np.unique(split.training_rows()))
    keys = trained.texts if kind == "texts" else [image.tobytes() for image in trained.images]
    canaries, included = coin_canaries(split)
    assert len(canaries) == 60
    assert 15 < included.sum() < 45
    generator = Rememberer(keys, noise=noise)
    loss, calibrated = score_canaries(generator, examples, canaries)
    assert (loss.values[included].min() - loss.values[~included].max()) == pytest.approx(3.0, abs=1e-5)
    assert calibrated.values == pytest.approx(3.0 * included, abs=1e-5)
    audit = decide([loss, calibrated], included, claimed=None, delta=0.0)
    assert [reading.found for reading in audit.readings] == [Guesses(60, 18, 18)] * 2


def test_reference_models_take_away_what_is_easy_for_every_model():
    examples, split = planted("texts")
    canaries, included = coin_canaries(split)
    texts = [canary.text for canary in canaries]
    seen = [text for text, coin in zip(texts, included, strict=True) if coin]
    rng = np.random.default_rng(7)
    tosses = [rng.random(len(canaries)) < 0.5 for _ in range(3)]
    easy = dict(zip(texts, rng.normal(scale=5.0, size=len(texts)), strict=True))
    others = [(Rememberer([t for t, c in zip(texts, toss, strict=True) if c], easy=easy), toss) for toss in tosses]
    loss, _ = score_canaries(Rememberer(seen, easy=easy), examples, canaries)
    score = beside_other_models(loss, others, examples, canaries)
    outside = ~np.all(tosses, axis=0)
    assert score.values[outside] == pytest.approx(3.0 * included[outside], abs=1e-4)
    assert np.isfinite(score.values[~outside]).all()
    assert not outside.all()
    plain, beside = decide([loss, score], included, claimed=None, delta=0.0).readings
    assert plain.found.correct < beside.found.correct


def test_a_loss_with_noise_is_averaged_and_one_without_is_asked_once():
    examples, split = planted("images")
    canaries, _ = coin_canaries(split)
    plain, noisy = Rememberer([]), Rememberer([], noise=1.0)
    score_canaries(plain, examples, canaries)
    score_canaries(noisy, examples, canaries)
    assert noisy.asked > 3 * (plain.asked - 256)


def test_a_checkpoint_without_coins_says_how_to_train_one():
    examples, canaries = plant(planted("texts")[0].take(range(40)), Canaries(repeats=(1, 2), per_level=2), seed=3)
    split = assign(examples, seed=4, canaries=canaries)
    with pytest.raises(UsageError, match=r"0 coin canaries.*coins = 200.*\[train\.canaries\]"):
        coin_canaries(split)
    with pytest.raises(UsageError, match=r"no records\.parquet.*coins = 200"):
        coin_canaries(None)
