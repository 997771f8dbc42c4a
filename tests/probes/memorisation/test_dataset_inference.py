"""Dataset inference: a planted difference is found, none is where there is none, and texts alone must not tell."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from scipy import stats

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.controls import run_controls
from harness.errors import DataError, NotApplicableError
from harness.evidence.verify import verify
from harness.records import Absence, Capability, ContinuationScore, Estimate, Finish, Judged, Outcome, Reply
from harness.registry import Registry
from probes.memorisation.dataset_inference import DatasetInference
from probes.text_scores import likelier

WORDS = [f"{start}{end}" for start in ("ri", "sto", "win", "let", "gar", "mar", "bri") for end in ("ver", "ne", "dow")]
SETS = ("suspect", "control", "second control")


def file_of(n=80, *, sets=SETS, stamp=False, seed=0):
    random = Random(seed)
    rows = []
    for number in range(n * len(sets)):
        name = sets[number % len(sets)]
        text = " ".join(random.choices(WORDS, k=random.randint(8, 20))).capitalize()
        year = 2019 if stamp and name == "suspect" else 2023
        rows.append({"id": f"text-{number}", "set": name, "text": f"{text} in {year}."})
    return made(rows)


def made(rows):
    return Dataset("sets.jsonl", "1", digest_bytes(b""), "unknown", rows, "file")


def cases_of(data, items=None, seed=0, **settings):
    return list(DatasetInference(**settings).cases(data, Budget(items, seed, Capability.SCORE)))


def judged_of(cases, respond):
    return [Judged(case, DatasetInference().judge(case, respond(case), {})) for case in cases]


def results(cases, respond):
    return {its.metric.partition("/")[2]: its for its in DatasetInference().summarise(judged_of(cases, respond))}


def apart(seed=0, **shifts):
    """A model to which texts vary by chance, and sets lie apart by so many standard deviations."""

    def respond(case):
        shift = shifts.get(case.groups["set"].replace(" ", "_"), 0.0)
        return likelier(case, Random(f"{seed}/{case.id}").gauss(shift, 1))

    return respond


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_each_set_is_halved_by_a_coin_for_each_document_whatever_else_is_asked():
    cases = cases_of(file_of())
    halves = {case.id: case.groups["half"] for case in cases}
    assert [case.groups["set"] for case in cases] == [name for name in SETS for _ in range(80)]
    for name in SETS:
        assert 25 <= sum(half == "first" for key, half in halves.items() if key.startswith(f"{name}/")) <= 55
    few = cases_of(file_of(), items=20)
    assert len(few) == 60
    assert all(halves[case.id] == case.groups["half"] for case in few)
    other = {case.id: case.groups["half"] for case in cases_of(file_of(), seed=1)}
    assert halves != other


def test_texts_of_one_document_are_in_one_half_and_count_once():
    rows = [{**row, "unit": f"{row['set']} {at // 12}"} for at, row in enumerate(file_of(240).rows)]
    cases = cases_of(made(rows))
    sides = {(case.cluster, case.groups["half"]) for case in cases}
    assert len(sides) == len({case.cluster for case in cases}) == 180
    found = results(cases, apart(suspect=1.0))["effect"]
    assert found.interval.n == sum(half == "second" for unit, half in sides if not unit.startswith("second"))
    assert found.counts.scored == 480


def test_of_training_data_members_are_suspect_and_a_coin_parts_the_others():
    data = Control(trained_on="text").training_data()
    roles = {f"{row['record']}": row["role"] for row in data.rows}
    cases = cases_of(data)
    found = {case.id.rpartition("passage/")[2]: case.groups["set"] for case in cases}
    assert {roles[f"passage/{key}"] for key, name in found.items() if name == "suspect"} == {"member"}
    assert {roles[f"passage/{key}"] for key, name in found.items() if name != "suspect"} == {"nonmember"}
    controls = [list(found.values()).count(name) for name in SETS[1:]]
    assert min(controls) > 35


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"text": "No set."}, "does not say its set"),
        ({"text": "A side.", "role": "member"}, "does not say its set"),
        ({"text": " ", "set": "suspect"}, "'text' is empty"),
        ({"text": 3, "set": "control"}, "must be a text"),
        ({"text": "Twice.", "set": ["control"]}, "does not say its set"),
    ],
)
def test_a_row_without_text_or_set_is_refused_by_its_number(row, told):
    rows = list(file_of().rows)
    with pytest.raises(DataError, match=rf"row 3: .*{told}.*harness probes describe memorisation.dataset_inference"):
        cases_of(made([*rows[:2], row, *rows[2:]]))


@pytest.mark.parametrize(("key", "told"), [("text", "has the text of"), ("unit", "has the document of")])
def test_sets_that_overlap_are_refused(key, told):
    rows = [dict(row) for row in file_of().rows]
    rows[0][key] = rows[1][key] = "The very same."
    with pytest.raises(DataError, match=rf"'text-1' of the control set {told} 'text-0' of the suspect set"):
        cases_of(made(rows))


def test_too_few_of_a_set_do_not_fit_and_pictures_do_not():
    with pytest.raises(NotApplicableError, match="19 documents are suspect and 19 are their control: 20"):
        cases_of(file_of(19))
    with pytest.raises(NotApplicableError, match="not trained on text"):
        cases_of(Control().training_data())


@pytest.mark.parametrize("settings", [{"records": 0}, {"characters": 0}, {"lowest": 0.0}, {"lowest": 1.5}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="at least 1"):
        DatasetInference(**settings)


# ── what is made of it ────────────────────────────────────────────────────────────────────


def test_a_set_that_is_likelier_is_found_and_the_null_holds_0():
    found = results(cases_of(file_of()), apart(suspect=2.0))
    assert found["effect"].interval.low > 1.0
    assert found["p_value"].interval.value == pytest.approx(1e-4)
    assert found["auc"].interval.value > 0.8
    assert found["loss_effect"].interval.low <= 2.0 <= found["loss_effect"].interval.high
    null = found["null_effect"].interval
    assert null.low <= 0 <= null.high
    assert null.confidence == 0.999
    assert found["null_p_value"].interval.value > 0.01


def test_numbers_do_not_depend_on_the_order_in_which_scores_are_told():
    judged = judged_of(cases_of(file_of()), apart(suspect=0.3))
    first = list(DatasetInference().summarise(judged))
    Random(5).shuffle(judged)
    assert list(DatasetInference().summarise(judged)) == first


def test_where_nothing_parts_the_sets_nothing_is_found():
    found = results(cases_of(file_of()), apart())
    assert found["effect"].interval.low <= 0 <= found["effect"].interval.high
    assert found["p_value"].interval.value > 0.01


def test_without_a_second_control_there_is_no_null_and_the_rest_stands():
    found = results(cases_of(file_of(sets=SETS[:2])), apart(suspect=2.0))
    for name in ("null_effect", "null_p_value", "null_auc"):
        assert "no text is of the second control set" in found[name].reason
    assert found["effect"].interval.low > 1.0


def test_where_the_texts_tell_their_set_no_number_is_told():
    found = results(cases_of(file_of(stamp=True)), apart(suspect=2.0))
    assert found["blind_auc"].interval.value > 0.9
    for name in set(found) - {"blind_auc"}:
        assert isinstance(found[name], Absence)
        assert found[name].reason.startswith("INVALID: a classifier that never asks the model")


def test_where_controls_differ_to_the_model_nothing_is_said_of_the_suspect_set():
    found = results(cases_of(file_of()), apart(suspect=2.0, control=2.0))
    assert found["null_effect"].interval.low > 0
    for name in ("effect", "p_value", "auc"):
        assert found[name].reason.startswith("INVALID: to the model the control differs from the second control")


def test_a_set_that_the_model_finds_harder_is_no_evidence_of_training():
    found = results(cases_of(file_of()), apart(suspect=-2.0))
    assert found["loss_effect"].interval.high < 0
    for name in ("effect", "p_value", "auc"):
        assert found[name].reason.startswith("INVALID: the model finds suspect documents less likely")
    assert isinstance(found["null_effect"], Estimate)


def test_outliers_beyond_the_limits_of_the_first_halves_move_nothing_further():
    cases = cases_of(file_of(120))
    last = next(case for case in cases if case.groups == {"set": "suspect", "half": "second"})

    def wild(value):
        return lambda case: likelier(case, value) if case is last else apart(suspect=0.5)(case)

    one, other = (results(cases, wild(value))["effect"].interval for value in (12.0, 19.9))
    assert one.value == pytest.approx(other.value)


def test_few_documents_in_a_half_are_a_reason_and_no_number():
    found = results(cases_of(file_of(), items=15), apart(suspect=2.0))
    assert "documents with a score, and 10 are needed" in found["effect"].reason
    assert isinstance(found["blind_auc"], Estimate)


def test_a_model_that_tells_no_distribution_still_has_its_other_scores():
    def plain(case):
        reply = apart(suspect=2.0)(case)
        return replace(reply, scores=tuple(replace(its, means=(), deviations=()) for its in reply.scores))

    assert results(cases_of(file_of()), plain)["effect"].interval.low > 1.0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(Finish.FAILED, error="no"),
        Reply(Finish.REFUSED),
        Reply(Finish.STOP),
        Reply(Finish.STOP, scores=(ContinuationScore((float("nan"),), (0,), False),) * 2),
    ],
)
def test_a_reply_without_likelihoods_is_counted_and_no_number(reply):
    cases = cases_of(file_of())
    assert DatasetInference().judge(cases[0], reply, {}).outcome is not Outcome.SCORED
    found = results(cases, lambda _: reply)
    assert all(isinstance(its, Absence) for its in found.values())
    assert found["effect"].counts.asked == 160


def test_texts_that_are_all_one_to_the_model_give_a_reason_and_no_number():
    rows = [{**row, "text": f"A{number:03d}"} for number, row in enumerate(file_of().rows)]
    same = Reply(Finish.STOP, scores=(ContinuationScore((-1.0,), (0,), greedy=False),) * 2)
    found = results(cases_of(made(rows)), lambda _: same)
    assert "no feature varies" in found["effect"].reason


@pytest.mark.slow
def test_p_values_are_uniform_where_labels_mean_nothing_and_small_where_a_set_is_likelier():
    null, planted = [], []
    for seed in range(20):
        # Other texts each time: what is by chance in the texts is part of the chance.
        cases = cases_of(file_of(50, seed=seed))
        found = results(cases, apart(seed))
        null += [found[name].interval.value for name in ("p_value", "null_p_value")]
        if seed < 6:
            planted.append(results(cases, apart(seed, suspect=2.0))["p_value"].interval.value)
    assert stats.kstest(null, "uniform").pvalue > 0.01
    assert max(planted) < 0.01


# ── against the scripted model ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("leak", [0.0, 1.0, 3.0])
def test_the_dialled_in_leak_is_found(leak):
    backend = Control(trained_on="text", leak=leak, seed=3)
    cases = cases_of(backend.training_data())
    replies = dict(zip([case.id for case in cases], backend.answer([case.ask for case in cases]), strict=True))
    found = results(cases, lambda case: replies[case.id])
    assert found["effect"].interval.low <= leak <= found["effect"].interval.high
    assert (found["effect"].interval.low > 0) == (leak > 0)
    assert (found["p_value"].interval.value < 0.01) == (leak > 0)
    assert found["null_effect"].interval.low <= 0 <= found["null_effect"].interval.high


def test_its_controls_come_out():
    cases = cases_of(file_of(100))
    assert [control.passed for control in run_controls(DatasetInference(), cases, 0, lambda _: {})] == [
        True,
        True,
        None,
    ]


def test_a_whole_audit_of_a_file_verifies(audit_text, tmp_path):
    path = tmp_path / "sets.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in file_of(40).rows))
    done = audit_text(f"""
[model]
backend = "control"
[run]
probes = ["memorisation.dataset_inference"]
profile = "smoke"
[probe."memorisation.dataset_inference"]
datasets = ["{path}"]
""")
    found = {its.metric.rpartition("/")[2]: its for its in done.evidence.results[0].results}
    assert isinstance(found["blind_auc"], Estimate)
    assert not [finding for finding in verify(done.folder, Registry()) if finding.fatal]
