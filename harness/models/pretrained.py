"""A folder in Hugging Face's format → network and tokenizer, and back. Safetensors only, no code from the folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from harness.errors import ModelError

__all__ = ["open_causal", "save_causal"]


def open_causal(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Open a causal language model, in float32, on the CPU, in evaluation mode.

    Raises:
        ModelError: transformers cannot open it, its weights are pickled or incomplete, or its tokenizer is too plain.
    """
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder}: no config.json, so this is not a transformers model folder.")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            f"{folder}: no safetensors; pickled weights are not read, because opening a pickle can run any code in it."
            " Get a revision with safetensors, or convert where you trust the source."
        )
    try:
        with _quiet():
            network, absent = _network(folder)
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise ModelError(f"{folder}: transformers cannot open this model: {reason}. Get it again.") from error
    if absent:  # transformers fills what is missing with random numbers and goes on
        raise ModelError(
            f"{folder}: {len(absent)} tensors are missing or of another shape, such as {absent[0]!r}. Get it again."
        )
    if not tokenizer.is_fast:
        raise ModelError(f"{folder}: the tokenizer gives no character offsets. Save it as tokenizer.json.")
    return network.eval(), tokenizer


def save_causal(
    folder: Path,
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    weights: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a model so that transformers opens it: config, safetensors, tokenizer, generation settings.

    Args:
        folder: Made where it is not there.
        network: What to write.
        tokenizer: That belongs to it.
        weights: Instead of the network's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _quiet():
        network.save_pretrained(folder, state_dict=None if weights is None else dict(weights), max_shard_size="100GB")
        tokenizer.save_pretrained(folder)


def _network(folder: Path) -> tuple[PreTrainedModel, list[str]]:
    network, info = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
    )
    found: Any = info
    return network, sorted(found["missing_keys"]) + sorted(str(key) for key in found["mismatched_keys"])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and notes off the terminal."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
