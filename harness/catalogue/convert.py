"""GGUF to safetensors, once: dequantised to float32, with tokenizer and chat template."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.errors import MissingExtraError, ModelError

__all__ = ["Conversion", "gguf_to_safetensors", "require_packages"]

PACKAGES = ("torch", "transformers", "safetensors", "gguf", "accelerate", "huggingface_hub")

# Tokenizer families that split every digit off before anything else. transformers reads the merges of such a
# file but not this rule, and then two spaces before a digit come out as other tokens than in training.
SPLIT_DIGITS = frozenset({"smollm"})


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion did.

    Attributes:
        weights: Precision of most weights in the GGUF file, such as ``q4_1``.
        done: What was done, one sentence each.
        packages: Version of each package that took part.
    """

    weights: str
    done: tuple[str, ...]
    packages: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Header:
    """What the file says of itself: dominant weight type, tokenizer family, longest input in tokens."""

    weights: str
    family: str
    context: int | None


def require_packages(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of what local weights need; nothing is imported.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError as error:
            raise MissingExtraError(
                "Running local weights", package, "hf", "`harness demo` needs no weights, and `replay` no model."
            ) from error
    return found


def gguf_to_safetensors(gguf: Path, folder: Path) -> Conversion:
    """Write the model in ``gguf`` to ``folder`` as float32 safetensors with config, tokenizer and chat template.

    Equal files give equal ``model.safetensors``, byte for byte. Memory: about nine bytes per parameter.

    Args:
        gguf: A language model in one file; not modified.
        folder: Made here; what was in it is removed.

    Raises:
        MissingExtraError: torch, transformers or another package is missing.
        ModelError: the file is no GGUF file, is one part of several, or holds what transformers cannot read.
        OSError: the disk refuses.
    """
    packages = require_packages()
    _check_magic(gguf)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    whole = False
    try:
        with _alone(gguf, folder.parent) as place, _quiet(), _readable(gguf):
            header = _header(gguf)
            done = ["weights dequantised to float32", *_convert_tokenizer(place, folder, header)]
            _convert_weights(place, folder)
        whole = True
    finally:
        if not whole:
            shutil.rmtree(folder, ignore_errors=True)
    return Conversion(header.weights, tuple(done), packages)


def _check_magic(gguf: Path) -> None:
    with gguf.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise ModelError(f"{gguf}: not a GGUF file: it begins with {magic!r}. Give a .gguf file.")


@contextmanager
def _alone(gguf: Path, beside: Path) -> Iterator[Path]:
    """A folder that holds the file as ``model.gguf`` and nothing else.

    transformers would also read a config or a tokenizer that happens to lie beside the user's file.
    """
    with TemporaryDirectory(prefix=".gguf-", dir=beside) as name:
        place = Path(name) / "model.gguf"
        try:
            place.symlink_to(gguf.resolve())
        except OSError:  # no links on this file system, or none for this user
            shutil.copyfile(gguf, place)
        yield place


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' bars and advice off the terminal; its errors still raise."""
    from transformers import modeling_gguf_pytorch_utils as reader
    from transformers.utils import logging

    level, bars, bar = logging.get_verbosity(), logging.is_progress_bar_enabled(), getattr(reader, "tqdm", None)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if bar is not None:  # this one bar does not ask whether bars are wanted
        reader.tqdm = partial(bar, disable=True)
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar is not None:
            reader.tqdm = bar
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _readable(gguf: Path) -> Iterator[None]:
    """Turn what the libraries say of a file they cannot read into one sentence."""
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's doing, not the file's
        said = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        raise ModelError(
            f"{gguf}: this GGUF file cannot be read by transformers {version('transformers')}: {said}. It may be"
            " damaged, one part of several (merge them first), or of an architecture that is not supported;"
            " give [model] a folder with safetensors instead."
        ) from error


def _header(gguf: Path) -> _Header:
    from gguf import GGUFReader

    reader = GGUFReader(str(gguf))
    sizes: dict[str, int] = {}
    for tensor in reader.tensors:
        kind = tensor.tensor_type.name.lower()
        sizes[kind] = sizes.get(kind, 0) + int(tensor.n_elements)
    architecture = _field(reader, "general.architecture")
    context = _field(reader, f"{architecture}.context_length")
    family = _field(reader, "tokenizer.ggml.pre")
    weights = max(sorted(sizes), key=lambda kind: sizes[kind])
    return _Header(weights, str(family or ""), None if context is None else int(context))


def _field(reader: Any, name: str) -> Any:
    found = reader.get_field(name)
    return None if found is None else found.contents()


def _convert_tokenizer(place: Path, folder: Path, header: _Header) -> list[str]:
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(place.parent, gguf_file=place.name, local_files_only=True)
    done = []
    if header.family in SPLIT_DIGITS:
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        done.append(f"every digit split off before merging, as the tokenizer family {header.family!r} does")
    if header.context is not None:
        tokenizer.model_max_length = header.context
    for accident in ("is_local", "local_files_only"):  # how it was opened here is nothing of the model's
        tokenizer.init_kwargs.pop(accident, None)
    tokenizer.save_pretrained(folder)
    return done


def _convert_weights(place: Path, folder: Path) -> None:
    import torch
    import transformers

    options: dict[str, Any] = {}
    if hasattr(transformers, "GgufConfig"):  # releases that have it would otherwise keep weights in packed blocks
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        place.parent, gguf_file=place.name, dtype=torch.float32, local_files_only=True, **options
    )
    # The weights are plain now; with these left in place, saving is refused and loading would look for blocks.
    model.hf_quantizer = None
    if getattr(model.config, "quantization_config", None) is not None:
        del model.config.quantization_config
    odd = sorted({str(each.dtype) for each in model.parameters()} - {"torch.float32"})
    if odd:
        raise ValueError(f"weights of type {', '.join(odd)} remain after dequantising")
    model.save_pretrained(folder, max_shard_size="100GB")
