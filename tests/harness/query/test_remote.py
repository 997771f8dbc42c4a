"""A store elsewhere is copied, checked against its own manifests, and never trusted with a path."""

from __future__ import annotations

import json
import shutil

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from harness.canonical import digest_bytes, dumps
from harness.errors import StoreError, UsageError
from harness.evidence.manifest import build_manifest
from harness.query import Role, open_library
from harness.query.remote import is_url, open_mirror

CONTROL = """
[model]
backend = "control"
[run]
profile = "smoke"
probes = ["bias.paired_likelihood"]
[probe."bias.paired_likelihood"]
items = 4
"""


@pytest.fixture
def elsewhere():
    """A file system with nothing on it."""
    its = MemoryFileSystem()
    its.store.clear()
    its.pseudo_dirs[:] = [""]
    yield its
    its.store.clear()


@pytest.fixture
def run(audit_text):
    return audit_text(CONTROL).folder


def put(files, folder, place):
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files.pipe_file(f"{place}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def test_what_is_finished_elsewhere_is_read_and_verified_here(elsewhere, run, tmp_path):
    put(elsewhere, run, "/bucket/runs/" + run.name)
    put(elsewhere, run.parent / ".journals", "/bucket/runs/.journals")
    mirror = open_mirror("memory://bucket/runs", tmp_path)
    assert mirror.refresh() == ()
    assert [path.name for path in mirror.folder.iterdir()] == [run.name]
    library = open_library(mirror.folder, Role.POLICY)
    assert [(its.name, its.trouble) for its in library.runs()] == [(run.name, "")]
    assert not [finding for finding in library.verify(run.name) if finding.fatal]


def test_what_is_here_is_not_fetched_again_and_news_are(elsewhere, run, tmp_path):
    put(elsewhere, run, "/runs/" + run.name)
    mirror = open_mirror("memory://runs", tmp_path)
    mirror.refresh()
    for name in list(elsewhere.store):
        if not name.endswith("manifest.json"):
            del elsewhere.store[name]
    assert mirror.refresh() == ()
    put(elsewhere, run, "/runs/" + run.name[:-1] + "2")
    assert mirror.refresh() == ()
    assert len(list(mirror.folder.iterdir())) == 2


def test_a_bundle_that_was_changed_on_the_way_is_told_and_not_shown(elsewhere, run, tmp_path):
    put(elsewhere, run, "/runs/" + run.name)
    elsewhere.pipe_file(f"/runs/{run.name}/scores.parquet", b"other")
    put(elsewhere, run, "/runs/whole")
    mirror = open_mirror("memory://runs", tmp_path)
    (trouble,) = mirror.refresh()
    assert trouble.startswith(f"{run.name}: scores.parquet is not what the manifest names")
    assert [path.name for path in mirror.folder.iterdir()] == ["whole"]


def test_a_bundle_that_lacks_a_file_is_told_and_hides_no_other(elsewhere, run, tmp_path):
    for name in (run.name, "whole"):
        put(elsewhere, run, "/runs/" + name)
    elsewhere.rm_file(f"/runs/{run.name}/replies.parquet")
    mirror = open_mirror("memory://runs", tmp_path)
    (trouble,) = mirror.refresh()
    assert trouble.startswith(run.name)
    assert [path.name for path in mirror.folder.iterdir()] == ["whole"]


@pytest.mark.parametrize(
    "path", ["../outside.json", "/outside.json", "a/../../outside.json", ".hidden", "a\\..\\b", "manifest.json"]
)
def test_a_manifest_cannot_have_a_file_written_outside_its_folder(elsewhere, tmp_path, path):
    content = b"{}"
    manifest = json.loads(dumps(build_manifest({"run.json": content})))
    manifest["files"][0] |= {"path": path, "digest": str(digest_bytes(content))}
    elsewhere.pipe_file("/runs/evil/manifest.json", json.dumps(manifest).encode())
    elsewhere.pipe_file("/runs/outside.json", content)
    mirror = open_mirror("memory://runs", tmp_path / "deep" / "copies")
    assert mirror.refresh() == ("evil: its manifest names itself, or a file outside the folder.",)
    assert not [its for its in tmp_path.rglob("*") if its.is_file()]


def test_a_study_comes_with_all_its_runs(elsewhere, run, tmp_path):
    arm = (run / "manifest.json").read_bytes()
    study = tmp_path / "study"
    shutil.copytree(run, study / "arms" / "baseline-seed1")
    listed = {"study.json": b"{}", "arms/baseline-seed1/manifest.json": arm}
    (study / "study.json").write_bytes(b"{}")
    (study / "manifest.json").write_bytes(dumps(build_manifest(listed)))
    put(elsewhere, study, "/runs/studies/one")
    mirror = open_mirror("memory://runs", tmp_path / "copies")
    assert mirror.refresh() == ()
    there = {path.relative_to(study) for path in study.rglob("*") if path.is_file()}
    here = mirror.folder / "studies" / "one"
    assert {path.relative_to(here) for path in here.rglob("*") if path.is_file()} == there


def test_a_place_that_cannot_be_listed_is_told(tmp_path):
    mirror = open_mirror("https://127.0.0.1:9/runs", tmp_path)
    with pytest.raises(StoreError, match="cannot be listed"):
        mirror.refresh()


def test_a_url_that_nothing_reads_is_refused_and_a_folder_is_no_url(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        open_mirror("nowhere://runs", tmp_path)
    assert is_url("s3://bucket/runs")
    assert not is_url("runs")
