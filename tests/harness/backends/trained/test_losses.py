"""Losses by a model and by its references, in one reply."""

from __future__ import annotations

import numpy as np
import pytest

from harness.backends.trained.losses import lose
from harness.backends.trained.records import Records
from harness.canonical import digest
from harness.data.examples import Examples
from harness.records import Finish, LossAsk

torch = pytest.importorskip("torch")

RECORDS = Records(
    Examples("x", digest([]), tuple("abc"), tuple("abc"), images=np.zeros((3, 2, 2, 1), np.uint8)),
    ("member", "nonmember", "member"),
    (1, 0, 1),
)


class Counting:
    """A generator whose losses are its own number, the place of the record, and the seed."""

    def __init__(self, number, names=("first", "second")):
        self.number, self.names, self.seen = number, names, []

    def prepare(self, examples):
        self.seen.append(examples.ids)
        return {"place": torch.tensor(["abc".index(name) for name in examples.ids], dtype=torch.float64)}

    def losses(self, rows, *, seed):
        return {name: rows["place"] + 10 * self.number + 100 * seed + at for at, name in enumerate(self.names)}


def test_the_models_losses_are_told_by_name_and_the_first_of_each_reference_beside_them():
    model, others = Counting(1), [Counting(2), Counting(3)]
    first, second = lose(model, others, RECORDS, [LossAsk("c", 4), LossAsk("a", 4)], device="cpu")
    assert first.losses == {"first": 412, "second": 413, "loss": 412, "reference/0": 422, "reference/1": 432}
    assert second.losses["reference/1"] == 430
    assert model.seen == others[0].seen == [("c", "a")]


def test_without_references_there_are_the_models_own_alone():
    (reply,) = lose(Counting(0), [], RECORDS, [LossAsk("b")], device="cpu")
    assert reply.losses == {"first": 1, "second": 2, "loss": 1}


@pytest.mark.parametrize(
    ("model", "others", "problem"),
    [
        (Counting(float("nan")), [Counting(0)], "the model's first, second, loss is no number"),
        (Counting(0), [Counting(float("inf"))], "the model's reference/0 is no number"),
        (Counting(0, names=()), [Counting(0)], "the model's loss is no number"),
    ],
)
def test_a_loss_that_is_no_number_is_a_failed_reply(model, others, problem):
    (reply,) = lose(model, others, RECORDS, [LossAsk("a")], device="cpu")
    assert (reply.finish, reply.error) == (Finish.FAILED, problem)
