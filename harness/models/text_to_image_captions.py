"""Captions as tokens: one for each byte, in the format of CLIP's tokenizer, fixed before any caption is seen.

A vocabulary learned from captions would tell of them, and void a claim of privacy. Stable Diffusion's own reads any
text too; it only has longer pieces. As with every tokenizer of CLIP, case and the width of gaps make no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import pre_tokenizers
from torch import Tensor, tensor
from transformers import CLIPTokenizer

from harness.data.examples import Examples
from harness.errors import DataError, ModelError, UsageError

__all__ = ["END", "START", "Captions", "asked_prompts", "captions_of", "class_prompts"]

WORD_END = "</w>"
"""What CLIP marks the last token of a word with."""

START, END = 512, 513
"""Tokens around a caption, after those of the 256 bytes within a word and at its end; END also fills up."""


class Captions:
    """Captions to tokens of one length.

    Args:
        tokenizer: Whose ``model_max_length`` is that length.
    """

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        self.tokenizer = tokenizer

    @classmethod
    def of_bytes(cls, length: int) -> Captions:
        """The tokenizer that is fixed in advance, for captions of so many tokens, start and end included."""
        letters = sorted(pre_tokenizers.ByteLevel.alphabet())
        vocabulary = {letter: number for number, letter in enumerate(letters)}
        vocabulary |= {letter + WORD_END: number for letter, number in zip(letters, range(256, START), strict=True)}
        vocabulary |= {"<|startoftext|>": START, "<|endoftext|>": END}
        return cls(CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=length))

    @classmethod
    def open(cls, folder: Path) -> Captions:
        """Read a tokenizer that was saved.

        Raises:
            ModelError: it is missing or malformed.
        """
        again = "The file is damaged or missing: get the model again, or train it again."
        if not (folder / "tokenizer.json").is_file():
            raise ModelError(f"{folder / 'tokenizer.json'}: there is no such file. {again}")
        try:
            tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{folder}: not a tokenizer: {error}. {again}") from error
        if tokenizer.convert_tokens_to_ids("<|endoftext|>") != END or len(tokenizer) != END + 1:
            raise ModelError(f"{folder}: not the tokenizer of single bytes that such a model has. {again}")
        return cls(tokenizer)

    def save(self, folder: Path) -> None:
        """Write the tokenizer, for every release of transformers."""
        self.tokenizer.save_pretrained(folder)
        # Releases before 5 read a tokenizer of CLIP from its vocabulary and merges.
        self.tokenizer.backend_tokenizer.model.save(str(folder))

    @property
    def length(self) -> int:
        """Tokens of every caption, start, end and filling included."""
        return int(self.tokenizer.model_max_length)

    def rows(self, captions: Sequence[str]) -> Tensor:
        """Captions that fit, as tokens int64 ``[n, length]``."""
        numbers = [[*its, *[END] * (self.length - len(its))] for its in self._numbers(captions)]
        return tensor(numbers).reshape(len(captions), self.length)

    def problem(self, caption: str) -> str:
        """Why a caption cannot be read, or an empty string."""
        if any("\ud800" <= character <= "\udfff" for character in caption):
            return "holds half of a surrogate pair, which has no UTF-8 form"
        (numbers,) = self._numbers([caption])
        if len(numbers) > self.length:
            return f"has {len(numbers)} tokens with start and end, of which this model reads {self.length}"
        return ""

    def first_problem(self, captions: Sequence[str]) -> tuple[int, str] | None:
        """Place and problem of the first caption that cannot be read; None where all can."""
        found: dict[str, str] = {}
        for place, caption in enumerate(captions):
            # Most captions of a data set are one of a few.
            if caption not in found:
                found[caption] = self.problem(caption)
            if found[caption]:
                return place, found[caption]
        return None

    def _numbers(self, captions: Sequence[str]) -> Iterator[list[int]]:
        # The tokenizer beneath, since the one above warns of captions that are refused here anyway.
        return (each.ids for each in self.tokenizer.backend_tokenizer.encode_batch(list(captions)))


def captions_of(examples: Examples, template: str) -> Sequence[str]:
    """The captions of records; where they have none, ``template`` filled with the names of their classes.

    Raises:
        DataError: they have neither captions nor classes.
    """
    if examples.texts is not None:
        return examples.texts
    if examples.labels is None or not examples.classes:
        raise DataError(
            f"{examples.name} has neither captions nor classes to make captions of. Give captions, or sort the images"
            " into one folder for each class."
        )
    return [template.format(examples.classes[label]) for label in examples.labels.tolist()]


def class_prompts(examples: Examples, template: str) -> tuple[str, ...]:
    """What to say for each class: the caption that all its records have, or else its name; empty without classes.

    A caption that a whole class shares is as public as the name of the class; one that a single record has is not.

    Raises:
        DataError: the records have neither captions nor classes.
    """
    captions = captions_of(examples, template)
    if examples.labels is None:
        return ()
    said: dict[int, list[str]] = {}
    for label, caption in zip(examples.labels.tolist(), captions, strict=True):
        said.setdefault(label, []).append(caption)
    least = 1 if examples.texts is None else 2
    shared = {label: its[0] for label, its in said.items() if len(set(its)) == 1 and len(its) >= least}
    return tuple(shared.get(label, name) for label, name in enumerate(examples.classes))


def asked_prompts(captions: Captions, prompts: Sequence[str] | None, n: int) -> Tensor:
    """Prompts that were asked for, as tokens ``[n, length]``.

    Raises:
        UsageError: there is not one for each image, or one cannot be read.
    """
    if prompts is None or len(prompts) != n:
        given = "none were given" if prompts is None else f"{len(prompts)} were given for {n} images"
        raise UsageError(f"This model draws from prompts and needs one for each image; {given}.")
    problem = captions.first_problem(prompts)
    if problem is not None:
        raise UsageError(f"Prompt {problem[0]} {problem[1]}. Shorten or repair it.")
    return captions.rows(prompts)
