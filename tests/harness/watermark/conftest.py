"""A tiny model with random weights, and what it writes with and without a mark."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

VOCABULARY = 600


@pytest.fixture(scope="session")
def tiny_model():
    """A GPT-2 of one layer with an entropy of some 5 nats: room for a mark, and a bend for repeating itself."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    size = {"vocab_size": VOCABULARY, "n_positions": 256, "n_embd": 32, "n_layer": 1, "n_head": 2}
    return GPT2LMHeadModel(GPT2Config(**size, bos_token_id=1, eos_token_id=None, initializer_range=0.3)).eval()


@pytest.fixture(scope="session")
def write(tiny_model):
    """A function from settings of ``generate`` to texts ``[rows, tokens]``, without their prompts of four tokens."""
    import torch

    def texts(rows, tokens=60, seed=0, **settings):
        torch.manual_seed(seed)
        prompts = torch.randint(2, VOCABULARY, (rows, 4))
        with torch.inference_mode():
            found = tiny_model.generate(
                prompts, do_sample=True, top_k=0, max_new_tokens=tokens, pad_token_id=0, **settings
            )
        return found[:, 4:].numpy()

    return texts


@pytest.fixture(scope="session")
def is_super_uniform():
    """A function that checks that p-values are not smaller than uniform ones, beyond chance."""

    def check(ps):
        return stats.kstest(np.asarray(ps), "uniform", alternative="greater").pvalue > 0.01

    return check


@pytest.fixture(scope="session")
def zipf():
    """A function that draws a text in which few tokens make up most of it, as people's texts do."""

    def text(seed, tokens, vocabulary=5000):
        random = np.random.default_rng(seed)
        chances = 1 / np.arange(1, vocabulary + 1)
        return random.choice(vocabulary, size=tokens, p=chances / chances.sum())

    return text
