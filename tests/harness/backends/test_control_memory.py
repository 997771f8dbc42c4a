"""What the scripted model was trained on, and how far its losses give that away."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from harness.backends.control import Control
from harness.backends.control_memory import LADDER, LOSS_LEVEL, LOSS_NOISE
from harness.backends.trained.records import FILLS
from harness.records import Finish, LossAsk, RecordAsk

each_kind = pytest.mark.parametrize("trained_on", ["pictures", "text"])


def losses(backend, records, seed=0):
    return np.array([reply.losses["loss"] for reply in backend.answer([LossAsk(name, seed) for name in records])])


def canaries(backend):
    return [row for row in backend.training_data().rows if row["canary"] is not None]


@each_kind
def test_a_ladder_of_canaries_is_among_its_training_data_and_some_that_a_coin_decides_on(trained_on):
    rows = canaries(Control(trained_on=trained_on))
    ladder = Counter(row["repeats"] for row in rows if row["record"].startswith("canary/ladder"))
    assert ladder == dict.fromkeys(LADDER.repeats, LADDER.per_level)
    coins = [row for row in rows if row["record"].startswith("canary/coin")]
    assert len(coins) == LADDER.coins
    assert {(row["role"], row["repeats"]) for row in coins} == {("member", 1), ("nonmember", 0)}
    assert {row["canary"]["family"] for row in rows} == ({"digits", "marks"} if trained_on == "text" else {"blocks"})


@each_kind
def test_each_doubling_of_its_repeats_lowers_the_loss_of_a_canary_by_what_is_set(trained_on):
    models = [Control(trained_on=trained_on, retention=0.7, seed=seed) for seed in range(20)]
    for repeats in LADDER.repeats:
        found = np.concatenate(
            [losses(model, [row["record"] for row in canaries(model) if row["repeats"] == repeats]) for model in models]
        )
        expected = LOSS_LEVEL - 0.7 * np.log2(repeats)
        assert found.mean() == pytest.approx(expected, abs=4 / np.sqrt(len(found)))
    unseen = np.concatenate(
        [losses(model, [row["record"] for row in canaries(model) if not row["repeats"]]) for model in models]
    )
    assert unseen.mean() == pytest.approx(LOSS_LEVEL, abs=4 / np.sqrt(len(unseen)))


@each_kind
def test_records_like_a_canary_have_losses_of_records_never_seen(trained_on):
    backend = Control(trained_on=trained_on, retention=3.0, leak=5.0)
    found = losses(backend, [f"canary/ladder/64/0/reference/{number:05d}" for number in range(500)])
    assert found.mean() == pytest.approx(LOSS_LEVEL, abs=0.2)
    assert found.std() == pytest.approx(np.sqrt(1 + LOSS_NOISE**2), abs=0.13)
    assert len(set(found)) == 500


@each_kind
def test_records_that_are_not_there_have_no_loss(trained_on):
    backend = Control(trained_on=trained_on)
    last, beyond, stranger, odd, shown = backend.answer(
        [
            LossAsk(f"canary/ladder/01/0/reference/{FILLS - 1:05d}"),
            LossAsk(f"canary/ladder/01/0/reference/{FILLS:05d}"),
            LossAsk("canary/ladder/03/0/reference/00000"),
            LossAsk("canary/ladder/01/0/reference/1"),
            RecordAsk("canary/ladder/01/0/reference/00000"),
        ]
    )
    assert last.finish is Finish.STOP
    assert {reply.finish for reply in (beyond, stranger, odd, shown)} == {Finish.FAILED}
    assert "no record named" in beyond.error


@each_kind
def test_reference_models_hold_the_same_ladder_and_throw_coins_of_their_own(trained_on):
    backend = Control(trained_on=trained_on, references=4, retention=1.0)
    rows = canaries(backend)
    ladder = [row for row in rows if row["record"].startswith("canary/ladder")]
    assert {tuple(row["references"]) for row in ladder} == {(True,) * 4}
    assert len({tuple(row["references"]) for row in rows}) > 4
    (reply,) = backend.answer([LossAsk("canary/ladder/64/0")])
    others = [reply.losses[f"reference/{model}"] for model in range(4)]
    assert np.ptp([reply.losses["loss"], *others]) < 8 * LOSS_NOISE


@each_kind
def test_another_seed_is_another_training(trained_on):
    first, again, other = (Control(trained_on=trained_on, seed=seed).training_data() for seed in (0, 0, 1))
    assert first == again
    assert first.digest != other.digest
