"""The kinds of generators by name: how one is built, or opened from a folder. Imports torch only through a kind."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.errors import MissingExtraError, ModelError, UsageError, nearest

if TYPE_CHECKING:
    from harness.data.examples import Examples
    from harness.models.generator import Generator

__all__ = ["KINDS", "build", "is_drawing", "is_invertible", "open_generator", "passage_bytes", "read_settings"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "language": "harness.models.language:Language",
        "vae": "harness.models.vae:Vae",
        "gan": "harness.models.gan:Gan",
        "diffusion": "harness.models.diffusion:Diffusion",
        "text_to_image": "harness.models.text_to_image:TextToImage",
    }
)
"""Where each kind is, as ``module:class``."""

S = TypeVar("S", bound=BaseModel)


def is_drawing(kind: str) -> bool:
    """Whether generators of this kind draw images; the other one writes text."""
    return kind != "language"


def is_invertible(kind: str) -> bool:
    """Whether generators of this kind can tell the noise that an image was drawn from: their class has ``invert``."""
    return kind in {"diffusion", "text_to_image"}


def build(kind: str, settings: Mapping[str, Any], examples: Examples) -> Generator:
    """A fresh generator of ``kind`` for such records; initial weights come from torch's global generator.

    Raises:
        UsageError: there is no such kind, a setting is unknown or out of range, or the records do not suit the kind.
        MissingExtraError: a package that the kind needs is not installed.
    """
    module, name = _load(kind)
    generator: type[Generator] = getattr(module, name)
    try:
        return generator.build(settings, examples)
    except ValidationError as error:
        # The class of settings that refused gives the error its title.
        raise _refusal(error, getattr(module, error.title, BaseModel), kind) from error


def open_generator(kind: str, folder: Path) -> Generator:
    """Read what a generator of ``kind`` saved, on the CPU, in evaluation mode.

    Raises:
        UsageError: there is no such kind.
        MissingExtraError: a package that the kind needs is not installed.
        ModelError: a file is missing or not what it should be.
    """
    module, name = _load(kind)
    if not folder.is_dir():
        raise ModelError(f"{folder}: there is no such folder. Name the folder that a training wrote.")
    generator: type[Generator] = getattr(module, name)
    return generator.open(folder)


def passage_bytes(kind: str, settings: Mapping[str, Any]) -> int | None:
    """Bytes of the longest passage that fits a model with these settings for certain; None for kinds of images.

    Texts are cut to it before a model can be built for them, so it is told from the settings alone.

    Raises:
        UsageError: as for `build`.
        MissingExtraError: a package that the kind needs is not installed.
    """
    if is_drawing(kind):
        _known(kind)
        return None
    module, _ = _load(kind)
    return int(module.settings_of(settings).passage_bytes)


def read_settings(model: type[S], settings: Mapping[str, Any], *, kind: str) -> S:
    """Check ``settings`` against their class.

    Raises:
        UsageError: a sentence for each mistake: the setting, what is wrong, what is known, the nearest name.
    """
    try:
        return model.model_validate(dict(settings))
    except ValidationError as error:
        raise _refusal(error, model, kind) from error


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise UsageError(f"There is no kind of generator {kind!r}.{nearest(kind, KINDS)} Known: {', '.join(KINDS)}.")
    return KINDS[kind]


def _load(kind: str) -> tuple[ModuleType, str]:
    """The module of ``kind``, and the name of its class there."""
    module, _, name = _known(kind).partition(":")
    try:
        return import_module(module), name
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "harness":  # ours: a fault, which an installation would not repair
            raise
        raise MissingExtraError(f"A generator of kind {kind!r}", package, "train") from error


def _refusal(error: ValidationError, model: type[BaseModel], kind: str) -> UsageError:
    known = sorted(model.model_fields)
    problems = [_sentence(problem, known, kind) for problem in error.errors()]
    return UsageError("\n".join(problems))


def _sentence(problem: Any, known: list[str], kind: str) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    listed = f" Known settings: {', '.join(known)}." if known else ""
    if problem["type"] == "extra_forbidden":
        return f"{kind}: there is no setting {name!r}.{nearest(name, known)}{listed}"
    if problem["type"] == "missing":
        return f"{kind}: the setting {name!r} is missing.{listed}"
    message = problem["msg"].removeprefix("Value error, ").rstrip(".")
    if not name:  # about several settings at once
        return f"{kind}: {message}."
    return f"{kind}: {name} = {problem['input']!r:.80} cannot be used: {message[:1].lower()}{message[1:]}."
