"""Text ↔ token ids: a byte-level tokenizer that is fixed in advance, and one whose merges are learned.

Both give at most one token for each byte of text, read any text and give it back unchanged, and begin a text with
their start token where special tokens are asked for. Text that looks like a special token is read as plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

__all__ = ["SPECIAL", "Passage", "byte_tokenizer", "encode", "ends", "learned_tokenizer"]

SPECIAL = ("<|begin|>", "<|end|>", "<|pad|>")
"""Start, end and padding; their ids follow those of the bytes or come before those of the merges."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text in tokens.

    Attributes:
        tokens: Start token, the text's own tokens, end token.
        starts: For each token after the first, the offset in the text of its first character; the end token's is the
            length of the text.
    """

    tokens: tuple[int, ...]
    starts: tuple[int, ...]


def byte_tokenizer(context: int) -> PreTrainedTokenizerFast:
    """A tokenizer with one token for each byte, whose id is the byte; nothing in it is fitted to data.

    Args:
        context: Most tokens its model reads, written into its configuration.
    """
    tokenizer = Tokenizer(models.BPE(vocab={letter: byte for byte, letter in enumerate(_letters())}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.add_special_tokens(list(SPECIAL))
    return _finished(tokenizer, context)


def learned_tokenizer(texts: Iterable[str], *, vocabulary: int, context: int) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer whose merges are learned from ``texts``; equal texts give an equal tokenizer.

    Which merges it has says something of the texts: under differential privacy they count as touched.

    Args:
        texts: What to learn from.
        vocabulary: Most tokens, bytes and special tokens included; fewer where the texts hold too few pairs.
        context: Most tokens its model reads, written into its configuration.

    Source:
        Sennrich et al. (2015), arXiv:1508.07909, on bytes.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(SPECIAL), initial_alphabet=_letters(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _finished(tokenizer, context)


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[Passage]:
    """Every text in tokens, whole, with one start and one end token.

    Raises:
        UnicodeError: a text holds half of a surrogate pair, which has no bytes.
    """
    for text in texts:
        if not text.isascii():
            text.encode()  # the library would raise a bare TypeError
    if not texts:
        return []
    start, end = ends(tokenizer)
    found = tokenizer(
        list(texts),
        add_special_tokens=False,
        split_special_tokens=True,
        return_offsets_mapping=True,
        return_attention_mask=False,
        verbose=False,
    )
    return [
        Passage((start, *ids, end), (*(begin for begin, _ in spans), len(text)))
        for text, ids, spans in zip(texts, found["input_ids"], found["offset_mapping"], strict=True)
    ]


def ends(tokenizer: PreTrainedTokenizerBase) -> tuple[int, int]:
    """Ids of the start and the end token; where a tokenizer has no start token, its end token serves as both.

    Raises:
        ValueError: it has no end token.
    """
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    if end is None:
        raise ValueError("the tokenizer has no end-of-text token")
    return (end if start is None else int(start)), int(end)


def _finished(tokenizer: Tokenizer, context: int) -> PreTrainedTokenizerFast:
    start, end, padding = SPECIAL
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A", special_tokens=[(start, tokenizer.token_to_id(start))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=start,
        eos_token=end,
        pad_token=padding,
        model_max_length=context,
        split_special_tokens=True,
        clean_up_tokenization_spaces=False,
    )


def _letters() -> list[str]:
    """For each byte the letter that stands for it in the files of byte-level tokenizers, by convention of GPT-2.

    Printable Latin-1 characters stand for themselves; the other bytes, in order, for the letters from U+0100 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in printable]
    return [chr(byte if byte in printable else 0x100 + hidden.index(byte)) for byte in range(256)]
