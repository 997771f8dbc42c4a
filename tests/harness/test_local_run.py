"""The whole walk on a checkpoint trained here: planned, drawn, judged, written and verified."""

from __future__ import annotations

import json
import shutil

import pytest

from harness.evidence.verify import verify
from harness.records import CellStatus
from harness.registry import Registry

TEXT = """
[model]
backend = "acme.local"
checkpoint = "{folder}"
device = "cpu"
batch = 16
[run]
probes = ["acme.pictures", "acme.members"]
profile = "smoke"
"""


@pytest.fixture
def walk(acme_pictures, install, audit_text):
    install("acme-local", {"harness.backends": {"acme.local": "harness.backends.local:Local"}})
    return lambda folder: audit_text(TEXT.format(folder=folder))


@pytest.mark.slow
def test_a_checkpoint_is_audited_from_plan_to_verified_bundle(walk, tiny_folder):
    done = walk(tiny_folder("vae"))
    assert [cell.status for cell in done.target.plan.cells] == [CellStatus.PLANNED] * 2
    assert {finding.what for finding in verify(done.folder, Registry()) if finding.fatal} == set()
    assert len(list((done.folder / "media").iterdir())) > 100
    assert done.evidence.run["totals"]["failed"] == 0
    assert str(tiny_folder("vae")) not in json.dumps(done.evidence.run["plan"]["identity"])
    again = walk(tiny_folder("vae"))
    assert again.evidence.run["totals"]["from_journal"] == again.evidence.run["totals"]["asks"]
    assert dict(again.evidence.media) == dict(done.evidence.media)


@pytest.mark.slow
def test_a_released_checkpoint_is_audited_as_far_as_it_goes_and_the_rest_is_said(walk, tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder("vae"), tmp_path / "released")
    (folder / "records.parquet").unlink()
    members, pictures = sorted(walk(folder).target.plan.cells, key=lambda cell: cell.probe)
    assert pictures.status is CellStatus.PLANNED
    assert members.status is CellStatus.NOT_APPLICABLE
    assert "training data, which is not to be had" in members.reason
    assert "there is no records.parquet" in members.reason
