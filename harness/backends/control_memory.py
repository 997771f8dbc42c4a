"""What the control backend was trained on, and how its losses give that away: alike for pictures and for text.

Every record is about as hard as any other, with a standard deviation of 1. What was trained on has a lower loss, by so
many standard deviations as are set: by membership for natural records, by the doublings of their repeats for canaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log2
from statistics import NormalDist

from harness.backends.reply_checks import LOSS
from harness.backends.trained.losses import REFERENCE
from harness.backends.trained.records import Records, unknown
from harness.canonical import digest
from harness.contracts import TRAINING, Dataset
from harness.data.canaries import Canary, plant
from harness.data.examples import Examples
from harness.records import Finish, LossAsk, Reply
from harness.seeds import derive

__all__ = ["LADDER", "LOSS_LEVEL", "LOSS_NOISE", "Chance", "Ladder", "Memory"]

LOSS_LEVEL = 10.0
"""Mean loss of a record it was not trained on; standard deviation 1 over records."""

LOSS_NOISE = 0.1
"""Standard deviation of a record's loss over seeds."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Canaries to plant: see `harness.data.canaries.Planting`."""

    repeats: tuple[int, ...]
    per_level: int
    coins: int


LADDER = Ladder(repeats=(1, 4, 16, 64), per_level=4, coins=40)


@dataclass(frozen=True, slots=True)
class Chance:
    """Numbers by name: the same for the same seed and name.

    Attributes:
        seed: Root of them all.
        owner: Whose they are, before every name.
    """

    seed: int
    owner: str

    def number(self, what: str) -> int:
        """A number below 2**63."""
        return derive(self.seed, f"{self.owner}/{what.encode('utf-8', 'backslashreplace').decode()}")

    def toss(self, what: str) -> float:
        """A number in [0, 1]."""
        return self.number(what) / 2**63

    def normal(self, what: str) -> float:
        """A number from the standard normal distribution."""
        return NormalDist().inv_cdf((self.number(what) + 0.5) / 2**63)


@dataclass(kw_only=True)
class Memory:
    """Training data with losses.

    Attributes:
        natural: Records before canaries are planted, each a member by a fair coin.
        leak: By how many standard deviations the losses of natural members lie lower.
        retention: By how many each doubling of a canary's repeats lowers its loss.
        references: Reference models, with coins of their own; they find a record as hard as it does, and leak alike.
        asked_by: What its rows say a `DrawAsk` needs: ``label``, ``prompt``, or None.
        chance: Of coins and losses.
    """

    natural: Examples
    leak: float
    retention: float
    references: int
    asked_by: str | None
    chance: Chance

    @cached_property
    def records(self) -> Records:
        """All records with the canaries among them: a ladder of repeats, and some that a coin decides on."""
        examples, canaries = plant(self.natural, LADDER, seed=self.chance.number("canaries"))
        ladder = {canary.record: canary.repeats for canary in canaries if canary.repeats}
        times = [ladder.get(record) or self._coin(record) for record in examples.ids]
        roles = ["member" if each else "nonmember" for each in times]
        seen = [
            frozenset(record for record in examples.ids if record in ladder or self._coin(record, model))
            for model in range(self.references)
        ]
        return Records(examples, roles, times, canaries, asked_by=self.asked_by, references=seen)

    def training_data(self) -> Dataset:
        """What it was, and was not, trained on."""
        its = self.records
        contents = digest([str(its.examples.digest), list(its.roles), list(its.repeats)])
        return Dataset(TRAINING, "1", contents, "Apache-2.0", its.rows(), "model")

    def loss(self, ask: LossAsk) -> Reply:
        """The loss of a record, and those that reference models give it."""
        if ask.record not in self.records:
            return Reply(Finish.FAILED, error=unknown(ask.record))
        losses = {LOSS: self._loss_of(ask)}
        losses |= {f"{REFERENCE}{model}": self._loss_of(ask, model) for model in range(self.references)}
        return Reply(Finish.STOP, losses=losses)

    def _loss_of(self, ask: LossAsk, reference: int | None = None) -> float:
        """The loss of a record, by the model itself or by a reference: as hard for all, lower for who has seen it."""
        lower = self._planted.get(ask.record)
        if lower is None:
            lower = 0.0 if "/reference/" in ask.record else self.leak * self._coin(ask.record, reference)
        loss = LOSS_LEVEL + self.chance.normal(f"difficulty/{ask.record}") - lower
        return loss + LOSS_NOISE * self.chance.normal(f"{_model(reference)}loss/{ask.record}/{ask.seed}")

    @cached_property
    def _planted(self) -> dict[str, float]:
        """How much lower the loss of each canary is."""
        return {its.record: self._held(its) for its in self.records.canaries}

    def _held(self, canary: Canary) -> float:
        # What is seen once, or by a coin, is the first of all doublings, and leaves no trace.
        return self.retention * log2(canary.repeats) if canary.repeats else 0.0

    def _coin(self, record: str, reference: int | None = None) -> int:
        """Whether the model itself, or a reference, was trained on a record: 1 or 0."""
        return self.chance.number(f"{_model(reference)}coin/{record}") % 2


def _model(reference: int | None) -> str:
    """What names the chances of a reference; those of the model itself have no name before them."""
    return "" if reference is None else f"{REFERENCE}{reference}/"
