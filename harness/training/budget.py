"""What a private training may spend, settled before its first step, and the ledger of what it did spend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from harness.models.generator import Generator
from harness.privacy import accounting
from harness.privacy.ledger import GaussianSteps, Ledger
from harness.training.recipe import Privacy
from harness.training.split import Split

__all__ = ["Budget", "records_of_units", "settle", "touched"]


@dataclass(frozen=True, slots=True)
class Budget:
    """The privacy of one training.

    Attributes:
        records: In the training, those that are there several times counted so often.
        sample_rate: Probability of each record to be in a batch.
        noise_multiplier: Standard deviation of the noise, in units of ``clip``.
        clip: Largest l2 norm of one record's gradient.
        delta: Of the claim.
        epsilon: That the rounds together do not exceed; None where only the noise was given.
        rounds: Rounds of training that can be afforded; at most those of the recipe.
        unit: What one record is, such as ``one image``.
        largest_unit: Most records that belong together: passages of one document, or one canary repeated.
    """

    records: int
    sample_rate: float
    noise_multiplier: float
    clip: float
    delta: float
    epsilon: float | None
    rounds: int
    unit: str
    largest_unit: int

    def ledger(self, takes: Mapping[str, int], touched: Sequence[str] = ()) -> Ledger:
        """The events of so many private steps by each player.

        Args:
            takes: Private steps by name of the player.
            touched: What else saw the records.
        """
        events = tuple(
            GaussianSteps(
                player=name,
                sample_rate=self.sample_rate,
                noise_multiplier=self.noise_multiplier,
                clip=self.clip,
                steps=steps,
            )
            for name, steps in takes.items()
            if steps
        )
        return Ledger(
            events=events,
            sampling="poisson",
            adjacency="add or remove one record",
            unit=self.unit,
            records=self.records,
            touched=tuple(touched),
            largest_unit=self.largest_unit,
        )

    def spent(self, takes: Mapping[str, int]) -> float:
        """Epsilon of so many private steps at most, told quickly.

        It is the RDP accountant's bound or, where that is looser, the budget: all rounds together keep within it by
        the PRV accountant, so each part of them does.
        """
        bound = accounting.epsilon(self.ledger(takes), delta=self.delta, accountant="rdp").epsilon
        return bound if self.epsilon is None else min(bound, self.epsilon)


def settle(privacy: Privacy, *, split: Split, batch: int, rounds: int, takes: int, unit: str) -> Budget:
    """Find the noise for a budget, or, where the noise is given too, how many rounds the budget affords.

    Args:
        privacy: As the recipe has it.
        split: Who is trained on, and how often.
        batch: Expected size of a batch.
        rounds: Rounds the recipe asks for.
        takes: Private steps in each round, of all players together.
        unit: What one record is.

    Raises:
        UsageError: the batch exceeds the records, or not even one round can be afforded.
    """
    records = int(split.repeats.sum())
    if batch > records:
        raise UsageError(
            f"A batch of {batch} is more than the {records} training records. Make batch smaller under [train]."
        )
    rate, delta = batch / records, privacy.delta or 1 / (10 * records)
    noise, affordable = privacy.noise_multiplier, rounds
    if noise is None and privacy.epsilon is not None:
        noise = accounting.noise_for(epsilon=privacy.epsilon, delta=delta, sample_rate=rate, steps=rounds * takes)
    elif noise is not None and privacy.epsilon is not None:
        most = accounting.steps_within(
            epsilon=privacy.epsilon, delta=delta, sample_rate=rate, noise_multiplier=noise, at_most=rounds * takes
        )
        affordable = most // takes
    if noise is None or affordable < 1:
        raise UsageError(
            f"Not one round fits epsilon = {privacy.epsilon} at noise_multiplier = {noise}. Raise either of them,"
            " or give epsilon alone: the noise is then found for it."
        )
    return Budget(
        records=records,
        sample_rate=rate,
        noise_multiplier=noise,
        clip=privacy.clip,
        delta=delta,
        epsilon=privacy.epsilon,
        rounds=affordable,
        unit=unit,
        largest_unit=max(records_of_units(split).values()),
    )


def records_of_units(split: Split) -> dict[str, int]:
    """Training records of each unit, those that are there several times counted so often."""
    of_unit: Counter[str] = Counter()
    for unit, repeats in zip(split.units, split.repeats.tolist(), strict=True):
        of_unit[unit] += repeats
    return dict(of_unit)


def touched(generator: Generator) -> tuple[str, ...]:
    """What besides the weights was fitted to the records, as the generator tells it; most have nothing to tell."""
    return tuple(getattr(generator, "touched", ()))
