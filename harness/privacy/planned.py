"""What would void the claim of a private training that has not started: one small check for each way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.privacy.accounting import SAMPLING
from harness.privacy.findings import Finding, of_accountant, of_delta, of_rate

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from harness.models.generator import Player, Rows

__all__ = ["BEFORE", "Plan", "changed_by_optimizer_alone", "told_apart"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A private training that is about to start.

    Attributes:
        records: Training records, repetitions counted.
        batch: Records that a batch has on average.
        sample_rate: Probability of each record to be in a batch.
        delta: Of the claim.
        epsilon: Budget; None where the noise is given alone.
        sampling: How batches are drawn.
        accountant: That the claim will be computed by.
        touched: What was fitted to the private records already: vocabularies, statistics.
        chosen: What will be, or was, chosen on private records: hyperparameters, the step to stop at.
        noise_seed: That noise or batches are drawn from, if they are; None for the operating system.
        earlier: Trainings on the same records that this one goes on from.
    """

    records: int
    batch: float
    sample_rate: float
    delta: float
    epsilon: float | None = None
    sampling: str = SAMPLING
    accountant: str = "prv"
    touched: Sequence[str] = ()
    chosen: Sequence[str] = ()
    noise_seed: int | None = None
    earlier: Sequence[str] = ()


def budget_is_positive(plan: Plan) -> Iterator[Finding]:
    """A budget is above zero."""
    if plan.epsilon is not None and not plan.epsilon > 0:
        yield Finding(0, f"epsilon = {plan.epsilon} is no budget: it must be above 0, such as 8.")


def batches_are_poisson(plan: Plan) -> Iterator[Finding]:
    """Item 1: the accountants hold for records that are drawn each by itself."""
    if plan.sampling != SAMPLING:
        yield Finding(
            1,
            f"Batches drawn by {plan.sampling!r} leak more than Poisson accounting says, up to several times the"
            " epsilon. Draw each record by itself, with one probability.",
        )


def nothing_was_fitted(plan: Plan) -> Iterator[Finding]:
    """Item 3: what was fitted to the records beside the weights is covered by no epsilon."""
    for item in plan.touched:
        yield Finding(3, f"Fitted to the private records without privacy: {item}. Use one fixed in advance.")


def nothing_is_chosen(plan: Plan) -> Iterator[Finding]:
    """Item 4: a choice made on private records releases something of them."""
    for item in plan.chosen:
        yield Finding(4, f"Chosen on private records without accounting: {item}. Fix it in advance, or on public data.")


def noise_has_no_seed(plan: Plan) -> Iterator[Finding]:
    """Item 5: who knows the seed can subtract the noise."""
    if plan.noise_seed is not None:
        yield Finding(5, "Noise or batches are drawn from a seed. Let the operating system draw them, and keep none.")


def nothing_was_trained_before(plan: Plan) -> Iterator[Finding]:
    """Item 7: what earlier trainings on the same records spent adds up, and this one's ledger knows nothing of it."""
    for item in plan.earlier:
        yield Finding(7, f"{item}, which adds to what is spent. Start from a model that has not seen them.")


def accountant_is_an_upper_bound(plan: Plan) -> Iterator[Finding]:
    """Item 10."""
    yield from of_accountant(plan.accountant)


def delta_is_small(plan: Plan) -> Iterator[Finding]:
    """Item 11."""
    yield from of_delta(plan.delta, plan.records)


def rate_is_that_of_the_batch(plan: Plan) -> Iterator[Finding]:
    """Item 12: q = batch / records, not one over the rounded number of batches."""
    yield from of_rate(plan.sample_rate, plan.batch, plan.records)


BEFORE: tuple[Callable[[Plan], Iterator[Finding]], ...] = (
    budget_is_positive,
    batches_are_poisson,
    nothing_was_fitted,
    nothing_is_chosen,
    noise_has_no_seed,
    nothing_was_trained_before,
    accountant_is_an_upper_bound,
    delta_is_small,
    rate_is_that_of_the_batch,
)


def told_apart(player: Player, rows: Rows | None) -> Iterator[Finding]:
    """Items 2, 3 and 9: what the network is made of, and what its losses do with actual records."""
    from harness.training.apart import reasons_against
    from harness.training.coupling import Coupling, find_coupling

    items = {Coupling.RECORDS: 2, Coupling.CHANGES: 3, Coupling.SAMPLES: 9}
    reasons = reasons_against(player.network)
    for reason in reasons:
        yield Finding(2, f"In {player.name!r}, {reason}.")
    # What is known to couple records cannot be taken apart to see whether it does.
    if rows is not None and not reasons:
        for coupling, what in find_coupling(player, rows).items():
            yield Finding(items[coupling], f"{what[:1].upper()}{what[1:].rstrip('.')}.")


def changed_by_optimizer_alone(player: Player, optimizer: Optimizer) -> Iterator[Finding]:
    """Item 3: every trained weight changes through the private optimizer, and nothing else does."""
    from harness.training.apart import refuse_other_parameters

    try:
        refuse_other_parameters(player, optimizer)
    except UsageError as error:
        yield Finding(3, str(error))
