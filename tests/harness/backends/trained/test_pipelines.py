"""Folders of pipelines: what is refused before anything is opened. Imports nothing of diffusers."""

from __future__ import annotations

import json
import sys

import pytest

from harness.backends.trained.pipelines import open_pipeline
from harness.errors import ModelError

pytest.importorskip("torch")

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "feature_extractor": [None, None],
    "requires_safety_checker": True,
}


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes a folder with an index and other files."""

    def make(index=INDEX, **files):
        (tmp_path / "model_index.json").write_text(json.dumps(index) if isinstance(index, dict | list) else index)
        for name, content in files.items():
            place = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
        return tmp_path

    return make


def test_a_sound_folder_is_told_by_its_parts_and_the_digests_of_all_files(folder):
    found = open_pipeline(folder(unet__config_DOT_json="{}", unet__weights_DOT_safetensors="x"))
    assert found.pipeline == "StableDiffusionPipeline"
    assert set(found.components) == {"unet", "text_encoder", "safety_checker"}
    assert found.safety_checker == "stable_diffusion.StableDiffusionSafetyChecker"
    digests = found.digests()
    assert list(digests) == ["model_index.json", "unet/config.json", "unet/weights.safetensors"]
    assert all(digest.startswith("sha256:") for digest in digests.values())


def test_a_missing_safety_checker_is_said(folder):
    found = open_pipeline(folder({**INDEX, "safety_checker": [None, None]}))
    assert found.safety_checker == "none: whatever the model draws is given back"


@pytest.mark.parametrize("name", ["unet/weights.bin", "model.ckpt", "vae/x.pt", "a.pth", "deep/er/y.PKL"])
def test_a_folder_with_a_pickle_is_refused_even_beside_safetensors(folder, name):
    files = {name.replace("/", "__").replace(".", "_DOT_"): "x", "unet__weights_DOT_safetensors": "x"}
    with pytest.raises(ModelError, match="can hold a pickle.*save_pretrained"):
        open_pipeline(folder(**files))


def test_a_folder_with_code_is_refused(folder):
    with pytest.raises(ModelError, match=r"pipeline.py is code"):
        open_pipeline(folder(pipeline_DOT_py="print('hello')"))


@pytest.mark.parametrize(
    "index",
    [
        {**INDEX, "_class_name": ["pipeline", "Mine"]},
        {"unet": ["diffusers", "UNet2DModel"]},
        [1, 2],
    ],
)
def test_a_custom_pipeline_is_refused(folder, index):
    with pytest.raises(ModelError, match="custom pipeline is not run"):
        open_pipeline(folder(index))


@pytest.mark.parametrize(
    "part", [["os", "system"], ["my_code", "Net"], ["../x", "Net"], ["diffusers"], ["diffusers", 3]]
)
def test_a_part_of_another_library_is_refused(folder, part):
    with pytest.raises(ModelError, match="neither of diffusers nor of transformers"):
        open_pipeline(folder({**INDEX, "unet": part}))


@pytest.mark.parametrize(
    ("config", "refused"),
    [
        ('{"num_class_embeds": 11}', True),
        ('{"class_embed_type": "timestep"}', True),
        ('{"num_class_embeds": null}', False),
    ],
)
def test_a_network_by_class_that_no_pipeline_can_tell_the_class_is_refused(folder, config, refused):
    place = folder({"_class_name": "DDIMPipeline", "unet": ["diffusers", "UNet2DModel"]}, unet__config_DOT_json=config)
    if not refused:
        assert open_pipeline(place).pipeline == "DDIMPipeline"
        return
    with pytest.raises(ModelError, match="draws by class.*name the checkpoint, which is the folder around this one"):
        open_pipeline(place)


def test_what_is_no_pipeline_is_refused(folder, tmp_path):
    with pytest.raises(ModelError, match=r"no model_index\.json"):
        open_pipeline(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="not readable as JSON"):
        open_pipeline(folder("{"))


def test_looking_imports_nothing_heavy(folder):
    before = set(sys.modules)
    open_pipeline(folder())
    assert not {"diffusers", "transformers"} & (set(sys.modules) - before)
