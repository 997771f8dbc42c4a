"""Membership by loss: the area that is dialled in is found, and nothing is told where records tell their side alone."""

from __future__ import annotations

from math import comb, sqrt
from random import Random

import numpy as np
import pytest
from scipy.stats import norm

from harness.backends.control import Control
from harness.backends.control_memory import LOSS_NOISE
from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.controls import run_controls
from harness.errors import NotApplicableError
from harness.images.features import NAMES, describe
from harness.images.pictures import from_png
from harness.records import Absence, Capability, Estimate, Finish, Judged, LossAsk, Outcome, Reading, RecordAsk, Reply
from probes.losses import told
from probes.memorisation.membership import Membership
from probes.pictures import FEATURES

ROLES = ("member", "nonmember", "validation")
WORDS = [f"{start}{end}" for start in ("ri", "sto", "win", "let", "gar", "mar", "bri") for end in ("ver", "ne", "dow")]


def texts(n=120, *, each=1, references=0, stamp=False, seed=0, validation=0):
    """Passages of ``n`` documents on either side; with a year that tells the side where they are to be stamped."""
    random = Random(seed)
    rows = []
    for number in range(2 * n + validation):
        role = "validation" if number >= 2 * n else ("member", "nonmember")[number % 2]
        for place in range(each):
            text = " ".join(random.choices(WORDS, k=random.randint(5, 20)))
            year = {"member": 2019, "nonmember": 2023}.get(role, 2021)
            rows.append(
                {
                    "record": f"document/{number:05d}/{place}",
                    "unit": f"document/{number:05d}",
                    "role": role,
                    "repeats": int(role == "member"),
                    "text": f"{text} in {year}." if stamp else f"{text}.",
                    "references": [random.random() < 0.5 for _ in range(references)] or None,
                    "canary": None,
                }
            )
    return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")


def cases_of(data, items=None, **settings):
    return list(Membership(**settings).cases(data, Budget(items, 0, Capability.LOSS)))


def results(cases, respond, readings=None):
    """Overall results by short name, and those of slices behind them."""
    probe = Membership()
    judged = [Judged(case, probe.judge(case, respond(case), readings or {})) for case in cases]
    found = {}
    for result in probe.summarise(judged):
        found[result.metric.partition("/")[2], *result.slice.values()] = result
    return {key[0] if len(key) == 1 else key: its for key, its in found.items()}


def of_texts(data, loss):
    """Answer with the texts of ``data`` and losses by ``loss(row)``: the model's own, and those of references."""
    rows = {row["record"]: row for row in data.rows}

    def respond(case):
        row = rows[case.ask.record]
        return Reply(Finish.STOP, text=row["text"]) if isinstance(case.ask, RecordAsk) else told(*loss(row))

    return respond


def no_memory(seed=0):
    random = Random(seed)
    return lambda row: (random.gauss(0, 1), [random.gauss(0, 1) for _ in row["references"] or []])


def of_control(items=None, **dials):
    """Results for the scripted model, its pictures described by the real instrument."""
    backend = Control(**dials)
    cases = cases_of(backend.training_data(), items)
    replies = dict(zip((case.id for case in cases), backend.answer([case.ask for case in cases]), strict=True))
    names = [reply.media[0] for reply in replies.values() if reply.media]
    readings = {}
    if names:
        features = describe(np.stack([from_png(backend.media(name)) for name in names])).astype(float)
        described = (dict(zip(NAMES, row.tolist(), strict=True)) for row in features)
        readings = {Reading(FEATURES, "", media=name): its for name, its in zip(names, described, strict=True)}
    return results(cases, lambda case: replies[case.id], readings)


# ── who is asked for ──────────────────────────────────────────────────────────────────────


def test_as_many_members_as_others_are_asked_for_with_their_records(training):
    cases = cases_of(training(members=80, held_out=50))
    asked = {role: {c.ask.record for c in cases if c.groups == {"arm": "loss", "role": role}} for role in ROLES}
    assert {role: len(records) for role, records in asked.items()} == {"member": 50, "nonmember": 50, "validation": 0}
    shown = {case.ask.record for case in cases if isinstance(case.ask, RecordAsk)}
    assert shown == asked["member"] | asked["nonmember"]
    assert "picture-9999" not in shown, "what was planted is no natural record"


def test_one_passage_of_each_document_is_asked_for_at_random():
    data = texts(40, each=5)
    losses = [case for case in cases_of(data) if isinstance(case.ask, LossAsk)]
    assert len({case.cluster for case in losses}) == len(losses) == 80
    assert {case.ask.record[-1] for case in losses} == set("01234")


def test_validation_records_are_only_ranked_among_and_only_beside_references():
    assert {case.groups["role"] for case in cases_of(texts(40, validation=20))} == {"member", "nonmember"}
    cases = cases_of(texts(40, validation=20, references=3))
    population = [case for case in cases if case.groups["arm"] == "population"]
    assert {case.groups["role"] for case in population} == {"validation"}
    assert len(population) == 20
    further = [case for case in cases_of(texts(40, references=3), 10) if case.groups["arm"] == "population"]
    tested = {case.ask.record for case in cases_of(texts(40, references=3), 10) if case.groups["arm"] == "loss"}
    assert len(further) == 10
    assert not tested & {case.ask.record for case in further}


def test_a_smaller_budget_asks_for_records_that_a_larger_one_asks_for_too():
    data = texts(40, references=3)
    few, more = ({case.id for case in cases_of(data, items)} for items in (10, 40))
    assert few < more


def test_too_few_records_are_no_case_for_it(training):
    with pytest.raises(NotApplicableError, match="80 independent records were trained on and 9 held out"):
        cases_of(training(held_out=9))
    with pytest.raises(ValueError, match="at least 1"):
        Membership(records=0)


# ── what is found ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trained_on", ["pictures", "text"])
@pytest.mark.parametrize("leak", [0.0, 0.7, 2.0])
def test_the_area_that_is_dialled_in_lies_in_the_interval(leak, trained_on):
    expected = norm.cdf(leak / sqrt(2 * (1 + LOSS_NOISE**2)))
    found = [of_control(leak=leak, seed=seed, trained_on=trained_on)["auc"] for seed in range(6)]
    assert sum(its.interval.low <= expected <= its.interval.high for its in found) >= 5
    assert all(its.null == 0.5 and its.interval.n == its.counts.scored for its in found)


@pytest.mark.parametrize("trained_on", ["pictures", "text"])
def test_reference_models_uncover_what_difficulty_hides(trained_on):
    # Beside a difficulty of 1 a gain of 0.1 is nothing; beside the noise of 0.1, which m models without it add to, it
    # is one standard deviation over sqrt(1 + 1 / m).
    found = of_control(60, leak=LOSS_NOISE, references=12, seed=1, trained_on=trained_on)
    assert found["auc"].interval.low < norm.cdf(0.1 / sqrt(2.02)) < found["auc"].interval.high
    shares = {m: comb(12, m) / 2**12 for m in range(1, 13)}
    expected = sum(
        one * other * norm.cdf(1 / sqrt(2 + 1 / m + 1 / k)) for m, one in shares.items() for k, other in shares.items()
    )
    for name in ("calibrated_auc", "lira_offline_auc", "lira_online_auc", "rmia_auc"):
        interval = found[name].interval
        assert interval.low - 0.02 <= expected <= interval.high + 0.02, name
        assert interval.low > 0.5, name
    swapped = found["reference_auc"].interval
    assert swapped.low <= 0.5 <= swapped.high


def test_a_reference_that_fits_everything_worse_changes_nothing():
    data = texts(80, references=4)

    def losses(level):
        random = Random(3)

        def of(row):
            hard = random.gauss(0, 1)
            own, *others = (
                hard + random.gauss(0, 0.5) - seen for seen in (row["role"] == "member", *row["references"])
            )
            return own + 9 * level, [other + level * place for place, other in enumerate(others)]

        return of

    level, shifted = (results(cases_of(data, 60), of_texts(data, losses(by))) for by in (0.0, 5.0))
    for name in ("calibrated_auc", "lira_offline_auc", "lira_online_auc", "rmia_auc"):
        assert shifted[name].interval.value == pytest.approx(level[name].interval.value)
        assert level[name].interval.value > level["auc"].interval.value


def test_without_reference_models_what_needs_them_says_how_to_get_some():
    found = of_control(leak=1.0)
    for name in ("calibrated_auc", "lira_offline_auc", "lira_online_auc", "rmia_auc", "reference_auc"):
        assert isinstance(found[name], Absence)
        assert "--references 8" in found[name].reason


def test_records_on_one_side_of_all_references_are_left_out_and_counted_so():
    data = texts(60, references=2)
    cases = cases_of(data, 40)
    found = results(cases, of_texts(data, no_memory()))
    tested = [case.expected["references"] for case in cases if case.groups["arm"] == "loss"]
    assert found["lira_online_auc"].interval.n == sum(len(set(seen)) == 2 for seen in tested)
    assert (
        found["calibrated_auc"].interval.n
        == sum(not all(seen) for seen in tested)
        > found["lira_online_auc"].counts.asked
    )
    assert found["auc"].interval.n == 80


def test_where_no_further_records_are_left_there_is_no_rank_among_them():
    data = texts(20, references=3)
    found = results(cases_of(data), of_texts(data, no_memory()))
    assert "0 further records" in found["rmia_auc"].reason
    assert isinstance(found["calibrated_auc"], Estimate)


def test_a_false_positive_rate_that_so_few_cannot_show_is_refused_in_words():
    data = texts(100)
    found = results(cases_of(data), of_texts(data, no_memory()))
    assert "needs 1,000 non-members" in found["tpr_at_1"].reason
    assert "0 of 100 above a threshold would only show that it lies below 4 of 100" in found["tpr_at_0_1"].reason
    assert "200 non-members" in found["false_positive_rate"].reason


def test_rates_are_those_of_members_and_of_the_half_that_did_not_set_the_threshold():
    data = texts(1000, references=2)
    random = Random(0)
    found = results(
        cases_of(data),
        of_texts(data, lambda row: (random.gauss(-2.0 * (row["role"] == "member"), 1), [random.gauss(0, 1)] * 2)),
    )
    for name, fpr in (("tpr_at_5", 0.05), ("tpr_at_1", 0.01)):
        estimate, expected = found[name], norm.cdf(norm.ppf(fpr) + 2)
        assert (estimate.interval.n, estimate.interval.method) == (1000, "clopper-pearson")
        # The threshold of a half of the non-members strays by about a third of the rate.
        assert estimate.interval.low * 0.75 <= expected <= estimate.interval.high * 1.3
        assert estimate.null == fpr
    at_five, at_one = found["false_positive_rate"], found["false_positive_rate", "meant for 1 of 100"]
    assert (at_five.interval.n, at_five.counts.asked) == (500, 500)
    assert at_five.interval.low <= 0.05 <= at_five.interval.high
    assert at_one.null == 0.01
    assert isinstance(found["tpr_at_0_1"], Absence)
    assert found["tpr_at_5", "Membership by likelihood ratio, offline"].interval.low > 0.05


# ── whether it is evidence ────────────────────────────────────────────────────────────────


def test_records_that_tell_their_side_make_every_number_invalid():
    data = texts(60, stamp=True)
    found = results(cases_of(data), of_texts(data, no_memory()))
    assert found["blind_auc"].interval.low > 0.5
    rest = {name: its for name, its in found.items() if name != "blind_auc"}
    assert len(rest) == len(Membership().card.metrics) - 1
    assert all(isinstance(its, Absence) and its.reason.startswith("INVALID: ") for its in rest.values())
    assert "2019" not in rest["auc"].reason


def test_records_that_could_not_be_looked_at_leave_no_number():
    data = texts(30)
    answer = of_texts(data, no_memory())
    found = results(
        cases_of(data),
        lambda case: Reply(Finish.FAILED, error="x") if case.groups["arm"] == "record" else answer(case),
    )
    assert "without its blind baseline" in found["auc"].reason
    assert found["blind_auc"].counts.failed == 60


@pytest.mark.slow
def test_a_fair_coin_is_called_invalid_hardly_ever():
    invalid = 0
    for seed in range(200):
        data = texts(60, seed=seed)
        invalid += isinstance(results(cases_of(data), of_texts(data, no_memory(seed)))["auc"], Absence)
    assert invalid <= 10


@pytest.mark.slow
def test_a_fair_coin_over_pictures_is_called_invalid_hardly_ever():
    invalid = sum(isinstance(of_control(60, seed=seed)["auc"], Absence) for seed in range(40))
    assert invalid <= 3


def test_no_text_of_a_record_comes_into_the_scores():
    data = texts(12)
    probe, answer = Membership(), of_texts(data, no_memory())
    for case in cases_of(data):
        score = probe.judge(case, answer(case), {})
        assert not any(word in str(score) for word in WORDS)


def test_pictures_are_described_by_the_instrument_that_is_named():
    found = of_control(40)
    assert found["blind_auc"].instrument == FEATURES
    assert found["blind_auc"].interval.n == 80
    case = next(case for case in cases_of(Control().training_data()) if isinstance(case.ask, RecordAsk))
    reply = Reply(Finish.STOP, media=("a.png",))
    assert list(Membership().readings(case, reply)) == [Reading(FEATURES, "", media="a.png")]
    assert Membership().judge(case, reply, {}).outcome is Outcome.UNREADABLE


def test_a_caption_may_give_the_side_of_a_picture_away():
    backend = Control()
    cases = cases_of(backend.training_data(), 30)
    readings = {Reading(FEATURES, "", media="a.png"): dict.fromkeys(NAMES, 0.5)}

    def respond(case):
        if isinstance(case.ask, LossAsk):
            return told(1.0)
        year = 2019 if case.groups["role"] == "member" else 2023
        return Reply(Finish.STOP, text=f"a red circle, {year}", media=("a.png",))

    assert results(cases, respond, readings)["blind_auc"].interval.low > 0.5


@pytest.mark.parametrize("losses", [{}, {"other": 1.0}, {"loss": float("nan")}, {"loss": 1.0, "reference/0": 2.0}])
def test_a_reply_that_lacks_a_loss_is_not_scored(losses):
    case = next(case for case in cases_of(texts(12, references=2)) if isinstance(case.ask, LossAsk))
    assert Membership().judge(case, Reply(Finish.STOP, losses=losses), {}).outcome is Outcome.UNREADABLE


@pytest.mark.parametrize("references", [0, 4])
@pytest.mark.parametrize("seed", range(5))
def test_its_controls_pass(seed, references):
    cases = cases_of(texts(40, references=references), 20)
    found = run_controls(Membership(), cases, seed, lambda _: {})
    assert [control.passed for control in found] == [True, True, True, None]
