"""From Detoxify's own checkpoint, which is a pickle, to safetensors: opened once, by the unpickler that runs nothing.

The published files hold ``{"config": …, "state_dict": …}``: tensors, texts, numbers, lists and tables. torch's
restricted unpickler knows these and no other; whatever names a function or class of anyone else's is refused before it
is called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from struct import error as StructError  # noqa: N812  an exception of the standard library in lower case
from typing import Any
from warnings import catch_warnings

from harness.canonical import Digest, digest_file
from harness.errors import MissingExtraError, ModelError
from harness.instruments.detoxify_checkpoint import Architecture, Checkpoint, write_checkpoint

__all__ = ["convert"]

OLDEST_TORCH = (2, 10)
"""In releases before it the restricted unpickler itself can be exploited (CVE-2026-24747)."""
RENAMED: Mapping[str, str] = {
    "toxic": "toxicity",
    "severe_toxic": "severe_toxicity",
    "identity_hate": "identity_attack",
}
"""A label of the first challenge → the name that Detoxify reports it under, the same in all checkpoints."""
ARGUMENTS = {"model_name": "network", "tokenizer_name": "tokenizer", "num_classes": "outputs", "model_type": "base"}
FOREIGN = re.compile(r"\bGLOBAL\s+([A-Za-z_][\w.]*)")
"""How torch names what it does not let a pickle call."""


def convert(source: Path, folder: Path) -> tuple[Checkpoint, Digest]:
    """Write the checkpoint in ``source`` to ``folder`` and return it with the digest that pins it.

    Raises:
        MissingExtraError: torch is not installed, or too old to open a stranger's pickle.
        ModelError: there is no such file, it holds more than data, or it is not a checkpoint of Detoxify.
        UsageError: there are weights in ``folder`` already.
    """
    if not source.is_file():
        raise ModelError(f"{source}: there is no such file. Name a checkpoint that Detoxify's page offers.")
    content = _opened(source)
    try:
        architecture, labels, tensors = _described(content)
        return write_checkpoint(folder, architecture, labels, digest_file(source), tensors)
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        lacks = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(
            f"{source} is not a checkpoint of Detoxify: {lacks}. Detoxify's own files, and those that its"
            " convert_weights.py writes, have a config with labels and architecture beside their weights."
        ) from error
    except OSError as error:
        raise ModelError(f"{folder} cannot be written: {error.strerror}. Name another folder.") from error


def _opened(source: Path) -> Any:
    """Open the pickle with the restricted unpickler."""
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MissingExtraError("Opening a checkpoint", "torch", "toxicity") from error
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < OLDEST_TORCH:
        raise MissingExtraError("Opening a stranger's pickle", f"torch {'.'.join(map(str, OLDEST_TORCH))}", "toxicity")
    try:
        with catch_warnings(action="ignore"):  # an unusual protocol is named in the error, if it comes to one
            return torch.load(source, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{source} was not opened: {_reason(error)}") from error
    except (StructError, OSError, ArithmeticError, AssertionError, ImportError, MemoryError) as error:
        raise ModelError(f"{source} was not opened: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Say why the restricted unpickler gave up."""
    foreign = FOREIGN.search(str(error))
    if foreign:
        return (
            f"it holds more than weights and settings: it needs {foreign[1]}, and opening that could run code."
            " Nothing of it was run. Get the checkpoint from Detoxify's own release."
        )
    # torch's own words advise the unrestricted unpickler, which no reader of this should try.
    said = "" if isinstance(error, UnpicklingError) else ": " + (str(error).strip().splitlines() or [""])[0][:200]
    return f"it is no whole checkpoint of torch ({type(error).__name__}{said}). Get it again from its source."


def _described(content: Any) -> tuple[Architecture, tuple[str, ...], Mapping[str, Any]]:
    """Return architecture, labels and weights; raises what `convert` turns into one sentence."""
    import torch

    if not isinstance(content, Mapping):
        raise ValueError(f"it holds a {type(content).__name__}")  # noqa: TRY004  as for all stored data
    config, tensors = content["config"], content["state_dict"]
    arguments = config["arch"]["args"]
    architecture = Architecture(**{ours: arguments[theirs] for theirs, ours in ARGUMENTS.items()})
    labels = tuple(RENAMED.get(label, label) for label in config["dataset"]["args"]["classes"])
    odd = [name for name, value in tensors.items() if not isinstance(name, str) or not isinstance(value, torch.Tensor)]
    if odd or not tensors:
        raise ValueError(f"its weights are not all named tensors, such as {odd[:1]}")
    return architecture, labels, tensors
