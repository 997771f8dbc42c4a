"""A diffusers pipeline in memory: opened without surprises, and called with what its signature takes."""

from __future__ import annotations

import inspect
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.backends.reply_checks import one_line
from harness.backends.trained.pipelines import PipelineFiles
from harness.errors import ModelError
from harness.records import DrawAsk

__all__ = ["Pipeline", "open_weights"]

ANY_LENGTH = 10**6
"""Tokenizers without a limit of their own name one beyond any."""

FILLED = "newly initialized"
"""What both libraries say, and only say, when they fill weights that are missing with random numbers."""

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline with the settings it is called with.

    Attributes:
        call: The diffusers object.
        settings: Given with every call.
        takes: Names of what it can be given.
        classes: How many classes it draws by label; 0 where it knows none.
    """

    call: Any
    settings: Mapping[str, Any]
    takes: frozenset[str]
    classes: int

    @property
    def prompted(self) -> bool:
        """Whether it draws from prompts."""
        return "prompt" in self.takes

    def beyond(self, prompt: str) -> str:
        """Say why ``prompt`` is too long, for pipelines would cut it silently; empty where it is not."""
        for name, part in self.call.components.items():
            limit = getattr(part, "model_max_length", ANY_LENGTH) if name.startswith("tokenizer") else ANY_LENGTH
            if limit < ANY_LENGTH and (found := len(part(prompt, verbose=False).input_ids)) > limit:
                return f"a prompt of {found} tokens, start and end included, exceeds the {limit} that are read"
        return ""

    def draw(self, asks: Sequence[DrawAsk]) -> tuple[list[NDArray[np.uint8] | None], list[bool]]:
        """Draw one image for each ask, with a generator of its own.

        Returns:
            Images ``[height, width, channels]``, None where a pixel is no number; and which of them the safety checker
            replaced.

        Raises:
            ValueError: the pipeline refuses, or breaks; says what it said.
        """
        import torch

        given = dict(self.settings)
        if self.prompted:
            given["prompt"] = [ask.prompt for ask in asks]
        elif "batch_size" in self.takes:
            given["batch_size"] = len(asks)
        if self.classes:
            given["class_labels"] = [ask.label for ask in asks]
        given["generator"] = [torch.Generator("cpu").manual_seed(ask.seed) for ask in asks]
        try:
            with _quiet():
                found = self.call(**given)
        except torch.OutOfMemoryError:
            raise
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(one_line(f"{type(error).__name__}: {error}")) from error
        images = [_pixels(image) for image in found.images]
        return images, list(getattr(found, "nsfw_content_detected", None) or [False] * len(images))


def _pixels(image: NDArray[np.floating]) -> NDArray[np.uint8] | None:
    """Round one image with values in [0, 1]."""
    if not np.isfinite(image).all():
        return None
    shaped = image[..., None] if image.ndim == 2 else image
    pixels: NDArray[np.uint8] = np.rint(np.clip(shaped, 0.0, 1.0) * 255.0).astype(np.uint8)
    return pixels


def open_weights(files: PipelineFiles, *, device: str, dtype: str, steps: int, settings: Mapping[str, Any]) -> Pipeline:
    """Load a pipeline.

    Args:
        files: Its folder, checked.
        device: Where it runs.
        dtype: Number type of its weights.
        steps: Denoising steps.
        settings: What else it is to be called with.

    Raises:
        ModelError: it cannot be opened, lacks weights, needs what an ask cannot give, or does not take a setting.
    """
    import torch
    from diffusers import DiffusionPipeline

    try:
        with _quiet() as told:
            pipeline = DiffusionPipeline.from_pretrained(
                str(files.folder), torch_dtype=getattr(torch, dtype), use_safetensors=True, local_files_only=True
            )
        # Both libraries fill what is missing with random numbers and go on.
        filled = [line for line in told if FILLED in line]
        if filled:
            told_of = one_line(COLOUR.sub("", filled[0]))
            raise ModelError(f"{files.folder}: weights are missing: {told_of}. Get the model again.")
        pipeline.to(device)
    except torch.OutOfMemoryError as error:
        raise ModelError(f'{files.folder}: {device} has too little memory for it. Set device = "cpu".') from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError) as error:
        reason = one_line(str(error) or type(error).__name__, limit=300)
        raise ModelError(f"{files.folder}: diffusers cannot open it: {reason}. Get it again, or update.") from error
    pipeline.set_progress_bar_config(disable=True)
    return _prepared(files, pipeline, {"num_inference_steps": steps, **settings})


def _prepared(files: PipelineFiles, pipeline: Any, settings: Mapping[str, Any]) -> Pipeline:
    signature = inspect.signature(pipeline.__call__).parameters
    takes = frozenset(signature)
    unknown = sorted(settings.keys() - takes - {"num_inference_steps"})
    if unknown:
        raise ModelError(f"{files.folder}: {files.pipeline} takes no {', '.join(unknown)}. Leave it out.")
    free = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    must = {name for name, its in signature.items() if its.default is its.empty and its.kind not in free}
    needs = sorted(must - {"prompt", "class_labels", "batch_size"})
    if needs or not {"generator", "output_type"} <= takes:
        problem = f"needs {', '.join(needs)}" if needs else "takes no generator of random numbers, or gives no arrays"
        raise ModelError(
            f"{files.folder}: {files.pipeline} {problem}. Only pipelines that draw from a prompt, a class or nothing"
            " can be audited."
        )
    classes = _classes(pipeline) if "class_labels" in takes and "prompt" not in takes else 0
    given = {name: value for name, value in settings.items() if name in takes}
    return Pipeline(pipeline, {**given, "output_type": "np"}, takes, classes)


def _classes(pipeline: Any) -> int:
    """How many classes the network at the pipeline's heart knows; 0 where it knows none."""
    for part in ("unet", "transformer"):
        config = getattr(getattr(pipeline, part, None), "config", {})
        for name in ("num_class_embeds", "num_embeds_ada_norm"):
            if config.get(name):
                return int(config[name])
    return 0


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Keep the bars and notes of diffusers and transformers off the terminal; yields the notes."""
    from diffusers.utils import logging as ours
    from transformers.utils import logging as theirs

    told: list[str] = []
    listener = logging.Handler(logging.WARNING)
    listener.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    libraries = (("diffusers", ours), ("transformers", theirs))
    before = [(library.get_verbosity(), library.is_progress_bar_enabled()) for _, library in libraries]
    for name, library in libraries:
        library.set_verbosity_warning()
        library.disable_progress_bar()
        library.disable_default_handler()
        logging.getLogger(name).addHandler(listener)
    try:
        with warnings.catch_warnings():
            # Folders of older versions are set right on loading, with a warning that only their makers can act on.
            warnings.simplefilter("ignore", FutureWarning)
            yield told
    finally:
        for (name, library), (level, bars) in zip(libraries, before, strict=True):
            logging.getLogger(name).removeHandler(listener)
            library.enable_default_handler()
            library.set_verbosity(level)
            if bars:
                library.enable_progress_bar()
