"""Folders of weights: what is written is read back to the bit, and whatever else is there is refused."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.errors import ModelError
from harness.models.gan import Gan
from harness.models.kinds import open_generator
from harness.models.vae import Vae

SMALL = {"vae": {"width": 4, "hidden": 8, "latent": 3}, "gan": {"width": 4, "latent": 3}}
KINDS = {"vae": Vae, "gan": Gan}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def saved(kind, pictures, tmp_path):
    model = KINDS[kind].build(SMALL[kind], pictures())
    model.save(tmp_path / "model")
    return model, tmp_path / "model"


def test_a_model_comes_back_to_the_bit(kind, saved):
    model, folder = saved
    before = torch.get_rng_state()
    again = open_generator(kind, folder)
    assert torch.equal(before, torch.get_rng_state())
    assert again.settings == model.settings
    assert again.classes == model.classes
    assert torch.equal(again.draw([1, 2], labels=[0, 1]), model.draw([1, 2], labels=[0, 1]))
    for network in again.networks.values():
        assert not network.training
        assert all(parameter.requires_grad and parameter.device.type == "cpu" for parameter in network.parameters())


def test_saving_twice_gives_equal_bytes_and_nothing_else(saved, tmp_path):
    model, folder = saved
    model.save(tmp_path / "again")
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(["config.json", *(f"{name}.safetensors" for name in model.networks)])
    assert all((folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)


def missing(weights):
    weights.pop(min(weights))


def extra(weights):
    weights["surprise"] = torch.zeros(1)


def reshaped(weights):
    name = min(weights)
    weights[name] = weights[name].reshape(-1, 1)


def halved(weights):
    name = min(weights)
    weights[name] = weights[name].half()


def not_finite(weights):
    weights[min(weights)].view(-1)[0] = float("nan")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (missing, "is missing"),
        (extra, "'surprise' does not belong there"),
        (reshaped, "is \\[.*not \\["),
        (halved, "torch.float16, not"),
        (not_finite, "not finite"),
    ],
)
def test_weights_that_are_not_exactly_the_networks_are_refused(kind, saved, damage, says):
    model, folder = saved
    path = folder / f"{min(model.networks)}.safetensors"
    weights = load_file(path)
    damage(weights)
    save_file(weights, path)
    with pytest.raises(ModelError, match=says) as refusal:
        open_generator(kind, folder)
    assert "train it again" in str(refusal.value)


def test_a_missing_or_broken_file_of_weights_is_refused(kind, saved):
    model, folder = saved
    path = folder / f"{min(model.networks)}.safetensors"
    path.write_bytes(b"not a tensor in sight")
    with pytest.raises(ModelError, match="not a safetensors file"):
        open_generator(kind, folder)
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        open_generator(kind, folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda config: config | {"kind": "language"}, "of kind 'language'"),
        (lambda config: config | {"format": 2}, "format"),
        (lambda config: config | {"hidden": 1}, "hidden"),
        (lambda config: config | {"settings": {"width": -4}}, "width"),
        (lambda config: config | {"form": {"channels": 2, "size": 8}}, "form.channels"),
        (lambda config: config | {"form": {"channels": 1, "size": 10**9}}, "form.size"),
        (lambda config: [config], "the whole file"),
    ],
)
def test_a_wrong_configuration_is_refused(kind, saved, change, says):
    _, folder = saved
    path = folder / "config.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ModelError, match=says):
        open_generator(kind, folder)


def test_a_folder_without_configuration_is_refused(kind, tmp_path):
    with pytest.raises(ModelError, match=f"config.json.*harness train {kind}"):
        open_generator(kind, tmp_path)
