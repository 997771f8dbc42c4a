"""What a plan consists of, and what a policy makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.records.asks import Capability
from harness.records.cases import Value

__all__ = ["Cell", "CellStatus", "GateResult", "Ruling", "Severity", "Verdict"]


class CellStatus(StrEnum):
    """Whether a probe can be put to a model."""

    PLANNED = "planned"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Cell:
    """One probe on one data set, put to the run's model.

    Attributes:
        probe: Plugin name.
        dataset: Name of the data set.
        status: Whether it runs.
        reason: Why not, where it does not.
        capability: How the model is asked.
        settings: The probe's own settings.
        items: Most items of the data set used; None for all.
        cases: Number of cases.
    """

    probe: str
    dataset: str
    status: CellStatus
    reason: str = ""
    capability: Capability | None = None
    settings: Mapping[str, Value] = field(default_factory=dict)
    items: int | None = None
    cases: int = 0

    @property
    def key(self) -> str:
        """Name of the cell within its run: ``probe@dataset``."""
        return f"{self.probe}@{self.dataset}"


class Ruling(StrEnum):
    """The three answers a gate can give, and the one that says that there was nothing to judge by."""

    PASS = "pass"  # noqa: S105  a ruling, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_JUDGED = "not_judged"
    """Of a whole verdict only: too many asks failed for any gate to mean something."""


class Severity(StrEnum):
    """Whether a failed gate stops a release."""

    HARD = "hard"
    SOFT = "soft"


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate, judged.

    Attributes:
        metric: Full metric name.
        dataset: Data set it was measured on.
        ruling: Pass, fail or inconclusive.
        severity: Hard gates decide the verdict; soft ones warn.
        limit: The limit in words, such as ``at least 0.25``.
        reason: Why the limit stands, from the policy.
        sentence: The finding in plain words, with interval and denominator.
        waived: Owner and reason of the waiver that covers a failure, or an empty string.
    """

    metric: str
    dataset: str
    ruling: Ruling
    severity: Severity
    limit: str
    reason: str
    sentence: str
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one object behind the text, the JSON and the exit code."""

    ruling: Ruling
    sentence: str
    gates: tuple[GateResult, ...]
    warnings: tuple[str, ...] = ()
