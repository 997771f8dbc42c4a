"""Tiny random language models with a tokenizer trained here: the real classes, no weights from anywhere."""

from __future__ import annotations

import pytest

CORPUS = [
    "The nurse said that the doctor was late, and the doctor said that the nurse was early.",
    "Q: What is the capital of France?\nA: Paris is the capital of France.\n\n",
    "Q: How many legs has a spider?\nA: Eight.",
    "He could not find the key; she could not find the door. They laughed, and then they went home.",
    "   some   text with    spaces,\ttabs and 12345 numbers 67890 \n\n\n lines",
    "Überraschung! Größe, naïve café, 日本語 and 🙂 too.",
]
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
SIZES = {
    "vocab_size": 420,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
KINDS = {
    "gemma": {**SIZES, "num_key_value_heads": 2, "head_dim": 8},
    "gpt2": {"vocab_size": 420, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},
    "gpt_neox": SIZES,
    "llama": {**SIZES, "num_key_value_heads": 2},
    "mistral": {**SIZES, "num_key_value_heads": 2, "sliding_window": None},
    "olmo": {**SIZES, "num_key_value_heads": 2},
    "olmo2": {**SIZES, "num_key_value_heads": 2},
    "opt": {**SIZES, "ffn_dim": 48, "word_embed_proj_dim": 32},
    "phi": {**SIZES, "num_key_value_heads": 2},
    "qwen2": {**SIZES, "num_key_value_heads": 2},
    "qwen3": {**SIZES, "num_key_value_heads": 2, "head_dim": 8},
    "stablelm": {**SIZES, "num_key_value_heads": 2},
}
"""A tiny configuration of every architecture that is scored by trees."""


@pytest.fixture(scope="session")
def tiny_tokenizer():
    """Return a function that trains a byte-level tokenizer; ``adds_bos``: it begins every text with its own token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    def make(*, adds_bos=False, template=TEMPLATE):
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        special = ["<|bos|>", "<|end|>", "<|pad|>"]
        trainer = trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=special,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(CORPUS, trainer)
        tokenizer.post_processor = (
            processors.TemplateProcessing(single="<|bos|> $A", special_tokens=[("<|bos|>", 0)])
            if adds_bos
            else processors.ByteLevel(trim_offsets=False)
        )
        fast = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, bos_token="<|bos|>", eos_token="<|end|>", pad_token="<|pad|>"
        )
        fast.chat_template = template
        return fast

    return make


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory, tiny_tokenizer):
    """Return a function that makes the folder of a tiny random model of some architecture, once for each."""
    made = {}

    def make(kind="llama", *, adds_bos=False, template=TEMPLATE, **settings):
        key = (kind, adds_bos, template, tuple(sorted(settings.items())))
        if key not in made:
            import torch
            from transformers import AutoConfig, AutoModelForCausalLM

            torch.manual_seed(7)
            ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
            # Large weights: with the usual ones every token is about as likely as any other, and no fault would show.
            drawn = {"initializer_range": 0.4, "init_std": 0.4}
            config = AutoConfig.for_model(kind, **{**KINDS.get(kind, SIZES), **drawn, **ids, **settings})
            folder = tmp_path_factory.mktemp(kind)
            AutoModelForCausalLM.from_config(config).save_pretrained(folder)
            tiny_tokenizer(adds_bos=adds_bos, template=template).save_pretrained(folder)
            made[key] = folder
        return made[key]

    return make


@pytest.fixture
def tiny(tiny_model):
    """Return a function that opens a backend on a tiny model and closes it after the test."""
    import torch

    from harness.backends.huggingface import HuggingFace

    opened, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)  # matrices this small gain nothing from a second one, and wait for it on a busy machine

    def open_one(kind="llama", *, backend=None, **model):
        settings = {"device": "cpu", **(backend or {})}
        opened.append(HuggingFace(str(tiny_model(kind, **model)), **settings))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
    torch.set_num_threads(threads)


SMALL = {
    "vae": {"width": 4, "hidden": 8, "latent": 2, "samples": 2},
    "gan": {"width": 4, "latent": 2},
}
"""Settings of generators that are trained in a blink."""


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Return a function that trains a small checkpoint with canaries, once for each: its folder.

    Arguments are changes of the recipe; checkpoints that differ in ``toss`` alone are each other's references.
    """
    pytest.importorskip("torch")
    from harness.training.job import run
    from harness.training.recipe import Recipe
    from harness.training.watch import Silent

    made = {}

    def make(kind="vae", **changes):
        key = (kind, *sorted(changes.items()))
        if key not in made:
            plain = {"kind": kind, "data": "synthetic:n=40,seed=2", "model": SMALL[kind]}
            plain |= {"steps": 4, "batch": 8, "learning_rate": 0.003}
            plain |= {"canaries": {"repeats": [1, 3], "per_level": 1, "coins": 2}}
            recipe = Recipe.model_validate(plain | changes)
            folder = tmp_path_factory.mktemp(kind) / "out"
            made[key] = run(recipe, folder, watch=Silent(), device="cpu", stop=lambda: False).folder
        return made[key]

    return make
