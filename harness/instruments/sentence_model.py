"""A sentence-embedding model from a local folder: mean of the last hidden states, of length 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.canonical import Digest, digest, digest_file
from harness.errors import ModelError

__all__ = ["SentenceModel", "encodable", "opened", "weights_digest"]

MOST_TOKENS = 256
"""Tokens of a text that are read; sentence models are trained on about as many."""


def weights_digest(folder: Path) -> Digest:
    """Digest the weights, the configuration and the tokenizer in ``folder``.

    Raises:
        ModelError: there is no such folder, or it lacks ``config.json`` or safetensors weights.
    """
    weights = sorted(folder.glob("*.safetensors"))
    if not folder.is_dir() or not (folder / "config.json").is_file() or not weights:
        pickled = " It has pickled weights, which are not opened: convert them." if [*folder.glob("*.bin")] else ""
        raise ModelError(
            f"{folder} is not a model: a folder with config.json, a tokenizer and .safetensors weights is needed."
            f"{pickled}"
        )
    files = [*weights, *sorted(folder.glob("*.json")), *sorted(folder.glob("*.txt")), *sorted(folder.glob("*.model"))]
    return digest([[file.name, str(digest_file(file))] for file in files])


def opened(folder: str, kind: Any) -> tuple[Any, Any]:
    """Open the tokenizer and the model in ``folder``, the model as ``kind``, a transformers auto class.

    Raises:
        ModelError: they cannot be opened.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoTokenizer

    weights_digest(Path(folder))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = kind.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        told = str(error).strip().partition("\n")[0]
        raise ModelError(f"{folder} cannot be opened as {kind.__name__}: {told}. Name another folder.") from error
    return tokenizer, model.to(device).eval()


def encodable(text: str) -> str:
    """Return ``text`` with a question mark for each lone surrogate, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


@dataclass(slots=True)
class SentenceModel:
    """Embeds texts; nothing is loaded before the first.

    Attributes:
        folder: Where it lies.
    """

    folder: str
    _loaded: Any = field(default=None, init=False, repr=False)

    @property
    def digest(self) -> Digest:
        """Over its files.

        Raises:
            ModelError: it is not there.
        """
        return weights_digest(Path(self.folder))

    def cosines(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        """Return the cosine between each text and the other beside it."""
        distinct = list(dict.fromkeys([*texts, *others]))
        vectors = dict(zip(distinct, self._embed([encodable(text) for text in distinct]), strict=True))
        return [round(float(vectors[a] @ vectors[b]), 5) for a, b in zip(texts, others, strict=True)]

    def _embed(self, texts: Sequence[str]) -> Any:
        import torch

        tokenizer, model = self._load()
        batch = tokenizer(list(texts), padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt")
        batch = batch.to(model.device)
        with torch.inference_mode():
            states = model(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
        return torch.nn.functional.normalize(pooled, dim=1).float().cpu()

    def _load(self) -> Any:
        if self._loaded is None:
            from transformers import AutoModel

            self._loaded = opened(self.folder, AutoModel)
        return self._loaded
