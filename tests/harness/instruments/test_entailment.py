"""An entailment model from a folder: its labels, both directions, batches and cuts; nothing pickled is opened."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from harness.contracts.instruments import NOTHING
from harness.errors import ModelError, UsageError
from harness.instruments.entailment import BATCH, Entailment
from harness.records import Reading
from harness.text.relation import Relation

WORDS = "the boat is red blue not a it in harbour crew sang all night no one who what ? ."
ORDERS = {
    "mnli": ["CONTRADICTION", "NEUTRAL", "ENTAILMENT"],
    "reversed": ["entailment", "neutral", "contradiction"],
    "binary": ["entailment", "not_entailment"],
    "binary reversed": ["not_entailment", "entailment"],
    "short": ["contradict", "entail", "neutral"],
    "unknown": ["LABEL_0", "LABEL_1", "LABEL_2"],
    "unknown binary": ["LABEL_0", "LABEL_1"],
}
BOAT, BLUE, CREW = "the boat is red .", "the boat is not red . it is blue", "who sang all night ? the crew"


@pytest.fixture
def model(tmp_path):
    """Return a function that makes the folder of a tiny model with random weights."""

    def make(labels="mnli", positions=64):
        folder = tmp_path / labels
        if folder.exists():
            return str(folder)
        folder.mkdir()
        (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]))
        tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=512)
        names = ORDERS[labels]
        torch.manual_seed(5)
        config = BertConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=16, max_position_embeddings=positions, id2label=dict(enumerate(names)),
            label2id={name: at for at, name in enumerate(names)}, initializer_range=0.6,
        )  # fmt: skip
        BertForSequenceClassification(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return str(folder)

    return make


def answer(text, other, question=""):
    return Reading("entailment", text, Relation("answer", other, question).context())


def claim(text, source, question=""):
    return Reading("entailment", text, Relation("support", source, question).context())


def read(instrument, *readings):
    return instrument.read(readings, NOTHING)


def test_readings_are_named_as_on_the_card_and_the_same_again(checked, model):
    found = checked(Entailment(model()), [claim(BLUE, BOAT), claim(BOAT, BLUE), answer(BOAT, CREW)])
    assert len({values["entails"] for values in found}) == 3
    assert all(0 <= values["entails"] + values["contradicts"] <= 1.00001 for values in found[:2])


def test_labels_are_found_by_name_in_any_order(model):
    """The weights are the same, so that the place of each label is all that differs."""
    (mnli,) = read(Entailment(model("mnli")), claim(BLUE, BOAT))
    (other,) = read(Entailment(model("reversed")), claim(BLUE, BOAT))
    assert (mnli["entails"], mnli["contradicts"]) == (other["contradicts"], other["entails"])
    assert mnli["entails"] != mnli["contradicts"]
    (short,) = read(Entailment(model("short")), claim(BLUE, BOAT))
    assert short["contradicts"] == mnli["contradicts"]
    assert short["entails"] == pytest.approx(1 - mnli["entails"] - mnli["contradicts"], abs=3e-5)


def test_a_model_of_two_labels_tells_no_contradiction(model):
    (first,) = read(Entailment(model("binary")), claim(BLUE, BOAT))
    (second,) = read(Entailment(model("binary reversed")), claim(BLUE, BOAT))
    assert first["contradicts"] == second["contradicts"] == 0
    assert first["entails"] + second["entails"] == pytest.approx(1, abs=3e-5)


@pytest.mark.parametrize("labels", ["unknown", "unknown binary"])
def test_labels_without_a_name_must_be_given(model, labels):
    folder = model(labels)
    with pytest.raises(UsageError, match="`labels`"):
        _ = Entailment(folder).card
    names = ["entailment", "neutral", "contradiction"] if labels == "unknown" else ["entailment", "other"]
    (found,) = read(Entailment(folder, labels=names), claim(BLUE, BOAT))
    (same,) = read(Entailment(model("reversed" if labels == "unknown" else "binary")), claim(BLUE, BOAT))
    assert found == same
    with pytest.raises(UsageError, match="`labels`"):
        _ = Entailment(folder, labels=["neutral", "yes", "no"]).card


@pytest.mark.parametrize("labels", [["entailment", "neutral"], ["entailment", "neutral", "contradiction", "other"]])
def test_labels_must_be_as_many_as_the_model_has(model, labels):
    with pytest.raises(UsageError, match=rf"has 3 labels and `labels` names {len(labels)}"):
        _ = Entailment(model("unknown"), labels=labels).card


def test_answers_say_the_same_where_each_follows_from_the_other(model):
    instrument = Entailment(model())
    there, back, both, turned = read(
        instrument, claim(BLUE, BOAT), claim(BOAT, BLUE), answer(BLUE, BOAT), answer(BOAT, BLUE)
    )
    assert there["entails"] != back["entails"]
    assert both == turned
    assert both["entails"] == pytest.approx(min(there["entails"], back["entails"]), abs=2e-5)
    assert both["contradicts"] == pytest.approx(max(there["contradicts"], back["contradicts"]), abs=2e-5)


def test_a_claim_is_read_with_its_question_and_its_source_alone(model):
    instrument = Entailment(model())
    bare, asked, written = read(
        instrument, claim("red", BOAT), claim("red", BOAT, "what is the boat ?"), claim("what is the boat ? red", BOAT)
    )
    assert asked == written != bare


def test_what_is_read_beside_it_does_not_change_a_reading(model):
    instrument = Entailment(model())
    alone = read(instrument, claim(BLUE, BOAT))[0]
    others = [claim(f"{CREW} {'it ' * size}", BOAT * (1 + size % 3)) for size in range(2 * BATCH + 3)]
    among = read(instrument, *others[:20], claim(BLUE, BOAT), *others[20:])[20]
    assert among == pytest.approx(alone, abs=1e-4)


@pytest.mark.parametrize(("tokens", "setting"), [(64, 512), (32, 32)])
def test_a_pair_that_is_too_long_is_cut_and_says_so(model, tokens, setting):
    instrument = Entailment(model(), max_tokens=setting)
    claimed = "the boat is red"
    fitting = "it " * (tokens - 3 - 4)  # three marks around the two texts
    whole, cut, far = read(
        instrument, claim(claimed, fitting), claim(claimed, f"{fitting} it"), claim(claimed, fitting + "night " * 3000)
    )
    assert (whole["cut"], cut["cut"], far["cut"]) == (0, 1, 1)
    assert far["entails"] == pytest.approx(whole["entails"], abs=1e-4)
    assert read(instrument, answer(claimed, fitting + " it"))[0]["cut"] == 1


def test_every_text_is_read(checked, hostile, model):
    checked(Entailment(model()), [answer(a, b, a) for a, b in zip(hostile, hostile[::-1], strict=True)])


def test_a_folder_that_is_not_there_or_empty_is_refused(tmp_path):
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ModelError, match="is not a model"):
            _ = Entailment(str(folder)).card


def test_pickled_weights_are_not_opened(model, tmp_path):
    folder = model()
    (weights,) = (tmp_path / "mnli").glob("*.safetensors")
    weights.rename(weights.with_name("pytorch_model.bin"))
    with pytest.raises(ModelError, match="pickled weights, which are not opened"):
        _ = Entailment(folder).card
    with pytest.raises(ModelError, match="pickled weights"):
        read(Entailment(folder), claim(BLUE, BOAT))


def test_a_damaged_folder_is_refused_with_the_reason(model, tmp_path):
    folder = model()
    (tmp_path / "mnli" / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be opened as AutoModelForSequenceClassification"):
        read(Entailment(folder), claim(BLUE, BOAT))
    (tmp_path / "mnli" / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config\.json cannot be read"):
        _ = Entailment(folder).card


def test_the_digest_changes_with_weights_labels_and_cut(model, tmp_path):
    before = Entailment(model()).card.digest
    assert Entailment(model()).card.digest == before
    assert Entailment(model(), max_tokens=64).card.digest != before
    assert Entailment(model(), labels=["entailment", "neutral", "contradiction"]).card.digest != before
    file = tmp_path / "mnli" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "hidden_dropout_prob": 0.2}))
    assert Entailment(model()).card.digest != before
