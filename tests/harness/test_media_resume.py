"""Runs of a model that draws, stopped and killed: no image is lost, drawn twice, or changes a byte."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from harness.execute import Stop
from harness.run import Silent, Unfinished


def contents(bundle):
    files = [bundle / "estimates.json", bundle / "scores.parquet", *(bundle / "media").iterdir()]
    return {path.relative_to(bundle).as_posix(): path.read_bytes() for path in files}


def test_an_interrupted_run_is_resumed_to_the_same_images(acme_pictures, pictures_text, audit_text, tmp_path):
    whole = audit_text(pictures_text, store=tmp_path / "whole")
    stop = Stop()

    class Interrupting(Silent):
        def answered(self, cells):
            if cells:
                stop.interrupted.set()

    part = audit_text(pictures_text, store=tmp_path / "part", stop=stop, watch=Interrupting(), expect=Unfinished)
    assert part.left > 0
    rest = audit_text(pictures_text, store=tmp_path / "part")
    assert rest.evidence.run["totals"]["from_journal"] > 0
    assert contents(rest.folder) == contents(whole.folder)
    assert len(contents(whole.folder)) > 30


def kept(store):
    """Number of replies in a store's journal, the images they name, and those that are there, as others see it."""
    for path in store.glob(".journals/*.sqlite"):
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT kind, key, content FROM entries WHERE kind IN ('reply', 'media')").fetchall()
            replies = [json.loads(content) for kind, _, content in found if kind == "reply"]
            there = {key for kind, key, _ in found if kind == "media"}
            return len(replies), {name for reply in replies for name in reply["media"]}, there
    return 0, set(), set()


@pytest.mark.slow
def test_a_run_killed_while_it_draws_ends_with_the_images_of_an_uninterrupted_one(
    acme_pictures, pictures_text, tmp_path
):
    config = tmp_path / "harness.toml"
    config.write_text(pictures_text.replace("refusal = 0.1", "delay_s = 0.02"))

    def start(store):
        command = [sys.executable, "-m", "harness", "run", "--config", str(config), "--store", str(store), "--quiet"]
        environment = {**os.environ, "PYTHONPATH": str(acme_pictures)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=environment, start_new_session=True, **pipes)

    def finished(process):
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
        return Path(out.decode().rpartition("Evidence: ")[2].strip())

    whole, store = finished(start(tmp_path / "whole")), tmp_path / "killed"
    held = [0]
    for _ in range(3):
        process = start(store)
        deadline = time.monotonic() + 60
        while kept(store)[0] <= held[-1] and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        replies, wanted, there = kept(store)
        assert wanted == there
        held.append(replies)
    assert 0 < held[1] < held[-1]
    assert contents(finished(start(store))) == contents(whole)
