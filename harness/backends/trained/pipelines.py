"""What a folder of a diffusers pipeline holds, and what is refused in it. Reads files; imports nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.canonical import digest_file
from harness.errors import MissingExtraError, ModelError

__all__ = ["PipelineFiles", "open_pipeline"]

INDEX = "model_index.json"
PICKLES = frozenset({".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth"})
LIBRARIES = frozenset({"diffusers", "transformers"})


@dataclass(frozen=True, slots=True)
class PipelineFiles:
    """A pipeline's folder that may be opened.

    Attributes:
        folder: Where it is.
        pipeline: Name of the pipeline's class in diffusers.
        components: Class of each part, by name, as ``library.Class``.
    """

    folder: Path
    pipeline: str
    components: Mapping[str, str]

    @property
    def safety_checker(self) -> str:
        """What hides images that it holds to be unsafe, or that nothing does."""
        return self.components.get("safety_checker", "none: whatever the model draws is given back")

    @property
    def prompted(self) -> bool:
        """Whether it has a tokenizer, as pipelines have that draw from prompts."""
        return any("Tokenizer" in name for name in self.components.values())

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file, by path."""
        paths = {path.relative_to(self.folder).as_posix(): path for path in self.folder.rglob("*") if path.is_file()}
        try:
            return {name: str(digest_file(path)) for name, path in sorted(paths.items())}
        except OSError as error:
            raise ModelError(f"{error.filename}: cannot be read: {error.strerror}. Get the model again.") from error


def open_pipeline(folder: Path) -> PipelineFiles:
    """Look into a pipeline's folder.

    Raises:
        ModelError: it is no pipeline, holds a pickle or code, names parts that are neither of diffusers nor of
            transformers, or draws by a class that nobody could tell it.
        MissingExtraError: diffusers is not installed.
    """
    if not (folder / INDEX).is_file():
        raise ModelError(f"{folder}: no {INDEX}, so this is not the folder of a diffusers pipeline. Name one that is.")
    _refuse_what_runs(folder)
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / INDEX}: not readable as JSON ({error}). Get the model again.") from error
    name = index.get("_class_name") if isinstance(index, dict) else None
    if not isinstance(name, str):
        raise ModelError(f"{folder / INDEX}: names no pipeline class of diffusers; a custom pipeline is not run.")
    # What is null is a part that this pipeline does without; what is no pair is a setting.
    parts = {key: value for key, value in index.items() if isinstance(value, list) and value != [None, None]}
    components = {key: _component(folder, key, value) for key, value in parts.items()}
    _refuse_labels(folder, components)
    return PipelineFiles(folder, name, components)


def _refuse_labels(folder: Path, components: Mapping[str, str]) -> None:
    """Refuse a network that draws by class where no pipeline could tell it which."""
    for key in (key for key, component in components.items() if component == "diffusers.UNet2DModel"):
        try:
            config = json.loads((folder / key / "config.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue  # whoever opens the weights says what is wrong with it
        if isinstance(config, dict) and (config.get("num_class_embeds") or config.get("class_embed_type")):
            raise ModelError(
                f"{folder}: its {key} draws by class, and no pipeline of diffusers hands labels to a UNet2DModel. If"
                " `harness train` wrote it, name the checkpoint, which is the folder around this one."
            )


def _refuse_what_runs(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix.lower() in PICKLES:
            raise ModelError(
                f"{folder}: {name} can hold a pickle, and opening a pickle can run any code in it. Use a revision with"
                " safetensors and remove this file, or convert where you trust the source: load with diffusers and"
                " `save_pretrained` to a new folder."
            )
        if path.suffix == ".py":
            raise ModelError(
                f"{folder}: {name} is code, and code that comes with a model is not run. If the pipeline does"
                " without it, remove the file; if not, use another."
            )


def _component(folder: Path, key: str, value: list[Any]) -> str:
    match value:
        case [str(library), str(name)] if library in LIBRARIES or _in_diffusers(library):
            return f"{library}.{name}"
    raise ModelError(
        f"{folder / INDEX}: the part {key!r} is {str(value)[:80]}, which is neither of diffusers nor of transformers;"
        " nothing else is opened."
    )


def _in_diffusers(library: str) -> bool:
    """Whether ``library`` is one of the pipelines that come with diffusers; found without importing it."""
    spec = find_spec("diffusers")
    if spec is None or spec.origin is None:
        raise MissingExtraError("A diffusers pipeline", "diffusers", "train")
    return library.isidentifier() and (Path(spec.origin).parent / "pipelines" / library).is_dir()
