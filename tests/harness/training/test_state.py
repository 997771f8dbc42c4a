"""States that survive a kill: written aside, the last two kept, a damaged one passed over, a foreign one refused."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from harness.errors import StoreError, UsageError
from harness.training.keeper import Keeper, read_job
from harness.training.loop import train
from harness.training.watch import Silent

TINY = Path(__file__).with_name("tiny.py")


class Noting(Silent):
    """Keeps the notes."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def states(out):
    return sorted(int(place.name.removeprefix("step-")) for place in (out / "underway").glob("step-*"))


@pytest.fixture
def stopped(begin, tiny, tmp_path):
    """The folder of a training that was stopped after 20 steps, with states after 14 and 20."""
    asked = []
    training, progress = begin("out", tiny.recipe(), stop=lambda: asked.append(1) or len(asked) == 20)
    with pytest.raises(Exception, match="Stopped after step 20"):
        train(training, progress)
    training.keeper.close(done=False)
    return tmp_path / "out"


def test_the_last_two_states_are_kept(stopped):
    assert states(stopped) == [14, 20]


def test_a_state_has_weights_average_moments_and_best_as_safetensors(begin, tiny, tmp_path):
    training, progress = begin("out", tiny.recipe(patience=3))
    train(training, progress)
    kept = load_file(tmp_path / "out" / "underway" / "step-00000030" / "state.safetensors")
    names = ["0.weight", "0.bias", "2.weight", "2.bias"]
    expected = {f"{part}/net/{name}" for part in ("weights", "average", "best") for name in names}
    expected |= {f"optimizer/net/{name}/{key}" for name in names for key in ("step", "exp_avg", "exp_avg_sq")}
    assert set(kept) == expected
    assert float(kept["optimizer/net/0.bias/step"]) == 30


@pytest.mark.parametrize("damage", ["cut", "flip", "head", "gone"])
def test_a_damaged_newest_state_is_passed_over_and_that_is_said(stopped, begin, tiny, damage):
    newest = stopped / "underway" / "step-00000020"
    tensors, head = newest / "state.safetensors", newest / "state.json"
    content = tensors.read_bytes()
    if damage == "cut":
        tensors.write_bytes(content[:-100])
    elif damage == "flip":
        tensors.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "head":
        head.write_text("{")
    else:
        tensors.unlink()
    watch = Noting()
    training, progress = begin("out", tiny.recipe(), watch=watch)
    assert progress.step == 14
    assert len(watch.notes) == 1
    assert watch.notes[0].startswith("The state after step 20 is damaged")
    train(training, progress)
    whole, its = begin("whole", tiny.recipe())
    train(whole, its)
    assert all(torch.equal(tensor, tiny.weights(whole)[name]) for name, tensor in tiny.weights(training).items())


def test_when_every_state_is_damaged_it_starts_over(stopped, begin, tiny):
    for place in (stopped / "underway").glob("step-*"):
        (place / "state.json").write_bytes(b"\xff")
    watch = Noting()
    _, progress = begin("out", tiny.recipe(), watch=watch)
    assert progress.step == 0
    assert len(watch.notes) == 2


def test_what_was_half_written_is_no_state(stopped, begin, tiny):
    (stopped / "underway" / ".partial").mkdir()
    (stopped / "underway" / ".partial" / "state.safetensors").write_bytes(b"half")
    _, progress = begin("out", tiny.recipe())
    assert progress.step == 20


def test_a_resume_with_another_recipe_says_what_differs(stopped, begin, tiny):
    with pytest.raises(UsageError) as caught:
        begin("out", tiny.recipe(learning_rate=0.02, seed=6))
    assert "recipe.learning_rate: begun with 0.01, now 0.02" in str(caught.value)
    assert "recipe.seed: begun with 5, now 6" in str(caught.value)
    assert "batch" not in str(caught.value)


def test_a_resume_with_other_data_is_refused(stopped, begin, tiny):
    with pytest.raises(UsageError, match=r"data: begun with 'sha256:.*\n  split: begun with"):
        begin("out", tiny.recipe(), records=tiny.material(n=61))


def test_a_resume_with_other_frozen_weights_is_refused(stopped, begin, tiny):
    generator = tiny.Tiny(16)
    generator.networks["frozen"] = torch.nn.Linear(2, 2)
    with pytest.raises(UsageError, match="frozen: begun with"):
        begin("out", tiny.recipe(), generator=generator)


def test_a_resumed_training_says_that_it_was(stopped, begin, tiny):
    _, progress = begin("out", tiny.recipe())
    assert (progress.step, progress.resumed) == (20, 1)
    assert progress.seconds > 0


def test_a_full_disk_names_the_state_that_is_left(begin, tiny, tmp_path):
    training, progress = begin("out", tiny.recipe())
    plain = training.keeper.save

    def save(its, learned):
        if its.step == 14:
            # A file where the folder must go: what a full disk does to a write, without filling one.
            (tmp_path / "out" / "underway" / ".partial").write_bytes(b"")
        plain(its, learned)

    training.keeper.save = save
    with pytest.raises(StoreError, match=r"the state after step 14 cannot be kept: .* goes on from step 7"):
        train(training, progress)


# ── the folder ────────────────────────────────────────────────────────────────────────────


def test_a_folder_of_something_else_is_refused_and_untouched(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="is not empty, and no training of ours"):
        Keeper(tmp_path).claim()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="is not empty, and no training of ours"):
        Keeper(tmp_path / "out").claim()


def test_a_finished_checkpoint_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UsageError, match="holds a finished checkpoint"):
        Keeper(tmp_path).claim()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="checkpoints cannot be written here"):
        Keeper(tmp_path / "file" / "out").claim()


def test_two_trainings_cannot_share_a_folder(begin, tiny, tmp_path):
    begin("out", tiny.recipe())
    with pytest.raises(UsageError, match="another process is training here"):
        Keeper(tmp_path / "out").claim()


def test_a_training_that_never_began_leaves_nothing(tmp_path):
    keeper = Keeper(tmp_path / "out")
    keeper.claim()
    keeper.close(done=False)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_job_is_said(stopped):
    (stopped / "underway" / "job.json").write_text("{")
    with pytest.raises(StoreError, match=r"job.json cannot be read"):
        read_job(stopped)


# ── kill -9 ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_training_killed_again_and_again_ends_with_the_same_weights(tiny, tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(TINY), str(tmp_path / "killed"), "--steps", "120", "--seconds-per-step"]
    tiny.complete(tmp_path / "whole", steps=120)
    draw = random.Random(3)
    seen = []
    for _ in range(3):
        process = subprocess.Popen([*command, "0.02"], env=environment)
        before = max(states(tmp_path / "killed"), default=0)
        while max(states(tmp_path / "killed"), default=0) <= before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen.append(max(states(tmp_path / "killed"), default=0))
    assert 0 < seen[0] <= seen[1] <= seen[2] < 120
    assert not (tmp_path / "killed" / "manifest.json").exists()
    subprocess.run([*command, "0"], check=True, env=environment)
    whole, killed = (tmp_path / name / "model" / "model.safetensors" for name in ("whole", "killed"))
    assert whole.read_bytes() == killed.read_bytes()
    manifest = json.loads((tmp_path / "killed" / "manifest.json").read_bytes())
    assert manifest["timing"]["resumed"] == 3
    assert manifest["steps"] == 120
