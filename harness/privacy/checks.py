"""What voids a claimed epsilon, one small check for each way: before a training starts, and over what one recorded.

A finding names the item of this list:

     1  batches that are not Poisson-sampled, accounted as if they were     (arXiv:2403.17673, arXiv:2411.10614)
     2  records that are coupled before clipping: batch statistics, losses averaged over a batch's tokens
     3  weights changed outside the private optimizer; running statistics; a vocabulary fitted to private records
     4  hyperparameters, stopping step or weights chosen on private records          (arXiv:2110.03620)
     5  a noise seed that is published, or can be guessed
     6  losses, norms or gradients of records in logs
     7  several trainings on the same records, or several data sets, under one account
     8  units with more records than the claim says; duplicates
     9  records that share a clipped loss with generated samples whose number is not theirs
    10  the gdp accountant, which can lie below the truth
    11  delta not below one over the number of records
    12  steps counted wrongly, or an epsilon below that of the ledger
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.privacy.findings import Finding
from harness.privacy.planned import BEFORE, Plan, changed_by_optimizer_alone, told_apart
from harness.privacy.recorded import AFTER, Trained

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from harness.models.generator import Player, Rows

__all__ = ["Finding", "Plan", "Trained", "after", "before", "refuse"]


def before(plan: Plan, seats: Sequence[tuple[Player, Optimizer]] = (), rows: Rows | None = None) -> tuple[Finding, ...]:
    """Everything that would void the claim of a training that has not started.

    Args:
        plan: What is planned.
        seats: The players that see records, in training mode, each with its optimizer.
        rows: Some 4 of the records, to try whether they can be told apart; None: that is not tried.
    """
    found = [finding for check in BEFORE for finding in check(plan)]
    for player, optimizer in seats:
        found += told_apart(player, rows)
        found += changed_by_optimizer_alone(player, optimizer)
    return tuple(found)


def after(trained: Trained) -> tuple[Finding, ...]:
    """Everything that voids the claim of a finished training, as far as its traces show."""
    return tuple(finding for check in AFTER for finding in check(trained))


def refuse(findings: Sequence[Finding]) -> None:
    """Refuse to train where something was found.

    Raises:
        UsageError: all findings, each on a line.
    """
    if findings:
        lines = [f"{each.what} (item {each.item})" if each.item else each.what for each in findings]
        raise UsageError("No privacy can be claimed for this training:\n" + "\n".join(f"- {line}" for line in lines))
