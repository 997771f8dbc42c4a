"""The claim of differential privacy, whole: every number it rests on, what it leaves out, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite, log
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.canonical import to_json
from harness.errors import UsageError
from harness.privacy.accounting import Accountant, epsilon
from harness.privacy.ledger import GaussianSteps, Ledger, NonPrivate, Unsupported
from harness.records import Value

__all__ = ["DISCLOSURES", "Claim", "claim"]

DISCLOSURES = (
    (
        "The noise comes from an ordinary generator whose state the operating system fills at every step, not from a"
        " cryptographically secure one, and attacks on floating-point noise (arXiv:2112.05307) are not mitigated."
    ),
    (
        "What is taken as public: how many records there were, how many the largest unit has, and which were left out"
        " as duplicates; their form, that is sizes, range of values, names of classes, and a caption that all records"
        " of a class have."
    ),
    (
        "Only records that were trained on are protected. Those kept for validation never were, and mean losses over"
        " them are shown as they are."
    ),
    (
        "The claim is about the model, the files under model/. Who was trained on stands in records.parquet, and can be"
        " told from seeds and digests in manifest.json by whoever has the records; time, memory and energy that"
        " training took are not noised either. None of these is covered: release the model without them."
    ),
    (
        "Hyperparameters that were tried on these records, and whatever else was done with them elsewhere, are known to"
        " whoever did it; none of it is covered."
    ),
)
"""What holds for every claim made here."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with everything it needs, or the reasons why none can be made.

    Attributes:
        epsilon: Upper bound; None where there is no claim.
        delta: Below one over the number of records.
        accountant: That computed epsilon; None where there is no claim.
        error: What is known of its error.
        adjacency: Which data sets are neighbours.
        unit: What one record is.
        records: In the training, repetitions counted.
        largest_unit: Most records of one unit, repetitions counted.
        sampling: How batches were drawn.
        mechanisms: Sampling rate, noise, clip and steps of each player.
        touched: What else saw the private records.
        reasons: Why there is no claim; empty where there is one.
    """

    epsilon: float | None
    delta: float
    accountant: str | None
    error: str
    adjacency: str
    unit: str
    records: int
    largest_unit: int
    sampling: str
    mechanisms: tuple[GaussianSteps, ...]
    touched: tuple[str, ...]
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        if (self.epsilon is None) != bool(self.reasons):
            raise ValueError("a claim has an epsilon, or reasons why there is none")
        if self.epsilon is not None and not (isfinite(self.epsilon) and self.epsilon >= 0):
            raise ValueError(f"an epsilon is finite and at least 0, not {self.epsilon}")

    @property
    def holds(self) -> bool:
        """Whether anything is claimed."""
        return self.epsilon is not None

    def lines(self) -> list[str]:
        """The whole claim in sentences, for people; nothing of it may be left out where it is shown."""
        if self.epsilon is None:
            return ["No DP claim.", *(f"Reason: {reason}" for reason in self.reasons), *self._mechanisms()]
        return [
            f"(epsilon, delta)-differential privacy with epsilon = {_up(self.epsilon)} and delta = {self.delta:.3g}.",
            f"Neighbours: {self.adjacency}. One record is {self.unit}. Records: {self.records}.",
            *self._mechanisms(),
            f"Accountant: {self.accountant}: {self.error}.",
            f"What else saw the records: {'; '.join(self.touched) or 'nothing that was recorded'}.",
            *self._groups(),
            *DISCLOSURES,
        ]

    def _mechanisms(self) -> list[str]:
        return [
            f"Mechanism of {event.player}: Gaussian with {self.sampling} sampling, q = {event.sample_rate:.6g},"
            f" noise multiplier {event.noise_multiplier:.6g}, clip C = {event.clip:g}, {event.steps} steps."
            for event in self.mechanisms
        ]

    def _groups(self) -> list[str]:
        """What is left for units of several records: k records, k epsilon, delta k e^((k-1) epsilon)."""
        if self.largest_unit == 1 or self.epsilon is None:
            return []
        k = self.largest_unit
        exponent = log(self.delta) + log(k) + (k - 1) * self.epsilon
        left = (
            f"epsilon = {_up(k * self.epsilon)} and delta = {10 ** (exponent / log(10)):.3g}"
            if exponent < 0
            else "nothing, since its delta would be 1 or more"
        )
        return [f"Groups: the largest unit has {k} records, repetitions counted; for it as a whole there is {left}."]

    def dump(self) -> dict[str, Value]:
        """JSON values that `parse` reads back."""
        found = to_json(self)
        assert isinstance(found, dict)  # noqa: S101  a dataclass
        return found

    @classmethod
    def parse(cls, value: Any) -> Claim:
        """Read what `dump` gave.

        Raises:
            ValueError: it is not a claim.
        """
        if not isinstance(value, Mapping):
            raise ValueError(f"a claim is read from an object, not from {type(value).__name__}")  # noqa: TRY004  as for all stored data
        try:
            found = TypeAdapter(cls).validate_python(dict(value))
        except ValidationError as error:
            raise ValueError(" ".join(str(error).split())[:300]) from error
        if found.dump() != dict(value):
            raise ValueError("this is not a claim as it was written")
        return found


def claim(ledger: Ledger, *, delta: float, voided: Sequence[str] = (), accountant: Accountant = "prv") -> Claim:
    """What may be claimed of the model whose training wrote ``ledger``.

    Args:
        ledger: Complete: every use of the records by the training.
        delta: Chance of failure that is accepted; below one over the number of records.
        voided: What a check found that voids any claim, in sentences.
        accountant: prv; rdp is looser and quicker.
    """
    reasons = [*_reasons(ledger, delta), *voided]
    spent = None
    if not reasons:
        try:
            spent = epsilon(ledger, delta=delta, accountant=accountant)
        except UsageError as error:
            reasons.append(str(error))
    return Claim(
        epsilon=None if spent is None else spent.epsilon,
        delta=delta,
        accountant=None if spent is None else spent.accountant,
        error="" if spent is None else spent.error,
        adjacency=ledger.adjacency,
        unit=ledger.unit,
        records=ledger.records,
        largest_unit=ledger.largest_unit,
        sampling=ledger.sampling,
        mechanisms=ledger.gaussian,
        touched=ledger.touched,
        reasons=tuple(reasons),
    )


def _reasons(ledger: Ledger, delta: float) -> list[str]:
    """What stands against a claim in the ledger itself."""
    found = [event.reason for event in ledger.events if isinstance(event, NonPrivate | Unsupported)]
    if not any(event.steps for event in ledger.gaussian):
        found.append("no private step is recorded")
    if not ledger.unit:
        found.append("the unit of privacy is not recorded")
    if not ledger.records or not 0 < delta * ledger.records < 1:
        found.append(
            f"delta = {delta:.3g} is not below 1 / {ledger.records}: publishing one record in full would satisfy it"
        )
    if ledger.touched:
        found.append(f"no epsilon covers what else saw the records: {'; '.join(ledger.touched)}")
    return found


def _up(value: float) -> str:
    """Three decimals, rounded up: what is printed is never below what was computed."""
    return f"{ceil(value * 1000 - 1e-9) / 1000:.3f}"
