"""A folder of one configuration and, for each network, its weights: JSON and safetensors, nothing that runs code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from harness.errors import ModelError
from harness.models.generator import Settings
from harness.models.image_form import ImageForm

__all__ = ["CONFIG", "load_weights", "read_config", "save"]

CONFIG = "config.json"

S = TypeVar("S", bound=Settings)


class _Saved(Settings):
    """What ``config.json`` says.

    Attributes:
        format: Of this file.
        kind: Of the generator.
        settings: It was built with, defaults included.
        form: Of its images.
    """

    format: Literal[1] = 1
    kind: str
    settings: dict[str, Any]
    form: ImageForm


def save(folder: Path, kind: str, settings: Settings, form: ImageForm, networks: Mapping[str, nn.Module]) -> None:
    """Write ``config.json`` and one ``<name>.safetensors`` for each network; the folder is made where needed."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = _Saved(kind=kind, settings=settings.model_dump(mode="json"), form=form)
    (folder / CONFIG).write_text(saved.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for name, network in networks.items():
        weights = {key: tensor.detach().cpu().contiguous() for key, tensor in network.state_dict().items()}
        save_file(weights, folder / f"{name}.safetensors")


def read_config(folder: Path, kind: str, model: type[S]) -> tuple[S, ImageForm]:
    """Settings and form of a model of ``kind``, as ``config.json`` has them.

    Raises:
        ModelError: it is missing, malformed, of another kind, or has settings that ``model`` refuses.
    """
    path = folder / CONFIG
    again = f"Train it again with `harness train {kind}`, or copy the whole folder."
    try:
        saved = _Saved.model_validate_json(path.read_bytes())
        if saved.kind != kind:
            raise ModelError(f"{path}: a model of kind {saved.kind!r:.80}, not {kind!r}. Open it as what it is.")
        return model.model_validate(saved.settings), saved.form
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}). {again}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"]) or "the whole file"
        raise ModelError(
            f"{path}: not the configuration of a {kind}: {place:.80}: {problem['msg']}. {again}"
        ) from error


def load_weights(folder: Path, networks: Mapping[str, nn.Module]) -> None:
    """Give each network the tensors of its file; they may have been made without memory, on the meta device.

    Raises:
        ModelError: a file is missing or unreadable, or its tensors are not exactly those of the network: one too
            few, one too many, another shape or type, or a value that is not finite.
    """
    for name, network in networks.items():
        path = folder / f"{name}.safetensors"
        again = "The file is damaged or of other settings: get the model again, or train it again."
        try:
            found: dict[str, Tensor] = load_file(path)
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror or 'no such file'}). {again}") from error
        except SafetensorError as error:
            raise ModelError(f"{path}: not a safetensors file. {again}") from error
        wrong = _wrong(found, network.state_dict())
        if wrong:
            raise ModelError(f"{path}: {wrong}. {again}")
        network.load_state_dict(found, strict=True, assign=True)
        network.eval()


def _wrong(found: Mapping[str, Tensor], needed: Mapping[str, Tensor]) -> str:
    """What is wrong with the tensors of a file, or an empty string."""
    for name in sorted(needed.keys() - found.keys()):
        return f"the tensor {name} is missing"
    for name in sorted(found.keys() - needed.keys()):
        return f"the tensor {name!r:.80} does not belong there"
    for name, tensor in needed.items():
        ours, theirs = (list(tensor.shape), str(tensor.dtype)), (list(found[name].shape), str(found[name].dtype))
        if ours != theirs:
            return f"the tensor {name} is {theirs[0]} of {theirs[1]}, not {ours[0]} of {ours[1]}"
        if not bool(found[name].isfinite().all()):
            return f"the tensor {name} has values that are not finite"
    return ""
