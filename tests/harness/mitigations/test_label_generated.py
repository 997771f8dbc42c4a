"""Labels on what a model writes: which replies get one, who can check it, and what stays as it is."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.canonical import digest, dumps
from harness.contracts import Budget
from harness.contracts.mitigations import LayeredBackend, Mitigation
from harness.data import load
from harness.errors import UsageError
from harness.execute import Journal, Stop, ask_all
from harness.judge import judge_cases, replies_to
from harness.mitigations.label_generated import LabelGenerated
from harness.records import Capability, DrawAsk, Finish, GenerateAsk, LossAsk, Reply, ScoreAsk
from harness.registry import Registry
from harness.text.labels import LabelState, check
from probes.hallucination.calibration import Calibration

KEY = "a key of sixteen bytes or more"
ASK = GenerateAsk("What is the capital of France?", max_tokens=4)


class Writing(Control):
    """The control backend, of which only text can be had."""

    capabilities = frozenset({Capability.GENERATE})


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("LABEL_KEY", KEY)


def labelled(backend=None, **settings):
    return LabelGenerated(**settings).apply(backend or Writing(), None)


def driven(backend, ask, reply):
    steps = backend.steps(ask)
    assert next(steps) == [ask]
    with pytest.raises(StopIteration) as end:
        steps.send([reply])
    return end.value.value


@pytest.mark.parametrize("finish", [Finish.STOP, Finish.LENGTH])
def test_what_is_written_is_labelled_with_the_model_that_wrote_it(finish):
    model = Writing(hallucination=0.1)
    reply = driven(labelled(model), ASK, Reply(finish, text="Paris."))
    found = check(reply.text, KEY.encode())
    assert (reply.finish, found.state, found.text) == (finish, LabelState.VALID, "Paris.")
    assert found.model == model.identity().digest.hex[:32]


@pytest.mark.parametrize(
    ("ask", "reply"),
    [
        (ASK, Reply(Finish.STOP, text="")),
        (ASK, Reply(Finish.STOP, text=" \n")),
        (ASK, Reply(Finish.STOP)),
        (ASK, Reply(Finish.REFUSED, text="I hand this over to a person.")),
        (ASK, Reply(Finish.FAILED, error="lost")),
        (ASK, Reply(Finish.TOO_LONG, error="too long")),
        (ScoreAsk("", ("text",)), Reply(Finish.STOP)),
        (LossAsk("one"), Reply(Finish.STOP, losses={"loss": 1.0})),
        (DrawAsk(1), Reply(Finish.STOP, media=("x.png",))),
    ],
)
def test_what_the_model_did_not_write_is_left_alone(ask, reply):
    backend = labelled()
    assert driven(backend, ask, reply) is reply
    assert backend.retouch(ask, reply, {"x.png": b"png"}) == (reply, {"x.png": b"png"})


def test_hostile_text_is_labelled_like_any_other():
    for text in ("\ud800", "⟦⠁⟧", "\x00\x1b[31m", "Paris.\n\n" + "⟦" + "⠁" * 49 + "⟧"):
        reply = driven(labelled(), ASK, Reply(Finish.STOP, text=text))
        assert check(reply.text, KEY.encode()).text == text
        assert dumps(reply)


def test_all_replies_of_a_run_can_be_checked_and_none_without_the_mitigation(tmp_path):
    asks = [GenerateAsk(str(row["question"]), max_tokens=8) for row in load("facts_mc").rows[:40]]
    states = {}
    for name, backend in (("plain", Writing()), ("labelled", labelled())):
        identity = backend.identity().digest
        with Journal(tmp_path / Journal.file_name(identity), identity) as journal:
            replies = ask_all(backend, asks, journal, stop=Stop()).replies.values()
        states[name] = {check(reply.text, KEY.encode()).state for reply in replies}
        states[f"{name}, another key"] = {check(reply.text, b"another key, long enough").state for reply in replies}
    assert states == {
        "plain": {LabelState.ABSENT},
        "labelled": {LabelState.VALID},
        "plain, another key": {LabelState.ABSENT},
        "labelled, another key": {LabelState.FOREIGN},
    }


def test_a_probe_of_written_letters_finds_what_it_found_without_labels(tmp_path):
    probe, found = Calibration(), []
    cases = list(probe.cases(load("facts_mc"), Budget(60, 0, Capability.GENERATE)))
    for backend in (Writing(), labelled()):
        identity = backend.identity().digest
        with Journal(tmp_path / Journal.file_name(identity), identity) as journal:
            replies = ask_all(backend, [case.ask for case in cases], journal, stop=Stop()).replies
        found.append([one.score for one in judge_cases(probe, cases, replies_to(cases, replies), {})])
    assert found[0] == found[1]
    assert len({score.values["correct"] for score in found[0]}) == 2


def test_the_key_is_named_and_nowhere_told(monkeypatch):
    one = labelled()
    monkeypatch.setenv("OTHER_KEY", "another key, long enough")
    other = labelled(key_env="OTHER_KEY")
    assert one.identity().digest != other.identity().digest
    told = f"{one!r}{one.identity()!r}{dumps(one.by.details()).decode()}"
    assert KEY not in told
    assert one.by.details()["key"] != other.by.details()["key"]
    assert labelled().identity() == one.identity()


def test_a_key_that_is_missing_or_short_is_told_before_anything_is_asked(monkeypatch):
    monkeypatch.setenv("LABEL_KEY", "short")
    with pytest.raises(UsageError, match="LABEL_KEY: a key has at least 16 bytes, not 5") as caught:
        labelled()
    assert "short" not in str(caught.value).replace("shorter", "")
    monkeypatch.delenv("LABEL_KEY")
    assert "LABEL_KEY, which is not set" in LabelGenerated().misfit(Writing())
    with pytest.raises(UsageError, match="LABEL_KEY, which is not set"):
        labelled()


def test_it_says_what_it_cannot_label():
    class Silent(Control):
        capabilities = frozenset({Capability.SCORE})

    class Drawing(Control):
        capabilities = frozenset({Capability.DRAW})

    assert "neither" in LabelGenerated().misfit(Silent())
    assert "`certificates` is not set" in LabelGenerated().misfit(Drawing())
    assert LabelGenerated().misfit(Control()) is None


@pytest.mark.parametrize("name", ["key_env", "certificate_key_env"])
@pytest.mark.parametrize("value", ["c2VjcmV0IGtleSBwYXN0ZWQ=", "", "lower", "A" * 65])
def test_a_key_itself_is_no_setting(name, value):
    with pytest.raises(UsageError, match="a key itself is no setting") as caught:
        Registry().create("mitigation", "label_generated", {name: value})
    assert not value or value not in str(caught.value)


def test_it_is_a_mitigation_without_a_placebo():
    mitigation = LabelGenerated()
    assert isinstance(mitigation, Mitigation)
    assert isinstance(labelled(), LayeredBackend)
    assert mitigation.placebo is None
    assert any("no placebo" in limit for limit in mitigation.card.limits)
    assert any("trivial" in limit for limit in mitigation.card.limits)
    assert list(mitigation.material()) == []
    assert digest(mitigation.card)
