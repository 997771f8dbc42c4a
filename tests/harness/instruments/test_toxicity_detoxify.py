"""Detoxify through the harness gives what Detoxify gives: all four families, in batches, cut where it would fail."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from harness.canonical import digest_file
from harness.contracts.instruments import NOTHING
from harness.errors import ModelError, UsageError
from harness.instruments.detoxify_conversion import convert
from harness.instruments.detoxify_model import MOST_CHARACTERS, _batches
from harness.instruments.toxicity_detoxify import Detoxify
from harness.offline import network_forbidden
from harness.records import Reading
from harness.registry import Registry

pytest.importorskip("detoxify", reason="the extra `toxicity` is not installed")
SPEC = importlib.util.spec_from_file_location("tiny_detoxify", Path(__file__).with_name("tiny_detoxify.py"))
tiny = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tiny)

RANDOM = Random(3)
TEXTS = ["you are a fool", "the boat is red", "", "night", *(
    " ".join(RANDOM.choices(tiny.WORDS, k=length)) for length in (1, 2, 3, 5, 5, 8, 13, 21)
)]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a function that makes and converts the checkpoint of a family, once."""
    known = {}

    def get(base="bert-base-uncased"):
        if base not in known:
            folder = tmp_path_factory.mktemp(base)
            source, config = tiny.make(folder, base)
            _, pin = convert(source, folder / "safe")
            known[base] = (source, config, folder / "safe", pin.hex)
        return known[base]

    return get


@pytest.fixture
def instrument(made):
    """Return a function that opens the instrument on a family."""

    def get(base="bert-base-uncased", **settings):
        _, config, safe, pin = made(base)
        return Detoxify(**{"path": str(safe), "sha256": pin, "config": str(config), **settings})

    return get


@pytest.fixture
def copied(made, tmp_path):
    """A copy of the folders that may be damaged: the converted checkpoint, its digest and its configuration."""
    _, config, safe, pin = made()
    shutil.copytree(safe, tmp_path / "safe")
    shutil.copytree(config, tmp_path / "config")
    return tmp_path / "safe", pin, tmp_path / "config"


def read(instrument, texts):
    return instrument.read([Reading("toxicity.detoxify", text) for text in texts], NOTHING)


@pytest.mark.parametrize("base", tiny.FAMILIES)
def test_scores_are_those_of_detoxify_itself(made, instrument, monkeypatch, base):
    """Detoxify opens its own pickle here, and finds the configuration as the folder that bears the base's name."""
    from detoxify import Detoxify as Theirs

    source, config, _, _ = made(base)
    monkeypatch.chdir(config.parent)
    theirs = Theirs(checkpoint=source.name)
    theirs.tokenizer.model_max_length = tiny.LIMIT  # without it, the longest text is an error
    texts = [*TEXTS, "you " * 200]
    ours = instrument(base)
    for text in texts:
        expected, (values,) = theirs.predict(text), read(ours, [text])
        assert {name: values[name] for name in expected} == pytest.approx(expected, abs=1e-6)
        assert set(values) - set(expected) == {"truncated", next(n for n in values if n.startswith("checkpoint "))}
    together = theirs.predict(texts)
    for label, expected in together.items():
        assert [values[label] for values in read(ours, texts)] == pytest.approx(expected, abs=1e-6)


def test_detoxify_itself_fails_on_a_long_text_and_here_it_is_cut_and_counted(made, instrument, monkeypatch):
    from detoxify import Detoxify as Theirs

    source, config, _, _ = made()
    monkeypatch.chdir(config.parent)
    with pytest.raises(RuntimeError, match="size of tensor"):
        Theirs(checkpoint=source.name).predict("you " * 100)
    fits, cut, far = read(instrument(), ["you " * (tiny.LIMIT - 2), "you " * (tiny.LIMIT - 1), "you " * 3000])
    assert (fits["truncated"], cut["truncated"], far["truncated"]) == (0, 1, 1)
    assert cut["toxicity"] == pytest.approx(fits["toxicity"], abs=1e-6)


@pytest.mark.parametrize("base", ["roberta-base", "xlm-roberta-base"])
def test_the_limit_of_robertas_family_leaves_out_its_first_places(instrument, base):
    text = "a" if base == "roberta-base" else "a "
    fits, cut = read(instrument(base), [text * (tiny.LIMIT - 2), text * (tiny.LIMIT - 1)])
    assert (fits["truncated"], cut["truncated"]) == (0, 1)


def test_labels_are_those_of_the_checkpoint_and_values_name_it(checked, instrument):
    first, second = instrument("bert-base-uncased"), instrument("roberta-base")
    assert list(first.card.measures)[:6] == [
        "toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack",
    ]  # fmt: skip
    assert list(second.card.measures)[:7] == tiny.SECOND
    names = [next(name for name in one.card.measures if name.startswith("checkpoint own ")) for one in (first, second)]
    assert names[0] != names[1]
    for one, name in zip((first, second), names, strict=True):
        assert name in one.card.title
        found = checked(one, [Reading("toxicity.detoxify", text) for text in TEXTS])
        assert {values[name] for values in found} == {1.0}


def test_batches_change_nothing_but_the_pace(instrument):
    alone, few, many = (read(instrument(most_tokens=most), TEXTS) for most in (1, 40, 8192))
    for one, two, three in zip(alone, few, many, strict=True):
        # Padding changes the order of the sums inside the network, and with it the sixth digit.
        assert one == pytest.approx(two, abs=1e-5)
        assert two == pytest.approx(three, abs=1e-5)


@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 100))
def test_a_batch_is_never_larger_with_its_padding_than_its_budget_unless_one_text_is(sizes, budget):
    lengths = {f"{at:02d}": size for at, size in enumerate(sorted(sizes))}
    batches = list(_batches(list(lengths), lengths, budget))
    assert [text for batch in batches for text in batch] == list(lengths)
    assert all(len(b) == 1 or len(b) * max(lengths[text] for text in b) <= budget for b in batches)


def test_every_text_is_read(checked, hostile, instrument):
    for base in tiny.FAMILIES:
        checked(instrument(base), [Reading("toxicity.detoxify", text) for text in (*hostile, "\u202ea\ud83d", "דגל")])
    (huge,) = read(instrument(), ["you " * MOST_CHARACTERS])
    assert huge["truncated"] == 1


def test_nothing_is_downloaded_and_nothing_pickled_is_opened(made, instrument, monkeypatch):
    def refused(*_, **__):
        raise AssertionError("a pickle was opened")

    monkeypatch.setattr(torch, "load", refused)
    with network_forbidden():
        assert 0 < read(instrument(), ["you are a fool"])[0]["toxicity"] < 1


def test_another_digest_than_the_pinned_one_is_refused(made, instrument):
    with pytest.raises(ModelError, match="is not the file that was pinned"):
        _ = instrument(sha256="0" * 64).card
    with pytest.raises(UsageError, match="not a sha256 digest"):
        Registry().create("instrument", "toxicity.detoxify", {"path": "x", "sha256": "abc"})
    with pytest.raises(UsageError, match="sha256"):
        Registry().create("instrument", "toxicity.detoxify", {"path": "x"})
    _, _, _, pin = made()
    assert instrument(sha256=f"sha256:{pin.upper()}").card == instrument().card


@pytest.mark.parametrize("file", ["model.safetensors", "detoxify.json"])
def test_a_changed_file_is_refused_before_it_is_read(copied, file):
    safe, pin, config = copied
    content = bytearray((safe / file).read_bytes())
    content[-3] ^= 1
    (safe / file).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{file} is not the file that was pinned"):
        _ = Detoxify(str(safe), pin, str(config)).card
    (safe / file).unlink()
    with pytest.raises(ModelError, match="holds no converted checkpoint"):
        _ = Detoxify(str(safe), pin, str(config)).card


def repinned(safe, **changes):
    """Rewrite the description, and pin what came of it."""
    description = json.loads((safe / "detoxify.json").read_text())
    description |= {"weights": str(digest_file(safe / "model.safetensors")), **changes}
    (safe / "detoxify.json").write_text(json.dumps(description))
    return digest_file(safe / "detoxify.json").hex


def test_a_pinned_description_that_makes_no_sense_is_refused_with_the_reason(copied):
    safe, _, config = copied
    whole = (safe / "detoxify.json").read_bytes()
    for changes, told in (
        ({"labels": ["toxicity", "toxicity"]}, "labels are different plain words"),
        ({"labels": ["truncated"]}, "labels are different plain words"),
        ({"labels": ["\u202etoxic"]}, "labels are different plain words"),
        ({"labels": 7}, "cannot be read"),
        ({"labels": [f"label{at}" for at in range(9)]}, "9 labels for 6 outputs"),
        ({"architecture": 3}, "cannot be read"),
        ({"source": "sha256:0"}, "not a sha256 digest"),
        ({"other": 1}, "no field"),
    ):
        (safe / "detoxify.json").write_bytes(whole)
        with pytest.raises(ModelError, match=told):
            _ = Detoxify(str(safe), repinned(safe, **changes), str(config)).card


def test_weights_that_are_not_all_of_the_network_are_refused_rather_than_made_up(copied):
    safe, _, config = copied
    tensors = load_file(safe / "model.safetensors")
    for change in (
        {"classifier.bias": None},
        {"bert.encoder.layer.2.output.dense.bias": torch.zeros(16)},
        {"classifier.weight": torch.zeros(2, 16)},
    ):
        changed = {name: tensor for name, tensor in {**tensors, **change}.items() if tensor is not None}
        save_file(changed, safe / "model.safetensors")
        with pytest.raises(ModelError, match="not in the weights|not in the network|do not make a model"):
            read(Detoxify(str(safe), repinned(safe), str(config)), ["you"])
    save_file(tensors, safe / "model.safetensors")
    assert read(Detoxify(str(safe), repinned(safe), str(config)), ["you"])


def test_weights_that_are_not_numbers_give_an_error_and_no_score(copied):
    safe, _, config = copied
    tensors = load_file(safe / "model.safetensors")
    tensors["classifier.bias"] = torch.full((6,), float("nan"))
    save_file(tensors, safe / "model.safetensors")
    with pytest.raises(ModelError, match="not in the weights as they are|not a number"):
        read(Detoxify(str(safe), repinned(safe), str(config)), ["you"])


def test_the_configuration_of_another_model_is_refused(made, copied, tmp_path):
    safe, pin, config = copied
    with pytest.raises(ModelError, match=r"has no config\.json.*bert-base-uncased"):
        _ = Detoxify(str(safe), pin).card
    _, other, _, _ = made("roberta-base")
    with pytest.raises(ModelError, match="is of a 'roberta' model"):
        read(Detoxify(str(safe), pin, str(other)), ["you"])
    file = config / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "num_hidden_layers": 1}))
    with pytest.raises(ModelError, match="of the weights are not in the network"):
        read(Detoxify(str(safe), pin, str(config)), ["you"])
    file.write_text("[]")
    with pytest.raises(ModelError, match="do not make a model"):
        read(Detoxify(str(safe), pin, str(config)), ["you"])


def test_configuration_and_tokenizer_may_lie_beside_the_weights(copied):
    safe, pin, config = copied
    shutil.copytree(config, safe, dirs_exist_ok=True)
    assert read(Detoxify(str(safe), pin), ["you"]) == read(Detoxify(str(safe), pin, str(config)), ["you"])


def test_the_digest_changes_with_the_tokenizer_and_the_pin(copied, instrument):
    safe, pin, config = copied
    before = Detoxify(str(safe), pin, str(config)).card.digest
    assert before == instrument().card.digest == Detoxify(str(safe), pin, str(config), most_tokens=1).card.digest
    file = config / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "do_lower_case": False}))
    assert Detoxify(str(safe), pin, str(config)).card.digest != before
    assert Detoxify(str(safe), repinned(safe, labels=["toxicity"]), str(config)).card.digest != before


def test_a_published_checkpoint_is_called_by_its_name(copied):
    safe, _, config = copied
    for start, name in (("c1212f89", "original"), ("0b549669", "multilingual"), ("c8519128", "unbiased-small")):
        card = Detoxify(str(safe), repinned(safe, source=f"sha256:{start}{'0' * 56}"), str(config)).card
        assert card.title == f"Detoxify, checkpoint {name}"
        assert f"checkpoint {name}" in card.measures
        assert "Its authors report 9" in card.accuracy


def test_its_errors_are_counted_on_the_same_texts_as_those_of_the_lexical_model(instrument):
    from harness.text.labelled import tasks

    assert [task.name for task in tasks(instrument().card.measures)] == ["toxicity"]
