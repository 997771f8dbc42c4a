"""The nouns that walk from room to room: frozen, plain, standard library only.

An *ask* goes to a backend, a *reply* comes back, a *case* says what was wanted, a *score*
judges one case, an *estimate* is what a reader sees. Absence is a value of its own
(`Absence`, `Outcome`), never 0.0 and never NaN.
"""

from __future__ import annotations

from harness.records.asks import Ask, Capability, DrawAsk, GenerateAsk, LossAsk, RecordAsk, ScoreAsk, Windows
from harness.records.cases import Arm, Case, Exhibit, Judged, Outcome, Score, Value
from harness.records.estimates import Absence, Better, ControlKind, ControlResult, Counts, Estimate, Interval, Metric
from harness.records.replies import Consultation, ContinuationScore, Finish, Reading, Reply, Usage
from harness.records.verdicts import Cell, CellStatus, GateResult, Ruling, Severity, Verdict

__all__ = [
    "Absence",
    "Arm",
    "Ask",
    "Better",
    "Capability",
    "Case",
    "Cell",
    "CellStatus",
    "Consultation",
    "ContinuationScore",
    "ControlKind",
    "ControlResult",
    "Counts",
    "DrawAsk",
    "Estimate",
    "Exhibit",
    "Finish",
    "GateResult",
    "GenerateAsk",
    "Interval",
    "Judged",
    "LossAsk",
    "Metric",
    "Outcome",
    "Reading",
    "RecordAsk",
    "Reply",
    "Ruling",
    "Score",
    "ScoreAsk",
    "Severity",
    "Usage",
    "Value",
    "Verdict",
    "Windows",
]
