"""What a private training may spend, and what it did: settled before the first step."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import UsageError
from harness.privacy.accounting import epsilon
from harness.training.budget import records_of_units, settle, touched
from harness.training.recipe import Privacy
from harness.training.split import Role, Split


def split(repeats, units=None):
    """Records that are trained on so often; those on which not at all are kept out."""
    ids = tuple(f"r{place}" for place in range(len(repeats)))
    roles = tuple(Role.MEMBER if times else Role.NONMEMBER for times in repeats)
    return Split(ids, units or ids, roles, np.array(repeats, dtype=np.int64))


PLAIN = split([1] * 400 + [0] * 100)


def settled(privacy, *, its=PLAIN, batch=40, rounds=50, takes=1):
    return settle(Privacy(**privacy), split=its, batch=batch, rounds=rounds, takes=takes, unit="one image")


def cost(budget, steps):
    return epsilon(budget.ledger({"net": steps}), delta=budget.delta, accountant="prv").epsilon


def test_for_a_budget_the_noise_is_found_that_all_rounds_together_afford():
    budget = settled({"epsilon": 2.0})
    assert (budget.records, budget.sample_rate, budget.delta, budget.rounds) == (400, 0.1, 1 / 4000, 50)
    assert cost(budget, 50) <= 2.0 < cost(budget, 51)


def test_several_turns_in_a_round_are_several_steps():
    one, three = (settled({"epsilon": 2.0}, takes=takes) for takes in (1, 3))
    assert three.noise_multiplier > one.noise_multiplier
    assert cost(three, 150) <= 2.0 < cost(three, 153)


def test_with_noise_and_budget_it_stops_at_the_last_round_that_is_affordable():
    budget = settled({"epsilon": 2.0, "noise_multiplier": 1.0, "delta": 1e-3}, rounds=400, takes=2)
    assert 0 < budget.rounds < 400
    assert cost(budget, 2 * budget.rounds) <= 2.0 < cost(budget, 2 * budget.rounds + 2)


def test_with_noise_alone_every_round_is_taken_and_costs_what_it_costs():
    budget = settled({"noise_multiplier": 0.7})
    assert (budget.rounds, budget.epsilon, budget.noise_multiplier) == (50, None, 0.7)


def test_the_rate_is_that_of_the_batch_and_no_quotient_of_rounded_batches():
    # 400 / 64 is 6.25: one over the number of batches, rounded up, would be 1/7 = 0.1429.
    budget = settled({"noise_multiplier": 1.0}, batch=64)
    assert budget.sample_rate == 0.16
    assert budget.sample_rate * budget.records == 64


def test_a_record_that_repeats_counts_so_often_and_makes_a_larger_unit():
    budget = settled({"noise_multiplier": 1.0}, its=split([1] * 30 + [16, 4]), batch=10)
    assert (budget.records, budget.largest_unit) == (50, 16)
    assert budget.delta == 1 / 500
    assert budget.ledger({"net": 3}).largest_unit == 16


def test_passages_of_one_document_are_one_unit():
    units = ("a", "a", "a", "b", "b", "c")
    its = split([1, 1, 0, 1, 1, 1], units)
    assert records_of_units(its) == {"a": 2, "b": 2, "c": 1}
    assert settled({"noise_multiplier": 1.0}, its=its, batch=2).largest_unit == 2


def test_the_ledger_has_an_event_for_each_player_that_took_private_steps():
    budget = settled({"noise_multiplier": 1.5, "clip": 0.3})
    ledger = budget.ledger({"first": 7, "second": 0, "third": 2}, ["tokenizer"])
    assert [(event.player, event.steps) for event in ledger.events] == [("first", 7), ("third", 2)]
    assert {(event.noise_multiplier, event.clip, event.sample_rate) for event in ledger.events} == {(1.5, 0.3, 0.1)}
    assert (ledger.sampling, ledger.adjacency, ledger.unit) == ("poisson", "add or remove one record", "one image")
    assert (ledger.records, ledger.touched) == (400, ("tokenizer",))


def test_what_is_told_on_the_way_is_never_below_what_was_spent_nor_above_the_budget():
    budget = settled({"epsilon": 2.0})
    told = [budget.spent({"net": steps}) for steps in (1, 20, 50)]
    assert told == sorted(told)
    assert told[-1] == 2.0  # the quick bound would say more, though all rounds are within the budget
    for steps, value in zip((1, 20, 50), told, strict=True):
        assert value >= cost(budget, steps) - 0.02
    assert budget.spent({}) == 0.0


def test_what_cannot_be_afforded_is_refused_with_what_to_do():
    with pytest.raises(UsageError, match=r"A batch of 500 is more than the 400 training records. Make batch smaller"):
        settled({"epsilon": 1.0}, batch=500)
    with pytest.raises(UsageError, match=r"Not one round fits epsilon = 0.1 at noise_multiplier = 0.5"):
        settled({"epsilon": 0.1, "noise_multiplier": 0.5})


def test_what_a_generator_fitted_is_told_and_most_fit_nothing():
    class Fitted:
        touched = ("merges",)

    assert touched(Fitted()) == ("merges",)
    assert touched(object()) == ()
