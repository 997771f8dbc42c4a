"""Detoxify's own class around converted weights: its network, its tokenizer, its `predict`, and nothing downloaded.

Opened by itself, detoxify 0.5.4 unpickles without restriction, asks the Hub for a configuration even where a local one
is named, takes the number of outputs from that file, and cuts texts nowhere where the tokenizer's own limit is not
stored: a long text then ends in an error. Here it is handed what it would have loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.canonical import loads
from harness.errors import MissingExtraError, ModelError
from harness.instruments.detoxify_checkpoint import WEIGHTS, Architecture, Checkpoint
from harness.instruments.sentence_model import encodable

__all__ = ["MOST_CHARACTERS", "open_detoxify", "scores"]

MOST_CHARACTERS = 50_000
"""Of one text that are looked at: many times what the longest model reads."""
SPARE = ("position_ids", "token_type_ids")
"""Ends of names of tensors that older releases of transformers saved and newer ones make themselves."""


def open_detoxify(checkpoint: Checkpoint, folder: Path, config: Path) -> Any:
    """Return a ``detoxify.Detoxify`` that has the weights in ``folder``, on the GPU where there is one.

    Args:
        checkpoint: What the weights are; their digests have been checked.
        folder: Where they lie.
        config: Folder of the base model's config.json and tokenizer.

    Raises:
        MissingExtraError: detoxify is not installed.
        ModelError: configuration, tokenizer and weights do not fit each other.
    """
    try:
        from detoxify import Detoxify
        from detoxify.detoxify import get_model_and_tokenizer
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "toxicity.detoxify",
            str(error.name),
            "toxicity",
            "`toxicity.lexical`, another instrument, needs no weights.",
        ) from error
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    architecture = checkpoint.architecture
    try:
        tensors = load_file(folder / WEIGHTS)
        _check_kind(config, architecture)
        with _quiet():
            # Given as the model's name, the folder serves configuration and tokenizer, with as many outputs as told.
            model, tokenizer = get_model_and_tokenizer(
                str(config), architecture.network, architecture.tokenizer, architecture.outputs, tensors
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError, SafetensorError) as e:
        told = (str(e).strip().splitlines() or [type(e).__name__])[0][:300]
        raise ModelError(
            f"{config} and {folder} do not make a model: {told}. `config` names the folder of"
            f" {architecture.base!r}'s config.json and tokenizer."
        ) from e
    _check_weights(model, tensors, folder)
    tokenizer.model_max_length = min(tokenizer.model_max_length, _positions(model.config))
    opened = Detoxify.__new__(Detoxify)  # its constructor would unpickle
    opened.device = "cuda" if torch.cuda.is_available() else "cpu"
    opened.model, opened.tokenizer, opened.class_names = model.to(opened.device), tokenizer, list(checkpoint.labels)
    return opened


def scores(detoxify: Any, texts: Sequence[str], *, most_tokens: int) -> dict[str, dict[str, float]]:
    """Return for each distinct text Detoxify's scores by label, and ``truncated``: 1 where its end was not read.

    What is read together does not depend on the order of ``texts``: they go by length, then by themselves.

    Args:
        detoxify: From `open_detoxify`.
        texts: Any; half surrogate pairs are read as question marks.
        most_tokens: Of one batch, padding included; a text longer than that is a batch alone.

    Raises:
        ModelError: a score is not a number, as where weights are damaged.
    """
    read = {text: encodable(text[:MOST_CHARACTERS]) for text in dict.fromkeys(texts)}
    limit = detoxify.tokenizer.model_max_length
    ids = detoxify.tokenizer(list(read.values()), truncation=False, verbose=False)["input_ids"] if read else []
    lengths = {text: len(its) for text, its in zip(read, ids, strict=True)}
    found: dict[str, dict[str, float]] = {}
    order = sorted(read, key=lambda text: (min(lengths[text], limit), text))
    for batch in _batches(order, {text: min(length, limit) for text, length in lengths.items()}, most_tokens):
        columns = {label: _listed(values) for label, values in _predicted(detoxify, batch, read).items()}
        for at, text in enumerate(batch):
            cut = lengths[text] > limit or len(text) > MOST_CHARACTERS
            found[text] = {label: round(values[at], 6) for label, values in columns.items()} | {"truncated": float(cut)}
    return found


def _predicted(detoxify: Any, batch: Sequence[str], read: Mapping[str, str]) -> Mapping[str, Any]:
    predicted: Mapping[str, Any] = detoxify.predict([read[text] for text in batch])
    if any(value != value for values in predicted.values() for value in _listed(values)):  # noqa: PLR0124  NaN alone
        raise ModelError("Detoxify gave a score that is not a number: its weights are damaged. Convert them again.")
    return predicted


def _listed(values: Any) -> list[float]:
    """Return the scores of a batch as a list: of a single text Detoxify gives the bare number."""
    return values if isinstance(values, list) else [values]


def _batches(order: Sequence[str], lengths: Mapping[str, int], most_tokens: int) -> Iterator[list[str]]:
    """Cut ``order``, which is by length, into batches of at most ``most_tokens`` with their padding."""
    batch: list[str] = []
    for text in order:
        if batch and (len(batch) + 1) * lengths[text] > most_tokens:
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch


def _check_kind(config: Path, architecture: Architecture) -> None:
    """Hold config.json to the kind of network; transformers would only warn and go on with the wrong sizes."""
    import transformers

    network = getattr(transformers, architecture.network)
    told = loads((config / "config.json").read_bytes()).get("model_type")
    if told != network.config_class.model_type:
        raise ValueError(f"config.json is of a {told!r} model, and {architecture.network} needs another")


def _check_weights(model: Any, tensors: Mapping[str, Any], folder: Path) -> None:
    """Hold each tensor of the network to the file's; transformers fills in what is missing, and only says so."""
    import torch

    own = model.state_dict()
    absent = sorted(name for name in own if name not in tensors or not torch.equal(own[name], tensors[name]))
    # An older release gave this family a pooler that its classifier never used.
    extra = sorted(name for name in tensors if name not in own and not name.endswith(SPARE) and ".pooler." not in name)
    if absent or extra:
        raise ModelError(
            f"{folder}: {len(absent)} tensors of the network are not in the weights as they are, and {len(extra)} of"
            f" the weights are not in the network, such as {[*absent, *extra][0]!r}. `config` names the wrong model,"
            " or one of another size."
        )


def _positions(config: Any) -> int:
    """Return how many tokens the network can place; models of RoBERTa's family count from behind the padding token."""
    offset = config.pad_token_id + 1 if "roberta" in config.model_type else 0
    return int(config.max_position_embeddings - offset)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and notes off the terminal."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
