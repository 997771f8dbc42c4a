"""The Hugging Face backend as a plugin: identity, settings, files it refuses, how it opens and closes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from harness.backends.causal.placement import resolve_device, resolve_dtype, resolve_scoring
from harness.backends.huggingface import HuggingFace
from harness.canonical import digest, digest_file
from harness.contracts import BatchBackend
from harness.errors import ModelError, UsageError
from harness.records import Capability, DrawAsk, Finish, GenerateAsk, LossAsk, ScoreAsk
from harness.registry import Registry

HELLO = ScoreAsk("", ("Hello there.",))


@pytest.fixture
def copy(tiny_model, tmp_path):
    """A copy of a tiny model's folder that the test may change."""
    return shutil.copytree(tiny_model("llama"), tmp_path / "copy")


def test_it_is_a_batch_backend_that_scores_and_generates():
    backend = HuggingFace("anything")
    assert isinstance(backend, BatchBackend)
    assert backend.capabilities == {Capability.SCORE, Capability.GENERATE}


def test_identity_digests_every_file_that_decides_a_reply(copy):
    backend = HuggingFace(str(copy), device="cpu")
    identity = backend.identity()
    assert identity.details["weights"] == {"model.safetensors": str(digest_file(copy / "model.safetensors"))}
    assert set(identity.details["tokenizer"]) == {"tokenizer.json", "tokenizer_config.json"}
    assert identity.details["config"] == str(digest_file(copy / "config.json"))
    assert (identity.details["dtype"], identity.details["device"]) == ("float32", "cpu")
    assert identity.digest == digest(identity.details)
    assert str(copy) not in json.dumps(dict(identity.details))


@pytest.mark.parametrize(
    "name", ["model.safetensors", "tokenizer.json", "chat_template.jinja", "generation_config.json"]
)
def test_a_change_of_any_such_file_changes_the_identity(copy, name):
    before = HuggingFace(str(copy), device="cpu").identity()
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    assert HuggingFace(str(copy), device="cpu").identity().digest != before.digest


def test_identity_imports_no_torch_and_no_transformers(copy):
    code = (
        "import sys; from harness.backends.huggingface import HuggingFace;"
        f"HuggingFace({str(copy)!r}, device='cpu').identity();"
        "sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_settings_that_make_no_sense_are_refused_by_name():
    plugin = Registry().find("backend", "huggingface")
    for settings in ({"dtype": "int8"}, {"scoring": "fast"}, {"batch_tokens": 0}, {"modle": "x"}):
        with pytest.raises(UsageError, match=next(iter(settings))):
            plugin.create(settings)


def test_an_unknown_model_says_where_it_was_looked_for():
    with pytest.raises(ModelError, match="no folder and no .gguf file.*Did you mean 'smollm2-135m-instruct'"):
        HuggingFace("smollm2-135m-instrct").identity()


def test_a_catalogue_model_that_is_not_here_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="harness models pull smollm2-135m-instruct"):
        HuggingFace("smollm2-135m-instruct").identity()


@pytest.mark.parametrize(("revision", "advice"), [(None, "Set `revision`"), ("abc123", "hf download some/model")])
def test_a_hub_model_that_is_not_here_needs_a_revision_and_says_how_to_get_it(revision, advice):
    with pytest.raises(ModelError, match=advice):
        HuggingFace("some/model", revision=revision).identity()


def test_fetching_a_model_that_is_here_does_nothing_and_offline_refuses_the_rest(monkeypatch, copy):
    from harness.errors import OfflineError

    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    HuggingFace(str(copy)).fetch()
    with pytest.raises(OfflineError, match="offline mode forbids"):
        HuggingFace("some/model", revision="abc123").fetch()
    with pytest.raises(ModelError, match="Set `revision`"):
        HuggingFace("some/model").fetch()


def test_pickled_weights_are_refused_with_the_reason(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"pickled \(pytorch_model.bin\).*can run any code"):
        HuggingFace(str(copy)).identity()


@pytest.mark.parametrize(
    ("name", "message"),
    [("config.json", "no config.json"), ("model.safetensors", "no model.safetensors"), ("tokenizer", "no tokenizer")],
)
def test_a_folder_that_lacks_something_says_what(copy, name, message):
    for path in copy.glob(f"{name}*"):
        path.unlink()
    with pytest.raises(ModelError, match=message):
        HuggingFace(str(copy)).identity()


def test_an_adapter_alone_is_told_from_a_model(copy):
    (copy / "config.json").rename(copy / "adapter_config.json")
    with pytest.raises(ModelError, match="merge it into its base model"):
        HuggingFace(str(copy)).identity()


def test_sharded_weights_are_read_and_each_shard_is_digested(tiny_model, tiny, tmp_path):
    from transformers import AutoModelForCausalLM

    folder = shutil.copytree(tiny_model("llama"), tmp_path / "sharded")
    model = AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="60KB")
    backend = HuggingFace(str(folder), device="cpu")
    weights = backend.identity().details["weights"]
    assert len(weights) > 1
    whole, sharded = tiny("llama").answer([HELLO])[0], backend.answer([HELLO])[0]
    # Not to the bit: where a tensor lies in its file decides how it is aligned in memory.
    assert sharded.scores[0].logprobs == pytest.approx(whole.scores[0].logprobs, abs=1e-4)
    (folder / next(iter(weights))).unlink()
    with pytest.raises(ModelError, match="which is not there"):
        HuggingFace(str(folder), device="cpu").identity()


def test_missing_tensors_are_refused_and_not_filled_with_random_numbers(copy):
    from safetensors.torch import load_file, save_file

    tensors = load_file(copy / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="1 tensors are missing.*up_proj"):
        HuggingFace(str(copy), device="cpu").answer([HELLO])


@pytest.mark.parametrize("damage", [b"", b"\x08\x00\x00\x00\x00\x00\x00\x00{broken}"])
def test_damaged_weights_are_one_sentence_and_no_traceback(copy, damage):
    (copy / "model.safetensors").write_bytes(damage)
    with pytest.raises(ModelError, match="cannot open this model"):
        HuggingFace(str(copy), device="cpu").answer([HELLO])


def test_a_damaged_configuration_is_named(copy):
    (copy / "config.json").write_text("{")
    with pytest.raises(ModelError, match="config.json: not readable as JSON"):
        HuggingFace(str(copy)).identity()


def test_a_model_that_needs_code_of_its_own_is_not_run(copy):
    config = json.loads((copy / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoModelForCausalLM": "code.Mine", "AutoConfig": "code.MyConfig"}}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "code.py").write_text("raise SystemExit('this code ran')")
    with pytest.raises(ModelError, match="cannot open this model"):
        HuggingFace(str(copy), device="cpu").answer([HELLO])


def test_asks_of_other_kinds_fail_and_the_order_is_kept(tiny):
    asks = [DrawAsk(1), HELLO, LossAsk("x"), GenerateAsk("Hello", max_tokens=1), HELLO]
    replies = tiny("llama").answer(asks)
    finishes = [Finish.FAILED, Finish.STOP, Finish.FAILED, Finish.LENGTH, Finish.STOP]
    assert [reply.finish for reply in replies] == finishes
    assert "answers no DrawAsk" in replies[0].error
    assert [bool(reply.scores) for reply in replies] == [False, True, False, False, True]
    assert all(reply.seconds > 0 for reply in replies if reply.finish is not Finish.FAILED)


def test_text_that_is_no_text_fails_alone(tiny):
    half = "\ud83d broken"
    backend = tiny("llama")
    replies = backend.answer([ScoreAsk("", (half,)), HELLO, GenerateAsk(half), GenerateAsk("Hello", max_tokens=1)])
    assert [reply.finish for reply in replies] == [Finish.FAILED, Finish.STOP, Finish.FAILED, Finish.LENGTH]
    assert "surrogate" in replies[0].error
    assert backend.length(ScoreAsk("", (half,))) > 0


def test_no_asks_get_no_replies(tiny):
    assert tiny("llama").answer([]) == []


def test_length_grows_with_the_text_and_with_what_may_be_generated():
    backend = HuggingFace("x")
    short, long = ScoreAsk("Who?", (" Me",)), ScoreAsk("Who? " * 40, (" Me", " You"))
    assert backend.length(short) < backend.length(long) == pytest.approx(52, abs=3)
    ask = GenerateAsk("Who?", max_tokens=8)
    assert backend.length(replace(ask, max_tokens=50)) == backend.length(ask) + 42
    assert backend.length(DrawAsk(1)) == 1


def test_closing_lets_go_of_the_model_and_it_can_be_opened_again(tiny):
    backend = tiny("llama")
    before = backend.answer([HELLO])[0].scores
    backend.close()
    backend.close()
    assert backend._opened is None
    assert backend.answer([HELLO])[0].scores == before


def test_a_half_precision_model_on_a_cpu_answers_near_the_exact_one(tiny):
    exact, half = tiny("llama").answer([HELLO])[0], tiny("llama", backend={"dtype": "bfloat16"}).answer([HELLO])[0]
    assert half.scores[0].logprobs == pytest.approx(exact.scores[0].logprobs, abs=0.5)
    assert half.scores != exact.scores


def test_number_types_follow_the_device_unless_they_are_set():
    assert resolve_dtype("auto", "cpu", "bfloat16") == "float32"
    assert resolve_dtype("auto", "cuda", "bfloat16") == "bfloat16"
    assert resolve_dtype("auto", "cuda", "float8") == "float32"
    assert resolve_dtype("float16", "cpu", "float32") == "float16"


def test_the_number_type_of_a_silent_configuration_is_read_from_the_weights(copy):
    from harness.backends.causal.files import open_folder

    config = json.loads((copy / "config.json").read_text())
    assert open_folder(copy).stored_dtype() == "float32"
    (copy / "config.json").write_text(json.dumps({k: v for k, v in config.items() if "dtype" not in k}))
    assert open_folder(copy).stored_dtype() == "float32"


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"model_type": "llama"}, "tree"),
        ({"model_type": "llama", "rope_scaling": {"rope_type": "llama3"}}, "tree"),
        ({"model_type": "llama", "rope_scaling": {"type": "dynamic"}}, "plain"),
        ({"model_type": "mistral", "sliding_window": None}, "tree"),
        ({"model_type": "mistral", "sliding_window": 4096}, "plain"),
        ({"model_type": "mistral"}, "plain"),
        ({"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": False}, "tree"),
        ({"model_type": "qwen2", "sliding_window": 4096, "use_sliding_window": True}, "plain"),
        ({"model_type": "qwen3", "layer_types": ["full_attention", "sliding_attention"]}, "plain"),
        ({"model_type": "mamba"}, "plain"),
        ({}, "plain"),
    ],
)
def test_the_scoring_path_follows_from_the_configuration(config, path):
    assert resolve_scoring("auto", config) == path
    assert resolve_scoring("plain", config) == "plain"


def test_a_gguf_file_is_converted_once_and_keeps_its_digest(monkeypatch, tmp_path):
    with pytest.raises(ModelError, match="there is no such file"):
        HuggingFace(str(tmp_path / "absent.gguf")).identity()
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError):
        HuggingFace(str(tmp_path / "broken.gguf")).identity()


@pytest.mark.gpu
def test_a_cuda_device_gives_what_the_cpu_gives(tiny):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device is usable here")
    asks = [HELLO, ScoreAsk("Q: Who?\nA:", (" Paris", " the doctor"))]
    gpu = tiny("llama", backend={"device": "cuda", "dtype": "float32"})
    for ours, theirs in zip(tiny("llama").answer(asks), gpu.answer(asks), strict=True):
        for one, other in zip(ours.scores, theirs.scores, strict=True):
            assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)
    assert gpu.answer([GenerateAsk("Hello", max_tokens=3)])[0].usage.output_tokens == 3


def test_asking_for_a_cuda_device_where_there_is_none_says_so():
    import torch

    if torch.cuda.is_available():
        pytest.skip("a CUDA device is usable here")
    assert resolve_device("auto") == "cpu"
    with pytest.raises(ModelError, match="no CUDA device is usable"):
        resolve_device("cuda:0")
