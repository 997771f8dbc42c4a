"""A repository of the hub that is in its cache on this machine is found, opened and drawn from without a connection."""

from __future__ import annotations

import pytest

from harness.backends.causal.sources import find
from harness.backends.diffusers import Diffusers
from harness.errors import ModelError
from harness.records import DrawAsk, Finish

constants = pytest.importorskip("huggingface_hub.constants")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return a function that puts a folder into the hub's cache as its library lays it: blobs, and links to them."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def put(folder, owner, name):
        repo = tmp_path / "hub" / f"models--{owner}--{name}"
        (repo / "refs").mkdir(parents=True)
        (repo / "refs" / "main").write_text(COMMIT)
        (repo / "blobs").mkdir()
        for number, path in enumerate(sorted(path for path in folder.rglob("*") if path.is_file())):
            blob = repo / "blobs" / f"{number:064x}"
            blob.write_bytes(path.read_bytes())
            link = repo / "snapshots" / COMMIT / path.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(blob)

    return put


def test_a_repository_is_found_by_branch_and_by_commit_and_named_by_its_commit(hub, tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "config.json").write_text("{}")
    hub(tmp_path / "made", "someone", "pictures")
    for revision in (None, "main", COMMIT):
        found = find("someone/pictures", revision)
        assert (found.name, found.origin) == ("someone/pictures", f"hub:someone/pictures@{COMMIT}")
        assert (found.folder / "config.json").read_text() == "{}"
    with pytest.raises(ModelError, match="someone/pictures@other is not on this machine"):
        find("someone/pictures", "other")


@pytest.mark.slow
def test_a_pipeline_of_the_hub_draws_what_its_folder_draws(hub, tiny_folder):
    folder = tiny_folder("stable_diffusion")
    hub(folder, "someone", "pictures")
    drawn = []
    for model in (str(folder), "someone/pictures"):
        backend = Diffusers(model, device="cpu", steps=2)
        reply = backend.answer([DrawAsk(3, prompt="a cat")])[0]
        assert reply.finish is Finish.STOP
        drawn.append((backend.identity().details["files"], reply.media))
        backend.close()
    assert drawn[0] == drawn[1]
