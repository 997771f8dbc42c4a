"""Counterfactual memorisation: what is dialled in is found, by natural records and by canaries."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.controls import run_controls
from harness.errors import NotApplicableError
from harness.records import Absence, Capability, Finish, Judged, Reply
from probes.losses import told
from probes.memorisation.counterfactual import Counterfactual

LADDER = (1, 4, 16)


def made(n=60, *, references=7, per_level=3, coins=0, seed=0):
    """Records of which ``n`` on either side are natural, canaries at three levels, and some that a coin decides on."""
    random = Random(seed)
    rows = [
        _row(f"natural/{number:04d}", ("member", "nonmember")[number % 2], number % 2 == 0) for number in range(2 * n)
    ]
    for row in rows:
        row["references"] = [random.random() < 0.5 for _ in range(references)] or None
    for repeats in LADDER:
        for number in range(per_level):
            row = _row(f"canary/ladder/{repeats:02d}/{number}", "member", repeats, planted=True)
            rows.append({**row, "references": [True] * references})
    for number in range(coins):
        role = random.choice(("member", "nonmember"))
        row = _row(f"canary/coin/{number:04d}", role, int(role == "member"), planted=True)
        rows.append({**row, "references": [random.random() < 0.5 for _ in range(references)]})
    return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")


def _row(record, role, repeats, *, planted=False):
    canary = {"template": "The number is ", "fill": "1 2", "family": "digits"} if planted else None
    return {"record": record, "unit": record, "role": role, "repeats": int(repeats), "canary": canary}


def cases_of(data, items=None, **settings):
    return list(Counterfactual(**settings).cases(data, Budget(items, 0, Capability.LOSS)))


def results(cases, respond):
    probe = Counterfactual()
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    found = {}
    for result in probe.summarise(judged):
        key = (result.metric.partition("/")[2], *result.slice.values())
        assert key not in found
        found[key[0] if len(key) == 1 else key] = result
    return found


def remembering(data, gain, *, seed=0, noise=0.5):
    """Losses of models that know what they were trained on: lower by ``gain`` for once, and for each doubling."""
    random = Random(seed)
    rows = {row["record"]: row for row in data.rows}

    def respond(case):
        record, _, fill = case.ask.record.partition("/reference/")
        row, hard = rows[record], random.gauss(0, 1)
        times = 0 if fill else max(row["repeats"], 1)
        seen = [row["role"] == "member", *(row["references"] or [])]
        saved = gain * (1 + np.log2(times)) if times else 0.0
        losses = [hard + random.gauss(0, noise) - saved * inside for inside in seen]
        return told(losses[0], losses[1:])

    return respond


def test_natural_records_of_either_side_are_asked_for_and_canaries_with_records_like_them():
    cases = cases_of(made(n=20, coins=4), fills=5)
    arms = [case.groups["arm"] for case in cases]
    assert (arms.count("natural"), arms.count("canary"), arms.count("fill")) == (40, 13, 45)
    fills = {case.ask.record for case in cases if case.groups["arm"] == "fill"}
    assert "canary/ladder/16/2/reference/00004" in fills
    assert not any("coin" in name for name in fills)
    assert len({case.id for case in cases}) == len(cases)


@pytest.mark.parametrize(("references", "seed"), [(3, 0), (7, 1), (15, 2)])
def test_what_is_dialled_in_lies_in_the_interval_and_more_models_narrow_it(references, seed):
    data = made(references=references)
    found = results(cases_of(data), remembering(data, 0.7, seed=seed))
    assert found["mean"].interval.low <= 0.7 <= found["mean"].interval.high
    assert found["mean"].interval.n == references + 1
    wide, narrow = (
        results(cases_of(made(references=k)), remembering(made(references=k), 0.7))["mean"].interval for k in (3, 15)
    )
    assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_where_nothing_is_remembered_nothing_is_found():
    held = []
    for seed in range(20):
        data = made(seed=seed)
        found = results(cases_of(data), remembering(data, 0.0, seed=seed))
        held.append(found["mean"].interval.low <= 0 <= found["mean"].interval.high)
        assert found["memorised_share"].interval.value < 0.05
    assert sum(held) >= 17


def test_records_that_are_remembered_are_counted():
    data = made(n=100, references=15, per_level=0)
    random = Random(5)
    forgotten = {row["record"] for row in data.rows if random.random() < 0.6}
    strong, weak = remembering(data, 4.0), remembering(data, 0.0)
    cases = cases_of(data)
    found = results(cases, lambda case: (weak if case.ask.record in forgotten else strong)(case))
    share = 1 - len(forgotten) / 200
    assert found["memorised_share"].interval.low <= share <= found["memorised_share"].interval.high
    assert (found["memorised_share"].interval.n, found["mean"].null) == (200, 0.0)


def test_canaries_are_told_by_how_often_they_were_planted():
    data = made(per_level=4)
    found = results(cases_of(data), remembering(data, 1.0, noise=0.3))
    levels = [found["planted", str(repeats)].interval for repeats in LADDER]
    for repeats, interval in zip(LADDER, levels, strict=True):
        assert interval.low <= 1 + np.log2(repeats) <= interval.high
        assert interval.n == 4
    assert found["planted", "16"].counts.asked == 4 * 17
    assert found["planted"].interval.value == pytest.approx(np.mean([its.value for its in levels]))


def test_canaries_that_a_coin_decides_on_are_a_group_of_their_own():
    data = made(coins=30)
    found = results(cases_of(data), remembering(data, 2.0))
    interval = found["mean", "canaries, by a coin"].interval
    assert interval.low <= 2 <= interval.high
    assert ("mean", "canaries, by a coin") not in results(cases_of(made(coins=5)), remembering(made(coins=5), 2.0))


def test_without_canaries_or_without_records_like_them_there_is_no_number_for_them():
    data = made(per_level=0)
    found = results(cases_of(data), remembering(data, 1.0))
    assert "[train.canaries]" in found["planted"].reason
    data = made()
    answer = remembering(data, 1.0)
    unanswered = results(
        cases_of(data),
        lambda case: Reply(Finish.FAILED, error="x") if case.groups["arm"] == "fill" else answer(case),
    )
    assert isinstance(unanswered["planted"], Absence)
    assert unanswered["planted"].counts.failed == 9 * 16


def test_records_on_one_side_of_all_models_are_left_out():
    data = made(references=3)
    found = results(cases_of(data), remembering(data, 1.0))
    mixed = [row for row in data.rows if not row["canary"] and len({row["role"] == "member", *row["references"]}) == 2]
    assert found["mean"].counts.asked == found["memorised_share"].interval.n == len(mixed) < 120


@pytest.mark.parametrize("trained_on", ["pictures", "text"])
def test_the_scripted_models_leak_and_retention_are_what_training_saves(trained_on):
    backend = Control(leak=0.3, retention=1.5, references=7, seed=5, trained_on=trained_on)
    cases = cases_of(backend.training_data())
    replies = dict(zip((case.id for case in cases), backend.answer([case.ask for case in cases]), strict=True))
    found = results(cases, lambda case: replies[case.id])
    assert found["mean"].interval.low <= 0.3 <= found["mean"].interval.high
    # Three standard deviations of its noise: with four models on either side most records stand out.
    assert found["memorised_share"].interval.value > 0.7
    for repeats in (1, 4, 16, 64):
        interval = found["planted", str(repeats)].interval
        assert interval.low <= 1.5 * np.log2(repeats) <= interval.high


@pytest.mark.parametrize("references", [0, 2])
def test_with_fewer_than_four_models_it_says_how_to_make_others(references):
    with pytest.raises(NotApplicableError, match=f"has {references + 1}: train some .* --references 8"):
        cases_of(made(references=references))


def test_too_few_records_are_no_case_for_it():
    with pytest.raises(NotApplicableError, match="9 independent records"):
        cases_of(made(n=9))
    with pytest.raises(ValueError, match="at least 1"):
        Counterfactual(fills=0)


@pytest.mark.parametrize("references", [3, 7, 12])
@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(seed, references):
    found = run_controls(Counterfactual(), cases_of(made(references=references), 30), seed, lambda _: {})
    assert [control.passed for control in found] == [True, True, None]
    unequal = found[2].estimate.interval
    assert unequal.low <= 0 <= unequal.high
