"""Public data fetched once, over the loopback interface: what is pinned is kept, anything else is refused."""

from __future__ import annotations

import hashlib

import pytest

from harness.canonical import Digest
from harness.data.download import PinnedDownload, cached, fetch
from harness.errors import DataError, OfflineError, StoreError

CONTENT = bytes(range(256)) * 300


@pytest.fixture
def server(loopback):
    """The address of a server with the pinned file and two others, and what it was asked for."""
    address, folder, asked = loopback
    (folder / "set.gz").write_bytes(CONTENT)
    (folder / "other.gz").write_bytes(CONTENT[:-1] + b"x")
    (folder / "short.gz").write_bytes(CONTENT[:100])
    return address, asked


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HARNESS_OFFLINE", raising=False)
    return tmp_path / "cache"


def pinned(*addresses):
    return PinnedDownload("made/set.gz", len(CONTENT), Digest("sha256", hashlib.sha256(CONTENT).hexdigest()), addresses)


def files(folder):
    return [path.name for path in sorted(folder.rglob("*")) if path.is_file()]


def test_what_is_pinned_is_fetched_kept_and_said_beforehand(server, cache):
    address, asked = server
    said = []
    path = fetch(pinned(f"{address}/set.gz"), lambda text: said.append((text, list(asked))))
    assert path == cached("made/set.gz") == cache / "data" / "made" / "set.gz"
    assert path.read_bytes() == CONTENT
    assert files(cache) == ["set.gz"]
    (text, before) = said[0]
    assert before == []
    assert "made/set.gz, 0.1 MB, from 127.0.0.1:" in text


def test_the_next_address_is_tried_where_one_has_nothing_or_something_else(server, cache):
    address, asked = server
    said = []
    paths = ("none.gz", "other.gz", "short.gz", "set.gz")
    fetch(pinned(*(f"{address}/{path}" for path in paths)), said.append)
    assert asked == [f"/{path}" for path in paths]
    assert len(said) == 4


@pytest.mark.parametrize(
    ("path", "why"),
    [("none.gz", "File not found"), ("other.gz", "not the pinned"), ("short.gz", "not the pinned"), ("loud", "pinned")],
)
def test_what_is_not_pinned_is_never_kept(server, cache, path, why):
    address, asked = server
    with pytest.raises(DataError, match=rf"made/set.gz could not be fetched: 127.0.0.1:\d+: .*{why}"):
        fetch(pinned(f"{address}/{path}"), [].append)
    assert files(cache) == []
    assert "/loud" not in asked or len(asked) <= 2


def test_a_server_that_is_not_there_is_said(cache):
    with pytest.raises(DataError, match="could not be fetched: 127.0.0.1:9: .*refused"):
        fetch(pinned("http://127.0.0.1:9/set.gz"), [].append)


def test_offline_nothing_is_asked_for(server, cache, monkeypatch):
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    address, asked = server
    with pytest.raises(OfflineError, match="offline mode forbids fetching it"):
        fetch(pinned(f"{address}/set.gz"), [].append)
    assert asked == []


def test_a_cache_that_cannot_be_written_is_said_before_anything_is_asked_for(server, cache):
    address, asked = server
    cache.write_text("a file where the folder must go")
    with pytest.raises(StoreError, match="HARNESS_CACHE"):
        fetch(pinned(f"{address}/set.gz"), [].append)
    assert asked == []
