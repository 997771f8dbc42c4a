"""Pipelines of diffusers whose training nobody here knows, audited from the command line."""

from __future__ import annotations

import json

import pytest

CONFIG = """
[run]
probes = ["robustness.image_noise", "utility.sample_speed"]
[probe."robustness.image_noise"]
images = 20
[probe."utility.sample_speed"]
images = 20
"""


@pytest.fixture
def harness(harness_cli, tmp_path):
    (tmp_path / "harness.toml").write_text(CONFIG)
    return harness_cli


@pytest.mark.slow
def test_a_stable_diffusion_pipeline_is_asked_for_prompts_and_its_bundle_verifies(harness, tiny_folder, tmp_path):
    folder = tiny_folder("reading")
    planned = harness("plan", "--model", folder)
    assert planned.code == 0, planned.err
    assert "robustness.image_noise@picture_prompts" in planned.out
    assert "utility.sample_speed@picture_prompts: 20 cases" in planned.out
    done = harness("run", "--model", folder)
    assert done.code == 0, done.err
    shown = harness("runs", "show", "latest").out
    assert "Of 20 pictures" in shown
    assert "For rewording polite" in shown
    assert "drawing one picture took" in shown
    assert shown.count("as it should be") == 4
    assert harness("verify", "latest").code == 0
    (bundle,) = [path.parent for path in (tmp_path / "runs").rglob("estimates.json")]
    totals = json.loads((bundle / "run.json").read_text())["totals"]
    assert totals["failed"] == 0
    assert (bundle / "report.html").read_text().count("seed distances") > 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ddim", "dit"])
def test_a_pipeline_that_takes_no_prompt_is_not_asked_for_any(harness, tiny_folder, name):
    planned = harness("plan", "--model", tiny_folder(name))
    assert planned.code == 5
    assert planned.err.count("draws from no prompt") == 2
