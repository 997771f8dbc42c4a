"""The claim, whole; and what there is in its place where a part of it is missing."""

from __future__ import annotations

import math
import re

import pytest

from harness.canonical import dumps, loads
from harness.privacy.accounting import epsilon
from harness.privacy.claim import DISCLOSURES, Claim, claim
from harness.privacy.ledger import GaussianSteps, Ledger, NonPrivate, Unsupported

STEPS = GaussianSteps("model", 0.05, 1.1, 0.5, 200)


def ledger(**changes):
    plain = {
        "events": (STEPS,),
        "sampling": "poisson",
        "adjacency": "add or remove one record",
        "unit": "one image",
        "records": 900,
        "touched": (),
        "largest_unit": 1,
    }
    return Ledger(**{**plain, **changes})


def test_a_claim_says_everything_it_rests_on():
    its = claim(ledger(), delta=1e-5)
    spent = epsilon(ledger(), delta=1e-5, accountant="prv").epsilon
    assert its.holds
    assert its.epsilon == spent
    text = "\n".join(its.lines())
    for part in (
        "delta = 1e-05",
        "Neighbours: add or remove one record",
        "One record is one image. Records: 900.",
        "Mechanism of model: Gaussian with poisson sampling, q = 0.05, noise multiplier 1.1, clip C = 0.5, 200 steps.",
        "Accountant: prv: an upper bound, at most 0.02 too high.",
        "What else saw the records: nothing that was recorded.",
        *DISCLOSURES,
    ):
        assert part in text
    # Rounded up: what is read is never below what was computed.
    printed = float(re.search(r"epsilon = ([\d.]+) and", text)[1])
    assert spent <= printed < spent + 0.001


def test_what_no_epsilon_covers_is_told_with_every_claim():
    told = " ".join(DISCLOSURES)
    for part in ("floating-point", "how many records", "records.parquet", "validation", "Hyperparameters", "memory"):
        assert part in told


def test_every_player_has_its_own_mechanism_and_all_compose():
    other = GaussianSteps("second", 0.1, 2.0, 1.0, 30)
    both = claim(ledger(events=(STEPS, other)), delta=1e-5)
    assert both.epsilon > max(claim(ledger(events=(each,)), delta=1e-5).epsilon for each in (STEPS, other))
    assert sum(line.startswith("Mechanism of ") for line in both.lines()) == 2


def test_a_unit_of_several_records_has_a_claim_of_its_own():
    its = claim(ledger(largest_unit=3), delta=1e-9)
    (line,) = [line for line in its.lines() if line.startswith("Groups: ")]
    assert "the largest unit has 3 records" in line
    of_group = re.search(r"epsilon = ([\d.]+) and delta = ([\d.e-]+)\.$", line)
    assert float(of_group[1]) == pytest.approx(3 * its.epsilon, abs=1e-3)
    assert float(of_group[2]) == pytest.approx(3 * 1e-9 * math.exp(2 * its.epsilon), rel=0.01)
    assert not any(line.startswith("Groups: ") for line in claim(ledger(), delta=1e-9).lines())


def test_of_a_large_unit_nothing_may_be_left():
    (line,) = [line for line in claim(ledger(largest_unit=40), delta=1e-5).lines() if line.startswith("Groups: ")]
    assert line.endswith("there is nothing, since its delta would be 1 or more.")


@pytest.mark.parametrize(
    ("changes", "delta", "reason"),
    [
        ({"events": ()}, 1e-5, "no private step is recorded"),
        ({"events": (GaussianSteps("model", 0.05, 1.1, 0.5, 0),)}, 1e-5, "no private step is recorded"),
        ({"events": (STEPS, NonPrivate("trained on them before"))}, 1e-5, "trained on them before"),
        ({"events": (STEPS, Unsupported("an adaptive clip"))}, 1e-5, "an adaptive clip"),
        ({"unit": ""}, 1e-5, "the unit of privacy is not recorded"),
        ({"records": 0}, 1e-5, "is not below 1 / 0"),
        ({}, 1 / 900, "delta = 0.00111 is not below 1 / 900: publishing one record in full"),
        ({}, 0.0, "delta = 0 is not below"),
        ({}, float("nan"), "delta = nan is not below"),
        ({"touched": ("tokenizer: merges",)}, 1e-5, "no epsilon covers what else saw the records: tokenizer: merges"),
        ({"sampling": "shuffled"}, 1e-5, "drawn by 'shuffled'"),
        ({"adjacency": ""}, 1e-5, "under ''"),
    ],
)
def test_where_a_part_is_missing_there_is_no_claim_and_the_reason(changes, delta, reason):
    its = claim(ledger(**changes), delta=delta)
    assert (its.holds, its.epsilon, its.accountant) == (False, None, None)
    lines = its.lines()
    assert lines[0] == "No DP claim."
    assert any(line.startswith("Reason: ") and reason in line for line in lines)
    # Neither an epsilon nor anything that reads like one.
    assert not re.search(r"epsilon = \d", " ".join(lines[1:]))


def test_what_a_check_found_leaves_no_claim():
    its = claim(ledger(), delta=1e-5, voided=["The curve holds losses."])
    assert its.lines()[:2] == ["No DP claim.", "Reason: The curve holds losses."]


def test_a_claim_by_the_other_accountant_says_so():
    its = claim(ledger(), delta=1e-5, accountant="rdp")
    assert "Accountant: rdp: an upper bound, some percent too high." in its.lines()
    assert its.epsilon > claim(ledger(), delta=1e-5).epsilon


@pytest.mark.parametrize("its", [claim(ledger(), delta=1e-5), claim(ledger(unit=""), delta=1e-5)])
def test_a_claim_reads_back_as_it_was_written(its):
    assert Claim.parse(loads(dumps(its.dump()))) == its


@pytest.mark.parametrize(
    "change",
    [{"epsilon": None}, {"epsilon": -1.0}, {"reasons": ["but"]}, {"more": 1}, {"records": "many"}, {"delta": "small"}],
)
def test_what_nobody_claimed_is_not_read_as_a_claim(change):
    with pytest.raises(ValueError, match=r"."):
        Claim.parse({**claim(ledger(), delta=1e-5).dump(), **change})
    with pytest.raises(ValueError, match="not from list"):
        Claim.parse([])


def test_an_epsilon_that_is_no_number_cannot_be_claimed():
    whole = {**claim(ledger(), delta=1e-5).dump(), "mechanisms": (), "touched": (), "reasons": ()}
    for value in (float("inf"), float("nan"), -0.5):
        with pytest.raises(ValueError, match="finite and at least 0"):
            Claim(**{**whole, "epsilon": value})
