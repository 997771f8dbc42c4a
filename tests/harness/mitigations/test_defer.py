"""Deferral: what is withheld, what a threshold is certified on, and what that does to a model with planted errors."""

from __future__ import annotations

import json
from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.control import Control
from harness.canonical import digest, digest_bytes, dumps, to_json
from harness.config import parse
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.contracts.mitigations import LayeredBackend, Mitigation, beneath
from harness.data import load
from harness.errors import ConfigError, DataError, UsageError
from harness.evidence.bundle import Evidence, write_bundle
from harness.evidence.tables import scores_table
from harness.execute import Journal, Stop, ask_all
from harness.instruments.equivalence import Equivalence
from harness.instruments.refusal import Refusal
from harness.judge import judge_cases, replies_to, wanted_readings
from harness.mitigations.defer import HANDED_OVER, Defer, certified
from harness.mitigations.defer_bundle import Answer, read_calibration
from harness.mitigations.defer_confidence import ConfidenceSource
from harness.plan import make_plan
from harness.records import (
    Capability,
    ContinuationScore,
    DrawAsk,
    Finish,
    GenerateAsk,
    LossAsk,
    Outcome,
    Reply,
    ScoreAsk,
    Windows,
)
from harness.registry import Registry
from harness.text.abstention import abstains
from harness.text.equivalence import without_answer
from probes.hallucination.calibration import Calibration
from probes.hallucination.closed_book import ClosedBook
from probes.hallucination.self_consistency import SelfConsistency

LETTERS = ScoreAsk("Question: Which?\nA. red\nB. green\nC. blue\nAnswer:", (" A", " B", " C"))
TEXTS = ScoreAsk("Question: Which?\nAnswer:", (" red", " bright green", " blue"))
STATED = GenerateAsk('Which colour? Say how sure you are, as "Confidence: NN %".', max_tokens=32)
PLAIN = GenerateAsk("What is the capital of Italy?\nAnswer in a few words.", max_tokens=16)
ASKS = {"letters": LETTERS, "answers": TEXTS, "stated": STATED, "agreement": PLAIN}


def scored(*totals, tokens=1):
    each = ((total / tokens,) * tokens for total in totals)
    return Reply(Finish.STOP, scores=tuple(ContinuationScore(its, tuple(range(tokens)), greedy=False) for its in each))


def said(text, finish=Finish.STOP):
    return Reply(finish, text=text)


def layer(**settings):
    return Defer(**settings).apply(Control(), None)


def driven(backend, ask, *replies):
    """Answer ``ask`` through a layered backend, whose inner asks get ``replies`` in turn; return what was asked too."""
    steps = backend.steps(ask)
    asked = next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send([replies[at % len(replies)] for at in range(len(asked))])
    return end.value.value, asked


# ── what is withheld ──────────────────────────────────────────────────────────────────────


def test_an_answer_is_given_from_the_threshold_on_and_withheld_below_it():
    sure = scored(log(0.5), log(0.3), log(0.2))
    assert driven(layer(threshold=0.4999), LETTERS, sure)[0] is sure
    withheld, asked = driven(layer(threshold=0.5001), LETTERS, sure)
    assert (withheld, asked) == (Reply(Finish.REFUSED), [LETTERS])


def test_likelihoods_of_letters_are_sums_and_those_of_answers_means_per_token():
    reply = scored(2 * log(0.5), 2 * log(0.3), 2 * log(0.2), tokens=2)
    share = 0.25 / (0.25 + 0.09 + 0.04)
    assert ConfidenceSource("letters", 5).of(LETTERS, [reply]) == pytest.approx(share)
    assert ConfidenceSource("answers", 5).of(TEXTS, [reply]) == pytest.approx(0.5)


def test_a_stated_confidence_is_read_and_a_reply_without_one_withheld():
    model = layer(confidence="stated", threshold=0.7)
    assert driven(model, STATED, said("B\nConfidence: 70 %"))[0].text == "B\nConfidence: 70 %"
    for text in ("B\nConfidence: 65 %", "B", "B\nConfidence: very sure", "B\nConfidence: 900 %"):
        assert driven(model, STATED, said(text))[0] == Reply(Finish.REFUSED, text=HANDED_OVER)


@pytest.mark.parametrize(("others", "given"), [(("Rome",) * 4 + ("Milan",), True), (("Rome",) * 3 + ("Milan",), False)])
def test_agreement_is_the_share_of_samples_that_say_the_same(others, given):
    backend = layer(confidence="agreement", threshold=0.8, samples=len(others))
    reply, asked = driven(backend, PLAIN, said("Rome"), *(said(f"It is {text}.") for text in others))
    assert asked[0] == PLAIN
    assert [(one.temperature, one.seed) for one in asked[1:]] == [(1.0, at) for at in range(1, len(others) + 1)]
    assert {replace(one, temperature=0.0, seed=0) for one in asked} == {PLAIN}
    assert (reply.text == "Rome") is given


def test_samples_that_say_nothing_do_not_count_and_too_few_hand_over():
    backend = layer(confidence="agreement", threshold=0.9)
    blank, rome = said(" "), said("Rome")
    assert driven(backend, PLAIN, rome, rome, rome, rome, blank, blank)[0] is rome
    assert driven(backend, PLAIN, rome, rome, rome, blank, blank, blank)[0].finish is Finish.REFUSED
    assert driven(backend, PLAIN, blank, rome, rome, rome, rome, rome)[0] is blank


def test_what_stands_in_the_place_of_an_answer_is_read_as_none():
    assert without_answer(HANDED_OVER)
    assert abstains(HANDED_OVER)
    assert "person" in HANDED_OVER


@pytest.mark.parametrize("kind", ASKS)
def test_only_asks_of_its_kind_are_looked_at(kind):
    others = [ask for name, ask in ASKS.items() if name not in {kind, "stated" if kind == "agreement" else kind}]
    others += [LossAsk("one"), DrawAsk(1), ScoreAsk("", (" A", " B")), ScoreAsk("", ("A text.",), Windows()), TEXTS]
    others += [GenerateAsk("Go on.", max_tokens=16), GenerateAsk("Tell me a story?", max_tokens=200)]
    for ask in others if kind != "answers" else others[:-3]:
        anything = said("A")
        reply, asked = driven(layer(confidence=kind, threshold=1.0), ask, anything)
        assert (reply is anything, asked) == (True, [ask]), ask


def test_marks_are_letters_from_a_on_or_numbers_from_one_on():
    source = ConfidenceSource("letters", 5)
    for marks in ((" A", " B"), (" (b)", " (a)"), ("1.", "2."), tuple(f" {n}" for n in range(1, 13))):
        assert source.concerns(ScoreAsk("Which?", marks))
    for texts in ((" B", " C"), (" 7", " 8"), (" A", " Paris"), (" A", " A"), (" A", " 2")):
        assert not source.concerns(ScoreAsk("Which?", texts))


@pytest.mark.parametrize("finish", [Finish.FAILED, Finish.REFUSED, Finish.TOO_LONG])
@pytest.mark.parametrize("kind", ASKS)
def test_a_reply_that_is_none_is_returned_as_it_is(kind, finish):
    broken = Reply(finish, error="so it is")
    assert driven(layer(confidence=kind, threshold=0.5), ASKS[kind], broken)[0] is broken
    if kind == "agreement":
        replies = [said("Rome")] * 5 + [broken]
        assert driven(layer(confidence=kind, threshold=0.5), PLAIN, *replies)[0] is broken


@pytest.mark.parametrize("odd", [scored(), scored(-1.0), scored(-1.0, 0.5, -1.0), scored(-1.0, float("nan"), -1.0)])
def test_likelihoods_that_cannot_be_read_are_passed_on(odd):
    assert driven(layer(threshold=0.5), LETTERS, odd)[0] is odd


@given(st.lists(st.floats(-50, 0), min_size=3, max_size=3), st.floats(0, 1), st.floats(0, 1))
def test_what_a_higher_threshold_gives_a_lower_one_gives_too(totals, one, other):
    low, high = sorted((one, other))
    given_at = [driven(layer(threshold=at), LETTERS, scored(*totals))[0].finish is Finish.STOP for at in (low, high)]
    assert given_at[0] or not given_at[1]


@given(st.text(max_size=200), st.lists(st.text(max_size=80), min_size=5, max_size=5))
def test_any_text_is_given_or_withheld(text, others):
    for kind, ask in (("stated", STATED), ("agreement", PLAIN)):
        replies = [said(text), *map(said, others)]
        reply, _ = driven(layer(confidence=kind, threshold=0.5), ask, *replies)
        assert reply in (said(text), Reply(Finish.REFUSED, text=HANDED_OVER))
        assert dumps(reply)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"confidence": "mood"}, "one of letters, answers, whole, stated, agreement"),
        ({"threshold": 0.5, "calibration": "runs/x"}, "not both"),
        ({"threshold": 1.5}, "threshold lies in"),
        ({"alpha": 0.0}, "alpha and delta lie in"),
        ({"delta": 1.0}, "alpha and delta lie in"),
        ({"surest": 1.0}, "surest lies in"),
        ({"samples": 2}, "samples is at least 3"),
        ({"at_random": True, "threshold": 0.5}, "at_random needs calibration"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, wrong):
    with pytest.raises(UsageError, match=wrong):
        Registry().create("mitigation", "defer", settings)


def test_it_invents_no_threshold():
    assert "set `threshold`, or `calibration`" in Defer().misfit(Control())
    with pytest.raises(UsageError, match="it invents no threshold"):
        Defer().apply(Control(), None)


def test_it_says_what_a_backend_must_give_out():
    class Mute(Control):
        capabilities = frozenset({Capability.DRAW})

    assert "likelihoods of letters" in Defer(threshold=0.5).misfit(Mute())
    assert "agreement of samples" in Defer(confidence="agreement", threshold=0.5).misfit(Mute())
    assert Defer(threshold=0.5).misfit(Control()) is None


def test_it_is_a_mitigation_and_every_setting_that_matters_is_in_the_identity():
    assert isinstance(Defer(), Mitigation)
    backends = [layer(threshold=at) for at in (0.5, 0.6)]
    backends += [layer(confidence="agreement", threshold=0.5, samples=n) for n in (5, 7)]
    assert all(isinstance(one, LayeredBackend) for one in backends)
    assert len({one.identity().digest for one in backends}) == 4


# ── certification ─────────────────────────────────────────────────────────────────────────


def risk(sure):
    """A population that errs the less the surer it is."""
    return 0.5 * (1 - sure) ** 2


@pytest.mark.parametrize(("alpha", "delta"), [(0.1, 0.05), (0.15, 0.1)])
def test_the_promise_is_kept_in_all_but_delta_of_simulated_calibrations(alpha, delta):
    """The risk of a threshold is known here: the mean of `risk` above it, confidences being uniform."""
    random, runs, broken, certain = np.random.default_rng(3), 150, 0, 0
    for _ in range(runs):
        sure = random.random(250)
        wrong = random.random(250) < risk(sure)
        answers = [Answer(float(s), int(w), "") for s, w in zip(sure, wrong, strict=True)]
        found = certified(answers, alpha=alpha, delta=delta, surest=0.3)
        if found.threshold is not None:
            certain += 1
            broken += float(risk(np.linspace(found.threshold, 1, 2001)).mean()) > alpha
    assert certain > runs / 2
    assert broken / runs <= delta + 3 * sqrt(delta * (1 - delta) / runs)


def test_confidence_that_tells_nothing_certifies_nothing():
    random = np.random.default_rng(5)
    answers = [Answer(float(random.random()), int(random.random() < 0.4), "") for _ in range(300)]
    assert certified(answers, alpha=0.1, delta=0.05, surest=0.3).threshold is None


def test_more_risk_allowed_gives_more_answers():
    random = np.random.default_rng(7)
    sure = random.random(600)
    answers = [Answer(float(one), int(random.random() < risk(one)), "") for one in sure]
    shares = [certified(answers, alpha=at, delta=0.05, surest=0.1).coverage.value for at in (0.06, 0.1, 0.15, 0.3)]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] == 1


# ── a model with planted errors ───────────────────────────────────────────────────────────

WRONG = 0.3


def model(**dials):
    """The control backend, which errs on three questions in ten and, unless told otherwise, looks unsure there."""
    return Control(**{"hallucination": WRONG, "order_bias": 0.0, "overconfidence": 0.0, **dials})


class Writing(Control):
    """The same, which only writes."""

    capabilities = frozenset({Capability.GENERATE})


def answered(probe, backend, data, folder, items=None):
    """What a run of ``probe`` holds: cases, replies and scores."""
    way = next(need for need in probe.card.needs if need in backend.capabilities)
    cases = tuple(probe.cases(load(data), Budget(items, 0, way)))
    identity = backend.identity().digest
    with Journal(folder / Journal.file_name(identity), identity) as journal:
        replies = ask_all(backend, [case.ask for case in cases], journal, stop=Stop()).replies
    return cases, replies, judge_together(probe, cases, replies)


def judge_together(probe, cases, replies):
    wanted = list(wanted_readings(probe, cases, replies_to(cases, replies)))
    readings = {}
    for instrument in (Equivalence(), Refusal()):
        its = [one for one in wanted if one.instrument == instrument.card.id]
        readings |= dict(zip(its, instrument.read(its, NOTHING), strict=True))
    return judge_cases(probe, cases, replies_to(cases, replies), readings)


def bundle(folder, probe, backend, data="facts_mc"):
    """Write the bundle of a run of ``probe``, as a run does."""
    cases, replies, judged = answered(probe, backend, data, folder)
    cell = f"{probe.card.id}@{data}"
    run = {"plan": {"identity": to_json(backend.identity())}}
    evidence = Evidence(run, {cell: cases}, replies, {}, {cell: judged}, [], None)
    return write_bundle(folder / f"{digest([cell, str(backend.identity().digest)]).short}-1", evidence, {})


def counted(judged):
    """Share answered, share of wrong ones among the answered, and how many were asked."""
    assert {one.score.outcome for one in judged} <= {Outcome.SCORED, Outcome.REFUSED}
    right = [one.score.values["correct"] for one in judged if one.score.outcome is Outcome.SCORED]
    return len(right) / len(judged), 1 - sum(right) / len(right) if right else None, len(judged)


def layer_details(backend):
    return backend.identity().details["mitigations"][-1]["details"]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """The bundle of an earlier run of the model."""
    return bundle(tmp_path_factory.mktemp("earlier"), Calibration(), model())


@pytest.mark.parametrize(("kind", "made"), [("letters", Control), ("stated", Writing)])
def test_errors_that_look_unsure_are_handed_over_and_as_many_withheld_at_random_are_not(kind, made, tmp_path):
    probe = Calibration()
    backend = made(hallucination=WRONG, order_bias=0.0, overconfidence=0.0)
    deferring = Defer(confidence=kind, calibration=str(bundle(tmp_path, probe, backend)))
    placebo = replace(deferring, **deferring.placebo)
    before, after, at_random = (
        counted(answered(probe, one, "wordings", tmp_path)[2])
        for one in (backend, deferring.apply(backend, tmp_path), placebo.apply(backend, tmp_path))
    )
    assert before[1] > 0.2
    assert after[1] < 0.1
    assert after[0] > 0.6
    # The placebo gives as large a share as the calibration did, and errs as often as the model does.
    certificate = layer_details(placebo.apply(backend, tmp_path))["certificate"]
    planned, n = certificate["given"] / certificate["answers"], before[2]
    assert abs(at_random[0] - planned) <= 3 * sqrt(planned * (1 - planned) / n)
    assert abs(at_random[1] - before[1]) <= 3 * sqrt(before[1] * (1 - before[1]) / n)
    assert at_random[1] > 0.15


def test_errors_that_look_sure_certify_nothing_and_everything_is_handed_over(tmp_path):
    backend = model(overconfidence=1.0)
    deferring = Defer(calibration=str(bundle(tmp_path, Calibration(), backend))).apply(backend, tmp_path)
    assert counted(answered(Calibration(), deferring, "wordings", tmp_path, items=60)[2])[:2] == (0.0, None)
    assert layer_details(deferring)["threshold"] is None
    assert layer_details(deferring)["certificate"]["promise"].startswith("nothing could be certified")


def test_the_dose_is_alpha(earlier):
    told = [layer_details(Defer(calibration=str(earlier), alpha=at).apply(model(), None)) for at in (0.05, 0.1, 0.2)]
    given_ = [one["certificate"]["given"] for one in told]
    assert given_ == sorted(given_)
    assert given_[0] < given_[-1]
    assert told[1]["certificate"]["promise"].startswith(
        "at most 0.1 of the answers given are wrong, but for a chance of"
    )


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    """A model whose every error comes out differently in each sample, and the bundle of its answers."""
    backend = model(wavering=1.0)
    return backend, bundle(tmp_path_factory.mktemp("sampled"), SelfConsistency(samples=4), backend, "wordings")


def test_what_wavers_is_handed_over_in_words_and_counted_as_refused(sampled, tmp_path):
    backend, folder = sampled
    deferring = Defer(confidence="agreement", samples=4, calibration=str(folder)).apply(backend, tmp_path)
    assert layer_details(deferring)["certificate"]["wrong"] > 15
    _, replies, judged = answered(ClosedBook(mode="write"), deferring, "facts_mc", tmp_path, items=60)
    withheld = [reply for reply in replies.values() if reply.finish is Finish.REFUSED]
    assert {reply.text for reply in withheld} == {HANDED_OVER}
    assert len(withheld) == sum(one.score.outcome is Outcome.REFUSED for one in judged) > 5
    scored_ = [one.score.values for one in judged if one.score.outcome is Outcome.SCORED]
    assert sum(values["false"] for values in scored_) / len(scored_) < 0.1
    plain = answered(ClosedBook(mode="write"), backend, "facts_mc", tmp_path, items=60)[2]
    assert sum(one.score.values["false"] for one in plain) / len(plain) > 0.2


def test_as_many_samples_as_are_wanted_must_be_in_the_bundle(sampled):
    with pytest.raises(DataError, match="with samples = 5 or more"):
        read_calibration(sampled[1], ConfidenceSource("agreement", 5))
    assert len(read_calibration(sampled[1], ConfidenceSource("agreement", 3)).answers) > 100


@pytest.mark.parametrize(
    ("kind", "made", "probe"),
    [
        ("letters", Control, Calibration()),
        ("answers", Control, Calibration(likelihoods="answers")),
        ("whole", Control, Calibration(likelihoods="whole")),
        ("stated", Writing, Calibration()),
    ],
)
def test_the_confidence_computed_again_is_the_one_that_the_probe_found(kind, made, probe, tmp_path):
    backend = made(hallucination=WRONG, overconfidence=0.5)
    judged = answered(probe, backend, "facts_mc", tmp_path)[2]
    answers = read_calibration(bundle(tmp_path, probe, backend), ConfidenceSource(kind, 5)).answers
    values = sorted((one.score.values["confidence"], 1 - one.score.values["correct"]) for one in judged)
    assert np.array(sorted((one.sure, one.wrong) for one in answers)) == pytest.approx(np.array(values))
    assert len({one.sure for one in answers}) > 1


# ── calibration that may not be used ──────────────────────────────────────────────────────


def planned(bundle, data, **dials):
    dials = {"hallucination": WRONG, "order_bias": 0.0, "overconfidence": 0.0, **dials}
    text = "[model]\nbackend = 'control'\n" + "".join(f"{name} = {value}\n" for name, value in dials.items())
    text += "[run]\nprobes = ['hallucination.calibration']\n[probe.'hallucination.calibration']\n"
    text += f"datasets = ['{data}']\n[[mitigation]]\nname = 'defer'\ncalibration = '{bundle.as_posix()}'\n"
    return make_plan(parse(text), Registry()).plan


def test_questions_that_set_the_threshold_may_not_be_asked_again(earlier):
    with pytest.raises(ConfigError, match="'defer' shows or learns from"):
        planned(earlier, "facts_mc")
    assert planned(earlier, "wordings").identity.details["mitigations"][0]["name"] == "defer"
    texts = Defer(calibration=str(earlier)).material()
    assert len(texts) == 2 * 186
    for text, question in zip(texts[::2], texts[1::2], strict=True):
        assert text.splitlines() == [question, f"Question: {question}"]


def test_a_question_of_two_words_may_not_be_asked_again_either(tmp_path):
    rows = [
        {
            "id": f"q-{n}",
            "topic": "t",
            "question": f"Who {word}?",
            "true": "She",
            "also_true": [],
            "false": ["He", "It"],
        }
        for n, word in enumerate(("won", "lost", "sang", "slept"))
    ]
    files = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    for file, part in zip(files, (rows, [*rows[3:], {**rows[0], "question": "Who wrote?"}]), strict=True):
        file.write_text("\n".join(json.dumps(row) for row in part))
    earlier = bundle(tmp_path, Calibration(), model(), files[0].as_posix())
    with pytest.raises(ConfigError, match="1 of the 2 cases"):
        planned(earlier, files[1].as_posix())


def test_likelihoods_of_whole_answers_are_sums_over_tokens_and_no_answer_per_token_sets_their_threshold(tmp_path):
    reply = scored(2 * log(0.5), log(0.3), log(0.2))
    assert ConfidenceSource("whole", 5).of(TEXTS, [reply]) == pytest.approx(0.3 / (0.25 + 0.3 + 0.2))
    assert ConfidenceSource("whole", 5).concerns(TEXTS)
    assert not ConfidenceSource("whole", 5).concerns(LETTERS)
    per_token = bundle(tmp_path, Calibration(likelihoods="answers"), model())
    with pytest.raises(DataError, match="confidence by likelihoods of whole answers"):
        read_calibration(per_token, ConfidenceSource("whole", 5))
    with pytest.raises(DataError, match="confidence by likelihoods of answers per token"):
        read_calibration(bundle(tmp_path, Calibration(likelihoods="whole"), model()), ConfidenceSource("answers", 5))


def test_what_it_was_certified_on_is_told_alike_by_the_mitigation_and_by_the_model(earlier):
    deferring = Defer(calibration=str(earlier), alpha=0.2)
    told = deferring.certificate()
    assert told == layer_details(deferring.apply(model(), None))["certificate"]
    assert told["answers"] == 186
    assert Defer(threshold=0.5).certificate() is None


def test_when_and_where_it_was_certified_does_not_change_the_model(earlier, copied):
    listed_anew(copied, "run.json", (copied / "run.json").read_bytes() + b" ")
    here, there = (Defer(calibration=str(one)).apply(model(), None).identity().digest for one in (earlier, copied))
    assert here == there


def test_the_bundle_of_another_model_is_refused_before_anything_is_asked(earlier, tmp_path):
    with pytest.raises(UsageError, match="is the run of another model"):
        planned(earlier, "wordings", hallucination=0.2)
    over_another = Defer(calibration=str(earlier)).apply(Defer(threshold=0.5).apply(model(), tmp_path), tmp_path)
    with pytest.raises(UsageError, match="with the mitigations that come before"):
        over_another.identity()


def test_a_damaged_bundle_is_a_problem_of_the_plan(copied):
    (copied / "scores.parquet").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"scores\.parquet: was changed"):
        planned(copied, "wordings")


def test_the_bundle_of_another_probe_is_refused(tmp_path):
    other = bundle(tmp_path, ClosedBook(), model(), "wordings")
    with pytest.raises(DataError, match=r"no judged answer.*Run hallucination\.calibration on this model"):
        Defer(calibration=str(other)).apply(model(), tmp_path)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(DataError, match="names the folder of a finished bundle"):
        Defer(calibration=str(tmp_path / "nothing")).material()


@pytest.fixture
def copied(earlier, tmp_path):
    """A copy of the bundle that may be damaged."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in earlier.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


def listed_anew(folder, name, content):
    """Change a file, and the manifest with it, as only somebody who means to would."""
    (folder / name).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in manifest["files"]:
        if entry["path"] == name:
            entry["digest"] = str(digest_bytes(content))
    (folder / "manifest.json").write_bytes(dumps(manifest))


@pytest.mark.parametrize("name", ["run.json", "cases.parquet", "replies.parquet", "scores.parquet"])
def test_a_single_byte_that_was_changed_is_found(copied, name):
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(bytes(content))
    with pytest.raises(DataError, match=f"{name}: was changed"):
        Defer(calibration=str(copied)).material()


@pytest.mark.parametrize("name", ["manifest.json", "run.json", "cases.parquet", "replies.parquet", "scores.parquet"])
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"schema": 9, "files": []}', b"\xff\xfe", b"PAR1PAR1"])
def test_files_of_another_format_are_refused(copied, name, content):
    if name == "manifest.json":
        (copied / name).write_bytes(content)
    else:
        listed_anew(copied, name, content)
    with pytest.raises(DataError, match="not a bundle of this format|cannot be read"):
        Defer(calibration=str(copied)).material()


def test_a_table_that_lacks_scores_is_refused(copied):
    listed_anew(copied, "scores.parquet", scores_table({}))
    with pytest.raises(DataError, match="not a bundle of this format"):
        Defer(calibration=str(copied)).material()


def test_the_model_beneath_is_found_through_the_layer(earlier, tmp_path):
    backend = model()
    layered = Defer(calibration=str(earlier)).apply(backend, tmp_path)
    assert beneath(layered) is backend
    assert layered.capabilities == backend.capabilities
    assert digest(LETTERS) == digest(next(layered.steps(LETTERS))[0])
