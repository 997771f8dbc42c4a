"""A model folder → a model and a tokenizer in memory. Safetensors only, no code from the folder, no network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.backends.causal.files import ModelFiles
from harness.backends.causal.tokens import Tokens
from harness.errors import ModelError

if TYPE_CHECKING:
    import torch

__all__ = ["Loaded", "load"]

BEYOND = 10**9


@dataclass(frozen=True, slots=True)
class Loaded:
    """What answers.

    Attributes:
        model: A transformers causal language model in evaluation mode.
        tokens: Its tokenizer and limits.
        device: Where its weights are.
        ends: Token ids that end a generated text.
        padding: Token id that fills a batch; never seen by the model.
    """

    model: Any
    tokens: Tokens
    device: torch.device
    ends: tuple[int, ...]
    padding: int


def load(files: ModelFiles, *, device: str, dtype: str, tree: bool) -> Loaded:
    """Load the folder.

    Args:
        files: The folder.
        device: As torch names it.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        tree: Whether attention must accept any mask (torch's scaled dot product then computes it).

    Raises:
        ModelError: transformers cannot open it, tensors are missing, or the device cannot hold it.
    """
    import torch
    from safetensors import SafetensorError

    try:
        with _quiet():
            model, tokenizer = _open(files, getattr(torch, dtype), tree=tree)
        model = model.to(device).eval()
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f'{files.folder}: {device} has too little memory for the weights. Set device = "cpu".'
        ) from error
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ImportError,
        RuntimeError,
        SafetensorError,
    ) as error:
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        hint = 'Set scoring = "plain" under [model]' if tree and "scaled_dot_product" in reason[0] else "Get it again"
        raise ModelError(
            f"{files.folder}: transformers cannot open this model: {reason[0][:300]}. {hint}, update transformers, or"
            " name another; models that bring code of their own are not run."
        ) from error
    return _loaded(model, tokenizer)


def _open(files: ModelFiles, dtype: torch.dtype, *, tree: bool) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, info = AutoModelForCausalLM.from_pretrained(
        files.folder,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
        **({"attn_implementation": "sdpa"} if tree else {}),
    )
    # transformers fills what is missing with random numbers and goes on.
    absent = sorted(info["missing_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
    if absent:
        raise ModelError(
            f"{files.folder}: {len(absent)} tensors are missing or of another shape, such as {absent[0]!r}."
        )
    tokenizer = AutoTokenizer.from_pretrained(files.folder, trust_remote_code=False, local_files_only=True)
    return model, tokenizer


def _loaded(model: Any, tokenizer: Any) -> Loaded:
    from transformers import GenerationConfig

    config = model.config.get_text_config()
    named = (getattr(config, name, None) for name in ("n_positions", "max_position_embeddings", "n_ctx"))
    # A tokenizer that knows no limit says so with a number beyond any.
    known = tokenizer.model_max_length if tokenizer.model_max_length < BEYOND else None
    limit = next((int(value) for value in named if value is not None), known)
    tokens = Tokens(tokenizer, limit=limit, vocabulary=model.get_input_embeddings().weight.shape[0])
    ends = _ends(model.generation_config.eos_token_id, config.eos_token_id, tokenizer.eos_token_id)
    # A checkpoint may ship sampling settings of its own; an ask says how it is to be decoded, and nothing else does.
    model.generation_config = GenerationConfig()
    fillers = [tokenizer.pad_token_id, *ends, 0]
    return Loaded(model, tokens, model.device, ends, next(token for token in fillers if token is not None))


def _ends(*named: int | list[int] | None) -> tuple[int, ...]:
    every = [one if isinstance(one, list) else [one] for one in named if one is not None]
    return tuple(dict.fromkeys(token for tokens in every for token in tokens))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and notes off the terminal while a model loads."""
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
