"""Scoring with the Hugging Face backend: both paths, the tokenisation convention, and what cannot be scored."""

from __future__ import annotations

import numpy as np
import pytest

from harness.records import Finish, ScoreAsk

PRIMER = (
    "Q: What is the capital of France?\nA: Paris is the capital of France.\n\nQ: How many legs has a spider?\nA: Eight."
)
PAIR = ScoreAsk("", ("The nurse said that he was late.", "The nurse said that she was late."))
ANSWERS = (" Paris.", " The capital of France is Paris.", " Eight.")
QUESTIONS = [
    ScoreAsk(f"{PRIMER}\n\nQ: {q}?\nA:", ANSWERS) for q in ("Where is the door", "Who is the doctor", "Who laughed")
]


def naive(backend, context, continuation):
    """Token log-probabilities by one plain forward pass over ids that the test encodes by itself."""
    import torch

    loaded = backend._opened.loaded
    encode = loaded.tokens.tokenizer.encode
    ids = encode(context) if context else [loaded.tokens.prefix]
    whole = encode(context + continuation) if context else ids + encode(continuation, add_special_tokens=False)
    with torch.no_grad():
        logprobs = loaded.model(torch.tensor([whole])).logits[0].log_softmax(-1)
    return [logprobs[place - 1, whole[place]].item() for place in range(len(ids), len(whole))]


def totals(replies):
    return np.array([score.total for reply in replies for score in reply.scores])


KINDS = ["gemma", "gpt2", "gpt_neox", "llama", "mistral", "olmo", "olmo2", "opt", "phi", "qwen2", "qwen3", "stablelm"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_tree_path_equals_a_plain_forward_pass_on_every_architecture_it_is_chosen_for(tiny, kind):
    backend = tiny(kind)
    assert backend.identity().details["scoring"] == "tree-1"
    for ask, reply in zip([PAIR, *QUESTIONS], backend.answer([PAIR, *QUESTIONS]), strict=True):
        assert reply.finish is Finish.STOP
        for continuation, score in zip(ask.continuations, reply.scores, strict=True):
            assert score.logprobs == pytest.approx(naive(backend, ask.context, continuation), abs=1e-4)


def test_every_architecture_scored_by_trees_is_tested():
    from harness.backends.causal.placement import TREE_TYPES

    assert set(KINDS) == TREE_TYPES


@pytest.mark.parametrize("kind", ["gemma2", "mamba"])
def test_an_architecture_with_windows_or_recurrence_takes_the_plain_path(tiny, kind):
    settings = {"state_size": 4, "conv_kernel": 4} if kind == "mamba" else {"num_key_value_heads": 2, "head_dim": 8}
    backend = tiny(kind, **settings)
    assert backend.identity().details["scoring"] == "plain-1"
    reply = backend.answer([QUESTIONS[0]])[0]
    assert reply.scores[1].logprobs == pytest.approx(naive(backend, QUESTIONS[0].context, ANSWERS[1]), abs=1e-4)


def test_both_paths_agree_and_say_which_they_are(tiny):
    tree, plain = tiny("llama", backend={"scoring": "tree"}), tiny("llama", backend={"scoring": "plain"})
    asks = [PAIR, *QUESTIONS]
    assert totals(tree.answer(asks)) == pytest.approx(totals(plain.answer(asks)), abs=1e-4)
    assert tree.identity().digest != plain.identity().digest


def test_a_reply_does_not_depend_on_what_shares_its_batch(tiny):
    backend = tiny("gpt2")
    together = backend.answer([PAIR, *QUESTIONS])
    for ask, reply in zip([PAIR, *QUESTIONS], together, strict=True):
        assert totals(backend.answer([ask])) == pytest.approx(totals([reply]), abs=1e-4)


def test_a_reply_does_not_depend_to_the_bit_on_what_was_asked_before(tiny):
    # A resumed run starts with no primer kept; its numbers must be those of the run that was killed.
    fresh, used = tiny("llama"), tiny("llama")
    many = [
        ScoreAsk(f"{PRIMER}\n\nQ: {n} doors?\nA:", tuple(f" {n + m} doors, {m} keys" for m in range(9)))
        for n in range(9)
    ]
    used.answer([PAIR, *QUESTIONS])
    used.answer(many[:5])
    assert [r.scores for r in used.answer(many)] == [r.scores for r in fresh.answer(many)]
    assert len(used._opened.scorer._primers) == 1


def test_log_probabilities_of_all_next_tokens_add_up_to_one(tiny):
    from harness.backends.causal.tree import Branch

    backend = tiny("llama")
    backend.answer([PAIR])
    branches = [Branch((5, 6, 7, token), 3) for token in range(420)]
    spelled = backend._opened.scorer.score([branches])[0]
    assert np.exp([s.logprobs[0] for s in spelled]).sum() == pytest.approx(1, abs=1e-4)
    assert sum(s.greedy for s in spelled) == 1


def test_scores_of_two_parts_add_up_to_the_score_of_the_whole(tiny):
    whole, first = (
        tiny("llama").answer([ScoreAsk("Q: Who?\nA:", (" Paris is", " Paris")), ScoreAsk("x", ("y",))])[0].scores
    )
    second = tiny("llama").answer([ScoreAsk("Q: Who?\nA: Paris", (" is",))])[0].scores[0]
    assert whole.total == pytest.approx(first.total + second.total, abs=1e-4)


def test_starts_are_the_characters_at_which_tokens_begin(tiny):
    backend = tiny("llama")
    for ask in (PAIR, QUESTIONS[0], ScoreAsk("Say: ", ("日本語 🙂",))):
        for continuation, score in zip(ask.continuations, backend.answer([ask])[0].scores, strict=True):
            assert score.starts[0] == 0
            assert list(score.starts) == sorted(score.starts)
            assert score.starts[-1] < len(continuation)
    words = backend.answer([ScoreAsk("", (" the the",))])[0].scores[0]
    assert words.starts == (0, 4)


def test_white_space_at_the_end_of_the_context_is_scored_with_the_continuation(tiny):
    backend = tiny("llama")
    moved, usual = backend.answer([ScoreAsk("Q: Who?\nA: ", ("Paris",)), ScoreAsk("Q: Who?\nA:", (" Paris",))])
    assert moved.scores[0].logprobs == pytest.approx(usual.scores[0].logprobs, abs=1e-5)
    assert moved.scores[0].starts[0] == 0


def test_an_empty_context_is_the_start_of_text_token_and_the_tokenizer_adds_no_second(tiny):
    bare, adding = tiny("llama"), tiny("llama", adds_bos=True)
    one, other = bare.answer([PAIR])[0], adding.answer([PAIR])[0]
    assert one.scores == other.scores
    assert one.usage.prompt_tokens == 1 + sum(len(score.logprobs) for score in one.scores)


def test_a_tokenizer_that_begins_every_text_with_a_token_does_so_in_contexts(tiny):
    backend = tiny("llama", adds_bos=True)
    reply = backend.answer([QUESTIONS[0]])[0]
    assert reply.scores[0].logprobs == pytest.approx(naive(backend, QUESTIONS[0].context, ANSWERS[0]), abs=1e-4)
    # A context that brings the token itself does not get it twice.
    own = backend.answer([ScoreAsk("<|bos|>" + QUESTIONS[0].context, (ANSWERS[0],))])[0]
    assert own.scores[0].logprobs == pytest.approx(reply.scores[0].logprobs, abs=1e-5)


def test_a_context_of_white_space_alone_stands_behind_the_start_of_text_token(tiny):
    backend = tiny("llama")
    blank, none = backend.answer([ScoreAsk(" ", ("Paris",)), ScoreAsk("", (" Paris",))])
    assert blank.scores[0].logprobs == pytest.approx(none.scores[0].logprobs, abs=1e-5)


def test_a_continuation_without_a_token_of_its_own_fails_with_the_reason(tiny):
    reply = tiny("llama").answer([ScoreAsk("<|b", ("os|>",)), PAIR])
    assert (reply[0].finish, "merges into the last token" in reply[0].error) == (Finish.FAILED, True)
    assert reply[1].finish is Finish.STOP


def test_what_exceeds_the_context_is_too_long_and_says_by_how_much(tiny):
    backend = tiny("gpt2", n_positions=24)
    long, fitting = backend.answer([ScoreAsk("", ("word " * 40,)), ScoreAsk("", ("word",))])
    assert long.finish is Finish.TOO_LONG
    assert "exceeds the model's 24" in long.error
    assert fitting.finish is Finish.STOP


@pytest.mark.parametrize("scoring", ["tree", "plain"])
def test_a_text_that_just_fits_the_context_is_scored(tiny, scoring):
    backend = tiny("gpt2", n_positions=24, backend={"scoring": scoring})
    reply = backend.answer([ScoreAsk("", ("ж" * 12,))])[0]  # two byte tokens each; the last is not read
    assert (reply.finish, len(reply.scores[0].logprobs)) == (Finish.STOP, 24)


def test_many_long_continuations_are_split_over_rows_and_still_right(tiny):
    backend = tiny("llama")
    ask = ScoreAsk("Q: Who?\nA:", tuple(f" {n} " + "the doctor and the nurse " * 4 for n in range(40)))
    reply = backend.answer([ask])[0]
    for number in (0, 17, 39):
        expected = naive(backend, ask.context, ask.continuations[number])
        assert reply.scores[number].logprobs == pytest.approx(expected, abs=1e-4)


def test_equal_continuations_get_equal_scores(tiny):
    first, second = tiny("llama").answer([ScoreAsk("Q:", (" Paris", " Paris"))])[0].scores
    assert first == second


@pytest.mark.parametrize("scoring", ["tree", "plain"])
def test_non_finite_logits_fail_the_ask_and_no_other_kind_of_number_comes_back(tiny, scoring):
    import torch

    backend = tiny("llama", backend={"scoring": scoring})
    backend.answer([PAIR])
    with torch.no_grad():
        backend._opened.loaded.model.get_output_embeddings().weight[7] = torch.nan
    reply = backend.answer([PAIR])[0]
    assert (reply.finish, reply.scores) == (Finish.FAILED, ())
    assert "non-finite logits" in reply.error


def test_a_model_that_ignores_the_mask_is_found_out_at_the_first_load(tiny_model):
    from harness.backends.causal.files import open_folder
    from harness.backends.causal.loading import load
    from harness.backends.causal.proof import check
    from harness.errors import ModelError

    folder = tiny_model("mistral", sliding_window=4)  # the mask of a tree overrides its window
    loaded = load(open_folder(folder), device="cpu", dtype="float32", tree=True)
    for half in (False, True):
        with pytest.raises(ModelError, match='scoring = "plain"'):
            check(loaded, half=half)


def test_a_mask_that_lets_branches_see_each_other_is_found_out(tiny, monkeypatch):
    from harness.backends.causal import forest, proof
    from harness.errors import ModelError

    backend = tiny("llama")
    backend.answer([PAIR])
    causal = lambda rows, width: np.tril(np.ones((len(rows), width, width), dtype=bool))  # noqa: E731
    monkeypatch.setattr(forest, "visible", causal)
    for half in (False, True):
        with pytest.raises(ModelError, match="does not take the mask"):
            proof.check(backend._opened.loaded, half=half)


def test_an_architecture_that_cannot_take_a_tree_at_all_says_how_to_score_it(tiny):
    from harness.errors import ModelError

    for kind, settings in (("mamba", {"state_size": 4, "conv_kernel": 4}), ("bloom", {"n_layer": 2, "n_head": 4})):
        with pytest.raises(ModelError, match='scoring = "plain"'):
            tiny(kind, **settings, backend={"scoring": "tree"}).answer([PAIR])


def test_a_failure_of_one_ask_leaves_the_others_alone(tiny):
    backend = tiny("llama")
    backend.answer([PAIR])
    inner = backend._opened.scorer

    class Fragile:
        def score(self, asks, *, moments):
            if any(len(branches) == 3 for branches in asks):
                raise RuntimeError("out of memory")
            return inner.score(asks, moments=moments)

    object.__setattr__(backend._opened, "scorer", Fragile())
    replies = backend.answer([PAIR, QUESTIONS[0], PAIR])
    assert [reply.finish for reply in replies] == [Finish.STOP, Finish.FAILED, Finish.STOP]
    assert "out of memory" in replies[1].error


def test_a_small_vocabulary_refuses_token_ids_beyond_it(tiny):
    backend = tiny("llama", vocab_size=300)
    reply = backend.answer([ScoreAsk("", ("The doctor said that the nurse",))])[0]
    assert (reply.finish, "do not belong together" in reply.error) == (Finish.FAILED, True)
