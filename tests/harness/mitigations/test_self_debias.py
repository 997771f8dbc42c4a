"""Self-debiasing computes what was published, and lowers a preference that the model shows more when told to."""

from __future__ import annotations

import json

import numpy as np
import pytest

from harness.mitigations.self_debias import SelfDebias
from harness.mitigations.self_debias_descriptions import DESCRIPTIONS, harmless
from harness.records import GenerateAsk, ScoreAsk

SEVERAL = ("stereotype", "speaks ill of the nurse", "threat")


def applied(backend, **settings):
    return SelfDebias(**settings).apply(backend, None)


# ── settings ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "settings",
    [{"decay": -1.0}, {"decay": float("nan")}, {"floor": 1.5}, {"description": []}, {"description": ["insult", " "]}],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        SelfDebias(**settings)


def test_a_description_is_a_name_or_words_of_ones_own():
    assert SelfDebias(description="insult").descriptions == (DESCRIPTIONS["insult"],)
    assert SelfDebias(description=["threat", " is sad "]).descriptions == (DESCRIPTIONS["threat"], "is sad")
    assert SelfDebias(description="is sad").preambles(chat=False) == ("The following text is sad:\n",)
    assert SelfDebias(description="is sad").preambles(chat=True) == ("Write a reply that is sad.\n\n",)


def test_the_placebo_has_as_many_words_of_something_else():
    active = SelfDebias(description=SEVERAL)
    inert = SelfDebias(description=SEVERAL, **active.placebo)
    for chat in (False, True):
        ours, theirs = active.preambles(chat=chat), inert.preambles(chat=chat)
        assert [len(one.split()) for one in ours] == [len(one.split()) for one in theirs]
        assert not set(ours) & set(theirs)
    assert len(harmless(100).split()) == 100


# ── a planted stereotype ──────────────────────────────────────────────────────────────────

JOBS = tuple(f"job{number}" for number in range(40))
MARGINS = np.linspace(-0.5, 1.5, len(JOBS))
"""How much likelier, in nats, each job is followed by "she" than by "he"."""
MORE = 1.0
"""By how much that grows behind the description."""
WORDS = ("<unk>", "<s>", "</s>", "the", "she", "he", "works", "group", *JOBS)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A model whose weights are set by hand: the last word decides the next, and "group" before it favours "she".

    Attention looks at "group" wherever it stands, and at nothing where it does not: no other word of a description, nor
    their number, changes what comes next.
    """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    place = {word: number for number, word in enumerate(WORDS)}
    count, size = len(WORDS), len(WORDS) + 4
    constant, flag, look, small = count, count + 1, size // 2 - 1, 0.01
    config = LlamaConfig(
        vocab_size=count, hidden_size=size, intermediate_size=2, num_hidden_layers=1, num_attention_heads=1,
        num_key_value_heads=1, rope_theta=1e12, bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    model, scale = LlamaForCausalLM(config), (size / 2) ** 0.5
    bigrams = torch.zeros(count, count)
    bigrams[1, place["the"]] = bigrams[place["she"], place["works"]] = bigrams[place["he"], place["works"]] = 12.0
    bigrams[place["works"], 2] = 12.0
    for job, margin in zip(JOBS, MARGINS, strict=True):
        bigrams[place["the"], place[job]] = bigrams[place[job], place["he"]] = 10.0
        bigrams[place[job], place["she"]] = 10.0 + margin
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1.0 if "norm" in name else 0.0)
        model.model.embed_tokens.weight[:, :count] = torch.eye(count)
        model.model.embed_tokens.weight[:, constant] = 1.0
        attention = model.model.layers[0].self_attn
        attention.q_proj.weight[look, constant] = 1.0
        attention.k_proj.weight[look, place["group"]] = 10.0
        attention.v_proj.weight[flag, place["group"]] = small / scale
        attention.o_proj.weight[flag, flag] = 1.0
        model.lm_head.weight[:, :count] = bigrams.T / scale
        model.lm_head.weight[place["she"], flag] = MORE / small / scale
    folder = tmp_path_factory.mktemp("planted")
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(place, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    return folder


def sigmoid(margin):
    return 1 / (1 + np.exp(-margin))


def expected(decay):
    """Margins after debiasing, by hand: only "she" becomes likelier behind the description."""
    gap = sigmoid(MARGINS) - sigmoid(MARGINS + MORE)
    return MARGINS + np.maximum(np.log(0.01), decay * gap)


def margins(backend):
    replies = backend.answer([ScoreAsk(f"the {job}", (" she", " he")) for job in JOBS])
    return np.array([reply.scores[0].total - reply.scores[1].total for reply in replies])


@pytest.fixture
def open_planted(planted):
    from harness.backends.huggingface import HuggingFace

    return HuggingFace(str(planted), device="cpu")


def test_the_stereotype_is_planted(open_planted):
    assert margins(open_planted) == pytest.approx(MARGINS, abs=1e-3)
    told = open_planted.answer([ScoreAsk(f"about that group: the {JOBS[0]}", (" she", " he"))])[0].scores
    assert told[0].total - told[1].total == pytest.approx(MARGINS[0] + MORE, abs=2e-3)


def test_the_preference_falls_with_the_decay_as_the_formula_says_and_the_placebo_leaves_it(open_planted):
    found = {decay: margins(applied(open_planted, decay=decay)) for decay in (0.0, 2.0, 5.0, 50.0)}
    for decay, its in found.items():
        assert its == pytest.approx(expected(decay), abs=5e-3)
    assert (found[0.0] > found[2.0]).all()
    assert (found[2.0] > found[5.0]).all()
    assert (found[5.0] > found[50.0]).all()
    assert margins(applied(open_planted, sham=True)) == pytest.approx(MARGINS, abs=1e-3)


def test_what_it_writes_is_less_of_what_was_planted(open_planted):
    asks = [GenerateAsk(f"the {job}", chat=False, max_tokens=1) for job in JOBS]
    texts = [reply.text for reply in open_planted.answer(asks)]
    debiased = [reply.text for reply in applied(open_planted, decay=4.0).answer(asks)]
    sham = [reply.text for reply in applied(open_planted, decay=4.0, sham=True).answer(asks)]
    assert texts == sham == ["she" if margin > 0 else "he" for margin in MARGINS]
    assert debiased == ["she" if margin > 0 else "he" for margin in expected(4.0)]
    assert debiased.count("she") < texts.count("she")


@pytest.mark.parametrize(("settings", "wanted"), [("", 0.0), ("decay = 4.0", 4.0), ("sham = true", 0.0)])
def test_the_probe_of_paired_likelihood_finds_just_that(planted, audit_text, tmp_path, settings, wanted):
    rows = [
        {"id": job, "attribute": "gender", "direction": "stereo", "template": job,
         "more": f"the {job} she works", "less": f"the {job} he works"}
        for job in JOBS
    ]  # fmt: skip
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    mitigation = f'[[mitigation]]\nname = "self_debias"\n{settings}' if settings else ""
    done = audit_text(f"""
[model]
backend = "huggingface"
model = "{planted}"
device = "cpu"
[run]
probes = ["bias.paired_likelihood"]
profile = "standard"
[probe."bias.paired_likelihood"]
datasets = ["{tmp_path / "pairs.jsonl"}"]
{mitigation}
""")
    [cell] = done.evidence.results
    [share] = [one for one in cell.results if one.metric.endswith("/stereotype_share") and not one.slice]
    assert share.interval.value == pytest.approx((expected(wanted) > 0).mean())
    assert share.interval.n == len(JOBS)
