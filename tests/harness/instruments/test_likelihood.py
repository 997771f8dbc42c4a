"""The likelihood of a text by another model: asked once, told in nats, and said where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.backends.control import Control
from harness.contracts.instruments import NOTHING, AskingInstrument
from harness.errors import UsageError
from harness.instruments.likelihood import Likelihood
from harness.plan_instruments import model_of
from harness.records import Capability, ContinuationScore, Finish, Reading, Reply, ScoreAsk
from harness.registry import Registry

LIKELY = Reply(Finish.STOP, scores=(ContinuationScore((-1.0, -2.5), (0, 3), greedy=False),))


def read(texts, reply=LIKELY):
    asked = []

    def ask(asks):
        asked.extend(asks)
        return [reply for _ in asks]

    readings = [Reading("likelihood", text) for text in texts]
    return Likelihood(backend="control").read(readings, replace(NOTHING, ask=ask)), asked


def test_it_asks_for_the_whole_text_and_tells_its_sum():
    found, asked = read(["One text.", "Another."])
    assert asked == [ScoreAsk("", ("One text.",)), ScoreAsk("", ("Another.",))]
    assert found == [{"nats": -3.5, "tokens": 2.0, "unscored": 0.0}] * 2


def test_curvature_is_told_where_moments_are_asked_for_and_the_model_tells_them():
    score = ContinuationScore(
        (-1.0, -2.0, -0.5), (0, 3, 5), greedy=False, means=(-2.0,) * 3, deviations=(1.0, 2.0, 2.0)
    )
    asked = []

    def ask(asks):
        asked.extend(asks)
        return [Reply(Finish.STOP, scores=(score,))] * len(asks)

    readings = [Reading("likelihood", "One text.", "moments"), Reading("likelihood", "One text.")]
    found = Likelihood(backend="control").read(readings, replace(NOTHING, ask=ask))
    assert [its.moments for its in asked] == [True, False]
    # 1 + 0 + 1.5 above the means, over the root of 1 + 4 + 4.
    assert found[0] == {"nats": -3.5, "tokens": 3.0, "unscored": 0.0, "curvature": pytest.approx(2.5 / 3)}


def test_without_moments_or_without_any_choice_there_is_no_curvature():
    for score in (
        ContinuationScore((-1.0, -2.0), (0, 3), greedy=False),
        ContinuationScore((0.0, 0.0), (0, 3), greedy=True, means=(0.0, 0.0), deviations=(0.0, 0.0)),
    ):
        (found,), _ = read(["One."], Reply(Finish.STOP, scores=(score,)))
        assert "curvature" not in found


def test_an_empty_text_is_certain_and_nobody_is_asked():
    found, asked = read(["", "One."])
    assert found[0] == {"nats": 0.0, "tokens": 0.0, "unscored": 0.0}
    assert len(asked) == 1


@pytest.mark.parametrize("reply", [Reply(Finish.FAILED, error="no"), Reply(Finish.TOO_LONG), Reply(Finish.STOP)])
def test_where_there_is_no_likelihood_that_is_said_and_no_number_told(reply):
    assert read(["One."], reply)[0] == [{"unscored": 1.0}]


def test_it_is_an_instrument_that_asks_and_needs_a_model_that_scores():
    assert isinstance(Likelihood(), AskingInstrument)
    assert Likelihood().needs is Capability.SCORE
    assert isinstance(model_of(Registry().create, Likelihood(backend="control")), Control)


def test_a_backend_that_cannot_score_is_refused_by_name(tmp_path):
    recorded = tmp_path / "replies.jsonl"
    recorded.write_text('{"prompt": "Hello", "text": "Hi"}\n')
    table = {"backend": "replay", "path": str(recorded)}
    with pytest.raises(UsageError, match="'replay' cannot score, which the instrument 'likelihood' needs"):
        model_of(Registry().create, Likelihood(backend=table))


def test_a_backend_that_is_no_table_is_refused():
    with pytest.raises(TypeError, match="table"):
        Likelihood(backend=3)
