"""Mean and spread of the whole distribution at each place: against the definition, on both paths, and where absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backends.causal.moments import distribution
from harness.backends.reply_checks import continuation_score
from harness.canonical import digest, dumps, from_json, loads, to_json
from harness.records import ContinuationScore, ScoreAsk, Windows

torch = pytest.importorskip("torch")

ASK = ScoreAsk("Q: Where is the door?\nA:", (" It is in the wall.", " Nowhere."), moments=True)
PLAIN = replace(ASK, moments=False)


def test_golden_moments_of_three_places():
    rows = torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.25] * 4, [0.05, 0.9, 0.03, 0.02]]).double().log()
    means, deviations = distribution(rows, dim=-1)
    assert deviations.tolist() == pytest.approx([0.891728, 0.0, 0.974907], abs=1e-6)
    told = rows[[0, 1, 2], [0, 2, 2]]
    z = ((told - means)[[0, 2]] / deviations[[0, 2]]).tolist()
    assert z == pytest.approx([0.654654, -3.157748], abs=1e-6)


@given(st.lists(st.floats(-60, 60), min_size=2, max_size=30))
def test_the_mean_is_minus_the_entropy_and_a_token_that_cannot_stand_changes_nothing(logits):
    logprobs = torch.tensor(logits, dtype=torch.float64).log_softmax(0)
    (mean,), (deviation,) = (each.reshape(1).tolist() for each in distribution(logprobs, dim=0))
    assert mean == pytest.approx(min(0.0, float((logprobs.exp() * logprobs).sum())))
    assert deviation >= 0
    barred = torch.cat([logprobs, torch.tensor([-torch.inf], dtype=torch.float64)])
    assert [float(each) for each in distribution(barred, dim=0)] == pytest.approx([mean, deviation])


@pytest.mark.parametrize("scoring", ["tree", "plain"])
def test_both_paths_give_the_moments_of_a_plain_forward_pass(tiny, scoring):
    backend = tiny("gpt2", backend={"scoring": scoring})
    (reply,) = backend.answer([ASK])
    loaded = backend._opened.loaded
    context = loaded.tokens.tokenizer.encode(ASK.context)
    for continuation, score in zip(ASK.continuations, reply.scores, strict=True):
        ids = loaded.tokens.tokenizer.encode(ASK.context + continuation)
        with torch.no_grad():
            logprobs = loaded.model(torch.tensor([ids])).logits[0, len(context) - 1 : -1].double().log_softmax(-1)
        means = (logprobs.exp() * logprobs).sum(-1)
        spread = ((logprobs.exp() * (logprobs - means[:, None]) ** 2).sum(-1)).sqrt()
        assert score.means == pytest.approx(means.tolist(), abs=1e-4)
        assert score.deviations == pytest.approx(spread.tolist(), abs=1e-4)
        assert len(score.means) == len(score.deviations) == len(score.logprobs)


@pytest.mark.parametrize("scoring", ["tree", "plain"])
def test_who_asks_for_no_moments_gets_none_and_the_same_scores_in_one_batch(tiny, scoring):
    backend = tiny("llama", backend={"scoring": scoring})
    plain, told, again = backend.answer([PLAIN, ASK, PLAIN])
    assert [score.means for score in plain.scores] == [score.deviations for score in again.scores] == [(), ()]
    for one, other in zip(plain.scores, told.scores, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)


def test_windows_have_moments_for_every_token(tiny):
    ask = ScoreAsk("", ("One two three four five six seven eight nine ten.",), Windows(6, 2), moments=True)
    (score,) = tiny("gpt2").answer([ask])[0].scores
    assert len(score.means) == len(score.logprobs) > 6


def test_tokens_drawn_from_the_model_have_standard_scores_of_mean_0_and_variance_1(tiny):
    backend = tiny("gpt2")
    backend.answer([ASK])
    loaded = backend._opened.loaded
    generator, ids = torch.Generator().manual_seed(7), torch.full((64, 1), loaded.tokens.prefix)
    with torch.no_grad():
        for _ in range(40):
            logprobs = loaded.model(ids).logits[:, -1].log_softmax(-1)
            ids = torch.cat([ids, torch.multinomial(logprobs.exp(), 1, generator=generator)], dim=1)
        logprobs = loaded.model(ids).logits[:, :-1].double().log_softmax(-1)
    means, deviations = distribution(logprobs, dim=-1)
    z = ((logprobs.gather(2, ids[:, 1:, None])[..., 0] - means) / deviations).numpy()
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert z.std() == pytest.approx(1.0, abs=0.1)


def test_an_ask_without_moments_has_the_digest_it_had_before_there_were_any():
    assert b"moments" not in dumps(PLAIN)
    assert digest(PLAIN) != digest(ASK)
    score = ContinuationScore((-1.0,), (0,), greedy=True, means=(-0.5,), deviations=(0.25,))
    assert from_json(ContinuationScore, loads(dumps(score))) == score
    assert "means" not in to_json(ContinuationScore((-1.0,), (0,), greedy=True))


@pytest.mark.parametrize(
    ("means", "deviations"),
    [((-1.0,), ()), ((-1.0, -1.0), (1.0, 1.0)), ((0.5,), (1.0,)), ((-1.0,), (-0.1,)), ((float("nan"),), (1.0,))],
)
def test_moments_of_a_stranger_that_no_distribution_has_are_refused(means, deviations):
    with pytest.raises(ValueError, match="mean"):
        continuation_score(ContinuationScore((-1.0,), (0,), True, means, deviations), length=3)


def test_moments_of_a_stranger_are_kept():
    given_ = ContinuationScore((-1.0,), (0,), True, (-0.5,), (0.25,))
    assert continuation_score(given_, length=3) == given_
