"""Fine-tuning a given language model through low-rank adapters: the model is frozen, the adapters are trained.

Source: Hu et al. (2021), arXiv:2106.09685; with differential privacy, Yu et al. (2021), arXiv:2110.06500.
"""

from __future__ import annotations

from pathlib import Path

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from pydantic import Field
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.pytorch_utils import Conv1D

from harness.catalogue import entries, from_gguf, present
from harness.errors import ModelError, UsageError, nearest
from harness.models.generator import Settings
from harness.models.pretrained import open_causal
from harness.models.tokenizers import ends

__all__ = ["LoraSettings", "adapt", "find_base", "merged_weights"]


class LoraSettings(Settings):
    """Adapters on a given model."""

    base: str = Field(min_length=1, description="A name of the catalogue, a folder, or a .gguf file.")
    lora: int = Field(8, ge=1, le=256, description="Rank of the adapters.")
    alpha: float = Field(16.0, gt=0, description="What adapters add is multiplied by alpha / rank.")
    targets: tuple[str, ...] = Field((), description="Names of the layers that get adapters; none: all linear ones.")
    context: int = Field(256, ge=8, le=2**16, description="Most tokens of a passage, start and end included.")

    @property
    def passage_bytes(self) -> int:
        """Bytes of the longest text that fits: each token of a byte-level tokenizer stands for a byte or more."""
        return self.context - 2


def find_base(name: str) -> Path:
    """The folder of the model ``name``; opens no connection.

    A GGUF file is converted on the way, once, which takes some seconds.

    Raises:
        ModelError: it is not on this machine; says how to get it.
    """
    path = Path(name).expanduser()
    if path.suffix.lower() == ".gguf":
        return from_gguf(path).folder
    known = {entry.name: entry for entry in entries()}
    if name in known:
        here = present(known[name])
        if here is None:
            raise ModelError(
                f"The model {name!r} is not on this machine yet. Get it with `harness models pull {name}`."
            )
        return here.folder
    if path.is_dir():
        return path
    raise ModelError(
        f"No model {name!r} to fine-tune: it is no name of the catalogue, no folder and no .gguf file here."
        f"{nearest(name, known)} See `harness models list`; a model of the hub is named by the folder it was put into."
    )


def adapt(settings: LoraSettings) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Open the base, freeze it, and put fresh adapters into it; they add nothing until they are trained.

    Raises:
        ModelError: the base cannot be found or opened.
        UsageError: the base has no layers of these names, reads less than the context, or has no end token.
    """
    network, tokenizer = open_causal(find_base(settings.base))
    limit = getattr(network.config.get_text_config(), "max_position_embeddings", None)
    if limit is not None and settings.context > limit:
        raise UsageError(f"language: context = {settings.context}, but {settings.base} reads at most {limit} tokens.")
    try:
        ends(tokenizer)
    except ValueError as error:
        raise UsageError(f"language: {settings.base} cannot be fine-tuned: {error}.") from error
    _without_dropout(network)
    known = _linear_layers(network)
    unknown = [target for target in settings.targets if target not in known]
    if unknown:
        raise UsageError(
            f"language: {settings.base} has no linear layer named {unknown[0]!r}.{nearest(unknown[0], known)}"
            f" It has: {', '.join(known)}."
        )
    config = LoraConfig(
        r=settings.lora,
        lora_alpha=settings.alpha,
        lora_dropout=0.0,
        target_modules=list(settings.targets or known),
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in network.modules()),
    )
    inject_adapter_in_model(config, network)
    return network, tokenizer


def merged_weights(network: nn.Module) -> dict[str, Tensor] | None:
    """Weights of ``network`` under the names of its base, what adapters add included; None where it has none.

    The network itself stays as it is.
    """
    adapted = {name: module for name, module in network.named_modules() if isinstance(module, LoraLayer)}
    if not adapted:
        return None
    weights = {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in network.state_dict().items()
        if ".lora_" not in name
    }
    with torch.no_grad():
        for name, module in adapted.items():
            for adapter in module.active_adapters:
                weights[f"{name}.weight"] = weights[f"{name}.weight"] + module.get_delta_weight(adapter)
    return weights


def _linear_layers(network: PreTrainedModel) -> list[str]:
    """Last parts of the names of all linear layers but the one that predicts tokens, sorted."""
    head = network.get_output_embeddings()
    return sorted(
        {
            name.rpartition(".")[2]
            for name, module in network.named_modules()
            if isinstance(module, nn.Linear | Conv1D) and module is not head
        }
    )


def _without_dropout(network: nn.Module) -> None:
    """A record's loss and gradient must not depend on chance: take dropout out of layers and of attention."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0
