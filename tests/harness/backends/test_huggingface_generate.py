"""Generation with the Hugging Face backend: greedy and sampled, stops and limits, templates, reproducibility."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from harness.records import Finish, GenerateAsk

GREEDY = GenerateAsk("The doctor said", chat=False, max_tokens=12)
SAMPLED = replace(GREEDY, temperature=1.0, seed=3)
OTHERS = [GenerateAsk(f"The nurse {n}" + " and the door" * n, chat=False, max_tokens=4 + n) for n in range(4)]


def texts(replies):
    return [reply.text for reply in replies]


def test_greedy_text_is_the_most_likely_token_again_and_again(tiny):
    import torch

    backend = tiny("llama")
    reply = backend.answer([GREEDY])[0]
    loaded = backend._opened.loaded
    ids = loaded.tokens.tokenizer.encode(GREEDY.prompt)
    written = []
    with torch.no_grad():
        while len(written) < GREEDY.max_tokens and written[-1:] != [1]:
            written.append(int(loaded.model(torch.tensor([ids + written])).logits[0, -1].argmax()))
    assert reply.text == loaded.tokens.decode(written)
    assert reply.usage.output_tokens == len(written)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_greedy_or_sampled_text_does_not_depend_on_what_shares_its_batch(tiny, kind):
    backend = tiny(kind)
    together = texts(backend.answer([*OTHERS, GREEDY, SAMPLED]))
    assert together[-2:] == texts([*backend.answer([GREEDY]), *backend.answer([SAMPLED])])
    split = tiny(kind, backend={"batch_tokens": 30})
    assert texts(split.answer([*OTHERS, GREEDY, SAMPLED])) == together


def test_asks_that_differ_in_their_seed_are_different_samples(tiny):
    backend = tiny("llama")
    samples = texts(backend.answer([replace(SAMPLED, seed=seed) for seed in range(8)]))
    assert len(set(samples)) > 1
    assert samples[3] == texts(backend.answer([SAMPLED]))[0]


def test_sampled_tokens_follow_the_models_distribution(tiny):
    import numpy as np
    from scipy.stats import chisquare

    from harness.backends.causal.tree import Branch

    backend = tiny("llama")
    asks = [GenerateAsk("The doctor", chat=False, max_tokens=1, temperature=2.0, seed=seed) for seed in range(600)]
    seen = texts(backend.answer(asks))
    loaded, scorer = backend._opened.loaded, backend._opened.scorer
    ids = tuple(loaded.tokens.tokenizer.encode("The doctor"))
    logprobs = np.array([s.logprobs[0] for s in scorer.score([[Branch((*ids, t), len(ids)) for t in range(420)]])[0]])
    shares = np.exp(logprobs / 2) / np.exp(logprobs / 2).sum()
    top = [token for token in np.argsort(-shares)[:8] if token > 2]  # special tokens have no text of their own
    found = np.array([seen.count(loaded.tokens.decode([token])) for token in top])
    rest = len(asks) - found.sum()
    expected = [*shares[top], 1 - shares[top].sum()]
    assert chisquare([*found, rest], np.array(expected) * len(asks)).pvalue > 1e-4


def test_a_tiny_nucleus_is_greedy(tiny):
    backend = tiny("llama")
    assert texts(backend.answer([replace(SAMPLED, top_p=1e-6), GREEDY])) == texts(backend.answer([GREEDY])) * 2


def test_a_nucleus_draws_only_from_the_smallest_set_with_its_mass():
    import torch

    from harness.backends.causal.sampling import draw
    from harness.seeds import rng

    stream = rng(0, "points")
    logits = torch.log(torch.tensor([0.05, 0.5, 0.15, 0.3])).expand(400, -1)
    ask = GenerateAsk("x", temperature=1.0, top_p=0.75)
    drawn = draw(logits, [ask] * 400, [stream.random() for _ in range(400)])
    assert set(drawn) == {1, 3}
    assert drawn.count(1) / 400 == pytest.approx(0.5 / 0.8, abs=0.08)


def test_drawing_inverts_the_cumulative_distribution():
    import torch

    from harness.backends.causal.sampling import draw

    logits = torch.log(torch.tensor([0.1, 0.6, 0.3]))
    points = [0.0, 0.0999, 0.1001, 0.6999, 0.7001, 0.9999]
    asks = [GenerateAsk("x", temperature=1.0)] * 6
    assert draw(logits.expand(6, -1), asks, points) == [0, 0, 1, 1, 2, 2]
    # The nucleus of 0.8 is {1: 0.6, 2: 0.3}, likeliest first: 1 up to two thirds of its mass.
    asks = [GenerateAsk("x", temperature=1.0, top_p=0.8)] * 2
    assert draw(logits.expand(2, -1), asks, [0.66, 0.67]) == [1, 2]


def test_a_nucleus_of_nearly_equal_tokens_is_as_wide_as_its_mass():
    import torch

    from harness.backends.causal.sampling import draw

    logits = torch.zeros(1, 4000)
    logits[0, 7] = 1e-3  # the others are tied, and stand in their own order
    ask = GenerateAsk("x", temperature=1.0, top_p=0.9)
    assert draw(logits, [ask], [0.0]) == [7]
    assert draw(logits, [ask], [0.9999]) == [pytest.approx(3600, abs=2)]


def test_stop_texts_end_a_reply_and_are_not_part_of_it(tiny):
    backend = tiny("llama")
    whole = backend.answer([GREEDY])[0]
    stop = whole.text[5:8]
    stopped = backend.answer([replace(GREEDY, stop=("never", stop))])[0]
    assert (stopped.finish, stopped.text) == (Finish.STOP, whole.text[: whole.text.index(stop)])
    assert stopped.usage.output_tokens < whole.usage.output_tokens


def test_the_token_limit_ends_a_reply_with_length(tiny):
    reply = tiny("llama").answer([replace(GREEDY, max_tokens=3)])[0]
    assert (reply.finish, reply.usage.output_tokens) == (Finish.LENGTH, 3)
    assert reply.usage.prompt_tokens > 0


def end_at_once(backend):
    """Make the end-of-text token the most likely one everywhere."""
    import torch

    class Ending(torch.nn.Module):
        def forward(self, hidden):
            logits = torch.zeros(*hidden.shape[:-1], 420)
            logits[..., 1] = 9.0
            return logits

    backend.answer([replace(GREEDY, max_tokens=1)])
    backend._opened.loaded.model.lm_head = Ending()
    return backend


def test_an_empty_text_is_an_ordinary_reply(tiny):
    reply = end_at_once(tiny("llama")).answer([GREEDY])[0]
    assert (reply.finish, reply.text, reply.error, reply.usage.output_tokens) == (Finish.STOP, "", None, 1)


def test_non_finite_logits_fail_only_the_lines_that_have_them(tiny):
    import torch

    backend = tiny("llama")
    backend.answer([GREEDY])
    head = backend._opened.loaded.model.lm_head

    class Broken(torch.nn.Module):
        def forward(self, hidden):
            logits = head(hidden)
            logits[0] = torch.nan
            return logits

    backend._opened.loaded.model.lm_head = Broken()
    asks = [replace(GREEDY, prompt="The doctor said that the nurse"), GREEDY]  # the longest is the first line
    replies = backend.answer(asks)
    assert [reply.finish for reply in replies] == [Finish.FAILED, Finish.LENGTH]
    assert (replies[0].text, "non-finite logits" in replies[0].error) == (None, True)
    backend._opened.loaded.model.lm_head = head


def test_a_prompt_that_leaves_no_room_is_too_long_and_not_shortened(tiny):
    long, short = tiny("gpt2", n_positions=24).answer([replace(GREEDY, max_tokens=30), replace(GREEDY, max_tokens=4)])
    assert (long.finish, "with 30 to come exceeds the model's 24" in long.error) == (Finish.TOO_LONG, True)
    assert short.finish is Finish.LENGTH


def test_the_chat_template_is_applied_when_the_ask_wants_it(tiny):
    backend = tiny("llama")
    chat = GenerateAsk("Who?", system="Be brief.", max_tokens=5)
    by_hand = "<|system|>\nBe brief.<|end|>\n<|user|>\nWho?<|end|>\n<|assistant|>\n"
    one, other = backend.answer([chat, GenerateAsk(by_hand, chat=False, max_tokens=5)])
    assert (one.text, one.usage.prompt_tokens) == (other.text, other.usage.prompt_tokens)


def test_without_a_template_the_system_message_stands_before_the_prompt(tiny):
    backend = tiny("llama", template=None)
    assert backend.identity().details["chat_template"] is None
    chat, bare = GenerateAsk("Who?", system="Be brief."), GenerateAsk("Be brief.\n\nWho?", chat=False)
    assert texts(backend.answer([chat])) == texts(backend.answer([bare]))


def test_a_template_that_refuses_the_messages_fails_the_ask_with_its_reason(tiny):
    template = "{{ raise_exception('no system messages here') }}"
    reply = tiny("llama", template=template).answer([GenerateAsk("Who?", system="Be brief.")])[0]
    assert (reply.finish, "no system messages here" in reply.error) == (Finish.FAILED, True)


def test_an_empty_prompt_begins_at_the_start_of_text(tiny):
    reply = tiny("llama").answer([GenerateAsk("", chat=False, max_tokens=2)])[0]
    assert (reply.finish, reply.usage.prompt_tokens) == (Finish.LENGTH, 1)


def test_decoding_settings_shipped_with_a_checkpoint_are_not_used(tiny_model, tiny, tmp_path):
    import json
    import shutil

    from harness.backends.huggingface import HuggingFace

    copy = tmp_path / "copy"
    shutil.copytree(tiny_model("llama"), copy)
    shipped = {"do_sample": True, "temperature": 9.0, "repetition_penalty": 5.0, "max_new_tokens": 1, "eos_token_id": 1}
    (copy / "generation_config.json").write_text(json.dumps(shipped))
    backend = HuggingFace(str(copy), device="cpu")
    assert texts(backend.answer([GREEDY])) == texts(tiny("llama").answer([GREEDY]))


REPLIES = """
import sys
from harness.backends.huggingface import HuggingFace
from harness.canonical import digest
from harness.records import GenerateAsk, ScoreAsk
from dataclasses import replace
backend = HuggingFace(sys.argv[1], device="cpu")
asks = [ScoreAsk("Q: Who?\\nA:", (" Paris", " the doctor")), ScoreAsk("", ("He laughed.", "She laughed."))]
asks += [GenerateAsk("The doctor", max_tokens=9, temperature=1.0, top_p=0.9, seed=seed) for seed in range(5)]
asks += [GenerateAsk("The nurse", chat=False, max_tokens=9)]
print(backend.identity().digest, digest([replace(reply, seconds=0.0) for reply in backend.answer(asks)]))
"""


@pytest.mark.slow
def test_two_processes_give_the_same_replies_to_the_bit(tiny_model):
    command = [sys.executable, "-c", REPLIES, str(tiny_model("llama"))]
    one, other = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert one == other
    assert one.count("sha256:") == 2
