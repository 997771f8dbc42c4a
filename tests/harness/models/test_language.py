"""The language model: records, losses of single records, gradients of single records, and the folder it leaves."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from opacus.grad_sample import GradSampleHooks, GradSampleHooksFastGradientClipping
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.backends.huggingface import HuggingFace
from harness.canonical import digest_bytes
from harness.data.examples import Examples
from harness.errors import DataError, ModelError, UsageError
from harness.models.generator import Generator
from harness.models.language import Language
from harness.records import Finish, GenerateAsk, ScoreAsk

SMALL = {"context": 48, "layers": 2, "width": 16, "heads": 2}
TEXTS = ("To be, or not to be", "é ☃ <|end|> x", "", "That is the question: whether 'tis", "a")
STYLES = [
    pytest.param({"style": "llama"}, id="llama"),
    pytest.param({"style": "gpt2"}, id="gpt2"),
    pytest.param({"style": "llama", "tied": True}, id="llama tied"),
    pytest.param({"style": "gpt2", "tied": True, "tokenizer": "bpe", "vocabulary": 300}, id="gpt2 tied bpe"),
]

# Embeddings read integers, which have no gradient: the hook of torch says so each time.
HOOKS = pytest.mark.filterwarnings("ignore:Full backward hook is firing")
# torch.func turns autocast for float32 on and off again on a CPU, and warns that there is none.
FUNC = pytest.mark.filterwarnings("ignore:In CPU autocast")


def passages(*texts):
    ids = tuple(f"p{number}" for number, _ in enumerate(texts))
    return Examples("passages", digest_bytes(repr(texts).encode()), ids, ids, texts=texts)


def make(texts=TEXTS, **changes):
    torch.manual_seed(1)
    return Language.build({**SMALL, **changes}, passages(*texts))


def part(rows, *places):
    return {name: column[list(places)] for name, column in rows.items()}


@pytest.fixture(scope="module", params=STYLES)
def model(request):
    return make(**request.param)


@pytest.fixture(scope="module")
def lora(tmp_path_factory):
    base = tmp_path_factory.mktemp("base")
    make(tied=True).save(base)
    torch.manual_seed(2)
    model = Language.build({"base": str(base), "lora": 4, "context": 48}, passages(*TEXTS))
    for name, parameter in model.network.named_parameters():
        if "lora_B" in name:  # fresh ones are zero, and would hide the gradient of what they multiply
            torch.nn.init.normal_(parameter, std=0.1)
    return model


# ── records ───────────────────────────────────────────────────────────────────────────────


def test_a_language_model_is_a_generator():
    assert isinstance(make(), Generator)


def test_a_record_is_begin_bytes_end_and_then_padding():
    rows = make().prepare(passages("hé", ""))
    assert rows["length"].tolist() == [5, 2]
    assert rows["tokens"].shape == (2, 48)
    assert rows["tokens"][0, :6].tolist() == [256, 104, 195, 169, 257, 257]
    assert rows["tokens"][1, :3].tolist() == [256, 257, 257]


def test_a_passage_that_does_not_fit_is_named_and_never_shortened():
    with pytest.raises(DataError, match=r"2 of 3 passages.*'p1' with 49 tokens where the context is 48.*46 bytes"):
        make().prepare(passages("fits", "x" * 47, "y" * 60))


def test_a_passage_with_half_a_surrogate_pair_is_named():
    with pytest.raises(DataError, match=r"'p1' holds half of a surrogate pair"):
        make().prepare(passages("fine", "broken \udc00"))


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=46).filter(lambda text: len(text.encode()) <= 46))
def test_what_has_no_more_than_passage_bytes_always_fits(model, text):
    assert model.passage_bytes == 46
    assert model.prepare(passages(text))["length"].item() <= 48


def test_images_are_refused_with_and_without_captions():
    images = Examples("pixels", digest_bytes(b""), ("a",), ("a",), images=torch.zeros(1, 4, 4, 1).byte().numpy())
    for records in (images, replace(images, texts=("a caption",))):
        with pytest.raises(UsageError, match="pixels holds images, and a language model learns from text"):
            Language.build(SMALL, records)
    with pytest.raises(DataError, match="pixels has no text"):
        make().prepare(images)


# ── settings ──────────────────────────────────────────────────────────────────────────────


def test_settings_come_back_whole_and_build_an_equal_model(model):
    torch.manual_seed(1)
    again = Language.build(json.loads(json.dumps(model.settings)), passages(*TEXTS))
    assert again.settings == model.settings
    ours, theirs = model.network.state_dict(), again.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"layers": 0}, "layers = 0 cannot be used"),
        ({"width": 18, "heads": 4}, "width = 18 is no multiple of heads = 4"),
        ({"width": 18, "heads": 6}, "needs it to be even"),
        ({"tokenizer": "bpe"}, "give both or neither"),
        ({"vocabulary": 400}, "give both or neither"),
        ({"style": "rnn"}, "style = 'rnn' cannot be used"),
        ({"lora": 8}, "lora fine-tune a given model: set base"),
        ({"context": float("nan")}, "context = nan"),
    ],
)
def test_settings_that_make_no_model_are_refused(wrong, why):
    with pytest.raises(UsageError, match=why):
        make(**wrong)


def test_bytes_touch_nothing_and_learned_merges_are_told():
    assert make().touched == ()
    assert make(tokenizer="bpe", vocabulary=300).touched == ("tokenizer: merges learned from 5 records",)


# ── losses ────────────────────────────────────────────────────────────────────────────────


def test_losses_are_those_of_each_record_alone_and_training_goes_on_as_before(model):
    rows = model.prepare(passages(*TEXTS))
    model.network.train()
    state = torch.get_rng_state()
    found = model.losses(rows, seed=3)
    assert model.network.training
    assert torch.equal(torch.get_rng_state(), state)
    assert list(found) == ["mean", "total", "tokens"]
    assert found["tokens"].tolist() == [length - 1 for length in rows["length"].tolist()]
    for place in range(len(TEXTS)):
        tokens = rows["tokens"][place : place + 1, : rows["length"][place]].long()
        theirs = model.network(input_ids=tokens, labels=tokens).loss  # transformers' own mean over the tokens of one
        assert found["mean"][place].item() == pytest.approx(theirs.item(), abs=2e-6)
    assert torch.allclose(found["total"], found["mean"] * found["tokens"])
    assert all(values.dtype == torch.float32 and not values.requires_grad for values in found.values())


def test_a_record_scores_the_same_alone_in_a_batch_and_in_chunks(model, monkeypatch):
    rows = model.prepare(passages(*TEXTS))
    whole = model.losses(rows, seed=0)["mean"]
    alone = torch.cat([model.losses(part(rows, place), seed=0)["mean"] for place in range(len(TEXTS))])
    monkeypatch.setattr("harness.models.language.LOGITS_AT_ONCE", 2 * 48 * len(model.tokenizer))
    chunks = model.losses(rows, seed=0)["mean"]
    assert torch.allclose(whole, alone, atol=1e-6)
    assert torch.allclose(whole, chunks, atol=1e-6)


def test_the_players_loss_is_the_evaluated_one_with_gradients(model):
    rows = model.prepare(passages(*TEXTS))
    (player,) = model.players()
    assert model.networks == {player.name: player.network}
    assert player.free_loss is None
    losses = player.record_losses(rows)
    assert losses.requires_grad
    assert torch.allclose(losses, model.losses(rows, seed=0)["mean"], atol=1e-6)


def test_token_logprobs_stand_at_their_text_and_sum_to_the_loss(model):
    rows = model.prepare(passages(*TEXTS))
    total = model.losses(rows, seed=0)["total"]
    for text, found, nats in zip(TEXTS, model.token_logprobs(TEXTS), total.tolist(), strict=True):
        assert found.starts[-1] == len(text)
        assert list(found.starts) == sorted(found.starts)
        assert len(found.starts) == len(found.logprobs)
        assert -math.fsum(found.logprobs) == pytest.approx(nats, abs=1e-4)
    assert model.token_logprobs([]) == []


def test_token_logprobs_refuse_what_does_not_fit():
    with pytest.raises(DataError, match="text 1 does not fit the context of 48 tokens"):
        make().token_logprobs(["fits", "x" * 47])


def test_next_token_probabilities_sum_to_one(model):
    rows = model.prepare(passages(TEXTS[0]))
    logits = model.network(input_ids=rows["tokens"].long()).logits
    assert torch.allclose(logits.softmax(-1).sum(-1), torch.ones(1, 48), atol=1e-5)


# ── gradients of single records ───────────────────────────────────────────────────────────


def trained(model):
    return [parameter for parameter in model.network.parameters() if parameter.requires_grad]


def each_alone(model, rows):
    """Gradients of each record's loss, by a pass of its own: one list of tensors a record."""
    model.network.train()
    return [
        torch.autograd.grad(model.record_losses(part(rows, place)).sum(), trained(model))
        for place in range(len(rows["length"]))
    ]


def together(model, rows, *, force_functorch, losses=None):
    """Gradients of every record from one pass, by hooks: one tensor ``[batch, ...]`` a parameter."""
    model.network.train()
    hooks = GradSampleHooks(model.network, loss_reduction="sum", strict=False, force_functorch=force_functorch)
    try:
        (losses or model.record_losses)(rows).sum().backward()
        return [parameter.grad_sample.clone() for parameter in trained(model)]
    finally:
        hooks.cleanup()
        model.network.zero_grad()


def furthest(found, expected):
    return max(
        (sample[place] - gradient).abs().max().item()
        for place, alone in enumerate(expected)
        for sample, gradient in zip(found, alone, strict=True)
    )


@HOOKS
@FUNC
@pytest.mark.parametrize("force_functorch", [False, True], ids=["hooks", "functorch"])
def test_gradients_from_one_pass_are_those_of_each_record_alone(model, force_functorch):
    rows = model.prepare(passages(*TEXTS))
    assert furthest(together(model, rows, force_functorch=force_functorch), each_alone(model, rows)) < 1e-5


@HOOKS
@FUNC
@pytest.mark.parametrize("force_functorch", [False, True], ids=["hooks", "functorch"])
def test_gradients_of_adapters_from_one_pass_are_those_of_each_record_alone(lora, force_functorch):
    rows = lora.prepare(passages(*TEXTS))
    assert furthest(together(lora, rows, force_functorch=force_functorch), each_alone(lora, rows)) < 1e-5


def ghost_norms(model, rows):
    model.network.train()
    hooks = GradSampleHooksFastGradientClipping(model.network, loss_reduction="sum", strict=False, max_grad_norm=1.0)
    try:
        model.record_losses(rows).sum().backward()
        return hooks.get_norm_sample()
    finally:
        hooks.cleanup()
        model.network.zero_grad()


@HOOKS
@pytest.mark.parametrize("which", ["llama", "gpt2", "lora"])
def test_ghost_norms_are_those_of_each_record_alone(which, request):
    # The adapters' base has tied embeddings: frozen, they do no harm.
    model = request.getfixturevalue("lora") if which == "lora" else make(style=which)
    rows = model.prepare(passages(*TEXTS))
    alone = [torch.cat([grad.flatten() for grad in grads]).norm() for grads in each_alone(model, rows)]
    assert torch.allclose(ghost_norms(model, rows), torch.stack(alone), atol=1e-5, rtol=1e-5)


def averaged_over_tokens(model):
    """The planted violation: transformers' own loss divides by the tokens of the whole batch."""

    def losses(rows):
        tokens = rows["tokens"].long()
        labels = tokens.masked_fill(torch.arange(48) >= rows["length"][:, None], -100)
        positions = torch.arange(48).repeat(len(tokens), 1)
        return model.network(input_ids=tokens, labels=labels, position_ids=positions).loss[None]

    return losses


@HOOKS
@pytest.mark.parametrize("style", ["llama", "gpt2"])
def test_another_records_length_leaves_a_records_gradient_alone_unless_the_loss_is_averaged_over_tokens(style):
    model = make(style=style)
    long, short = (model.prepare(passages(TEXTS[0], other)) for other in (TEXTS[3], "a"))

    def moved(losses=None):
        one, two = (together(model, rows, force_functorch=False, losses=losses) for rows in (long, short))
        return max((first[0] - second[0]).abs().max().item() for first, second in zip(one, two, strict=True))

    assert moved() < 1e-6
    assert moved(averaged_over_tokens(model)) > 0.01  # our loss would fail this test if it did as theirs does


@HOOKS
def test_removing_a_record_moves_the_clipped_sum_by_no_more_than_the_clip(model):
    rows = model.prepare(passages(*TEXTS))

    def clipped(kept):
        samples = together(model, part(rows, *kept), force_functorch=False)
        flat = torch.cat([sample.flatten(1) for sample in samples], dim=1)
        return (flat * (1.0 / flat.norm(dim=1, keepdim=True)).clamp(max=1.0)).sum(0)

    whole = clipped(range(len(TEXTS)))
    for gone in range(len(TEXTS)):
        rest = clipped([place for place in range(len(TEXTS)) if place != gone])
        assert (whole - rest).norm().item() <= 1.0 + 1e-5


# ── the folder ────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    place = tmp_path_factory.mktemp("saved")
    model.save(place)
    return place


def test_what_was_saved_opens_equal(model, folder):
    opened = Language.open(folder)
    rows = model.prepare(passages(*TEXTS))
    assert torch.equal(opened.losses(rows, seed=0)["total"], model.losses(rows, seed=0)["total"])
    assert (opened.settings, opened.touched) == (model.settings, model.touched)
    assert not opened.network.training
    assert {name: rows.tolist() for name, rows in opened.prepare(passages(*TEXTS)).items()} == {
        name: column.tolist() for name, column in rows.items()
    }


def test_the_folder_is_a_plain_one_of_transformers(model, folder):
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "generation_config.json", "model.safetensors"),
        *("settings.json", "tokenizer.json", "tokenizer_config.json"),
    }
    network, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(TEXTS[0], return_tensors="pt").input_ids
    nats = functional.cross_entropy(network(input_ids=ids).logits[0, :-1], ids[0, 1:], reduction="none")
    assert (-nats).tolist() == pytest.approx(model.token_logprobs([TEXTS[0]])[0].logprobs[:-1], abs=1e-5)


def test_the_huggingface_backend_generates_and_scores_with_it(model, folder):
    backend = HuggingFace(str(folder), device="cpu")
    text = TEXTS[1]  # with something that looks like a special token
    scored, split, written, long = backend.answer(
        [
            ScoreAsk("", (text,)),
            ScoreAsk(text[:4], (text[4:],)),
            GenerateAsk("To be", max_tokens=20, temperature=1.0, seed=4),
            GenerateAsk("To be", max_tokens=48),
        ]
    )
    backend.close()
    ours = model.token_logprobs([text])[0].logprobs[:-1]
    assert scored.scores[0].logprobs == pytest.approx(ours, abs=1e-4)
    tail = split.scores[0].logprobs
    assert tail == pytest.approx(ours[-len(tail) :], abs=1e-4)
    assert written.finish in {Finish.LENGTH, Finish.STOP}
    assert isinstance(written.text, str)
    assert long.finish is Finish.TOO_LONG


def damage(folder, name):
    file = folder / name
    if name == "model.safetensors":
        file.rename(folder / "pytorch_model.bin")
    elif name == "settings.json":
        file.write_text('{"settings": {"layers": 0}, "touched": []}')
    elif name == "config.json":
        file.write_text(file.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))
    else:
        file.unlink()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("model.safetensors", "pickled weights are not read"),
        ("settings.json", "layers = 0"),
        ("config.json", "tensors are missing"),
        ("tokenizer.json", "cannot open this model"),
    ],
)
def test_a_damaged_folder_is_refused_with_what_is_wrong(tmp_path, name, why):
    make().save(tmp_path)
    damage(tmp_path, name)
    with pytest.raises(ModelError, match=why):
        Language.open(tmp_path)


def test_a_folder_without_our_settings_points_to_the_backend(tmp_path):
    with pytest.raises(ModelError, match="open any other with the backend huggingface"):
        Language.open(tmp_path)


@pytest.mark.gpu
@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: torch.cuda.is_available() is False here"
)
@pytest.mark.parametrize("style", ["llama", "gpt2"])
def test_it_scores_and_learns_on_cuda_as_on_the_cpu(style, tmp_path):
    model = make(style=style)
    rows = model.prepare(passages(*TEXTS))
    expected = model.losses(rows, seed=0)["mean"]
    model.network.to("cuda")
    assert torch.allclose(model.losses(rows, seed=0)["mean"].cpu(), expected, atol=1e-4)
    model.network.train()
    model.players()[0].record_losses(rows).mean().backward()
    assert all(parameter.grad.is_cuda for parameter in trained(model))
    model.save(tmp_path)
    assert torch.allclose(Language.open(tmp_path).losses(rows, seed=0)["mean"], expected, atol=1e-5)
