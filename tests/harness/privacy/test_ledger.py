"""Events that are complete without any accountant, cannot be changed, and survive a file."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import dumps, loads
from harness.privacy.accounting import epsilon
from harness.privacy.ledger import GaussianSteps, Ledger, NonPrivate, Unsupported

STEPS = GaussianSteps("model", 0.05, 1.1, 1.0, 200)


def ledger(*events, **changes):
    plain = {
        "events": events or (STEPS,),
        "sampling": "poisson",
        "adjacency": "add or remove one record",
        "unit": "one image",
        "records": 900,
        "touched": (),
        "largest_unit": 1,
    }
    return Ledger(**{**plain, **changes})


def test_events_and_ledgers_are_frozen():
    with pytest.raises(FrozenInstanceError):
        STEPS.steps = 1
    with pytest.raises(FrozenInstanceError):
        ledger().records = 1


rates = st.floats(1e-6, 1.0)
sizes = st.floats(1e-3, 1e3)
texts = st.text(max_size=20)
events = st.one_of(
    st.builds(GaussianSteps, texts, rates, sizes, sizes, st.integers(0, 10**6)),
    st.builds(NonPrivate, texts),
    st.builds(Unsupported, texts),
)


@given(its=st.lists(events, max_size=5), touched=st.lists(texts, max_size=3), unit=texts)
def test_a_ledger_reads_back_as_it_was_written(its, touched, unit):
    written = ledger(events=tuple(its), touched=tuple(touched), unit=unit, records=7, largest_unit=7)
    assert Ledger.parse(loads(dumps(written.dump()))) == written


def test_one_ledger_is_priced_by_both_accountants_whenever_it_is_read():
    kept = Ledger.parse(loads(dumps(ledger().dump())))
    exact, quick = (epsilon(kept, delta=1e-5, accountant=name) for name in ("prv", "rdp"))
    assert (exact.accountant, quick.accountant) == ("prv", "rdp")
    assert 0 < exact.epsilon < quick.epsilon < 1.3 * exact.epsilon


def test_an_empty_batch_is_counted_like_any_other():
    assert ledger(STEPS).gaussian == (STEPS,)
    assert ledger(NonPrivate("shown"), STEPS, Unsupported("?")).gaussian == (STEPS,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample_rate": 0.0},
        {"sample_rate": 1.01},
        {"sample_rate": float("nan")},
        {"noise_multiplier": 0.0},
        {"noise_multiplier": float("inf")},
        {"clip": -1.0},
        {"clip": float("nan")},
        {"steps": -1},
    ],
)
def test_an_event_that_cannot_be_is_refused(wrong):
    plain = {"player": "model", "sample_rate": 0.1, "noise_multiplier": 1.0, "clip": 1.0, "steps": 1}
    with pytest.raises(ValueError, match=r"sample rate|noise multiplier|clip|steps"):
        GaussianSteps(**{**plain, **wrong})


@pytest.mark.parametrize("wrong", [{"records": -1}, {"largest_unit": 0}, {"largest_unit": 901}])
def test_counts_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ValueError, match="records with"):
        ledger(**wrong)


def changed(**changes):
    return {**ledger().dump(), **changes}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {name: value for name, value in changed().items() if name != "touched"},
        changed(more=1),
        changed(records="900"),
        changed(records=True),
        changed(touched=[1]),
        changed(touched="tokenizer"),
        changed(events=[{"kind": "LaplaceSteps"}]),
        changed(events=["steps"]),
        changed(events=[{**ledger().dump()["events"][0], "steps": 1.5}]),
        changed(events=[{**ledger().dump()["events"][0], "noise_multiplier": -1.0}]),
        changed(events=[{"kind": "NonPrivate"}]),
        changed(events=[{"kind": "NonPrivate", "reason": 3}]),
    ],
)
def test_what_is_no_ledger_is_not_read_as_one(value):
    with pytest.raises(ValueError, match=r"."):
        Ledger.parse(value)
