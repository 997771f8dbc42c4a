"""How much of a coin's toss does the model give away, and how large must epsilon be for that?

A fair coin put each of these secrets into the training or left it out. Guesses are made of the losses alone, for the
secrets that speak loudest; differential privacy limits how many of them can be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings, Row
from harness.errors import NotApplicableError
from harness.records import Absence, Arm, Case, ControlKind, Estimate, Judged, LossAsk, Reply, Score
from harness.seeds import rng
from harness.stats.one_run import SHARE, Guesses, guess, lower_bound
from harness.stats.rates import proportion
from probes.losses import read_loss, shuffled, told
from probes.memorisation.audited_epsilon_card import BOUND, CARD, RIGHT
from probes.summaries import tally

__all__ = ["AuditedEpsilon"]

LEAST = 20
"""Coin canaries without which no guess is made: three at either end, which must all be right to show anything."""
MOST_FILLS = 4096
"""Fills that a backend can be asked for."""

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedEpsilon:
    """Guesses the coins of planted records.

    Attributes:
        fills: Other fills of each canary that its loss is compared with, at most 4096; 0 for no comparison.
        draws: Seeds that each loss is averaged over, at least 1: more than one helps where a loss needs noise, as that
            of a diffusion model or a variational autoencoder does.
        delta: At which the bound holds, in (0, 1); None for one over ten times the records of the training, repetitions
            counted, as a claim without a delta of its own has it.
    """

    fills: int = 8
    draws: int = 1
    delta: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.fills <= MOST_FILLS or self.draws < 1:
            raise ValueError(f"fills is from 0 to {MOST_FILLS}, and draws at least 1")
        if self.delta is not None and not 0 < self.delta < 1:
            raise ValueError(f"delta is in (0, 1), not {self.delta}")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the losses of each coin canary and of records like it.

        Raises:
            NotApplicableError: a coin decided on too few of them, or some are gone that it had put into the training.
        """
        tossed = [row for row in data.rows if _coins(row)]
        if len(tossed) < LEAST:
            raise NotApplicableError(
                f"a fair coin decided over {len(tossed)} planted records, and {LEAST} are needed: `coins = 200` under"
                " [train.canaries] in harness.toml plants them"
            )
        gone = _coins(tossed[0]) - len(tossed)
        if gone:
            raise NotApplicableError(
                f"{gone} of {_coins(tossed[0])} records that a coin decided over were taken out of the training"
                " afterwards: the coins of the others are fair no longer"
            )
        delta = self.delta or 1 / (10 * max(1, sum(_repeats(row) for row in data.rows)))
        for row in tossed[: budget.items]:
            record = str(row["record"])
            likes = [f"{record}/reference/{number:05d}" for number in range(self.fills)]
            for draw in range(self.draws):
                yield _case(row, record, "canary", draw, delta)
                for like in likes:
                    yield _case(row, like, "fill", draw, delta)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the loss."""
        del case, readings
        return read_loss(reply)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Guess the coins of the canaries that speak loudest, and count."""
        counts = tally(scores)
        found = _guesses(scores)
        if isinstance(found, str):
            yield BOUND.absent(found, counts)
            yield RIGHT.absent(found, counts)
            return
        yield BOUND.estimate(lower_bound(found, delta=_delta(scores[0])), counts)
        right = proportion(found.correct, found.guesses, method="clopper-pearson")
        yield RIGHT.estimate(right, counts)


# ── cases ─────────────────────────────────────────────────────────────────────────────────


def _coins(row: Row) -> int:
    """For how many records a coin decided, where it decided for this one; else 0."""
    canary = row.get("canary")
    coins = canary.get("coins") if isinstance(canary, Mapping) else None
    return coins if isinstance(coins, int) else 0


def _repeats(row: Row) -> int:
    repeats = row.get("repeats")
    return repeats if isinstance(repeats, int) else 0


def _case(row: Row, record: str, arm: str, draw: int, delta: float) -> Case:
    groups = {"arm": arm, "role": str(row["role"])}
    name = f"{record}/draw/{draw}"
    # A canary and its fills share whatever noise their loss needs.
    return Case(name, LossAsk(record, draw), {"delta": delta}, groups, str(row["record"]), Arm.MAIN)


# ── guesses ───────────────────────────────────────────────────────────────────────────────


def _guesses(scores: Sequence[Judged]) -> Guesses | str:
    """Guesses by the losses; or why none were made."""
    of: dict[str, list[Judged]] = {}
    for its in shuffled(scores):
        of.setdefault(its.case.cluster, []).append(its)
    values = np.array([_apart(its) for its in of.values()])
    coins = np.array([its[0].case.groups["role"] == "member" for its in of.values()], dtype=np.bool_)
    known, k = np.isfinite(values), round(SHARE * len(of))
    if len(of) < LEAST or known.sum() < 2 * k:
        return f"{int(known.sum())} of {len(of)} planted records have a loss, of themselves and of records like them"
    # Whoever has no loss is not guessed: what decides over that is the model, of which a guesser may make anything.
    found = guess(values[known], coins[known], k, k)
    return Guesses(len(of), found.guesses, found.correct)


def _apart(judged: Sequence[Judged]) -> float:
    """How far a canary's loss lies below those of records like it; NaN where one of them is missing."""
    losses = {
        arm: [its.score.values.get("loss", np.nan) for its in judged if its.case.groups["arm"] == arm]
        for arm in ("canary", "fill")
    }
    if not losses["canary"]:
        return float("nan")
    likes = float(np.mean(losses["fill"])) if losses["fill"] else 0.0
    return likes - float(np.mean(losses["canary"]))


def _delta(judged: Judged) -> float:
    delta = judged.case.expected["delta"]
    return delta if isinstance(delta, float) else 0.0


# ── controls ──────────────────────────────────────────────────────────────────────────────

EPSILON = 4.0
"""Of the positive control, which answers each toss of a coin by randomised response."""
PLANTED = 1 / (1 + exp(-EPSILON))
"""How often it tells the truth."""


def _told(case: Case, noise: float, *, truth: bool) -> Reply:
    """Losses that say "trained on" where it was, or the opposite, and tell canaries apart by noise alone."""
    seen = (case.groups["role"] == "member") == truth
    return told(noise - 10.0 * (seen and case.groups["arm"] == "canary"))


def _best(case: Case) -> Reply:
    return told(rng(0, case.id).gauss(0.0, 1.0))


def _worst(case: Case) -> Reply:
    return _told(case, 0.0, truth=True)


def _forgetful(case: Case, random: Random) -> Reply:
    del case
    return told(random.gauss(0.0, 1.0))


def _answering(case: Case, random: Random) -> Reply:
    return _told(case, random.gauss(0.0, 1.0), truth=random.random() < PLANTED)


def _uneven(case: Case, random: Random) -> Reply:
    """Some secrets are harder than others, and so are all like them, whatever the coin said."""
    hard = rng(0, case.cluster).gauss(0.0, 5.0)
    return told(hard + random.gauss(0.0, 0.1))


CONTROLS = Controls(
    best=_best,
    worst=_worst,
    controls=(
        Control(ControlKind.NEGATIVE, "a model whose losses know no coin", _forgetful, RIGHT.name, 0.5),
        Control(
            ControlKind.POSITIVE,
            "a model that answers each toss by randomised response of epsilon 4",
            _answering,
            RIGHT.name,
            PLANTED,
        ),
        Control(ControlKind.INSTRUMENT, "secrets that are unequally hard, whoever saw them", _uneven, BOUND.name),
    ),
)
