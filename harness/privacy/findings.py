"""A way in which a claim is void, and what is looked at both before a training and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose

from harness.errors import UsageError
from harness.privacy.accounting import refuse_accountant

__all__ = ["Finding", "of_accountant", "of_delta", "of_rate"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which a claim is void.

    Attributes:
        item: Of the list in `harness.privacy.checks`; 0 for a plan that cannot be carried out at all.
        what: What was found and what to do, in sentences.
    """

    item: int
    what: str


def of_accountant(name: str) -> Iterator[Finding]:
    """Item 10: an accountant that may understate, or that nobody knows."""
    try:
        refuse_accountant(name)
    except UsageError as error:
        yield Finding(10, str(error))


def of_delta(delta: float, records: int) -> Iterator[Finding]:
    """Item 11: a delta that publishing one record in full would satisfy."""
    if not 0 < delta * records < 1:
        yield Finding(
            11,
            f"delta = {delta:.3g} is not below 1 / {records}: publishing one record in full would satisfy it."
            f" Use 1 / (10 n) = {1 / (10 * max(1, records)):.2g}, or less.",
        )


def of_rate(rate: float, batch: float, records: int) -> Iterator[Finding]:
    """Item 12: a sampling rate that is not that of the batch."""
    if not isclose(rate * records, batch, rel_tol=1e-6):
        yield Finding(
            12,
            f"The sampling rate {rate:.6g} is not that of batches of {batch:g} from {records} records:"
            f" {batch / max(1, records):.6g}.",
        )
