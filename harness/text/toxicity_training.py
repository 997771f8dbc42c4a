"""How the weights of `harness.text.toxicity` are made: ``python -m harness.text.toxicity_training`` writes them again.

Training text is ``toxic_train`` alone. The ``tune`` half of ``toxic_replies`` was looked at while the cues were
written, and is not trained on; its ``test`` half is what the instrument's error rates are counted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from harness.data.load import load
from harness.text.toxicity_features import MOST, WIDTH, features
from harness.text.toxicity_words import plain

__all__ = ["fit", "training_texts"]

STRENGTH = 10.0
"""Inverse of the L2 penalty, chosen by ten-fold cross-validation on the training text among 1, 3, 10 and 30."""


def training_texts() -> list[tuple[str, bool]]:
    """Return every text that is trained on, and whether it is hostile."""
    return [(str(row["text"]), row["label"] == "hostile") for row in load("toxic_train").rows]


def fit(texts: Sequence[tuple[str, bool]]) -> bytes:
    """Fit an L2-penalised logistic regression to ``texts`` and return it as the content of an ``.npz`` file."""
    described = [features(plain(text)[:MOST]) for text, _ in texts]
    places = [place for found in described for place in found]
    values = [value for found in described for value in found.values()]
    ends = np.cumsum([0, *(len(found) for found in described)])
    matrix = csr_matrix((values, places, ends), shape=(len(texts), WIDTH))
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit(matrix, [hostile for _, hostile in texts])
    file = BytesIO()
    np.savez_compressed(
        file,
        # Three digits are more than the training text supports, and pack into a small file.
        coefficients=np.round(model.coef_[0], 3).astype(np.float32),
        intercept=np.float64(round(float(model.intercept_[0]), 6)),
    )
    return file.getvalue()


if __name__ == "__main__":
    Path(__file__).with_name("toxicity.npz").write_bytes(fit(training_texts()))
