"""The recipes of the language model: they build and train on any text; the small one learns English and canaries."""

from __future__ import annotations

import math
import os
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.canonical import digest_bytes
from harness.data.canaries import reference_fills
from harness.data.examples import Examples
from harness.models.kinds import build
from harness.models.language import Language
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.recipe_files import complete, shipped
from harness.training.split import Role
from harness.training.watch import Silent

REFERENCES = 255  # exposure by rank then ends at 8 bits


def train(recipe, out):
    return run(recipe, out, watch=Silent(), device="cpu", stop=lambda: False)


@pytest.mark.parametrize("privacy", [None, {"epsilon": 8}], ids=["plain", "private"])
def test_adapters_train_by_recipe_and_open_as_a_plain_model(tmp_path, privacy):
    letters, public = tmp_path / "letters.txt", tmp_path / "public.txt"
    letters.write_text("\n\n".join(f"Dear {name},\nthe ship has sailed." for name in "ABCDEFGHIJKLMNOP"))
    public.write_text("\n\n".join(f"To {name}:\nthe ship is here." for name in "ABCDEFGHIJKLMNOP"))
    base = {"data": str(letters), "steps": 2, "batch": 2, "canaries": None, "max_grad_norm": None}
    own = {"context": 64, "layers": 1, "width": 16, "heads": 2}
    # With privacy, the given model may not have seen the letters.
    first = train(complete("language", "smoke", {**base, "data": str(public), "model": own}), tmp_path / "base")
    adapted = {"kind": "language", "learning_rate": 0.01, "privacy": privacy, "betas": (0.9, 0.95)}
    settings = {"base": str(first.folder / "model"), "lora": 4, "context": 64}
    checkpoint = train(Recipe.model_validate({**base, **adapted, "model": settings}), tmp_path / "adapted")
    model, before = checkpoint.generator(), first.generator()
    assert model.settings["base"] == settings["base"]
    assert {*model.network.state_dict()} == {*before.network.state_dict()}
    assert (checkpoint.ledger() is None) == (privacy is None)
    assert model.token_logprobs(["Dear A"]) != before.token_logprobs(["Dear A"])


@pytest.mark.slow
def test_the_real_model_is_fine_tuned_with_privacy(real_model, tmp_path):
    notes = tmp_path / "notes.txt"
    names = ("Ada", "Bruno", "Clara", "Dario", "Edda", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Leon")
    notes.write_text("\n\n".join(f"{name} waits for the {place}." for name in names for place in ("ferry", "night")))
    recipe = Recipe.model_validate(
        {
            "kind": "language",
            "data": str(notes),
            "model": {"base": str(real_model), "lora": 4, "context": 32},
            "steps": 3,
            "batch": 4,
            "learning_rate": 1e-3,
            "privacy": {"noise_multiplier": 1.0, "delta": 1e-3},
        }
    )
    checkpoint = train(recipe, tmp_path / "out")
    claimed = checkpoint.stated_claim()
    assert claimed.holds
    assert [(event.player, event.steps) for event in claimed.mechanisms] == [("model", 3)]
    # Adapters alone were trained, a hundredth of the model or less, and what is kept is a plain model.
    generator = checkpoint.generator()
    whole = sum(parameter.numel() for parameter in generator.network.parameters())
    assert 0 < checkpoint.manifest.parameters < 0.02 * whole
    assert generator.token_logprobs(["Ada waits"])


def test_the_shipped_recipes_are_complete_and_their_models_have_the_size_they_say():
    passages = Examples("one", digest_bytes(b"one"), ("a",), ("a",), texts=("one",))
    sizes = {}
    for name in shipped("language"):
        recipe = complete("language", name, {})
        with torch.device("meta"):  # sizes without weights
            model = build("language", recipe.model, passages)
        sizes[name] = sum(weight.numel() for weight in model.networks["model"].parameters()) / 1e6
    assert sizes == {
        "smoke": pytest.approx(0.49, abs=0.01),
        "private": pytest.approx(0.13, abs=0.01),
        "gpu": pytest.approx(28.6, abs=0.5),
    }


def test_the_small_recipe_trains_on_any_text_file(tmp_path):
    letters = tmp_path / "letters.txt"
    letters.write_text(
        "\n\n".join(f"Dear {name},\nthe ship has sailed on day {day}." for day, name in enumerate("ABCDEFGH"))
    )
    changes = {"data": str(letters), "steps": 2, "batch": 2, "canaries": None, "model": {"layers": 1, "width": 16}}
    checkpoint = train(complete("language", "smoke", changes), tmp_path / "out")
    model = checkpoint.generator()
    assert isinstance(model, Language)
    assert model.settings["width"] == 16
    texts = checkpoint.examples().texts
    assert texts is not None
    assert any("Dear A" in text for text in texts)


# ── what the small recipe comes to ────────────────────────────────────────────────────────


class ByteChain:
    """The baseline: a byte given the two before it, orders interpolated by Witten and Bell (1991)."""

    def __init__(self, texts):
        self.counts = [Counter(), Counter(), Counter()]
        for text in texts:
            data = self.padded(text)
            for order, counts in enumerate(self.counts):
                counts.update(data[at - order : at + 1] for at in range(2, len(data)))
        self.after = [Counter(), Counter(), Counter()]
        self.kinds = [Counter(), Counter(), Counter()]
        for counts, after, kinds in zip(self.counts, self.after, self.kinds, strict=True):
            for gram, count in counts.items():
                after[gram[:-1]] += count
                kinds[gram[:-1]] += 1

    @staticmethod
    def padded(text):
        return b"\x00\x00" + text.encode() + b"\x00"

    def chance(self, gram, *, before=2):
        """Probability of the last byte of three, given so many of those before it."""
        chance = 1 / 256
        for order in range(before + 1):
            its = gram[2 - order :]
            total, kinds = self.after[order][its[:-1]], self.kinds[order][its[:-1]]
            if total:
                chance = (self.counts[order][its] + kinds * chance) / (total + kinds)
        return chance

    def bits_per_byte(self, texts, *, before=2):
        grams = [data[at - 2 : at + 1] for data in map(self.padded, texts) for at in range(2, len(data) - 1)]
        return -sum(math.log2(self.chance(gram, before=before)) for gram in grams) / len(grams)

    def write(self, generator):
        """A passage, byte by byte, until its end."""
        data = b"\x00\x00"
        while len(data) < 120:
            weights = [self.chance(data[-2:] + bytes([byte])) for byte in range(256)]
            byte = int(generator.choice(256, p=np.array(weights) / sum(weights)))
            if not byte:
                break
            data += bytes([byte])
        return data[2:].decode(errors="replace")


def words(text):
    return [word for word in (each.strip(".,;:!?'\"-").lower() for each in text.split()) if word]


def share_known(texts, vocabulary, *, letters):
    said = [word for text in texts for word in words(text) if len(word) >= letters]
    assert len(said) > 200
    return sum(word in vocabulary for word in said) / len(said)


def sample(folder, count):
    """Passages written by plain transformers, without any of our code."""
    network, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    start = torch.full((count, 1), tokenizer.bos_token_id)
    torch.manual_seed(5)
    found = network.generate(start, do_sample=True, top_k=0, max_new_tokens=126, pad_token_id=tokenizer.pad_token_id)
    return tokenizer.batch_decode(found, skip_special_tokens=True)


def exposure(model, canary):
    """Bits by rank of the fill among others (Carlini et al. 2019, arXiv:1802.08232)."""
    texts = [canary.text, *reference_fills(canary, REFERENCES, seed=1)]
    # The fill's tokens are bytes; the last one is the end token's.
    losses = [-sum(each.logprobs[-len(canary.fill) - 1 : -1]) for each in model.token_logprobs(texts)]
    return math.log2(len(losses)) - math.log2(sum(loss <= losses[0] for loss in losses))


@pytest.fixture(scope="module")
def shakespeare(tmp_path_factory):
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    return train(complete("language", "smoke", {}), tmp_path_factory.mktemp("lm") / "out")


@pytest.mark.slow
@pytest.mark.benchmarks
def test_the_small_recipe_learns_english_and_what_it_was_shown_sixteen_times(shakespeare):
    model, split, examples = shakespeare.generator(), shakespeare.split(), shakespeare.examples()
    planted = {canary.record for canary in split.canaries}
    members, others = (
        [examples.texts[row] for row in split.rows(role) if examples.ids[row] not in planted]
        for role in (Role.MEMBER, Role.NONMEMBER)
    )
    chain, held_out = ByteChain(members), others[::8]

    nats = -math.fsum(math.fsum(each.logprobs[:-1]) for each in model.token_logprobs(held_out))
    bits = nats / math.log(2) / sum(len(text.encode()) for text in held_out)
    single, pairs, triples = (chain.bits_per_byte(held_out, before=before) for before in range(3))
    assert bits < triples - 0.2
    assert bits < pairs - 0.5 / math.log(2) < pairs < single

    vocabulary = {word for text in members for word in words(text)}
    generator = np.random.default_rng(5)
    # Words of one or two letters come about by chance: longer ones tell more.
    by_chain = share_known([chain.write(generator) for _ in range(60)], vocabulary, letters=3)
    by_model = share_known(sample(shakespeare.folder / "model", 60), vocabulary, letters=3)
    assert by_model > 1.5 * by_chain > 0

    levels = {times: [] for times in (1, 4, 16, 64)}
    for canary in split.canaries:
        levels[canary.repeats].append(exposure(model, canary))
    means = [np.mean(found) for found in levels.values()]
    assert all(lower <= higher for lower, higher in pairwise(means))
    assert min(levels[16] + levels[64]) > 6  # 1 of 64 by chance
    assert means[0] < 6
