"""kill -9 in the middle of a study: the same command goes on, and its bundle is that of an uninterrupted one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.registry import Registry
from harness.study.bundle import verify_study
from harness.study.reading import ARMS, STUDIES, is_study

KILLS = 3
STUDY = """
title = "Orders"
question = "Does asking in every order help?"
seeds = [1]
[model]
backend = "control"
order_bias = 0.6
delay_s = 0.01
[probe."robustness.option_order"]
items = 16
[probe."hallucination.closed_book"]
items = 16
[[risk]]
metric = "robustness.option_order/flip_rate"
[[utility]]
metric = "hallucination.closed_book/mc1"
margin = 0.3
reason = "A test."
[[treatment]]
name = "orders"
mitigation = "permute_average"
"""


def start(file, store):
    command = [sys.executable, "-m", "harness", "study", str(file), "--store", str(store), "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()
    return Path(out.decode().rpartition("Evidence: ")[2].strip())


def content(folder):
    names = ("study.json", "effects.json", "verdicts.json", "report.html", "study.toml")
    scores = {path.parent.name: path.read_bytes() for path in sorted(folder.glob(f"{ARMS}/*/scores.parquet"))}
    return {name: (folder / name).read_bytes() for name in names} | scores


@pytest.mark.slow
def test_a_study_that_is_killed_again_and_again_ends_with_the_same_bundle(tmp_path):
    file = tmp_path / "orders.toml"
    file.write_text(STUDY)
    began = time.monotonic()
    whole = finish(start(file, tmp_path / "whole"))
    took = time.monotonic() - began
    moments = random.Random(7)
    for _ in range(KILLS):
        process = start(file, tmp_path / "killed")
        time.sleep(moments.uniform(0.2, 0.7) * took)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    resumed = finish(start(file, tmp_path / "killed"))
    assert content(resumed) == content(whole)
    assert verify_study(resumed, Registry()) == []
    # What a killed one had begun is gone: only whole studies are left.
    assert all(is_study(path) for path in (tmp_path / "killed" / STUDIES).iterdir())
