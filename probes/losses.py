"""What the probes of membership share: which records they ask of, and how the losses of a record are read.

A score is minus a loss: larger means better fitted, as what was trained on is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Row
from harness.records import Finish, Judged, Outcome, Reply, Score
from probes.replies import unanswered

__all__ = ["REFERENCES", "Scores", "one_of_each", "read_loss", "read_scores", "seen_by", "shuffled", "told"]

LOSS, REFERENCE = "loss", "reference/"
"""Names of a reply's losses: the model's own, and before the number of a reference model."""

REFERENCES = (
    "train some with the same records and other coins, `harness train KIND --data NAME --references 8`, and name each"
    " by --reference"
)
"""How a reader comes by reference models."""


def one_of_each(rows: Sequence[Row]) -> list[Row]:
    """Return the first row of each unit: passages of one document share its coin, and are no independent records."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(str(row["unit"]), row)
    return list(first.values())


def shuffled(scores: Sequence[Judged]) -> list[Judged]:
    """Return ``scores`` in an order that is fixed by the names of their cases alone."""
    return sorted(scores, key=lambda its: hashlib.sha256(its.case.id.encode()).digest())


def seen_by(row: Row) -> list[bool]:
    """For each reference model, whether it was trained on the record."""
    seen = row.get("references")
    return [bool(each) for each in seen] if isinstance(seen, list) else []


def read_loss(reply: Reply) -> Score:
    """Score that holds ``loss``, of a canary or a record like it; or the outcome without it."""
    missing = unanswered(reply)
    if missing is not None:
        return missing
    # Fills may have unequal numbers of tokens where a tokenizer was learned: then only whole texts compare.
    loss = reply.losses.get("total" if {"total", "tokens"} <= set(reply.losses) else LOSS)
    if loss is None or not isfinite(loss):
        return Score(Outcome.UNREADABLE, note="the reply has no loss")
    return Score(Outcome.SCORED, {"loss": loss})


def read_scores(reply: Reply, references: int) -> Score:
    """Score that holds ``score``, and ``reference/0`` and so on for each reference model; or the outcome without it."""
    missing = unanswered(reply)
    if missing is not None:
        return missing
    others = [f"{REFERENCE}{number}" for number in range(references)]
    lacking = [name for name in (LOSS, *others) if not isfinite(reply.losses.get(name, float("nan")))]
    if lacking:
        return Score(Outcome.UNREADABLE, note=f"the reply has no number for {lacking[0]!r}")
    values = {"score": -reply.losses[LOSS]} | {name: -reply.losses[name] for name in others}
    return Score(Outcome.SCORED, values)


def told(own: float, references: Sequence[float] = ()) -> Reply:
    """Answer with the given loss of the model, and those of reference models: of such replies controls are made."""
    losses = {LOSS: own} | {f"{REFERENCE}{number}": loss for number, loss in enumerate(references)}
    return Reply(Finish.STOP, losses=losses)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of n records by the model and by k reference models.

    Attributes:
        judged: The cases they are of, all of them scored.
        own: By the model, ``[n]``.
        references: By each reference model, ``[n, k]``.
        inside: Whether each reference model was trained on the record, ``[n, k]``.
    """

    judged: Sequence[Judged]
    own: NDArray[np.float64]
    references: NDArray[np.float64]
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, judged: Sequence[Judged]) -> Scores:
        """Gather what `read_scores` found; ``expected["references"]`` of each case says what `seen_by` did."""
        found = [its for its in judged if its.score.values]
        inside = [seen if isinstance(seen := its.case.expected["references"], list) else [] for its in found]
        others = [f"{REFERENCE}{number}" for number in range(len(inside[0]) if inside else 0)]
        shape = (len(found), len(others))
        return cls(
            found,
            np.array([its.score.values["score"] for its in found], dtype=np.float64),
            np.array([[its.score.values[name] for name in others] for its in found], dtype=np.float64).reshape(shape),
            np.array(inside, dtype=np.bool_).reshape(shape),
        )

    def take(self, rows: NDArray[np.bool_]) -> Scores:
        """Those records alone."""
        kept = [its for its, row in zip(self.judged, rows, strict=True) if row]
        return Scores(kept, self.own[rows], self.references[rows], self.inside[rows])

    def levelled(self, level: Scores) -> Scores:
        """Scores less the mean that their model gives to the records of ``level``, half of which it was trained on.

        Few references are compared with each record, not the same ones for all: what one of them fits better or worse
        than the others as a whole would pass for what the record is to them.
        """
        if not self.judged or not level.judged:
            return self
        own, references = self.own - level.own.mean(), self.references - level.references.mean(axis=0)
        return Scores(self.judged, own, references, self.inside)
