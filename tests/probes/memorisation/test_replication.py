from random import Random

import pytest

from harness.contracts import Budget
from harness.controls import run_controls
from harness.errors import NotApplicableError
from harness.records import Absence, Capability, DrawAsk, Judged, RecordAsk
from probes.memorisation.replication import Replication
from probes.pictures import scripted

BUDGET = Budget(None, 0, Capability.DRAW)


def results(probe, cases, respond):
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {its.metric.partition("/")[2]: its for its in probe.summarise(judged)}, judged


def test_it_draws_and_looks_at_held_out_and_training_pictures(training):
    cases = list(Replication(images=30).cases(training(), BUDGET))
    arms = [case.groups["arm"] for case in cases]
    assert (arms.count("drawn"), arms.count("held_out"), arms.count("member")) == (30, 30, 80)
    assert isinstance(cases[0].ask, DrawAsk)
    assert isinstance(cases[-1].ask, RecordAsk)
    assert len({case.id for case in cases}) == len(cases)


@pytest.mark.parametrize(("copies", "low", "high"), [(0, -0.1, 0.1), (9, 0.2, 0.4), (30, 0.9, 1)])
def test_planted_copies_are_counted_exactly(training, copies, low, high):
    probe = Replication(images=30)
    cases = list(probe.cases(training(), BUDGET))
    places = {case.id: place for place, case in enumerate(cases)}

    def respond(case):
        copied = case.groups["arm"] == "member" or (case.groups["arm"] == "drawn" and places[case.id] < copies)
        return scripted({"nearest": 0.01 if copied else 0.15, "near_mean": 0.2, "row": 3.0})

    found, _ = results(probe, cases, respond)
    assert found["replicated_share"].interval.value == pytest.approx(copies / 30)
    assert low <= found["excess"].interval.value <= high
    assert found["copies_found"].interval.value == 1


def test_what_fresh_pictures_score_is_the_null_and_is_taken_off(training):
    probe = Replication(images=60)
    cases = list(probe.cases(training(), BUDGET))
    random = Random(1)

    def respond(case):
        del case
        return scripted({"nearest": random.uniform(0.05, 0.15), "near_mean": 0.2, "row": 0.0})

    found, _ = results(probe, cases, respond)
    assert found["replicated_share"].null == pytest.approx(found["held_out_share"].interval.value)
    assert found["held_out_share"].interval.value > 0.3
    assert found["excess"].interval.low < 0 < found["excess"].interval.high


def test_one_original_replicated_again_and_again_is_told_from_many(training):
    probe = Replication(images=30)
    cases = list(probe.cases(training(), BUDGET))
    same, _ = results(probe, cases, lambda _: scripted({"nearest": 0.0, "near_mean": 0.2, "row": 7.0}))
    assert same["different_originals"].interval.value == pytest.approx(1 / 30)
    none, _ = results(probe, cases, lambda _: scripted({"nearest": 0.3, "near_mean": 0.2, "row": 7.0}))
    assert isinstance(none["different_originals"], Absence)


def test_the_gallery_shows_the_closest_pairs_first(training):
    probe = Replication(images=5)
    cases = list(probe.cases(training(members=10), BUDGET))
    near = {"draw/3": 0.01, "draw/1": 0.05}

    def respond(case):
        return scripted({"nearest": near.get(case.id, 0.5), "near_mean": 0.2, "row": 2.0})

    _, judged = results(probe, cases, respond)
    pictures = {case.id: f"{place:064x}.png" for place, case in enumerate(cases)}
    shown = list(probe.exhibits(judged, pictures))
    assert [exhibit.pictures[0][0] for exhibit in shown[:2]] == [pictures["draw/3"], pictures["draw/1"]]
    assert shown[0].pictures[1] == (pictures["member/picture-0002"], "picture-0002")
    assert "counts as a replica" in shown[0].note
    assert "is no replica" in shown[2].note


def test_without_held_out_records_there_is_no_null_and_no_probe(training):
    with pytest.raises(NotApplicableError, match="held out"):
        list(Replication().cases(training(held_out=0), BUDGET))


@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(training, seed):
    probe = Replication()
    cases = list(probe.cases(training(members=120, held_out=120), Budget(120, 0, Capability.DRAW)))
    assert [control.passed for control in run_controls(probe, cases, seed, lambda _: {})] == [True, True, None]
