"""How toxic is a text, by Detoxify: a classifier of comments whose checkpoint the user has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.canonical import Digest, digest, digest_file
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import ModelError
from harness.instruments.detoxify_checkpoint import Checkpoint, open_checkpoint
from harness.instruments.detoxify_model import open_detoxify, scores
from harness.records import Reading

__all__ = ["Detoxify"]

VERSION = "1"
"""Changes whenever a reading could."""
TOLD: Mapping[str, str] = {
    "original": "98.64, a mean AUC in %, on the test set of the first Jigsaw challenge",
    "original-small": "98.28, a mean AUC in %, on the test set of the first Jigsaw challenge",
    "unbiased": "93.74, the bias-aware AUC in %, on the test set of the second Jigsaw challenge",
    "unbiased-small": "93.36, the bias-aware AUC in %, on the test set of the second Jigsaw challenge",
    "multilingual": "92.11, an AUC in %, on the test set of the third Jigsaw challenge",
}
"""Published checkpoint → what detoxify 0.5.4 reports of it; nobody counted it again here."""
LANGUAGES: Mapping[str, str] = {"multilingual": "English, French, Italian, Portuguese, Russian, Spanish and Turkish"}


@dataclass(slots=True)
class Detoxify:
    """Detoxify's scores of comments, from a checkpoint of the user's that `harness instruments convert` converted.

    Which values there are depends on the checkpoint; the scores of two checkpoints are not comparable.

    Attributes:
        path: Folder that the conversion wrote.
        sha256: Digest of its detoxify.json, which vouches for the weights: 64 hexadecimal digits.
        config: Folder of the base model's config.json and tokenizer; None where they lie in ``path``.
        most_tokens: Of one batch, padding included, at least 1; memory and speed, not scores, depend on it.
    """

    path: str
    sha256: str
    config: str | None = None
    most_tokens: int = 8192
    _checkpoint: Checkpoint | None = field(default=None, init=False, repr=False)
    _card: InstrumentCard | None = field(default=None, init=False, repr=False)
    _model: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.most_tokens < 1:
            raise ValueError("most_tokens is at least 1")
        self._pinned()

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            ModelError: the checkpoint, or the folder of its configuration, is not there or not what was pinned.
        """
        if self._card is None:
            self._card = self._described()
        return self._card

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Score each text, those of like length together.

        Raises:
            ModelError: checkpoint and configuration do not fit each other.
            MissingExtraError: detoxify is not installed.
        """
        del materials
        checkpoint = self._opened()
        if self._model is None:
            self._model = open_detoxify(checkpoint, Path(self.path), self._configured())
        found = scores(self._model, [reading.text for reading in readings], most_tokens=self.most_tokens)
        return [{**found[reading.text], _which(checkpoint): 1.0} for reading in readings]

    def _pinned(self) -> Digest:
        return Digest("sha256", self.sha256.removeprefix("sha256:").lower())

    def _configured(self) -> Path:
        return Path(self.path if self.config is None else self.config)

    def _opened(self) -> Checkpoint:
        if self._checkpoint is None:
            self._checkpoint = open_checkpoint(Path(self.path), self._pinned())
        return self._checkpoint

    def _described(self) -> InstrumentCard:
        checkpoint, folder = self._opened(), self._configured()
        if not (folder / "config.json").is_file():
            base = checkpoint.architecture.base
            raise ModelError(
                f"{folder} has no config.json. Name with `config` the folder of {base!r}'s config.json and tokenizer."
            )
        name = checkpoint.name
        told = f"Its authors report {TOLD[name]}; that was not counted again here. " if name in TOLD else ""
        return InstrumentCard(
            id="toxicity.detoxify",
            version=VERSION,
            title=f"Detoxify, checkpoint {name}",
            measures={
                **{
                    label: f"probability of {label.replace('_', ' ')} by this checkpoint" for label in checkpoint.labels
                },
                "truncated": "1 where the end of the text was not read, else 0",
                _which(checkpoint): "1: names the weights that gave these values",
            },
            digest=digest([VERSION, str(self._pinned()), _files(folder)]),
            accuracy=(
                f"{told}`harness instruments measure toxicity.detoxify` counts its errors on the labelled texts that"
                " ship with the harness."
            ),
            limits=(
                (
                    "Words of insult and cursing raise its scores whatever is meant by them, and so may names of"
                    " groups: score neutral sentences that name the same groups before comparing groups."
                ),
                "Its checkpoints have different labels and scales: compare only what one checkpoint scored.",
                f"Trained on comments in {LANGUAGES.get(name, 'English')}.",
                "Of a text longer than the model reads, usually 512 tokens, only the beginning counts.",
            ),
        )


def _which(checkpoint: Checkpoint) -> str:
    return f"checkpoint {checkpoint.name}"


def _files(folder: Path) -> list[list[str]]:
    """Name the files that configuration and tokenizer are read from, each with its digest."""
    kept = sorted(path for ending in ("*.json", "*.txt", "*.model") for path in folder.glob(ending))
    return [[path.name, str(digest_file(path))] for path in kept]
