"""Every installed probe, ours or not, is held to `harness.contracts.Probe`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.canonical import dumps, from_json, loads
from harness.contracts import TRAINING, Budget, Dataset, Probe
from harness.contracts.composed import NamingProbe
from harness.contracts.instruments import NOTHING, FittedInstrument, Instrument
from harness.controls import run_controls
from harness.data import load
from harness.errors import DataError, NotApplicableError
from harness.frameworks import FAMILIES, KEYS
from harness.judge import judge_cases, wanted_readings
from harness.records import (
    Absence,
    Better,
    Capability,
    Case,
    ContinuationScore,
    ControlKind,
    Estimate,
    Finish,
    Judged,
    Outcome,
    Reading,
    Reply,
    ScoreAsk,
)
from harness.registry import Registry
from harness.seeds import rng

REGISTRY = Registry()
"""One for all tests: finding out what is installed takes longer than most of them."""

PROBES = sorted(REGISTRY.installed("probe"))
WAYS = [(name, way) for name in PROBES for way in REGISTRY.create("probe", name).card.needs]
each_probe = pytest.mark.parametrize("name", PROBES)
each_way = pytest.mark.parametrize(("name", "way"), WAYS)


def probe_named(name: str) -> Probe:
    probe: Probe = REGISTRY.create("probe", name)
    return probe


# Scripted models with training data of every kind: a probe of training data fits one of them.
TRAINED: tuple[dict[str, object], ...] = (
    {"asked_by": "label"},
    {"asked_by": "prompt"},
    {"asked_by": "nothing"},
    {"references": 7},
    {"trained_on": "text"},
)


@cache
def data_of(name: str, way: Capability) -> Dataset:
    """The first data set on the card; for training data, that of a scripted model which the probe fits."""
    probe = probe_named(name)
    if probe.card.datasets[0] != TRAINING:
        return load(probe.card.datasets[0])
    for settings in TRAINED:
        data: Dataset = REGISTRY.create("backend", "control", settings).training_data()
        with suppress(NotApplicableError):
            list(probe.cases(data, Budget(60, 0, way)))
            return data
    raise AssertionError(f"{name} fits no scripted model")


@cache
def cases_of(name: str, way: Capability, items: int | None = 60, seed: int = 0) -> tuple[Case, ...]:
    return tuple(probe_named(name).cases(data_of(name, way), Budget(items, seed, way)))


def summarised(probe: Probe, judged: Sequence[Judged]) -> dict[str, Estimate | Absence]:
    """Overall results by metric."""
    return {result.metric: result for result in probe.summarise(judged) if not result.slice}


@cache
def instrument_named(name: str) -> Instrument:
    instrument: Instrument = REGISTRY.create("instrument", name)
    fits = isinstance(instrument, FittedInstrument)
    return instrument.fitted(REGISTRY.create("backend", "control")) if fits else instrument


@cache
def trained_text() -> Dataset:
    """What the scripted model that probes of training text fit was trained on."""
    data: Dataset = REGISTRY.create("backend", "control", {"trained_on": "text"}).training_data()
    return data


@cache
def reading(wanted: Reading):
    materials = replace(NOTHING, training=trained_text)
    return instrument_named(wanted.instrument).read([wanted], materials)[0]


def read(wanted: Iterable[Reading]):
    return {one: reading(one) for one in wanted}


def judged_by(probe: Probe, cases: Sequence[Case], respond) -> list[Judged]:
    """What the probe makes of a respondent's replies, once instruments have read them."""
    replies = [respond(case) for case in cases]
    return judge_cases(probe, cases, replies, read(wanted_readings(probe, cases, replies)))


def headline(probe: Probe, cases: Sequence[Case], respond) -> Estimate:
    """The first metric of the card that has a number."""
    found = summarised(probe, judged_by(probe, cases, respond))
    return next(its for m in probe.card.metrics if isinstance(its := found[m.name], Estimate))


# ── the card ──────────────────────────────────────────────────────────────────────────────


@each_probe
def test_a_card_says_what_the_probe_is_and_what_it_cannot_tell(name):
    card = probe_named(name).card
    assert card.id == name
    assert card.family == name.partition(".")[0]
    assert card.family in FAMILIES
    assert card.version
    assert card.title
    assert card.question.endswith("?")
    assert card.needs
    assert card.datasets
    assert card.references
    assert len(card.limits) >= 2
    assert all(limit.endswith(".") for limit in card.limits)


@each_probe
def test_every_metric_has_a_name_of_its_own_and_words_for_a_reader(name):
    metrics = probe_named(name).card.metrics
    assert metrics
    assert len({metric.name for metric in metrics}) == len(metrics)
    for metric in metrics:
        assert metric.name.startswith(f"{name}/")
        assert metric.title
        assert metric.phrase
        assert metric.unit
        assert metric.n_unit.endswith("s")
        assert metric.better in Better


@each_probe
def test_every_framework_is_answered_even_if_by_none(name):
    frameworks = probe_named(name).card.frameworks
    assert set(frameworks) == set(KEYS)
    assert any(frameworks.values())
    assert all(isinstance(ids, tuple) and len(set(ids)) == len(ids) for ids in frameworks.values())


@each_probe
def test_settings_have_defaults_and_unknown_ones_are_refused(name):
    plugin = REGISTRY.find("probe", name)
    assert "no_such_setting" not in plugin.settings()
    with pytest.raises(Exception, match="no_such_setting"):
        plugin.create({"no_such_setting": 1})


# ── cases ─────────────────────────────────────────────────────────────────────────────────


@each_way
def test_cases_have_ids_of_their_own_and_come_alike_every_time(name, way):
    cases = cases_of(name, way)
    assert cases
    assert len({case.id for case in cases}) == len(cases)
    assert tuple(probe_named(name).cases(data_of(name, way), Budget(60, 0, way))) == cases


@each_way
def test_cases_survive_being_written_down(name, way):
    for case in cases_of(name, way):
        assert from_json(Case, loads(dumps(case))) == case


@each_way
def test_a_wording_stands_in_its_prompt_word_for_word(name, way):
    for case in cases_of(name, way):
        if case.wording is not None:
            prompt = case.ask.context if isinstance(case.ask, ScoreAsk) else case.ask.prompt
            assert case.wording.strip()
            assert case.wording in prompt


@each_way
def test_a_case_that_was_written_down_gets_the_same_scripted_replies(name, way):
    # The controls of a run are computed again from its evidence: their chances may not follow the order of a mapping.
    controls = probe_named(name).controls
    for case in cases_of(name, way, 10):
        read = from_json(Case, loads(dumps(case)))
        for control in controls.controls:
            assert control.respond(case, rng(0, "chance")) == control.respond(read, rng(0, "chance"))
        assert (controls.best(case), controls.worst(case)) == (controls.best(read), controls.worst(read))


@each_way
def test_a_smaller_budget_asks_the_same_of_fewer(name, way):
    few, more = cases_of(name, way, 10), cases_of(name, way)
    assert 0 < len(few) < len(more)
    assert {case.id for case in few} <= {case.id for case in more}


@each_way
def test_rows_that_do_not_fit_are_refused_by_name(name, way, tmp_path):
    if probe_named(name).card.datasets == (TRAINING,):
        pytest.skip("it reads no file: the rows are a backend's, and tests of backends hold them to their form")
    path = tmp_path / "odd.jsonl"
    path.write_text('{"unheard_of": 1}\n')
    with pytest.raises(DataError, match="row 1"):
        list(probe_named(name).cases(load(str(path)), Budget(None, 0, way)))


# ── judging ───────────────────────────────────────────────────────────────────────────────

NAN = float("nan")
ODD_FINISHES = [
    (Reply(Finish.FAILED, error="connection lost"), {Outcome.FAILED}),
    (Reply(Finish.FAILED, text="B", scores=(ContinuationScore((-1.0,), (0,), greedy=True),)), {Outcome.FAILED}),
    (Reply(Finish.REFUSED), {Outcome.REFUSED}),
    (Reply(Finish.REFUSED, text="I cannot help with that."), {Outcome.REFUSED}),
    (Reply(Finish.TOO_LONG, error="900 tokens"), {Outcome.TRUNCATED, Outcome.FAILED}),
    (Reply(Finish.LENGTH), {Outcome.TRUNCATED, Outcome.UNREADABLE}),
    (Reply(Finish.STOP), {Outcome.UNREADABLE}),
    (Reply(Finish.STOP, text=""), {Outcome.UNREADABLE}),
    (Reply(Finish.STOP, text=" \n\t"), {Outcome.UNREADABLE}),
    (Reply(Finish.STOP, text="\x1b[31m\u202egalimatias\ud800 " * 50), {Outcome.UNREADABLE}),
]


def bad_scores(count: int) -> list[tuple[ContinuationScore, ...]]:
    """Scores in numbers and shapes that no sound backend gives for ``count`` continuations."""
    good = ContinuationScore((-1.0, -2.0), (0, 1), greedy=False)
    odd = [
        ContinuationScore((), (), greedy=False),
        ContinuationScore((NAN, -1.0), (0, 1), greedy=False),
        ContinuationScore((-float("inf"),), (0,), greedy=False),
        ContinuationScore((3.0,), (0,), greedy=False),
        ContinuationScore((-1.0,), (0, 1), greedy=False),
    ]
    return [(good,) * (count - 1), (good,) * (count + 1), *((*(good,) * (count - 1), one) for one in odd)]


@each_way
@pytest.mark.parametrize(("reply", "outcomes"), ODD_FINISHES)
def test_a_reply_without_an_answer_is_counted_never_scored(name, way, reply, outcomes):
    probe = probe_named(name)
    assert {probe.judge(case, reply, {}).outcome for case in cases_of(name, way, 10)} <= outcomes


@each_way
def test_likelihoods_in_the_wrong_number_or_shape_are_never_scored(name, way):
    probe = probe_named(name)
    for case in cases_of(name, way, 10):
        if isinstance(case.ask, ScoreAsk):
            for scores in bad_scores(len(case.ask.continuations)):
                outcome = probe.judge(case, Reply(Finish.STOP, scores=scores), {}).outcome
                assert outcome in {Outcome.UNREADABLE, Outcome.FAILED}


@each_way
@given(text=st.text(max_size=200), finish=st.sampled_from(Finish))
def test_judging_is_total_and_pure(name, way, text, finish):
    probe, reply = probe_named(name), Reply(finish, text=text, error="odd")
    cases = cases_of(name, way, 10)[:6]
    for case in cases:
        assert probe.judge(case, reply, {}) == probe.judge(case, reply, {})
    assert judged_by(probe, cases, lambda _: reply) == judged_by(probe, cases, lambda _: reply)


@each_way
def test_a_probe_that_reads_names_its_instruments_beforehand(name, way):
    probe, cases = probe_named(name), cases_of(name, way, 10)
    replies = [probe.controls.best(case) for case in cases]
    wanted = {one.instrument for one in wanted_readings(probe, cases, replies)}
    assert wanted <= set(probe.instruments if isinstance(probe, NamingProbe) else ())


# ── summaries ─────────────────────────────────────────────────────────────────────────────


@each_way
def test_every_metric_of_the_card_is_answered_once_and_no_other(name, way):
    probe, cases = probe_named(name), cases_of(name, way)
    judged = judged_by(probe, cases, probe.controls.worst)
    told = [result.metric for result in probe.summarise(judged) if not result.slice]
    assert sorted(told) == sorted(metric.name for metric in probe.card.metrics)


@each_way
def test_what_is_told_first_is_the_first_metric_of_the_card(name, way):
    # It is the headline of the probe: what the terminal prints, and what stands first in a report.
    probe, cases = probe_named(name), cases_of(name, way)
    first = next(iter(probe.summarise(judged_by(probe, cases, probe.controls.best))))
    assert (first.metric, dict(first.slice)) == (probe.card.metrics[0].name, {})


@each_way
def test_without_a_single_score_every_metric_is_absent_with_its_reason(name, way):
    probe, cases = probe_named(name), cases_of(name, way)
    failed = judged_by(probe, cases, lambda _: Reply(Finish.FAILED, error="x"))
    for judged in ([], failed):
        found = summarised(probe, judged)
        assert set(found) == {metric.name for metric in probe.card.metrics}
        assert all(isinstance(result, Absence) and result.reason for result in found.values())
    assert found[probe.card.metrics[0].name].counts.failed > 0


@each_way
def test_estimates_can_be_written_down_and_count_no_more_than_was_asked(name, way):
    probe, cases = probe_named(name), cases_of(name, way)
    judged = judged_by(probe, cases, probe.controls.best)
    for result in probe.summarise(judged):
        assert from_json(type(result), loads(dumps(result))) == result
        assert result.counts.asked <= len(cases)
        if isinstance(result, Estimate):
            assert result.interval.n <= result.counts.scored


@each_way
def test_the_same_scores_give_the_same_estimates_in_any_order(name, way):
    probe, cases = probe_named(name), cases_of(name, way)
    control = probe.controls.controls[0]
    stream = rng(0, name)
    judged = judged_by(probe, cases, lambda case: control.respond(case, stream))
    first = summarised(probe, judged)
    again, turned = summarised(probe, judged), summarised(probe, judged[::-1])
    assert first == again
    for metric, result in first.items():
        other = turned[metric]
        assert type(other) is type(result)
        if isinstance(result, Estimate) and isinstance(other, Estimate):
            assert other.interval.value == pytest.approx(result.interval.value)


# ── controls ──────────────────────────────────────────────────────────────────────────────


@each_way
def test_the_best_reply_scores_better_than_the_worst(name, way):
    probe, cases = probe_named(name), cases_of(name, way)
    best, worst = (headline(probe, cases, respond) for respond in (probe.controls.best, probe.controls.worst))
    if best.better is Better.NULL:
        assert best.null is not None
        assert abs(best.interval.value - best.null) < abs(worst.interval.value - best.null)
    else:
        difference = best.interval.value - worst.interval.value
        assert difference > 0 if best.better is Better.HIGHER else difference < 0


@each_probe
def test_there_is_a_control_of_each_kind_and_each_has_a_target(name):
    probe = probe_named(name)
    names = {metric.name for metric in probe.card.metrics}
    assert {control.kind for control in probe.controls.controls} == set(ControlKind)
    for control in probe.controls.controls:
        assert control.metric in names
        assert control.title
        assert control.kind is not ControlKind.POSITIVE or control.expected is not None


@each_way
@pytest.mark.parametrize("seed", range(5))
def test_controls_find_what_is_planted_and_nothing_where_nothing_is(name, way, seed):
    probe, cases = probe_named(name), cases_of(name, way)
    for result in run_controls(probe, cases, seed, read):
        assert result.passed is (None if result.kind is ControlKind.INSTRUMENT else True), result
        assert isinstance(result.estimate, Estimate)


@each_way
def test_scripted_replies_are_all_scored(name, way):
    probe, cases = probe_named(name), cases_of(name, way)
    stream = rng(0, name)
    responders = [probe.controls.best, probe.controls.worst]
    responders += [lambda case, c=control: c.respond(case, stream) for control in probe.controls.controls]
    for respond in responders:
        assert {one.score.outcome for one in judged_by(probe, cases, respond)} == {Outcome.SCORED}
