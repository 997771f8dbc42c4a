"""Membership scores of canaries whose place in the training a coin decided: from the losses of trained models alone.

No score may depend on the coins in any other way than through the model: what they are compared with is drawn apart
from the coins, or comes from models with coins of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.data.canaries import Canary, references
from harness.data.content import join
from harness.data.examples import Examples
from harness.errors import UsageError
from harness.training.split import Role, Split

if TYPE_CHECKING:
    from torch import Tensor

    from harness.models.generator import Generator

__all__ = ["Score", "beside_other_models", "coin_canaries", "losses_of", "score_canaries"]

FILLS = 8
"""Other fills of each canary's template, planted nowhere, that its loss is compared with."""

DRAWS = 4
"""Seeds that a loss with noise is averaged over."""

AT_ONCE = 128
"""Records whose losses are asked for together."""

LOSS = "minus the loss that the model gives the canary"
CALIBRATED = f"mean loss of {FILLS} records alike but for a fill that is planted nowhere, minus the canary's loss"
BESIDE = (
    "mean loss by the reference models that were trained without the canary, or of all such losses where there is no"
    " such model, minus the loss by this model"
)


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A membership score of every canary.

    Attributes:
        name: In a word or two.
        definition: What it is.
        values: Shape ``[canaries]``, larger meaning more likely trained on.
    """

    name: str
    definition: str
    values: NDArray[np.float64]


def coin_canaries(split: Split | None) -> tuple[tuple[Canary, ...], NDArray[np.bool_]]:
    """The canaries that a coin decided on, and their coins.

    Raises:
        UsageError: there are none, or the records are not there.
    """
    how = "Train with coin canaries to audit: `coins = 200` or more under [train.canaries] in harness.toml."
    if split is None:
        raise UsageError(f"This checkpoint holds no records.parquet, so nobody can say what it was trained on. {how}")
    canaries = tuple(canary for canary in split.canaries if canary.repeats == 0)
    if len(canaries) < 2:
        raise UsageError(f"This model was trained with {len(canaries)} coin canaries: an audit needs them. {how}")
    role = dict(zip(split.ids, split.roles, strict=True))
    return canaries, np.array([role[canary.record] is Role.MEMBER for canary in canaries], dtype=np.bool_)


def score_canaries(
    generator: Generator, examples: Examples, canaries: Sequence[Canary], *, seed: int = 0
) -> tuple[Score, Score]:
    """The two scores that one model gives: the loss of each canary, and that loss beside those of other fills.

    Args:
        generator: The trained model; moved to a CUDA device where there is one.
        examples: The records, the canaries among them.
        canaries: In the order of the scores.
        seed: Root of the other fills and of the noise that losses need.
    """
    fills = [references(examples, canary, FILLS, seed=seed) for canary in canaries]
    losses = losses_of(generator, join([_records(examples, canaries), *fills]), seed=seed)
    own, others = losses[: len(canaries)], losses[len(canaries) :].reshape(len(canaries), FILLS)
    return Score("loss", LOSS, -own), Score("calibrated loss", CALIBRATED, others.mean(axis=1) - own)


def beside_other_models(
    loss: Score,
    others: Sequence[tuple[Generator, NDArray[np.bool_]]],
    examples: Examples,
    canaries: Sequence[Canary],
    *,
    seed: int = 0,
) -> Score:
    """The score that reference models give: how much worse they fit the canary that they have not seen.

    Args:
        loss: The audited model's first score, by the same seed.
        others: Reference models, each with its own coins of the same canaries, independent of the audited model's.
        examples: The records, the canaries among them.
        canaries: In the order of the scores.
        seed: Root of the noise that losses need.
    """
    asked = _records(examples, canaries)
    losses = np.stack([losses_of(generator, asked, seed=seed) for generator, _ in others])
    outside = ~np.stack([included for _, included in others])
    times = outside.sum(axis=0)
    # A canary that every reference has seen is compared with what they give to canaries they have not seen.
    typical = losses[outside].mean() if outside.any() else losses.mean()
    unseen = np.where(times > 0, (losses * outside).sum(axis=0) / np.maximum(times, 1), typical)
    return Score("reference loss", BESIDE, loss.values + unseen)


def losses_of(generator: Generator, asked: Examples, *, seed: int) -> NDArray[np.float64]:
    """The first loss of each record, shape ``[records]``, averaged over seeds where it needs noise.

    Args:
        generator: Moved to a CUDA device where there is one.
        asked: Records that fit it.
        seed: The first of the seeds; the same for all records.
    """
    import torch

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for network in generator.networks.values():
        network.to(device)
    draws, found = 0, []
    for start in range(0, len(asked), AT_ONCE):
        part = asked.take(range(start, min(start + AT_ONCE, len(asked))))
        rows = {name: column.to(device) for name, column in generator.prepare(part).items()}
        # Two seeds tell whether the loss needs noise at all.
        draws = draws or (DRAWS if _differ(generator, rows, seed) else 1)
        found.append(np.mean([_first_loss(generator, rows, seed + draw) for draw in range(draws)], axis=0))
    return np.concatenate(found)


def _records(examples: Examples, canaries: Sequence[Canary]) -> Examples:
    rows = {name: row for row, name in enumerate(examples.ids)}
    return examples.take([rows[canary.record] for canary in canaries])


def _differ(generator: Generator, rows: Mapping[str, Tensor], seed: int) -> bool:
    one, other = (_first_loss(generator, rows, seed + draw) for draw in range(2))
    return not np.array_equal(one, other, equal_nan=True)


def _first_loss(generator: Generator, rows: Mapping[str, Tensor], seed: int) -> NDArray[np.float64]:
    losses: Any = next(iter(generator.losses(rows, seed=seed).values()))
    return np.asarray(losses.detach().cpu().double().numpy(), dtype=np.float64)
