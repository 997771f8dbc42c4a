"""What --model stands for, told by what is in the folder."""

from __future__ import annotations

import pytest

from harness.cli.options import model_table
from harness.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    """Return a function that makes a folder holding one file."""

    def make(file):
        place = tmp_path / "model"
        (place / file).parent.mkdir(parents=True)
        (place / file).write_text("{}")
        return str(place)

    return make


def test_without_a_model_the_configured_one_stays():
    assert model_table(None) is None


@pytest.mark.parametrize("file", ["manifest.json", "underway/job.json"])
def test_a_checkpoint_is_opened_as_one_even_unfinished(folder, file):
    path = folder(file)
    assert model_table(path, ["a", "b"]) == {"backend": "local", "checkpoint": path, "references": ["a", "b"]}


def test_a_pipeline_and_a_language_model_are_told_apart(folder):
    path = folder("model_index.json")
    assert model_table(path) == {"backend": "diffusers", "model": path}
    assert model_table("smollm2-135m-instruct") == {"backend": "huggingface", "model": "smollm2-135m-instruct"}


def test_references_belong_to_a_checkpoint(folder):
    for model, problem in ((None, "name it with --model"), (folder("config.json"), "is no checkpoint")):
        with pytest.raises(UsageError, match=problem):
            model_table(model, ["a"])


def test_a_run_takes_the_model_of_the_command_line_whole(harness_cli, tmp_path):
    harness = harness_cli
    (tmp_path / "harness.toml").write_text('[model]\nbackend = "control"\nhallucination = 0.5\n')
    refused = harness("plan", "--model", tmp_path / "nowhere")
    assert refused.code == 2
    assert "nowhere" in refused.err
    assert "hallucination" not in refused.err
