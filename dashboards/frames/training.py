"""How a model was trained, as tables."""

from __future__ import annotations

import pandas as pd

from harness.query import TrainingRecord

__all__ = ["CURVES", "losses"]

CURVES = ("step", "seconds", "curve", "value")
TRAINING, VALIDATION = "training loss", "validation loss"


def losses(record: TrainingRecord, *, after: int = 0) -> pd.DataFrame:
    """Points of both curves by step, those that were measured.

    Args:
        record: Of the training.
        after: Step up to which points are left out.

    Returns:
        Columns step, seconds (of training so far), curve (``training loss`` or ``validation loss``) and value.
    """
    rows = [
        (point.step, point.seconds, name, value)
        for name, values in (
            (TRAINING, [point.loss for point in record.curve]),
            (VALIDATION, [point.validation for point in record.curve]),
        )
        for point, value in zip(record.curve, values, strict=True)
        if value is not None and point.step > after
    ]
    return pd.DataFrame(rows, columns=list(CURVES))
