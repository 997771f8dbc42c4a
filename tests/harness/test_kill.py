"""kill -9 at random moments: nothing that was answered is lost, asked twice, or changes a number."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from harness.evidence.store import Store

KILLS = 10

CALCULATOR = """
[model]
backend = "acme.calculator"
errors = 0.2
batch_tokens = 100
delay_s = 0.004
log = "{log}"
[run]
probes = ["acme.arithmetic"]
profile = "standard"
"""

REAL = """
[model]
backend = "huggingface"
model = "{model}"
batch_tokens = 512
[run]
probes = ["hallucination.closed_book", "bias.paired_likelihood", "robustness.option_order"]
profile = "smoke"
[probe."hallucination.closed_book"]
items = 12
[probe."bias.paired_likelihood"]
items = 40
[probe."robustness.option_order"]
items = 6
"""

CONTROL = """
[model]
backend = "control"
delay_s = 0.004
[run]
profile = "smoke"
probes = [
  "hallucination.closed_book", "hallucination.self_consistency", "robustness.perturbation", "bias.counterfactual",
  "bias.image_attributes", "memorisation.membership", "memorisation.replication", "watermark.image",
  "utility.language_modelling",
]
"""
"""Of every family one, and together every kind of ask and of reading: texts, likelihoods, pictures, losses, records."""


def start(config, store, path):
    command = [sys.executable, "-m", "harness", "run", "--config", str(config), "--store", str(store), "--quiet"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def finish(process):
    try:
        out, err = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode == 0, err.decode()
    return Path(out.decode().rpartition("Evidence: ")[2].strip())


def journalled(store):
    """Digests of all asks answered in a store, read as a resumed run would."""
    found = set()
    for path in store.glob(".journals/*.sqlite"):
        # The killed process may have been about to make its tables, or be holding them.
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            found |= {row[0] for row in db.execute("SELECT key FROM entries WHERE kind = 'reply'")}
    return found


def kill_at_random_moments(config, store, path, *, seed, kills=KILLS):
    """Start the run again and again, killing it each time; yields what the journal held at each death."""
    moments = random.Random(seed)
    for _ in range(kills):
        process = start(config, store, path)
        deadline = time.monotonic() + 120
        held = len(journalled(store))
        # Wait until this process has committed something, so that the kill falls into the asking, then a little more.
        while len(journalled(store)) <= held and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(moments.uniform(0, 0.05))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        yield journalled(store)


@pytest.mark.parametrize("name", ["calculator", "control"])
def test_a_run_killed_ten_times_ends_with_the_bytes_of_an_uninterrupted_one(name, acme, tmp_path):
    config, log = tmp_path / "harness.toml", tmp_path / "sent.txt"
    config.write_text(CALCULATOR.format(log=log) if name == "calculator" else CONTROL)
    whole = finish(start(config, tmp_path / "whole", [acme]))
    log.unlink(missing_ok=True)

    store = tmp_path / "killed"
    answered_before = [set()]
    sent_before = [0]
    for held in kill_at_random_moments(config, store, [acme], seed=5):
        answered_before.append(held)
        sent_before.append(len(log.read_text().split()) if log.exists() else 0)
    resumed = finish(start(config, store, [acme]))

    for file in ("estimates.json", "scores.parquet"):
        assert (resumed / file).read_bytes() == (whole / file).read_bytes()
    assert len(answered_before[-1]) > len(answered_before[1]) > 0, "the kills must fall while asks are being answered"
    if name == "calculator":
        sent = log.read_text().split()
        for life, answered in enumerate(answered_before):
            end = sent_before[life + 1] if life + 1 < len(sent_before) else len(sent)
            assert not answered & set(sent[sent_before[life] : end]), "an answered ask was sent again"


@pytest.mark.slow
def test_a_real_model_killed_in_the_middle_ends_with_the_bytes_of_an_uninterrupted_run(real_model, tmp_path):
    config = tmp_path / "harness.toml"
    config.write_text(REAL.format(model=real_model))
    whole = finish(start(config, tmp_path / "whole", []))
    store = tmp_path / "killed"
    held = [len(found) for found in kill_at_random_moments(config, store, [], seed=3, kills=2)]
    assert 0 < held[0] < held[1]
    resumed = finish(start(config, store, []))
    for file in ("estimates.json", "scores.parquet"):
        assert (resumed / file).read_bytes() == (whole / file).read_bytes()


def test_a_half_written_bundle_is_never_taken_for_a_run(calculator_run):
    store = calculator_run.done.folder.parent
    partial = store / ".run-1.123.partial"
    partial.mkdir()
    (partial / "run.json").write_text("{}")
    assert [path.name for path in Store(store).bundles()] == [calculator_run.done.folder.name]


def test_ctrl_c_saves_everything_and_prints_the_command_that_goes_on(acme, tmp_path):
    config = tmp_path / "harness.toml"
    config.write_text(CALCULATOR.format(log="").replace("0.004", "0.02"))
    process = start(config, tmp_path / "runs", [acme])
    deadline = time.monotonic() + 60
    while not journalled(tmp_path / "runs") and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Press Ctrl-C again to stop at once" in err.decode()
    assert "harness resume calculator-" in err.decode()
    assert journalled(tmp_path / "runs")
