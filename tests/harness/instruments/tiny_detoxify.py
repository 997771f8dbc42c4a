"""Checkpoints in Detoxify's own format, of the four families it publishes, small and with random weights."""

from __future__ import annotations

import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    AlbertConfig,
    AlbertForSequenceClassification,
    AlbertTokenizer,
    BertConfig,
    BertForSequenceClassification,
    BertTokenizer,
    RobertaConfig,
    RobertaForSequenceClassification,
    RobertaTokenizer,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
    XLMRobertaTokenizer,
)

WORDS = ["the", "boat", "is", "red", "blue", "you", "are", "a", "fool", "not", "all", "night"]
FIRST = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
SECOND = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit"]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
LIMIT = 32
"""Tokens that each of them reads."""


def bert():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    return BertTokenizer(vocab={word: at for at, word in enumerate(words)}), BertConfig, BertForSequenceClassification


def roberta():
    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(ByteLevel.alphabet())]
    vocabulary = {word: at for at, word in enumerate(words)}
    return RobertaTokenizer(vocab=vocabulary, merges=[]), RobertaConfig, RobertaForSequenceClassification


def xlm_roberta():
    words = ["<s>", "<pad>", "</s>", "<unk>", "▁", *(f"▁{word}" for word in WORDS), "<mask>"]
    tokenizer = XLMRobertaTokenizer(vocab=[(word, -1.0) for word in words])
    return tokenizer, XLMRobertaConfig, XLMRobertaForSequenceClassification


def albert():
    words = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁", *(f"▁{word}" for word in WORDS)]
    return AlbertTokenizer(vocab=[(word, -1.0) for word in words]), AlbertConfig, AlbertForSequenceClassification


FAMILIES = {
    "bert-base-uncased": (bert, FIRST, 6),
    "albert-base-v2": (albert, FIRST, 6),
    "roberta-base": (roberta, SECOND, 16),
    "xlm-roberta-base": (xlm_roberta, SECOND, 16),
}
"""Base model → how it is made, labels and outputs, as in the published checkpoints."""


def make(folder, base="bert-base-uncased", **changes):
    """Write ``folder/base`` (configuration and tokenizer) and ``folder/base.ckpt``; return both paths.

    ``changes`` replace parts of the checkpoint: config, state_dict, classes, network.
    """
    parts, labels, outputs = FAMILIES[base]
    tokenizer, config_class, network_class = parts()
    offset = 2 if "roberta" in base else 0
    extra = {"embedding_size": 16} if base.startswith("albert") else {}
    torch.manual_seed(7)
    config = config_class(
        vocab_size=len(tokenizer), max_position_embeddings=LIMIT + offset, initializer_range=0.6, **SIZES, **extra
    )
    (folder / base).mkdir(exist_ok=True)
    config.save_pretrained(folder / base)
    tokenizer.save_pretrained(folder / base)
    network = network_class(config_class.from_pretrained(folder / base, num_labels=outputs))
    weights = dict(network.state_dict())
    # As checkpoints of the time have it; newer releases of transformers make this by themselves.
    prefix = next(iter(weights)).partition(".")[0]
    weights[f"{prefix}.embeddings.position_ids"] = torch.arange(LIMIT + offset)[None]
    arguments = {
        "num_classes": outputs,
        "model_type": base,
        "model_name": changes.get("network", network_class.__name__),
        "tokenizer_name": type(tokenizer).__name__,
    }
    written = {
        "config": {
            "name": "tiny",
            "arch": {"type": base, "args": arguments},
            "dataset": {"args": {"classes": changes.get("classes", labels)}},
            "optimizer": {"type": "Adam", "args": {"lr": 3e-5, "amsgrad": True}},
        },
        "state_dict": weights,
        **{name: value for name, value in changes.items() if name in {"config", "state_dict"}},
    }
    torch.save(written, folder / f"{base}.ckpt")
    return folder / f"{base}.ckpt", folder / base
