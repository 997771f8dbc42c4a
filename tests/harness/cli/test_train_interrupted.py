"""`harness train` killed, stopped, crowded and out of disk: what was kept goes on, to the bit."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

pytestmark = pytest.mark.slow

STEPS = 600
TABLE = f"""
[train]
kind = "vae"
data = "synthetic:n=60,seed=2"
steps = {STEPS}
batch = 16
save_every = 50
validate_every = 150
[train.model]
width = 4
hidden = 8
latent = 2
samples = 2
"""


def files(folder):
    """Digests of all that a finished checkpoint holds."""
    return json.loads((folder / "manifest.json").read_bytes())["files"]


def states(folder):
    return sorted(int(place.name.removeprefix("step-")) for place in (folder / "underway").glob("step-*"))


def limit_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the table above as its harness.toml."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "harness.toml").write_text(TABLE)
    return folder


@pytest.fixture(scope="module")
def start(place):
    """Return a function that starts `harness train` there."""
    started = []

    def go(*words, launcher=(), **options):
        command = [sys.executable, *launcher, "-m", "harness", "train", *map(str, words), "--device", "cpu"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, cwd=place, env=environment, **pipes, **options)
        started.append(process)
        return process

    yield go
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def end(process, code=0):
    out, err = process.communicate(timeout=600)
    assert process.returncode == code, err
    assert "Traceback" not in err
    return out, " ".join(err.split())


def await_state(process, folder, beyond=0):
    """Wait until a state after step ``beyond`` is kept, while the process lives."""
    while max(states(folder), default=0) <= beyond and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, "it ended before it could be interrupted"
    return max(states(folder))


@pytest.fixture(scope="module")
def whole(start, place):
    """The files of the same training, never interrupted."""
    end(start("--out", "whole", "--quiet"))
    return files(place / "whole")


def test_killed_twice_it_ends_with_the_files_of_an_uninterrupted_training(start, whole, place):
    reached = 0
    for _ in range(2):
        process = start("--out", "killed", "--quiet")
        reached = await_state(process, place / "killed", beyond=reached)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert 0 < reached < STEPS
    assert not (place / "killed" / "manifest.json").exists()
    out, _ = end(start("--resume", "--out", "killed"))
    assert f"{STEPS} steps (complete)" in out
    assert files(place / "killed") == whole
    manifest = json.loads((place / "killed" / "manifest.json").read_bytes())
    assert manifest["timing"]["resumed"] == 2
    assert not (place / "killed" / "underway").exists()


def test_while_it_trains_nobody_else_trains_there_and_ctrl_c_keeps_what_there_is(start, whole, place):
    process = start("--out", "shared")
    await_state(process, place / "shared")
    process.send_signal(signal.SIGSTOP)  # so that it is still there when the other comes
    _, crowded = end(start("--out", "shared"), code=2)
    process.send_signal(signal.SIGCONT)
    assert "shared: another process is training here. Wait for it, or stop it." in crowded
    process.send_signal(signal.SIGINT)
    out, told = end(process, code=130)
    assert out == ""
    assert "Stopping: finishing what is under way." in told
    assert "Go on with `harness train --resume --out shared`." in told
    assert "error" not in told
    # The same command goes on too.
    end(start("--out", "shared", "--quiet"))
    assert files(place / "shared") == whole


def test_a_disk_that_takes_no_more_is_said_with_what_is_left(start, whole, place):
    _, told = end(start("--out", "full", "--quiet", preexec_fn=partial(limit_files, 8000)), code=4)
    assert "the state after step 50 cannot be kept" in told
    assert "Free some space, then `harness train --resume` goes on from the start." in told
    end(start("--resume", "--out", "full", "--quiet"))
    assert files(place / "full") == whole


def test_processes_that_train_together_tell_once_and_keep_the_weights_of_one(start, place):
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    out, _ = end(start("--out", "two", "--steps", "30", "--quiet", launcher=torchrun))
    assert out.count("Checkpoint: two") == out.count("Trained on") == 1
    end(start("--out", "one", "--steps", "30", "--quiet"))
    two, one = (json.loads((place / name / "manifest.json").read_bytes()) for name in ("two", "one"))
    assert (two["hardware"]["processes"], one["hardware"]["processes"]) == (2, 1)
    assert two["split"] == one["split"]
    # Noise differs between the processes: the losses are alike, not equal.
    assert two["curve"][-1]["validation"] == pytest.approx(one["curve"][-1]["validation"], rel=0.2)
