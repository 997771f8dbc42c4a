"""How the weights of `harness.text.rebuttal` are made: ``python -m harness.text.rebuttal_training`` writes them again.

They are fitted to the ``tune`` half of ``premise_replies``; the ``test`` half is never seen here, and is what the
instrument's error rates are counted on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from harness.canonical import dumps
from harness.contracts import Row
from harness.text.labelled import asked
from harness.text.labelled import premise_replies as labelled
from harness.text.rebuttal import cues

__all__ = ["asked", "fit", "labelled"]

STRENGTH = 0.3
"""Inverse of the L2 penalty, chosen by cross-validation over pairs among 0.3, 1 and 3."""
THRESHOLD = 0.4
"""Chosen likewise, of 0.4 and 0.5: it finds more of the corrections and takes as few acceptances for one."""


def fit(rows: Sequence[tuple[Row, Row]]) -> bytes:
    """Fit an L2-penalised logistic regression to ``rows`` and return it as JSON."""
    described = [cues(str(row["reply"]), **_told(row, pair)) for row, pair in rows]
    names = sorted(described[0])
    matrix = np.array([[found[name] for name in names] for found in described])
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit(matrix, [row["label"] == "corrects" for row, _ in rows])
    learnt = {name: round(float(weight), 4) for name, weight in zip(names, model.coef_[0], strict=True)}
    intercept = round(float(model.intercept_[0]), 4)
    return dumps({"weights": learnt, "intercept": intercept, "threshold": THRESHOLD}, indent=2) + b"\n"


def _told(row: Row, pair: Row) -> dict[str, Any]:
    return {"question": asked(row, pair), "premise": pair["premise"], "corrections": pair["corrections"]}


if __name__ == "__main__":
    Path(__file__).with_name("rebuttal.json").write_bytes(fit(labelled("tune")))
