"""A pickled checkpoint becomes safetensors once: what is more than data is refused, and none of it is run."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from harness.canonical import digest_file
from harness.errors import ModelError, UsageError
from harness.instruments.detoxify_checkpoint import Checkpoint, open_checkpoint
from harness.instruments.detoxify_conversion import convert

SPEC = importlib.util.spec_from_file_location("tiny_detoxify", Path(__file__).with_name("tiny_detoxify.py"))
tiny = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tiny)


class Command:
    """What a malicious pickle holds: a call."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Mine:
    """A class of somebody's own, which is not data either."""


def test_everything_that_counts_is_kept_and_nothing_else(tmp_path):
    source, _ = tiny.make(tmp_path)
    checkpoint, pin = convert(source, tmp_path / "safe")
    assert sorted(path.name for path in (tmp_path / "safe").iterdir()) == ["detoxify.json", "model.safetensors"]
    original = torch.load(source, weights_only=True)["state_dict"]
    kept = load_file(tmp_path / "safe" / "model.safetensors")
    assert set(kept) == set(original)
    assert all(torch.equal(kept[name], original[name]) for name in original)
    assert checkpoint.labels == ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
    assert checkpoint.architecture.network == "BertForSequenceClassification"
    assert (checkpoint.architecture.base, checkpoint.architecture.outputs) == ("bert-base-uncased", 6)
    assert checkpoint.source == digest_file(source)
    assert pin == digest_file(tmp_path / "safe" / "detoxify.json")
    assert open_checkpoint(tmp_path / "safe", pin) == checkpoint


def test_converting_again_gives_the_same_bytes(tmp_path):
    source, _ = tiny.make(tmp_path, "albert-base-v2")
    assert convert(source, tmp_path / "one") == convert(source, tmp_path / "two")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, zipped):
    """Both formats of torch, and the call in every place that a checkpoint has."""
    source, _ = tiny.make(tmp_path)
    good = torch.load(source, weights_only=True)
    ran = tmp_path / "ran"
    call = Command(f"touch {ran}")
    for bad in (
        {**good, "config": call},
        {**good, "state_dict": {**good["state_dict"], "classifier.bias": call}},
        {**good, "other": [call]},
        call,
    ):
        torch.save(bad, source, _use_new_zipfile_serialization=zipped)
        with pytest.raises(ModelError, match=r"more than weights and settings: it needs posix\.system") as caught:
            convert(source, tmp_path / "safe")
        assert "Nothing of it was run" in str(caught.value)
        assert not ran.exists()
        assert not (tmp_path / "safe").exists()
    pickle.loads(pickle.dumps(call))  # noqa: S301  the planted call does run where nobody is careful
    assert ran.exists()


def test_a_bare_pickle_is_refused_and_not_run(tmp_path):
    ran = tmp_path / "ran"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / "bare.ckpt").write_bytes(pickle.dumps(Command(f"touch {ran}"), protocol=protocol))
        with pytest.raises(ModelError, match="was not opened"):
            convert(tmp_path / "bare.ckpt", tmp_path / "safe")
    assert not ran.exists()


@pytest.mark.parametrize(
    ("more", "named"),
    [(Mine(), r"\.Mine"), (torch.nn.Linear(2, 2), "linear.Linear"), (np.float64(1), "scalar"), (Path, "Path")],
    ids=["class", "module", "numpy", "type"],
)
def test_a_checkpoint_that_needs_more_than_data_is_refused_with_what_it_needs(tmp_path, more, named):
    torch.save({"config": more, "state_dict": {}}, tmp_path / "more.ckpt")
    with pytest.raises(ModelError, match=named):
        convert(tmp_path / "more.ckpt", tmp_path / "safe")


def test_no_reader_is_sent_to_the_unrestricted_unpickler(tmp_path):
    (tmp_path / "junk.ckpt").write_bytes(b"\x80\x02garbage" * 20)
    with pytest.raises(ModelError) as caught:
        convert(tmp_path / "junk.ckpt", tmp_path / "safe")
    assert "weights_only" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_file_is_an_error_and_never_a_traceback(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    torch.save({"config": {"a": [1, 2.5, "x"]}, "state_dict": {"w": torch.ones(3)}}, folder / "c.ckpt")
    content = bytearray((folder / "c.ckpt").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "c.ckpt").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with pytest.raises(ModelError):
        convert(folder / "c.ckpt", folder / "safe")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"config": {}}, "lacks 'arch'"),
        ({"config": [1]}, "is not a checkpoint of Detoxify"),
        ({"config": {"arch": {"args": {"model_type": "x"}}}}, "lacks 'model_name'"),
        ({"state_dict": {}}, "not all named tensors"),
        ({"state_dict": {"w": 3}}, "not all named tensors"),
        ({"state_dict": {1: torch.ones(1)}}, "not all named tensors"),
        ({"state_dict": [torch.ones(1)]}, "is not a checkpoint of Detoxify"),
        ({"state_dict": {"w": torch.ones(2, 2).to_sparse()}}, "is not a checkpoint of Detoxify"),
        ({"classes": []}, "0 labels for 6 outputs"),
        ({"classes": ["toxic", "toxicity"]}, "labels are different plain words"),
        ({"classes": [1]}, "labels are different plain words"),
        ({"classes": ["<b>"]}, "labels are different plain words"),
        ({"network": "AutoModelForCausalLM"}, "not a classifier and a tokenizer"),
        ({"network": "os.system"}, "not a classifier and a tokenizer"),
        ({"network": None}, "is not a checkpoint of Detoxify"),
    ],
)
def test_what_is_no_checkpoint_of_detoxify_is_refused_with_the_reason(tmp_path, changes, told):
    source, _ = tiny.make(tmp_path, **changes)
    with pytest.raises(ModelError, match=told):
        convert(source, tmp_path / "safe")
    assert not (tmp_path / "safe" / "detoxify.json").exists()


def test_weights_that_lie_there_already_are_left_alone(tmp_path):
    source, config = tiny.make(tmp_path)
    (config / "model.safetensors").write_bytes(b"the base model's own")
    with pytest.raises(UsageError, match=r"has a model\.safetensors already"):
        convert(source, config)
    assert (config / "model.safetensors").read_bytes() == b"the base model's own"


def test_a_file_that_is_not_there_and_a_folder_that_cannot_be_are_errors(tmp_path):
    with pytest.raises(ModelError, match="there is no such file"):
        convert(tmp_path / "nowhere.ckpt", tmp_path / "safe")
    source, _ = tiny.make(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        convert(source, tmp_path / "file")
    assert (tmp_path / "file").read_text() == ""


def test_an_old_torch_is_not_trusted_with_a_strangers_pickle(tmp_path, monkeypatch):
    source, _ = tiny.make(tmp_path)
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    with pytest.raises(UsageError, match=r"needs torch 2\.10"):
        convert(source, tmp_path / "safe")


def test_the_name_is_the_published_one_only_for_its_digest(tmp_path):
    source, _ = tiny.make(tmp_path)
    checkpoint, _ = convert(source, tmp_path / "safe")
    assert checkpoint.name == f"own {digest_file(source).short}"
    stored = json.loads((tmp_path / "safe" / "detoxify.json").read_text())
    assert set(stored) == set(Checkpoint.__slots__)
