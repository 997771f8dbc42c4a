"""Where a model runs, in which numbers, on which scoring path: decided without importing torch if at all possible."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.errors import MissingExtraError, ModelError

__all__ = [
    "DTYPES",
    "TREE_TYPES",
    "free_memory",
    "library_versions",
    "resolve_device",
    "resolve_dtype",
    "resolve_scoring",
]

DTYPES = ("float32", "bfloat16", "float16")

TREE_TYPES = frozenset(
    {
        "gemma",
        "gpt2",
        "gpt_neox",
        "llama",
        "mistral",
        "olmo",
        "olmo2",
        "opt",
        "phi",
        "qwen2",
        "qwen3",
        "stablelm",
    }
)
"""Architectures whose attention takes any mask and any positions, and whose logits are the head times the last
hidden state and nothing more. The tests compare both paths on a small random model of each."""

LIBRARIES = ("torch", "transformers", "tokenizers")


def free_memory() -> None:
    """Give back what models held that nothing refers to any more, on GPUs too."""
    gc.collect()  # modules refer to each other in circles
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def library_versions() -> dict[str, str]:
    """Versions of the libraries that compute a reply; another version may change its last bits.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            raise MissingExtraError(
                "A Hugging Face model", name, "hf", "recorded outputs are judged by the `replay` backend."
            ) from None
    return found


def resolve_device(setting: str) -> str:
    """Turn ``auto`` into ``cuda`` or ``cpu``; anything else is what the user wants.

    Raises:
        ModelError: a CUDA device is asked for and there is none.
    """
    if setting == "auto":
        return "cuda" if _cuda_present() else "cpu"
    if setting.startswith("cuda") and not _cuda_present():
        raise ModelError(f'device {setting!r}: no CUDA device is usable here. Set device = "auto" or "cpu".')
    return setting


def _cuda_present() -> bool:
    if version("torch").endswith("+cpu"):
        return False
    if sys.platform == "linux" and not any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/dxg")):
        return False
    import torch  # only a machine with a driver pays for this: the driver may still be unusable

    return bool(torch.cuda.is_available())


def resolve_dtype(setting: str, device: str, stored: str) -> str:
    """Turn ``auto`` into a number type: float32 on a CPU, the checkpoint's own elsewhere.

    A CPU without half-precision units computes bfloat16 about three times slower than float32.
    """
    if setting != "auto":
        return setting
    return "float32" if device == "cpu" or stored not in DTYPES else stored


def resolve_scoring(setting: str, config: Mapping[str, Any]) -> str:
    """Turn ``auto`` into ``tree`` or ``plain`` by the model's configuration."""
    if setting != "auto":
        return setting
    return "tree" if config.get("model_type") in TREE_TYPES and _attends_to_everything(config) else "plain"


def _attends_to_everything(config: Mapping[str, Any]) -> bool:
    """Whether each token sees all before it, at positions that do not depend on the length of the batch."""
    windowed = config.get("sliding_window") is not None and config.get("use_sliding_window", True)
    # Where its configuration is silent, this architecture means a window of 4096 tokens.
    windowed |= config.get("model_type") == "mistral" and "sliding_window" not in config
    partial = any(kind != "full_attention" for kind in config.get("layer_types") or ())
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    stretched = rope.get("rope_type", rope.get("type")) in {"dynamic", "longrope"}
    return not (windowed or partial or stretched)
