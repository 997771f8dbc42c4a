"""Membership by likelihood: what is dialled in is found, and nothing is told where texts tell their side alone."""

from __future__ import annotations

from math import sqrt
from random import Random

import pytest
from scipy.stats import norm

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.controls import run_controls
from harness.errors import DataError, NotApplicableError
from harness.evidence.verify import verify
from harness.records import Absence, Capability, ContinuationScore, Estimate, Finish, Judged, Outcome, Reading, Reply
from harness.registry import Registry
from harness.stats.token_scores import zlib_rate
from probes.memorisation.text_membership import TextMembership

WORDS = [f"{start}{end}" for start in ("ri", "sto", "win", "let", "gar", "mar", "bri") for end in ("ver", "ne", "dow")]


def file_of(n=60, *, stamp=False, seed=0, **more):
    random = Random(seed)
    rows = []
    for number in range(2 * n):
        role = ("member", "nonmember")[number % 2]
        text = " ".join(random.choices(WORDS, k=random.randint(5, 20))).capitalize()
        year = {"member": 2019, "nonmember": 2023}[role] if stamp else 2021
        rows.append({"id": f"text-{number}", "role": role, "text": f"{text} in {year}.", **more})
    return Dataset("records.jsonl", "1", digest_bytes(b""), "unknown", rows, "file")


def cases_of(data, items=None, **settings):
    return list(TextMembership(**settings).cases(data, Budget(items, 0, Capability.SCORE)))


def results(cases, respond, *, probe=None, readings=None):
    probe = probe or TextMembership()
    judged = [Judged(case, probe.judge(case, respond(case), readings or {})) for case in cases]
    found = {}
    for result in probe.summarise(judged):
        found[result.metric.partition("/")[2], *result.slice.values()] = result
    return {key[0] if len(key) == 1 else key: its for key, its in found.items()}


def scored(case, logprobs, *, moments=True):
    """Answer with the same log-probabilities for the text and for its form in lower case."""
    spread = ((-2.0,) * len(logprobs), (1.0,) * len(logprobs)) if moments else ()
    score = ContinuationScore(tuple(logprobs), tuple(range(len(logprobs))), False, *spread)
    return Reply(Finish.STOP, scores=(score,) * len(case.ask.continuations))


def by_side(seen, unseen):
    return lambda case: scored(case, [seen if case.groups["role"] == "member" else unseen] * 4)


# ── what is asked ─────────────────────────────────────────────────────────────────────────


def test_each_text_is_scored_from_the_start_with_its_form_in_lower_case_and_moments():
    cases = cases_of(file_of(12))
    assert [case.groups["role"] for case in cases] == ["member"] * 12 + ["nonmember"] * 12
    for case in cases:
        text, lowered = case.ask.continuations
        assert (case.ask.context, case.ask.moments, lowered) == ("", True, text.lower())


def test_a_text_in_lower_case_has_one_form_and_no_such_score():
    cases = cases_of(
        Dataset("f", "1", digest_bytes(b""), "x", [{**r, "text": r["text"].lower()} for r in file_of().rows], "file")
    )
    assert {len(case.ask.continuations) for case in cases} == {1}
    found = results(cases, by_side(-1.0, -2.0))
    assert isinstance(found["lowercase_auc"], Absence)
    assert found["auc"].interval.value == 1.0


def test_long_texts_are_cut_where_a_word_ends_and_few_are_asked_where_few_may_be():
    cases = cases_of(file_of(30), items=11, characters=40)
    assert len(cases) == 22
    texts = [case.ask.continuations[0] for case in cases]
    assert max(map(len, texts)) <= 40
    whole = {word for row in file_of(30).rows for word in row["text"].split()}
    assert all(text.split()[-1] in whole for text in texts)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"text": "No side."}, "does not say its side"),
        ({"text": "A side.", "role": "validation"}, "does not say its side"),
        ({"text": " ", "role": "member"}, "'text' is empty"),
        ({"text": 3, "member": True}, "must be a text"),
    ],
)
def test_a_row_without_text_or_side_is_refused_by_its_number(row, told):
    data = file_of(12)
    rows = [*data.rows[:2], row, *data.rows[2:]]
    with pytest.raises(DataError, match=rf"row 3: .*{told}.*harness probes describe memorisation.text_membership"):
        cases_of(Dataset(data.name, "1", data.digest, "x", rows, "file"))


def test_members_may_be_marked_by_true_and_false():
    rows = [{"text": row["text"], "member": row["role"] == "member"} for row in file_of(12).rows]
    cases = cases_of(Dataset("f", "1", digest_bytes(b""), "x", rows, "file"))
    assert sum(case.groups["role"] == "member" for case in cases) == 12


def test_too_few_of_a_side_do_not_fit():
    with pytest.raises(NotApplicableError, match="9 independent texts were trained on and 9 were not: 10"):
        cases_of(file_of(9))


@pytest.mark.parametrize("settings", [{"records": 0}, {"characters": 0}, {"lowest": 0.0}, {"lowest": 1.5}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="at least 1"):
        TextMembership(**settings)


# ── what is made of it ────────────────────────────────────────────────────────────────────


def test_every_score_of_one_text_by_hand():
    (case, *_) = cases_of(file_of(12))
    text, own = case.ask.continuations[0], (-1.0, -3.0, -0.5, -4.0, -2.0)
    reply = Reply(
        Finish.STOP,
        scores=(
            ContinuationScore(own, (0, 1, 2, 3, 4), False, (-2.0,) * 5, (2.0, 2.0, 0.0, 2.0, 2.0)),
            ContinuationScore((-5.0, -3.0), (0, 1), greedy=False),
        ),
    )
    values = TextMembership(lowest=0.4).judge(case, reply, {}).values
    assert values["loss"] == pytest.approx(-2.1)
    assert values["min_k"] == pytest.approx(-3.5)
    assert values["min_k_plus"] == pytest.approx((-1.0 - 0.5) / 2)
    assert values["certain_share"] == pytest.approx(0.2)
    assert values["lowercase"] == pytest.approx(-2.1 + 4.0)
    assert values["zlib_rate"] == pytest.approx(zlib_rate(own, text))
    assert "reference" not in values


def test_a_model_that_tells_no_distribution_has_every_score_but_the_one_that_needs_it():
    found = results(cases_of(file_of()), lambda case: scored(case, [-1.0, -2.0], moments=False))
    assert isinstance(found["min_k_plus_auc"], Absence)
    assert found["min_k_auc"].interval.value == 0.5


def test_another_model_is_asked_where_it_is_named_and_compared_by_byte():
    probe = TextMembership(reference="likelihood")
    assert probe.instruments == ("likelihood",)
    cases = list(probe.cases(file_of(), Budget(None, 0, Capability.SCORE)))
    # What is hard is hard for both, and what was trained on is a little easier for the model.
    hard = {case.id: Random(case.id).gauss(-40, 8) for case in cases}
    readings = {
        Reading("likelihood", case.ask.continuations[0]): {"nats": hard[case.id], "tokens": 4.0} for case in cases
    }

    def respond(case):
        return scored(case, [(hard[case.id] + (2.0 if case.groups["role"] == "member" else 0.0)) / 4] * 4)

    found = results(cases, respond, probe=probe, readings=readings)
    assert found["reference_auc"].interval.value == 1.0
    assert found["auc"].interval.value < 0.7
    assert isinstance(results(cases, respond)["reference_auc"], Absence)


def test_where_the_texts_tell_their_side_no_number_of_the_model_is_told():
    found = results(cases_of(file_of(stamp=True)), by_side(-1.0, -2.0))
    assert found["blind_auc"].interval.value > 0.9
    for name in ("auc", "zlib_auc", "min_k_auc", "tpr_at_5", "false_positive_rate"):
        assert isinstance(found[name], Absence)
        assert found[name].reason.startswith("INVALID")


@pytest.mark.slow
def test_a_split_by_coin_is_valid_in_95_of_100():
    valid = 0
    for seed in range(60):
        found = results(cases_of(file_of(40, seed=seed)), lambda case: scored(case, [-1.0]))
        valid += isinstance(found["auc"], Estimate)
    assert valid >= 55


@pytest.mark.parametrize(
    "reply",
    [
        Reply(Finish.FAILED, error="no"),
        Reply(Finish.REFUSED),
        Reply(Finish.TOO_LONG, error="long"),
        Reply(Finish.STOP),
        Reply(Finish.STOP, scores=(ContinuationScore((float("nan"),), (0,), False),) * 2),
    ],
)
def test_a_reply_without_likelihoods_is_counted_and_no_number(reply):
    cases = cases_of(file_of())
    assert TextMembership().judge(cases[0], reply, {}).outcome is not Outcome.SCORED
    found = results(cases, lambda _: reply)
    assert isinstance(found["auc"], Absence)
    assert found["auc"].counts.asked == len(cases)


# ── against the scripted model ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("leak", [0.0, 1.0, 3.0])
def test_the_dialled_in_leak_is_found_by_every_score(leak):
    backend = Control(trained_on="text", leak=leak, seed=3)
    cases = cases_of(backend.training_data())
    assert len(cases) > 150
    replies = dict(zip([case.id for case in cases], backend.answer([case.ask for case in cases]), strict=True))
    found = results(cases, lambda case: replies[case.id])
    expected = norm.cdf(leak / sqrt(2))
    for name in ("auc", "min_k_auc", "min_k_plus_auc", "lowercase_auc"):
        assert found[name].interval.low <= expected <= found[name].interval.high
    assert isinstance(found["blind_auc"], Estimate)
    assert "needs 10,000 non-members" in found["tpr_at_0_1"].reason


def test_its_controls_come_out():
    probe, cases = TextMembership(), cases_of(file_of(100))
    assert [control.passed for control in run_controls(probe, cases, 0, lambda _: {})] == [True, True, None]


def test_a_whole_audit_asks_another_model_and_its_bundle_verifies(audit_text):
    done = audit_text("""
[model]
backend = "control"
trained_on = "text"
leak = 2.0
[run]
probes = ["memorisation.text_membership"]
profile = "standard"
[probe."memorisation.text_membership"]
reference = "likelihood"
[instrument.likelihood]
backend = { backend = "control", trained_on = "text", leak = 0.0 }
""")
    found = {its.metric.rpartition("/")[2]: its for its in done.evidence.results[0].results if not its.slice}
    # The other model finds hard what the audited one finds hard, and was trained on nothing.
    assert found["reference_auc"].interval.value > found["auc"].interval.value > 0.85
    assert found["reference_auc"].instrument == "likelihood"
    assert not [finding for finding in verify(done.folder, Registry()) if finding.fatal]
