"""Everything there is to say of a checkpoint's privacy: its claim, what voids it, and what refutes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.canonical import to_json
from harness.data.examples import Examples
from harness.privacy.audit import Audit, Ruling, audit_checkpoint, claim_of
from harness.privacy.canary_scores import coin_canaries
from harness.privacy.checks import Finding, Trained, after
from harness.privacy.claim import Claim, claim
from harness.privacy.own_step import audit_own_step
from harness.privacy.white_box import StepAudit
from harness.records import Value
from harness.training.split import Split

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint

__all__ = ["PrivacyReport", "examine"]

NO_LEDGER = Finding(12, "It states an epsilon, and has no ledger.json that one could be computed from.")


@dataclass(frozen=True, slots=True)
class PrivacyReport:
    """What was claimed, and what was found.

    Attributes:
        claim: What the checkpoint's ledger supports: none where anything was found; None without a ledger.
        stated: Whether the checkpoint itself states an epsilon.
        findings: What in its own records voids the claim.
        step: The white-box audit of the private step installed here; None without a ledger.
        audit: The one-run audit, of what the ledger says whether it is void or not.
    """

    claim: Claim | None
    stated: bool
    findings: tuple[Finding, ...]
    step: StepAudit | None
    audit: Audit

    @property
    def fails(self) -> bool:
        """Whether an epsilon is claimed that is refuted or void."""
        void = self.stated and bool(self.findings or (self.step is not None and self.step.findings))
        return void or self.audit.ruling is Ruling.REFUTED

    def lines(self) -> list[str]:
        """The report in sentences."""
        return [*self._claim_lines(), "", *self._step_lines(), *self.audit.lines()]

    def _claim_lines(self) -> list[str]:
        if self.claim is not None:
            return self.claim.lines()
        if self.stated:
            return ["No DP claim.", *(f"Reason: {reason}" for reason in _reasons(self.findings, None))]
        return ["No DP claim.", "Reason: it was trained without privacy."]

    def _step_lines(self) -> list[str]:
        if self.step is None or self.step.findings:
            return []
        passed = f"{len(self.step.checks)} checks over {self.step.steps} steps passed"
        return [f"The private step installed here does what a ledger says: {passed}."]

    def dump(self) -> dict[str, Value]:
        """The report as JSON values."""
        return {
            "claim": None if self.claim is None else self.claim.dump(),
            "findings": to_json(self.findings),
            "step": to_json(self.step),
            "audit": self.audit.dump(),
        }


def examine(
    checkpoint: Checkpoint,
    *,
    references: Sequence[Checkpoint] = (),
    confidence: float = 0.95,
    data: str | None = None,
    root: Path | None = None,
) -> PrivacyReport:
    """Audit a checkpoint in every way there is.

    Args:
        checkpoint: Trained with coin canaries.
        references: Models trained by the same recipe with coins of their own.
        confidence: Of the ruling.
        data: Where the records are now, if elsewhere than the recipe says.
        root: Folder of third-party data; None for that of the environment.

    Raises:
        UsageError: there are no coin canaries, or a reference does not fit.
        DataError: the records cannot be found, or are no longer those.
        ModelError: the model or its claim cannot be read, or it has diverged.
    """
    split = checkpoint.split()
    coin_canaries(split)  # refuses what cannot be audited before any data are read
    examples = checkpoint.examples(data=data, root=root)
    audit = audit_checkpoint(checkpoint, examples, references=references, confidence=confidence)
    its, ledger, claimed = claim_of(checkpoint), checkpoint.ledger(), checkpoint.stated_claim()
    stated = claimed is not None and claimed.holds
    if ledger is None or its is None or split is None:
        return PrivacyReport(None, stated, (NO_LEDGER,) if stated else (), None, audit)
    manifest: Any = to_json(checkpoint.manifest)
    trained = Trained(manifest, ledger, checkpoint.folder, _units(split), _copies(split, examples))
    findings, mechanism = after(trained), next(iter(ledger.gaussian), None)
    step = None if mechanism is None else audit_own_step(mechanism)
    whole = claim(ledger, delta=its.delta, voided=_reasons(findings, step))
    return PrivacyReport(whole, stated, findings, step, audit)


def _reasons(findings: Sequence[Finding], step: StepAudit | None) -> list[str]:
    """What was found, as reasons against any claim."""
    by_step = () if step is None else step.findings
    by_item = [f"void by item {finding.item}: {finding.what}" for finding in findings]
    return [*by_item, *(f"void by the private step: {finding}" for finding in by_step)]


def _units(split: Split) -> dict[str, int]:
    """Training records of each unit, repetitions counted."""
    counts: Counter[str] = Counter()
    for row in split.training_rows():
        counts[split.units[row]] += 1
    return dict(counts)


def _copies(split: Split, examples: Examples) -> int:
    """Most training records with the same picture, or the same text where there is none."""
    content = examples.texts if examples.images is None else [image.tobytes() for image in examples.images]
    assert content is not None  # noqa: S101  records have either
    return max(Counter(content[row] for row in split.training_rows()).values(), default=1)
