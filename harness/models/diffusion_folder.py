"""Parts of a diffusers pipeline folder, read and written without the network, without pickles and without bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from harness.canonical import dumps
from harness.errors import ModelError
from harness.models.weights import load_weights

__all__ = ["open_network", "quietly", "save_index"]

LIBRARIES = (diffusers_logging, transformers_logging)

WEIGHTS = "diffusion_pytorch_model"
"""Name, without its ending, under which diffusers keeps a network's weights."""


def open_network(kind: Any, folder: Path, part: str) -> Any:
    """Read one network of a pipeline, on the CPU, in evaluation mode.

    Its configuration is read by diffusers; its tensors are held against it one by one, since diffusers would only log
    that some are missing.

    Args:
        kind: Its class, one of diffusers' models.
        folder: Of the pipeline.
        part: Folder of the network within it.

    Raises:
        ModelError: a file is missing, or not exactly what this network needs.
    """
    try:
        config = kind.load_config(folder / part, local_files_only=True)
        with quietly(), torch.device("meta"):
            network = kind.from_config(config)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"{folder / part / 'config.json'}: not the configuration of a {kind.__name__}: {error}."
            " The file is damaged or missing: get the model again, or train it again."
        ) from error
    load_weights(folder, {f"{part}/{WEIGHTS}": network})
    return network


def save_index(folder: Path, pipeline: str, parts: Mapping[str, str | None], **values: bool) -> None:
    """Write ``model_index.json``, by which diffusers knows a pipeline and its parts.

    Args:
        folder: Of the pipeline.
        pipeline: Name of its class.
        parts: For each of its parts ``package.Class``, or None where it has none.
        values: Its other settings.
    """
    index: dict[str, Any] = {"_class_name": pipeline, "_diffusers_version": diffusers.__version__, **values}
    for part, kind in parts.items():
        index[part] = [None, None] if kind is None else kind.split(".")
    (folder / "model_index.json").write_bytes(dumps(index, indent=2))


@contextmanager
def quietly() -> Iterator[None]:
    """Within it diffusers and transformers log errors only and show no bars: nobody here can act on the rest."""
    levels = [library.get_verbosity() for library in LIBRARIES]
    bars = transformers_logging.is_progress_bar_enabled()
    for library in LIBRARIES:
        library.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        for library, level in zip(LIBRARIES, levels, strict=True):
            library.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()
