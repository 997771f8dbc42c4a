"""What a model folder holds: weights, tokenizer, template, configuration. Reads files; imports nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canonical import Digest, digest_bytes, digest_file
from harness.errors import ModelError

__all__ = ["ModelFiles", "open_folder"]

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
TOKENIZER_FILES = (
    "added_tokens.json",
    "merges.txt",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A folder that can be loaded.

    Attributes:
        folder: Where it is.
        weights: Names of the safetensors files that hold the weights, sorted.
        tokenizer: Names of the tokenizer files that are there, sorted; never empty.
        config: Content of ``config.json``.
        template: The chat template, or None where the model has none.
    """

    folder: Path
    weights: tuple[str, ...]
    tokenizer: tuple[str, ...]
    config: Mapping[str, Any]
    template: str | None

    def digests(self) -> dict[str, Any]:
        """SHA-256 of every file that decides a reply, and of the chat template."""
        template = None if self.template is None else str(digest_bytes(self.template.encode()))
        generation = self.folder / "generation_config.json"
        return {
            "weights": self._each(self.weights),
            "tokenizer": self._each(self.tokenizer),
            "chat_template": template,
            "config": str(digest_file(self.folder / "config.json")),
            "generation_config": str(digest_file(generation)) if generation.is_file() else None,
        }

    def _each(self, names: Iterable[str]) -> dict[str, str]:
        return {name: str(_digest(self.folder / name)) for name in names}

    def stored_dtype(self) -> str:
        """Number type of the checkpoint: from its configuration, else of its largest tensor."""
        named = self.config.get("dtype") or self.config.get("torch_dtype")
        return str(named) if named else _largest_tensor_dtype(self.folder / self.weights[0])


def _digest(path: Path) -> Digest:
    try:
        return digest_file(path)
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be read: {error.strerror}. Check the file, or get the model again."
        ) from error


def open_folder(folder: Path) -> ModelFiles:
    """Look into a model folder.

    Raises:
        ModelError: it lacks a configuration, a tokenizer or weights, or has pickled weights only.
    """
    if not (folder / "config.json").is_file():
        adapter = (
            " It holds an adapter: merge it into its base model first." * (folder / "adapter_config.json").is_file()
        )
        raise ModelError(f"{folder}: no config.json, so this is not a transformers model folder.{adapter}")
    tokenizer = tuple(name for name in TOKENIZER_FILES if (folder / name).is_file())
    if not tokenizer:
        raise ModelError(f"{folder}: no tokenizer files. Save the tokenizer beside the model with `save_pretrained`.")
    config = _read_json(folder / "config.json")
    return ModelFiles(folder, _weights(folder), tokenizer, config, _template(folder))


def _weights(folder: Path) -> tuple[str, ...]:
    if (folder / WEIGHTS).is_file():
        return (WEIGHTS,)
    if (folder / INDEX).is_file():
        shards = tuple(sorted(set(_read_json(folder / INDEX).get("weight_map", {}).values())))
        absent = [name for name in shards if not (folder / name).is_file()]
        if absent or not shards:
            raise ModelError(f"{folder}: {INDEX} names {absent or 'nothing'}, which is not there. Get the model again.")
        return shards
    pickled = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickled:
        raise ModelError(
            f"{folder}: the weights are pickled ({', '.join(pickled[:3])}), and opening a pickle can run any code in"
            " it. Use a revision with safetensors, or convert where you trust the source: load with transformers"
            " and `save_pretrained` to a new folder."
        )
    raise ModelError(f"{folder}: no {WEIGHTS} and no {INDEX}. Get the model again, or name another folder.")


def _template(folder: Path) -> str | None:
    """The default chat template: its own file wins over the tokenizer's configuration."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8")
    for name in ("chat_template.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            found = _read_json(folder / name).get("chat_template")
            if isinstance(found, list):  # several named templates; the tokenizer applies "default"
                found = next((entry.get("template") for entry in found if entry.get("name") == "default"), None)
            if isinstance(found, str):
                return found
    return None


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not readable as JSON ({error}). Get the model again.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: holds a {type(content).__name__} where an object belongs. Get the model again.")
    return content


def _largest_tensor_dtype(path: Path) -> str:
    """Read the header of a safetensors file: 8 bytes of length, then JSON."""
    names = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(size, 100_000_000)))
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        largest = max(tensors, key=lambda entry: entry["data_offsets"][1] - entry["data_offsets"][0])
        return names[largest["dtype"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not a safetensors file of floating-point weights. Get the model again.") from error
