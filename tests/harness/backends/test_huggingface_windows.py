"""Texts longer than the model reads, scored in windows; one that is shorter is scored as ever."""

from __future__ import annotations

import pytest

from harness.records import Finish, ScoreAsk, Windows

TEXT = "The nurse said that she could not find the key; the doctor laughed, and then they went home. " * 12


def by_hand(backend, text, most):
    """Token log-probabilities of disjoint windows of ``most`` tokens, by plain forward passes."""
    import torch

    loaded = backend._opened.loaded
    ids = [loaded.tokens.prefix, *loaded.tokens.tokenizer.encode(text, add_special_tokens=False)]
    values, at = [], 1
    while at < len(ids):
        end = min(at + most, len(ids))
        begin = max(0, end - most - 1) if at > 1 else 0
        with torch.no_grad():
            logprobs = loaded.model(torch.tensor([ids[begin : end - 1]])).logits[0].log_softmax(-1)
        values += [logprobs[place - 1 - begin, ids[place]].item() for place in range(at, end)]
        at = end
    return values


@pytest.mark.parametrize("scoring", ["tree", "plain"])
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_long_text_is_scored_in_windows_as_long_as_the_model_reads(tiny, kind, scoring):
    limits = {"n_positions": 64} if kind == "gpt2" else {"max_position_embeddings": 64}
    backend = tiny(kind, backend={"scoring": scoring}, **limits)
    rolling, whole = backend.answer([ScoreAsk("", (TEXT,), Windows()), ScoreAsk("", (TEXT,))])
    assert whole.finish is Finish.TOO_LONG
    expected = by_hand(backend, TEXT, 64)
    (score,) = rolling.scores
    assert len(expected) > 3 * 64
    assert score.logprobs == pytest.approx(expected, abs=1e-4)
    assert len(score.starts) == len(score.logprobs)
    assert score.starts[-1] < len(TEXT)
    # What windows repeat is read twice: one token for each, but for the last, which reaches back.
    assert rolling.usage.prompt_tokens > len(expected) + 3


def test_smaller_windows_may_be_asked_for_and_larger_ones_than_the_model_reads_are_not_had(tiny):
    backend = tiny("llama", max_position_embeddings=64)
    asks = [ScoreAsk("", (TEXT,), Windows(tokens)) for tokens in (32, None, 1000)]
    small, own, large = [reply.scores[0] for reply in backend.answer(asks)]
    assert small.logprobs == pytest.approx(by_hand(backend, TEXT, 32), abs=1e-4)
    assert own.logprobs == pytest.approx(large.logprobs, abs=1e-4)


def test_a_text_that_fits_is_scored_as_without_windows(tiny):
    backend = tiny("llama")
    plain, rolling, overlapping = backend.answer(
        [ScoreAsk("", (TEXT[:90],), windows) for windows in (None, Windows(), Windows(overlap=90))]
    )
    assert rolling.scores[0].logprobs == pytest.approx(plain.scores[0].logprobs, abs=1e-5)
    assert overlapping.scores[0].logprobs == pytest.approx(plain.scores[0].logprobs, abs=1e-5)
    assert rolling.scores[0].starts == plain.scores[0].starts
    assert rolling.usage == plain.usage


def test_an_overlap_that_the_model_cannot_read_is_a_failed_ask(tiny):
    backend = tiny("llama", max_position_embeddings=64)
    (reply,) = backend.answer([ScoreAsk("", (TEXT,), Windows(overlap=65))])
    assert reply.finish is Finish.FAILED
    assert "64 tokens cannot overlap by 65" in reply.error


def test_more_overlap_tells_the_model_more(tiny):
    backend = tiny("llama", max_position_embeddings=64)
    little, much = backend.answer([ScoreAsk("", (TEXT,), Windows(64, overlap)) for overlap in (1, 48)])
    assert len(little.scores[0].logprobs) == len(much.scores[0].logprobs)
    assert much.usage.prompt_tokens > 2 * little.usage.prompt_tokens


@pytest.mark.parametrize(
    ("context", "continuations", "windows"),
    [("Q:", ("a",), {}), ("", ("a", "b"), {}), ("", ("a",), {"overlap": 0}), ("", ("a",), {"tokens": 3, "overlap": 4})],
)
def test_windows_make_sense_for_a_single_text_alone(context, continuations, windows):
    with pytest.raises(ValueError, match="one continuation|at least"):
        ScoreAsk(context, continuations, Windows(**windows))
