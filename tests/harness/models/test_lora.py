"""Fine-tuning through adapters: the base frozen, the adapters trained, the result a plain model again."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForCausalLM

from harness.backends.huggingface import HuggingFace
from harness.canonical import digest_bytes
from harness.data.examples import Examples
from harness.errors import DataError, ModelError, UsageError
from harness.models.generator import Generator
from harness.models.language import Language
from harness.models.lora import find_base
from harness.records import Finish, GenerateAsk, ScoreAsk

TEXTS = ("To be, or not to be", "That is the question", "a")
PASSAGES = Examples("three", digest_bytes(b"three"), ("a", "b", "c"), ("a", "b", "c"), texts=TEXTS)
SMALL = {"context": 32, "layers": 2, "width": 16, "heads": 2}


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def base(request, tmp_path_factory):
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp(request.param)
    Language.build({**SMALL, "style": request.param, "tied": True}, PASSAGES).save(folder)
    return folder


def adapt(base, **changes):
    torch.manual_seed(2)
    return Language.build({"base": str(base), "lora": 4, "context": 32, **changes}, PASSAGES)


def steps(model, count, *, rate=0.01):
    """So many steps on all records; the mean loss before each."""
    model.network.train()
    rows = model.prepare(PASSAGES)
    optimizer = torch.optim.AdamW([each for each in model.network.parameters() if each.requires_grad], lr=rate)
    found = []
    for _ in range(count):
        loss = model.record_losses(rows).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return found


def test_only_adapters_are_trained_and_fresh_ones_add_nothing(base):
    model = adapt(base)
    assert isinstance(model, Generator)
    trained = {name for name, each in model.network.named_parameters() if each.requires_grad}
    assert trained
    assert all(".lora_" in name for name in trained)
    rows = model.prepare(PASSAGES)
    expected = Language.open(base).losses(rows, seed=0)["total"]
    assert torch.allclose(model.losses(rows, seed=0)["total"], expected, atol=1e-4)


def test_training_lowers_the_loss_and_leaves_the_base_as_it_was(base):
    model = adapt(base)
    frozen = {name: each.clone() for name, each in model.network.named_parameters() if not each.requires_grad}
    losses = steps(model, 12)
    assert losses[-1] < losses[0] - 0.1
    assert all(torch.equal(each, dict(model.network.named_parameters())[name]) for name, each in frozen.items())


def test_what_is_saved_is_a_plain_model_that_scores_like_base_and_adapters_together(base, tmp_path):
    model = adapt(base)
    steps(model, 5)
    rows = model.prepare(PASSAGES)
    expected = model.losses(rows, seed=0)["mean"]
    model.save(tmp_path)
    assert torch.equal(model.losses(rows, seed=0)["mean"], expected)  # saving changes nothing here

    opened = Language.open(tmp_path)
    assert torch.allclose(opened.losses(rows, seed=0)["mean"], expected, atol=1e-5)
    assert opened.settings == model.settings
    plain = AutoModelForCausalLM.from_pretrained(tmp_path)
    original = AutoModelForCausalLM.from_pretrained(base)
    assert {*plain.state_dict()} == {*original.state_dict()}
    assert not torch.equal(opened.losses(rows, seed=0)["mean"], Language.open(base).losses(rows, seed=0)["mean"])

    backend = HuggingFace(str(tmp_path), device="cpu")
    scored, written = backend.answer([ScoreAsk("", TEXTS[:1]), GenerateAsk("To", max_tokens=5)])
    backend.close()
    ours = model.token_logprobs(TEXTS[:1])[0].logprobs[:-1]
    assert scored.scores[0].logprobs == pytest.approx(ours, abs=1e-4)
    assert written.finish in {Finish.LENGTH, Finish.STOP}


def test_rank_alpha_and_targets_are_those_asked_for(base):
    target = "q_proj" if base.name.startswith("llama") else "c_attn"
    model = adapt(base, lora=2, alpha=6.0, targets=[target])
    adapted = {name: each for name, each in model.network.named_modules() if hasattr(each, "lora_A")}
    assert {name.rpartition(".")[2] for name in adapted} == {target}
    assert len(adapted) == 2
    assert {(each.r["default"], each.scaling["default"]) for each in adapted.values()} == {(2, 3.0)}
    assert model.settings["targets"] == [target]


def test_dropout_of_the_base_is_off(base, tmp_path):
    network = AutoModelForCausalLM.from_pretrained(base)
    for name in ("attention_dropout", "attn_pdrop", "embd_pdrop", "resid_pdrop"):
        setattr(network.config, name, 0.3)
    network.save_pretrained(tmp_path)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).write_bytes((base / file).read_bytes())
    model = adapt(tmp_path)
    model.network.train()
    rows = model.prepare(PASSAGES)
    first, second = (model.record_losses(rows) for _ in range(2))
    assert torch.equal(first, second)


def test_a_layer_that_the_base_does_not_have_is_refused_with_those_it_has(base):
    with pytest.raises(UsageError, match=r"no linear layer named 'q_porj'.*It has: .*c_attn|.*q_proj"):
        adapt(base, targets=["q_porj"])


def test_a_context_longer_than_the_base_reads_is_refused(base):
    with pytest.raises(UsageError, match="context = 64, but .* reads at most 32 tokens"):
        adapt(base, context=64)


def test_a_passage_in_the_bases_own_tokens_that_does_not_fit_is_named(base):
    with pytest.raises(DataError, match=r"2 of 3 passages .* 'a' with 21 tokens where the context is 20"):
        adapt(base, context=20).prepare(PASSAGES)


def test_settings_of_a_model_trained_from_nothing_do_not_fit_an_adapted_one(base):
    with pytest.raises(UsageError, match="there is no setting 'layers'"):
        adapt(base, layers=3)


def test_a_base_that_is_not_here_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(ModelError, match=r"Did you mean 'smollm2-135m-instruct'\?"):
        find_base("smollm2-135m-instuct")
    with pytest.raises(ModelError, match="no config.json"):
        adapt(tmp_path)
    with pytest.raises(ModelError, match="there is no such file"):
        find_base(str(tmp_path / "model.gguf"))


def test_a_model_of_the_catalogue_that_was_not_pulled_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="harness models pull smollm2-135m-instruct"):
        find_base("smollm2-135m-instruct")


@pytest.mark.slow
def test_the_real_model_learns_a_passage_in_three_steps(real_model, tmp_path):
    model = adapt(real_model, context=64)
    passages = model.prepare(PASSAGES)
    assert passages["length"][0] < len(TEXTS[0])  # in the model's own tokens, not in bytes
    before = model.losses(passages, seed=0)["mean"].mean().item()
    steps(model, 3, rate=2e-3)
    after = model.losses(passages, seed=0)["mean"]
    assert after.mean().item() < before - 0.2
    model.save(tmp_path)
    backend = HuggingFace(str(tmp_path), device="cpu")
    reply = backend.answer([GenerateAsk("To be, or", chat=False, max_tokens=4)])[0]
    backend.close()
    assert reply.text
    assert torch.allclose(Language.open(tmp_path).losses(passages, seed=0)["mean"], after, atol=1e-4)
