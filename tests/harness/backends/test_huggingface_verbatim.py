"""A model of any tokenizer writes no run of given texts beyond the limit: its own replies, which it would repeat."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.mitigations.instruction import Instruction
from harness.mitigations.verbatim_filter import VerbatimFilter
from harness.records import GenerateAsk

pytest.importorskip("pydivsufsort")

PROMPTS = ("The doctor said", "", "Größe 9?", "He could not find")
GREEDY = [GenerateAsk(prompt, chat=False, max_tokens=24) for prompt in PROMPTS]
SAMPLED = [
    replace(ask, temperature=1.0, seed=seed, top_p=top_p) for ask in GREEDY for seed, top_p in ((0, 1), (1, 0.9))
]
CHAT = [GenerateAsk("Who?", system="Be brief.", max_tokens=24)]
ASKS = [*GREEDY, *SAMPLED, *CHAT]


def plain(text):
    return "".join(text.casefold().split())


def longest_run(text, texts):
    """By trying every part of the text."""
    text, texts = plain(text), [plain(one) for one in texts]
    parts = ((text[start:end]) for start in range(len(text)) for end in range(start + 1, len(text) + 1))
    return max((len(part) for part in parts if any(part in one for one in texts)), default=0)


def replies(backend, asks=ASKS):
    return [reply.text for reply in backend.answer(asks)]


@pytest.fixture
def filtered(tiny, tmp_path):
    """Return a function that opens a tiny model under the filter of ``texts``."""

    def make(texts, *, kind="llama", **settings):
        file = tmp_path / "texts.jsonl"
        file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        return VerbatimFilter(texts=str(file), **settings).apply(tiny(kind), tmp_path)

    return make


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("longest", [8, 15])
def test_what_it_would_write_again_it_does_not(tiny, filtered, kind, longest):
    before = replies(tiny(kind))
    assert sum(len(plain(text)) > 2 * longest for text in before) > len(before) / 2
    after = replies(filtered(before, kind=kind, longest=longest))
    assert max(longest_run(text, before) for text in after) <= longest
    assert all(after)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_the_placebo_forbids_what_reads_the_same_both_ways_and_nothing_else(tiny, filtered, kind):
    before = replies(tiny(kind), GREEDY)
    after = replies(filtered(before, kind=kind, longest=8, sham=True), GREEDY)
    turned = [plain(text)[::-1] for text in before]
    alike = [longest_run(plain(ask.prompt) + text, turned) > 8 for ask, text in zip(GREEDY, before, strict=True)]
    assert [one != other for one, other in zip(before, after, strict=True)] == alike
    assert not all(alike)


def test_texts_that_it_does_not_write_change_nothing(tiny, filtered):
    assert replies(filtered(["Nothing of the kind was known then, nor is it now."], longest=12)) == replies(tiny())


def test_the_end_of_a_prompt_counts(tiny, filtered):
    [before] = replies(tiny(), GREEDY[:1])
    whole, cut = GREEDY[0].prompt + before, len(GREEDY[0].prompt) + 12
    told = replace(GREEDY[0], prompt=whole[:cut])
    following = plain(whole[cut:])[0]
    [after], [free] = (replies(filtered([whole], longest=its), [told]) for its in (10, 200))
    assert plain(after)[0] != following
    assert free == replies(tiny(), [told])[0]


def test_an_ask_has_one_reply_whatever_shares_its_batch(tiny, filtered):
    before = replies(tiny())
    backend = filtered(before, longest=10)
    together = replies(backend)
    assert together == [replies(backend, [ask])[0] for ask in ASKS]
    assert together == replies(backend)


@pytest.mark.parametrize("scheme", ["kgw", "unigram", "gumbel", "synthid"])
def test_a_watermark_does_not_lead_around_it(tiny, filtered, scheme):
    asks = [ask for ask in ASKS if ask.top_p == 1]
    before = replies(tiny().steered(watermark=scheme), asks)
    after = replies(filtered(before, longest=10).steered(watermark=scheme), asks)
    assert max(longest_run(text, before) for text in after) <= 10


def test_it_goes_beneath_what_changes_prompts(tiny, filtered):
    backend = filtered(["some text"], longest=8)
    layered = Instruction().apply(backend, None)
    assert layered.capabilities == backend.capabilities
    assert "name it before that" in VerbatimFilter(texts="passages").misfit(layered)
