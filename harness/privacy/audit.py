"""Claimed epsilon beside a lower bound that was measured on the trained model: refuted, or not refuted.

The guess rule is fixed, before any score is seen: the `SHARE` of canaries with the highest scores are called
trained on, the `SHARE` with the lowest are not, the auditor abstains on the rest. Where there are two scores, each is
tested at half of the significance, and so on, so that the choice between them costs what it must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite, log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.canonical import to_json
from harness.data.examples import Examples
from harness.errors import ModelError, UsageError
from harness.privacy.canary_scores import Score, beside_other_models, coin_canaries, score_canaries
from harness.privacy.claim import Claim, claim
from harness.records import Value
from harness.stats.one_run import SHARE, Guesses, epsilon_bound, guess, guesses_needed

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint

__all__ = ["SHARE", "Audit", "Claimed", "Reading", "Ruling", "audit_checkpoint", "claim_of", "decide"]

RULE = (
    "A bound above the claim refutes it at the stated confidence; a bound below refutes nothing, and the gap between"
    " the two is not a measurement."
)


class Ruling(StrEnum):
    """What the audit says of the claim."""

    REFUTED = "refuted"
    NOT_REFUTED = "not refuted"
    NO_CLAIM = "no claim"


@dataclass(frozen=True, slots=True)
class Claimed:
    """The epsilon under test, at its delta; both positive and finite."""

    epsilon: float
    delta: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one score showed.

    Attributes:
        score: Its name.
        definition: What it is.
        found: Canaries, guesses and right guesses.
        significance: Of its bound.
        bound: Epsilon is at least this, unless luck of that significance struck.
        ceiling: What the bound would have been with every guess right: nothing above it could have been refuted.
    """

    score: str
    definition: str
    found: Guesses
    significance: float
    bound: float
    ceiling: float


@dataclass(frozen=True, slots=True)
class Audit:
    """A finished one-run audit.

    Attributes:
        ruling: Refuted, not refuted, or no claim.
        claimed: The claim; None where there is none.
        bound: The largest bound of the readings.
        delta: At which the bound holds: the claim's.
        confidence: Of all readings together.
        included: Canaries whose coin put them in the training.
        readings: One for each score.
    """

    ruling: Ruling
    claimed: Claimed | None
    bound: float
    delta: float
    confidence: float
    included: int
    readings: tuple[Reading, ...]

    def lines(self) -> list[str]:
        """The audit in sentences, the ruling last but one."""
        readings = [_reading_line(reading) for reading in self.readings]
        level = f"{100 * self.confidence:g} % confidence"
        bound = f"Lower bound: epsilon {self.bound:.3f} at delta {self.delta:.3g}, with {level}."
        if self.claimed is None:
            return [*readings, bound, "No claim to compare it with. A low bound is no evidence of privacy."]
        ruling = (
            f"{self.ruling.value.capitalize()}: claimed epsilon {self.claimed.epsilon:.3f}, bound {self.bound:.3f}."
        )
        return [*readings, bound, *self._power(self.claimed), ruling, RULE]

    def _power(self, claimed: Claimed) -> list[str]:
        """Say so where the claim was out of reach whatever the model does."""
        ceiling = max(reading.ceiling for reading in self.readings)
        if ceiling > claimed.epsilon:
            return []
        needed = _canaries_needed(claimed.epsilon, significance=self.readings[0].significance)
        known = f"No power: with every guess right the bound would be {ceiling:.3f}."
        return [f"{known} It takes {needed} coin canaries to refute a claim of {claimed.epsilon:.3f}."]

    def dump(self) -> dict[str, Value]:
        """The audit as JSON values, with the rule it was decided by."""
        data = to_json(self)
        assert isinstance(data, dict)  # noqa: S101  what to_json gives for a record
        return {**data, "share_guessed_at_either_end": SHARE, "interpretation": RULE}


def decide(
    scores: Sequence[Score],
    included: Sequence[bool] | NDArray[np.bool_],
    *,
    claimed: Claimed | None,
    delta: float,
    confidence: float = 0.95,
) -> Audit:
    """Guess by each score and hold the larger bound against the claim.

    Args:
        scores: One or more; their choice and order may not depend on the coins.
        included: The coin of each canary.
        claimed: None where only the bound is wanted.
        delta: At which the bound is taken; the claim's, where there is one.
        confidence: Of the ruling, over all scores.

    Raises:
        UsageError: fewer than two canaries, or a number out of its range.
        ModelError: a score is not a finite number, as those of a diverged model are.
    """
    coins = np.asarray(included, dtype=np.bool_)
    _check(scores, coins, claimed=claimed, delta=delta, confidence=confidence)
    significance = (1 - confidence) / len(scores)
    readings = tuple(_read(score, coins, delta=delta, significance=significance) for score in scores)
    bound = max(reading.bound for reading in readings)
    ruling = Ruling.NO_CLAIM
    if claimed is not None:
        ruling = Ruling.REFUTED if bound > claimed.epsilon else Ruling.NOT_REFUTED
    return Audit(ruling, claimed, bound, delta, confidence, int(coins.sum()), readings)


def audit_checkpoint(
    checkpoint: Checkpoint, examples: Examples, *, references: Sequence[Checkpoint] = (), confidence: float = 0.95
) -> Audit:
    """Score the coin canaries of a checkpoint and hold its claim against what they show.

    Args:
        checkpoint: Trained with coin canaries; its claim is computed anew from its ledger.
        examples: Its records.
        references: Models trained by the same recipe with coins of their own; their losses make a third score.
        confidence: Of the ruling.

    Raises:
        UsageError: there are no coin canaries, or a reference does not fit.
        ModelError: a model cannot be opened, or has diverged.
    """
    _check_confidence(confidence)  # before minutes of work
    canaries, included = coin_canaries(checkpoint.split())
    coins = [_reference(checkpoint, reference) for reference in references]
    scores = list(score_canaries(checkpoint.generator(), examples, canaries))
    if references:
        others = [(reference.generator(), toss) for reference, toss in zip(references, coins, strict=True)]
        scores.append(beside_other_models(scores[0], others, examples, canaries))
    its = claim_of(checkpoint)
    claimed = None if its is None or its.epsilon is None else Claimed(its.epsilon, its.delta)
    return decide(scores, included, claimed=claimed, delta=_delta(checkpoint, its), confidence=confidence)


def claim_of(checkpoint: Checkpoint) -> Claim | None:
    """The claim that a checkpoint's ledger supports, at the delta of its training; None without a ledger."""
    ledger = checkpoint.ledger()
    if ledger is None:
        return None
    recipe = checkpoint.manifest.read_recipe()
    asked = recipe.privacy.delta if recipe.privacy is not None else None
    return claim(ledger, delta=asked or 1 / (10 * max(1, ledger.records)))


def _delta(checkpoint: Checkpoint, its: Claim | None) -> float:
    """Delta of the bound: the claim's; else what a claim about so many records would have."""
    return its.delta if its is not None else 1 / (10 * max(1, checkpoint.manifest.split.members))


def _reference(checkpoint: Checkpoint, reference: Checkpoint) -> NDArray[np.bool_]:
    """The coins of a reference model, which must be its own, of the same canaries.

    Raises:
        UsageError: they are not.
    """
    checkpoint.refuse_stranger(reference)
    return coin_canaries(reference.split())[1]


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise UsageError(f"The confidence is {confidence}: give a number between 0 and 1, such as 0.95.")


def _check(
    scores: Sequence[Score],
    coins: NDArray[np.bool_],
    *,
    claimed: Claimed | None,
    delta: float,
    confidence: float,
) -> None:
    if coins.size < 2 or not scores:
        raise UsageError(f"An audit needs a score of two canaries or more, not of {coins.size}.")
    _check_confidence(confidence)
    if not 0 <= delta < 1 or (claimed is not None and not (claimed.epsilon >= 0 and isfinite(claimed.epsilon))):
        raise UsageError(f"No audit of {claimed} at delta {delta}: epsilon is at least 0 and finite, delta in [0, 1).")
    for score in scores:
        lost = int((~np.isfinite(score.values)).sum())
        if lost:
            raise ModelError(
                f"The model gives {lost} of {coins.size} canaries no finite loss, so it cannot be audited by the"
                f" {score.name}. It has diverged: train again with a lower learning_rate."
            )


def _read(score: Score, coins: NDArray[np.bool_], *, delta: float, significance: float) -> Reading:
    k = max(1, round(SHARE * coins.size))
    found = guess(score.values, coins, k, k)
    perfect = Guesses(found.canaries, found.guesses, found.guesses)
    bound, ceiling = (epsilon_bound(each, delta=delta, significance=significance) for each in (found, perfect))
    return Reading(score.name, score.definition, found, significance, bound, ceiling)


def _reading_line(reading: Reading) -> str:
    found = reading.found
    return (
        f"By the {reading.score} ({reading.definition}): {found.correct} of {found.guesses} guesses right, over"
        f" {found.canaries} canaries: epsilon at least {reading.bound:.3f}."
    )


def _canaries_needed(epsilon: float, *, significance: float) -> str:
    """How many canaries it takes, all guessed ones rightly, where delta costs next to nothing."""
    most = 1_000_000
    if epsilon > log(most):
        return "more than a million"
    # Half of the guesses at either end, rounded up.
    guesses = guesses_needed(epsilon, significance=significance)
    return f"about {ceil((guesses + 1) / (2 * SHARE))}"
