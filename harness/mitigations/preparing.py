"""What the mitigations of training data have in common: one step more in the preparation of the records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.contracts import Backend
from harness.mitigations.retraining import recipe_of, train_again
from harness.records import Value

__all__ = ["train_prepared"]


def train_prepared(target: Backend, step: str, settings: Mapping[str, Value], work: Path) -> Backend:
    """Train ``target`` again, when it is fetched, with ``step`` in its preparation.

    Args:
        target: One that can be trained again.
        step: Key of `harness.training.prepare.tables.Prepare`; what an earlier mitigation put there under other keys
            stays.
        settings: Of the step.
        work: Folder of checkpoints.

    Raises:
        UsageError: it cannot be trained again, or the changed recipe is none.
    """
    earlier = recipe_of(target).get("prepare") or {}
    kept = {key: value for key, value in earlier.items() if value is not None}
    return train_again(target, {"prepare": {**kept, step: dict(settings)}}, work)
