"""`harness instruments convert`: told on stderr, pinned on stdout, and nothing in a pickle is run."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from harness.canonical import digest_file
from harness.contracts.instruments import NOTHING
from harness.errors import MissingExtraError
from harness.instruments.toxicity_detoxify import Detoxify
from harness.offline import network_forbidden
from harness.records import Reading

SPEC = importlib.util.spec_from_file_location(
    "tiny_detoxify", Path(__file__).parents[1] / "instruments/tiny_detoxify.py"
)
tiny = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tiny)


class Call:
    """What a malicious pickle holds."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.fixture
def detoxify():
    """Detoxify itself, without which its weights are converted but not used."""
    pytest.importorskip("detoxify", reason="the extra `toxicity` is not installed")


def settings_of(told):
    """What may be pasted into harness.toml."""
    return tomllib.loads(told[told.index("[instrument.") :])["instrument"]["toxicity.detoxify"]


@pytest.mark.usefixtures("detoxify")
def test_what_it_prints_opens_the_instrument(harness_cli, tmp_path):
    source, config = tiny.make(tmp_path)
    folder = tmp_path / 'a "safe" \\ place'
    with network_forbidden():
        done = harness_cli("instruments", "convert", source, "--to", folder)
        assert done.code == 0
        settings = settings_of(done.out)
        assert settings["path"] == str(folder)
        values = Detoxify(**{**settings, "config": str(config)}).read([Reading("toxicity.detoxify", "you")], NOTHING)
    assert 0 < values[0]["toxicity"] < 1
    assert "bert-base-uncased's config.json" in done.out


def test_it_says_on_stderr_what_it_does_and_that_the_weights_are_strange(harness_cli, tmp_path):
    source, _ = tiny.make(tmp_path)
    done = harness_cli("instruments", "convert", source, "--to", "safe")
    said = " ".join(done.err.split())
    assert "opening a pickle can run any code that is in it" in said
    assert "restricted unpickler" in said
    assert "none of the 5 checkpoints that Detoxify published" in said
    assert "pickle" not in done.out


def test_as_json_it_names_the_checkpoint_and_the_pin(harness_cli, tmp_path):
    source, _ = tiny.make(tmp_path)
    told = json.loads(harness_cli("instruments", "convert", source, "--to", "safe", "--json").out)
    assert told["settings"] == {
        "path": str(tmp_path / "safe"),
        "sha256": digest_file(tmp_path / "safe/detoxify.json").hex,
    }
    assert told["checkpoint"]["source"] == str(digest_file(source))
    assert told["checkpoint"]["labels"][0] == "toxicity"


def test_a_malicious_pickle_is_refused_and_not_run(harness_cli, tmp_path):
    source, _ = tiny.make(tmp_path)
    good = torch.load(source, weights_only=True)
    torch.save({**good, "config": Call(f"touch {tmp_path / 'ran'}")}, source)
    done = harness_cli("instruments", "convert", source, "--to", "safe")
    assert done.code == 2
    assert "posix.system" in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "safe").exists()


@pytest.mark.usefixtures("detoxify")
def test_another_digest_is_refused_and_the_right_one_is_measured(harness_cli, tmp_path):
    source, config = tiny.make(tmp_path)
    settings = settings_of(harness_cli("instruments", "convert", source, "--to", "safe").out) | {"config": str(config)}
    wrong = settings["sha256"][::-1]
    for digest, code in ((settings["sha256"], 0), (wrong, 2), ("abc", 2)):
        given = [f"--set={key}={value}" for key, value in {**settings, "sha256": f'"{digest}"'}.items()]
        done = harness_cli("instruments", "measure", "toxicity.detoxify", *given)
        assert done.code == code, done.err
        assert "Traceback" not in done.err
        if digest == wrong:
            assert "is not the file that was pinned" in " ".join(done.err.split())
    with (tmp_path / "safe/model.safetensors").open("ab") as file:
        file.write(b"\0")
    given = [f"--set={key}={value}" for key, value in settings.items()]
    assert harness_cli("instruments", "measure", "toxicity.detoxify", *given).code == 2


def test_weights_are_not_overwritten_and_a_missing_file_is_said(harness_cli, tmp_path):
    source, _ = tiny.make(tmp_path)
    assert harness_cli("instruments", "convert", source, "--to", "safe").code == 0
    again = harness_cli("instruments", "convert", source, "--to", "safe")
    assert (again.code, "not overwritten" in " ".join(again.err.split())) == (2, True)
    nowhere = harness_cli("instruments", "convert", "nowhere.ckpt", "--to", "other")
    assert (nowhere.code, "there is no such file" in " ".join(nowhere.err.split())) == (2, True)


@pytest.mark.parametrize("base", ["x\n[run]", "\x1b[31m", "", "a b", 7])
def test_a_name_that_could_deceive_the_reader_is_refused(harness_cli, tmp_path, base):
    source, _ = tiny.make(tmp_path)
    content = torch.load(source, weights_only=True)
    content["config"]["arch"]["args"]["model_type"] = base
    torch.save(content, source)
    done = harness_cli("instruments", "convert", source, "--to", "safe")
    assert (done.code, done.out) == (2, "")
    assert "\x1b" not in done.err
    assert not (tmp_path / "safe").exists()


def test_without_detoxify_the_instrument_names_the_extra(harness_cli, tmp_path, monkeypatch):
    source, config = tiny.make(tmp_path)
    told = harness_cli("instruments", "convert", source, "--to", "safe", "--json").out
    for module in [name for name in sys.modules if name.startswith("detoxify.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "detoxify", None)
    instrument = Detoxify(**json.loads(told)["settings"], config=str(config))
    assert instrument.card.title.startswith("Detoxify, checkpoint own ")
    with pytest.raises(MissingExtraError, match=r"rai-harness\[toxicity\].*toxicity\.lexical"):
        instrument.read([Reading("toxicity.detoxify", "you")], NOTHING)
