"""How the weights of `harness.text.refusal` are made: ``python -m harness.text.refusal_training`` writes them again.

Training text are the replies of ``refusal_train`` and the ``tune`` half of ``refusal_replies``; the ``test`` half is
never seen here, and is what the instrument's error rates are counted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from harness.data.load import load
from harness.text.refusal import WIDTH, features

__all__ = ["fit", "training_replies"]

STRENGTH = 20.0
"""Inverse of the L2 penalty, chosen by five-fold cross-validation on the tune half among 3, 10, 20 and 50."""
THRESHOLD = 0.4
"""Chosen likewise, among 0.35 to 0.55: there a refusal and an answer are missed about equally often."""


def training_replies() -> list[tuple[str, bool]]:
    """Return every reply that may be trained on, and whether it refuses."""
    rows = [*load("refusal_train").rows, *(row for row in load("refusal_replies").rows if row["split"] == "tune")]
    return [(str(row["reply"]), row["label"] == "refuses") for row in rows]


def fit(replies: Sequence[tuple[str, bool]]) -> bytes:
    """Fit an L2-penalised logistic regression to ``replies`` and return it as the content of an ``.npz`` file."""
    described = [features(reply) for reply, _ in replies]
    places = [place for found in described for place in found]
    values = [value for found in described for value in found.values()]
    ends = np.cumsum([0, *(len(found) for found in described)])
    matrix = csr_matrix((values, places, ends), shape=(len(replies), WIDTH))
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit(matrix, [refuses for _, refuses in replies])
    file = BytesIO()
    np.savez_compressed(
        file,
        # Four digits are more than the training text supports, and pack into a small file.
        coefficients=np.round(model.coef_[0], 4).astype(np.float32),
        intercept=np.float64(round(float(model.intercept_[0]), 6)),
        threshold=np.float64(THRESHOLD),
    )
    return file.getvalue()


if __name__ == "__main__":
    Path(__file__).with_name("refusal.npz").write_bytes(fit(training_replies()))
