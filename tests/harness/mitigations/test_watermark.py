"""A model told to mark what it makes does so at the rate that its scheme promises; its placebo marks nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.errors import UsageError
from harness.mitigations.watermark import OF_TEXTS, Watermark
from harness.records import Capability, DrawAsk, GenerateAsk, ScoreAsk
from harness.registry import Registry
from harness.watermark import kgw, spread_spectrum
from harness.watermark.detection import Detection
from harness.watermark.keys import read_key
from harness.watermark.schemes import text_scheme

WORDS = ("<s>", "</s>", *(f"w{number}" for number in range(398)))
ASKS = [GenerateAsk("w1 w2 w3", chat=False, max_tokens=60, temperature=1.0, seed=seed) for seed in range(12)]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"scheme": "kgv"}, "scheme"),
        ({"strength": 0.0}, "strength"),
        ({"scheme": "gumbel", "strength": 1.0}, "strength"),
        ({"scheme": "tree_ring", "settings": {"gamma": 0.5}}, "settings"),
        ({"strength": 1.0, "settings": {"delta": 2.0}}, "strength"),
        ({"key_env": "not a name"}, "key_env"),
        ({"scheme": "spread_spectrum", "replaces": True}, "replaces"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, named):
    with pytest.raises(UsageError, match=named):
        Registry().find("mitigation", "watermark").create(settings)


@pytest.fixture(scope="module")
def uniform(tmp_path_factory):
    """A model to which every word is as likely as every other, so that what a scheme promises is known exactly."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from harness.backends.huggingface import HuggingFace

    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
        num_key_value_heads=1, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    torch.nn.init.zeros_(model.lm_head.weight)
    folder = tmp_path_factory.mktemp("uniform")
    model.save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="</s>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    return HuggingFace(str(folder), device="cpu")


def detections(backend, scheme, given=None):
    """What the detector finds in each text of the model that has some length."""
    look = text_scheme(scheme, given or {}, vocabulary=len(WORDS))
    texts = [reply.text.split() for reply in backend.answer(ASKS)]
    found = [look.detect([WORDS.index(word) for word in text], key=read_key(None)) for text in texts if len(text) > 30]
    assert len(found) > 6
    assert all(isinstance(one, Detection) for one in found)
    return found


@pytest.mark.parametrize("scheme", OF_TEXTS)
def test_the_detector_finds_what_it_marks_and_not_what_it_does_not(uniform, scheme):
    marked = Watermark(scheme=scheme).apply(uniform, None)
    assert max(one.p for one in detections(marked, scheme)) < 1e-4
    unmarked = [one.p for one in detections(uniform, scheme)]
    assert stats.kstest(unmarked, "uniform").pvalue > 1e-3
    assert min(unmarked) > 1e-3


@pytest.mark.parametrize(("strength", "gamma"), [(1.0, 0.25), (2.0, 0.25), (2.0, 0.5)])
def test_a_strength_makes_as_many_tokens_green_as_it_promises(uniform, strength, gamma):
    backend = Watermark(strength=strength, settings={"gamma": gamma}).apply(uniform, None)
    found = detections(backend, "kgw", {"gamma": gamma})
    hits, units = sum(round(one.statistic) for one in found), sum(one.n for one in found)
    assert stats.binomtest(hits, units, kgw.green_mass(gamma, strength)).pvalue > 1e-3


@pytest.mark.parametrize("scheme", ["kgw", "unigram"])
def test_the_placebo_writes_what_the_model_writes_without_a_mark(uniform, scheme):
    mitigation = Watermark(scheme=scheme)
    inert = Watermark(scheme=scheme, **mitigation.placebo).apply(uniform, None)
    assert inert.identity().digest != uniform.identity().digest
    texts = [[reply.text for reply in backend.answer(ASKS)] for backend in (inert, uniform)]
    assert texts[0] == texts[1]
    assert texts[0] != [reply.text for reply in mitigation.apply(uniform, None).answer(ASKS)]


def test_schemes_that_have_no_strength_have_no_placebo():
    assert {scheme: Watermark(scheme=scheme).placebo for scheme in ("gumbel", "synthid", "tree_ring")} == dict.fromkeys(
        ("gumbel", "synthid", "tree_ring")
    )
    assert Watermark(settings={"delta": 1.0}).placebo is None


def test_likelihoods_are_those_of_the_model_without_the_mark(uniform):
    ask = ScoreAsk("w1", (" w2", " w3 w4"))
    assert Watermark().apply(uniform, None).answer([ask])[0].scores == uniform.answer([ask])[0].scores


def test_it_fits_what_makes_what_it_marks_and_has_no_mark_yet(uniform):
    from harness.mitigations.instruction import Instruction

    assert Watermark().misfit(uniform) is None
    marked = Watermark().apply(uniform, None)
    assert Capability.MARK_TEXT in marked.capabilities
    assert "already" in Watermark(scheme="unigram").misfit(marked)
    assert "makes none" in Watermark(scheme="tree_ring").misfit(uniform)
    assert "name it first" in Watermark().misfit(Instruction().apply(uniform, None))
    control = Registry().create("backend", "control")
    assert "does not let anyone change" in Watermark().misfit(control)
    with pytest.raises(UsageError, match="does not let anyone change"):
        Watermark().apply(control, None)
    with pytest.raises(UsageError, match="no setting 'gama'"):
        Watermark(settings={"gama": 0.5}).apply(uniform, None)


def test_the_mark_that_a_model_has_gives_way_where_that_is_said(uniform):
    faint, loud = (uniform.steered(watermark="kgw", watermark_settings={"delta": its}) for its in (1e-6, 8.0))
    stronger = Watermark(strength=8.0, replaces=True)
    assert stronger.misfit(faint) is None
    assert "leave replaces out" in stronger.misfit(uniform)
    assert stronger.apply(faint, None).identity() == loud.identity()
    inert = Watermark(strength=stronger.placebo["strength"], replaces=True).apply(loud, None)
    assert inert.identity() == faint.identity()
    assert max(one.p for one in detections(loud, "kgw")) < 1e-4
    other = Watermark(strength=8.0, settings={"context_width": 2}, replaces=True).apply(loud, None)
    assert min(one.p for one in detections(other, "kgw")) > 1e-3
    assert max(one.p for one in detections(other, "kgw", {"context_width": 2})) < 1e-4


def test_the_key_is_read_from_the_environment_and_never_told(uniform, monkeypatch):
    monkeypatch.setenv("MARK_KEY", "a secret of the test")
    backend = Watermark(key_env="MARK_KEY").apply(uniform, None)
    assert "a secret of the test" not in str(backend.identity())
    texts = [reply.text.split() for reply in backend.answer(ASKS)]
    ids = [WORDS.index(word) for text in texts for word in text]
    scheme = text_scheme("kgw", {}, vocabulary=len(WORDS))
    assert scheme.detect(ids, key="a secret of the test").p < 1e-6
    assert scheme.detect(ids, key=read_key(None)).p > 1e-3


def pictures(backend, count):
    from io import BytesIO

    from PIL import Image

    replies = backend.answer([DrawAsk(seed, label=seed % 10) for seed in range(count)])
    opened = [np.asarray(Image.open(BytesIO(backend.media(reply.media[0])))) for reply in replies]
    return np.stack([image[..., None] if image.ndim == 2 else image for image in opened])


def test_images_are_marked_in_their_pixels(tiny_folder):
    from harness.backends.local import Local

    plain = Local(str(tiny_folder("vae")), device="cpu")
    mitigation = Watermark(scheme="spread_spectrum", strength=30.0)
    assert mitigation.misfit(plain) is None
    assert "makes none" in Watermark().misfit(plain)
    marked, inert = (
        Watermark(scheme="spread_spectrum", **its).apply(plain, None)
        for its in ({"strength": 30.0}, mitigation.placebo)
    )
    found, unmarked = (spread_spectrum.detect(pictures(one, 12), key=read_key(None)) for one in (marked, plain))
    assert np.median(found[1]) < 0.01 < np.median(unmarked[1])
    assert (pictures(inert, 4) == pictures(plain, 4)).all()


def test_a_ring_is_put_into_the_noise_of_a_diffusion_model_alone(tiny_folder):
    from harness.backends.local import Local
    from harness.errors import ModelError

    ring = Watermark(scheme="tree_ring", strength=4.0)
    diffusion = ring.apply(Local(str(tiny_folder("diffusion")), device="cpu"), None)
    assert diffusion.identity().details["watermark"]["strength"] == 4.0
    with pytest.raises(ModelError, match="spread_spectrum"):
        ring.apply(Local(str(tiny_folder("vae")), device="cpu"), None).identity()
