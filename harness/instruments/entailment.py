"""Does one text follow from another? By a sequence-classification model from a local folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.canonical import digest, loads
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import ModelError, UsageError
from harness.instruments.sentence_model import encodable, opened, weights_digest
from harness.records import Reading

__all__ = ["Entailment"]

VERSION = "1"
"""Changes whenever a reading could."""
BATCH = 16
"""Pairs read at once."""
NAMES = ("entailment", "neutral", "contradiction")


@dataclass(slots=True)
class Entailment:
    """Entailment model of the user's: answers say the same where each follows from the other.

    Its readings have as context a `harness.text.relation.Relation`.

    Attributes:
        path: Folder of the model: config.json, tokenizer, safetensors weights.
        labels: Its labels in order, each ``entailment``, ``neutral`` or ``contradiction``, where config.json does not
            name them; None to read them there.
        max_tokens: Most tokens of a pair, or fewer where the model takes fewer; of a longer pair the longer text is cut
            at its end, which the reading's ``cut`` tells.
    """

    path: str
    labels: Sequence[str] | None = None
    max_tokens: int = 512
    _loaded: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.max_tokens < 8:
            raise ValueError("max_tokens is at least 8")

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            ModelError: there is no such model.
            UsageError: its labels are not known.
        """
        places = self._places()
        return InstrumentCard(
            id="entailment",
            version=VERSION,
            title="Entailment model",
            measures={
                "entails": "probability that the text follows (for answers: each from the other), 0 to 1",
                "contradicts": "probability that they exclude each other, 0 to 1; 0 where the model cannot tell",
                "cut": "1 where the pair was too long and was cut, else 0",
            },
            digest=digest([VERSION, str(weights_digest(Path(self.path))), dict(places), self.max_tokens]),
            accuracy=(
                "Not known here: it is the user's model. `harness instruments measure entailment` counts its errors on"
                " the labelled pairs that ship with the harness."
            ),
            limits=("What the model was trained on decides what it takes for meaning.",),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Classify every pair, those of like length together."""
        del materials
        from harness.text.relation import Relation

        relations = [Relation.of(reading.context) for reading in readings]
        pairs = [_pairs(reading.text, relation) for reading, relation in zip(readings, relations, strict=True)]
        found = iter(self._classify([pair for its in pairs for pair in its]))
        return [_joined([next(found) for _ in its]) for its in pairs]

    def _places(self) -> Mapping[str, int]:
        """Return the place of each label that the model has; raises where entailment is not among them."""
        file = Path(self.path) / "config.json"
        if not file.is_file():
            raise ModelError(f"{self.path} is not a model: there is no config.json. Name the folder of one.")
        stored = _labels(file)
        named = list(self.labels) if self.labels is not None else stored
        places = {name: at for name in NAMES for at, label in enumerate(named) if _is(str(label), name)}
        if "entailment" not in places or len(named) < 2:
            raise UsageError(
                f"{file}: its labels are {', '.join(map(str, named)) or 'not named'}, and none of them is entailment."
                ' Give `labels`, such as ["entailment", "neutral", "contradiction"], in the order of the model.'
            )
        # What transformers leaves out of the file is its default: two labels without meaning.
        count = len(stored) or 2
        if len(named) != count:
            raise UsageError(f"{file}: the model has {count} labels and `labels` names {len(named)}. Name each.")
        return places

    def _classify(self, pairs: Sequence[tuple[str, str]]) -> list[Mapping[str, float]]:
        """Return the shares of each pair, in order."""
        order = sorted(range(len(pairs)), key=lambda at: len(pairs[at][0]) + len(pairs[at][1]))
        found: dict[int, Mapping[str, float]] = {}
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            found |= dict(zip(part, self._shares([pairs[at] for at in part]), strict=True))
        return [found[at] for at in range(len(pairs))]

    def _shares(self, pairs: Sequence[tuple[str, str]]) -> list[Mapping[str, float]]:
        """Classify one batch."""
        import torch

        tokenizer, model = self._load()
        places, limit = self._places(), _limit(self.max_tokens, tokenizer, model)
        sources, claims = [encodable(source) for source, _ in pairs], [encodable(claim) for _, claim in pairs]
        lengths = [len(ids) for ids in tokenizer(sources, claims, truncation=False, verbose=False)["input_ids"]]
        cut = {"padding": True, "truncation": "longest_first", "max_length": limit}
        batch = tokenizer(sources, claims, return_tensors="pt", **cut).to(model.device)
        with torch.inference_mode():
            rows = torch.softmax(model(**batch).logits.float(), dim=-1).cpu().tolist()
        return [
            {
                "entails": round(row[places["entailment"]], 5),
                "contradicts": round(row[places["contradiction"]], 5) if "contradiction" in places else 0.0,
                "cut": float(length > limit),
            }
            for row, length in zip(rows, lengths, strict=True)
        ]

    def _load(self) -> Any:
        if self._loaded is None:
            from transformers import AutoModelForSequenceClassification

            self._loaded = opened(self.path, AutoModelForSequenceClassification)
        return self._loaded


def _pairs(text: str, relation: Any) -> list[tuple[str, str]]:
    """Return what is to follow from what: premise and hypothesis, for answers in both directions."""
    ask = f"{relation.question} " if relation.question else ""
    if relation.kind == "support":
        return [(relation.other, f"{ask}{text}")]
    return [(f"{ask}{relation.other}", f"{ask}{text}"), (f"{ask}{text}", f"{ask}{relation.other}")]


def _joined(directions: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """Join the readings of both directions: it must follow each way, and may be contradicted either way."""
    return {
        name: choose(one[name] for one in directions)
        for name, choose in (("entails", min), ("contradicts", max), ("cut", max))
    }


def _labels(file: Path) -> list[str]:
    """Return the labels that ``config.json`` names, in order; empty where it names none.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        stored = loads(file.read_bytes()).get("id2label") or {}
        return [str(stored[key]) for key in sorted(stored, key=int)]
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelError(f"{file} cannot be read: {error}. Name the folder of a model.") from error


def _limit(max_tokens: int, tokenizer: Any, model: Any) -> int:
    """Return how many tokens of a pair are read: as set, or what the tokenizer or the model takes at most."""
    positions = getattr(model.config, "max_position_embeddings", None) or max_tokens
    # Models of this family count their positions from behind the padding token's.
    offset = model.config.pad_token_id + 1 if "roberta" in model.config.model_type else 0
    return int(min(max_tokens, tokenizer.model_max_length, positions - offset))


def _is(label: str, name: str) -> bool:
    """Whether a model's own ``label`` means ``name``, as "ENTAILMENT" and "entail" do and "not_entailment" does not."""
    plain = label.casefold().replace("-", "_").removeprefix("label_")
    return plain.startswith(name[:6])
