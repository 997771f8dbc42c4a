"""The training loop: schedules, batches, divergence, memory, early stopping, and what privacy hides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from harness.errors import UsageError
from harness.models.generator import Player
from harness.privacy import accounting
from harness.seeds import derive
from harness.training.batches import Feed, Poisson, Shuffled
from harness.training.keeper import Keeper
from harness.training.loop import train
from harness.training.plain_step import PlainStep
from harness.training.schedule import learning_rate
from harness.training.setting_up import set_up
from harness.training.trouble import TrainingDivergedError, TrainingMemoryError, TrainingStoppedError
from harness.training.watch import Silent


class Recorder(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.notes, self.steps, self.validations, self.saves = [], [], [], []

    def note(self, text):
        self.notes.append(text)

    def step(self, step, of, loss, seconds, epsilon):
        self.steps.append((step, of, loss, epsilon))

    def validated(self, step, loss):
        self.validations.append((step, loss))

    def saved(self, step):
        self.saves.append(step)


def same(these, those):
    return these.keys() == those.keys() and all(torch.equal(these[name], those[name]) for name in these)


# ── schedule ──────────────────────────────────────────────────────────────────────────────


def test_the_rate_rises_to_its_base_and_falls_to_a_tenth():
    rates = [learning_rate(step, steps=100, base=2.0, warmup=10, decay=True) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9] == 2.0
    assert rates[54] == pytest.approx(1.1)  # half way down the cosine: the mean of 2 and 0.2
    assert rates[99] == pytest.approx(0.2)
    assert np.argmax(rates) == 9


def test_without_decay_the_rate_stays():
    assert {learning_rate(step, steps=50, base=0.5, warmup=0, decay=False) for step in range(1, 51)} == {0.5}


def test_a_warmup_as_long_as_the_training_never_falls():
    assert learning_rate(5, steps=5, base=1.0, warmup=5, decay=True) == 1.0


# ── batches ───────────────────────────────────────────────────────────────────────────────


@given(st.integers(1, 30), st.integers(1, 70), st.integers(0, 5))
def test_every_epoch_has_every_record_once(n, batch, seed):
    batches = Shuffled(n, batch, seed=seed)
    stream = np.concatenate([batches.draw(number) for number in range(2 * n)])
    for epoch in range(len(stream) // n):
        assert sorted(stream[epoch * n : (epoch + 1) * n]) == list(range(n))


def test_a_batch_is_a_function_of_its_number():
    forwards = Shuffled(50, 8, seed=3)
    drawn = [forwards.draw(number) for number in range(20)]
    assert all((Shuffled(50, 8, seed=3).draw(number) == drawn[number]).all() for number in (19, 0, 7))


def test_poisson_batches_vary_as_binomials_do_and_some_are_empty():
    batches = Poisson(20, 0.05)
    sizes = np.array([len(batches.draw(number)) for number in range(4000)])
    assert abs(sizes.mean() - 1) < 5 * np.sqrt(0.95 / 4000)
    assert abs((sizes == 0).mean() - 0.95**20) < 5 * np.sqrt(0.25 / 4000)


def test_two_samplers_never_agree():
    assert any(len(np.setxor1d(Poisson(100, 0.5).draw(0), Poisson(100, 0.5).draw(0))) for _ in range(3))


def test_a_repeated_record_is_prepared_once_and_drawn_as_often_as_it_repeats():
    feed = Feed({"x": torch.tensor([10.0, 20.0])}, np.array([0, 1, 1, 1]), torch.device("cpu"))
    assert len(feed) == 4
    assert feed.pick(np.array([3, 0, 1]))["x"].tolist() == [20.0, 10.0, 20.0]
    assert [piece["x"].tolist() for piece in feed.pieces(1, 4, 2)] == [[20.0, 20.0], [20.0]]


# ── the plain step ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("physical", [1, 3, 8])
def test_micro_batches_give_the_weights_of_one_big_batch(tiny, physical):
    generator = tiny.Tiny(16, noise=0.0)
    player = generator.players()[0]
    before = {name: p.detach().clone() for name, p in player.network.named_parameters()}
    rows = generator.prepare(tiny.material().examples.take(range(8)))
    expected = [
        b - 0.1 * g
        for b, g in zip(
            before.values(),
            torch.autograd.grad(player.record_losses(rows).mean(), list(player.network.parameters())),
            strict=True,
        )
    ]
    step = PlainStep(player, torch.optim.SGD(player.network.parameters(), 0.1), max_grad_norm=None, precision="float32")
    loss = step.take(rows, records=8, physical=physical)
    assert loss == pytest.approx(float(generator.losses(rows, seed=0)["error"].mean()), rel=0.2)
    for found, wanted in zip(player.network.parameters(), expected, strict=True):
        torch.testing.assert_close(found.detach(), wanted, rtol=1e-6, atol=1e-7)


def test_a_free_loss_is_a_mean_however_it_is_cut(tiny):
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 3.0)
    player = Player("maker", network, None, lambda n: network(torch.ones(n, 1)).mean())
    step = PlainStep(player, torch.optim.SGD(network.parameters(), 1.0), max_grad_norm=None, precision="float32")
    assert step.take(None, records=7, physical=3) == pytest.approx(3.0)
    assert float(network.weight.detach()) == pytest.approx(2.0)


def test_the_gradient_of_a_batch_is_clipped_as_a_whole():
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 0.0)
    player = Player("net", network, lambda rows: 10 * network(rows["x"]).squeeze(1))
    step = PlainStep(player, torch.optim.SGD(network.parameters(), 1.0), max_grad_norm=0.5, precision="float32")
    step.take({"x": torch.ones(4, 1)}, records=4, physical=1)
    assert float(network.weight.detach()) == pytest.approx(-0.5, rel=1e-4)


# ── the loop ──────────────────────────────────────────────────────────────────────────────


def test_training_learns_and_tells_what_happens(tiny, tmp_path, begin):
    watch = Recorder()
    training, progress = begin("out", tiny.recipe(steps=200, save_every=100), watch=watch)
    train(training, progress)
    assert progress.stopped == "complete"
    assert [step for step, *_ in watch.steps] == list(range(1, 201))
    assert watch.validations[-1][1] < watch.validations[0][1]
    assert watch.saves == [100, 200]
    assert [point.step for point in progress.curve] == list(range(1, 201))
    assert all(point.validation is not None for point in progress.curve if point.step % 10 == 0)


def test_two_trainings_of_one_recipe_are_equal_to_the_bit(tiny, tmp_path, begin):
    results = []
    for name in ("a", "b"):
        training, progress = begin(name, tiny.recipe())
        train(training, progress)
        results.append(tiny.weights(training))
    assert same(*results)


def test_the_average_is_what_is_kept(tiny, tmp_path, begin):
    training, progress = begin("out", tiny.recipe(average=0.9))
    update, moved = training.learned.average.update, []

    def watched(step):
        update(step)
        moved.append(tiny.weights(training)["net.0.bias"])

    training.learned.average.update = watched
    train(training, progress)
    torch.manual_seed(5)
    average = tiny.Tiny(16).networks["net"][0].bias.detach().clone()
    for step, weight in enumerate(moved, 1):
        decay = min(0.9, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weight
    torch.testing.assert_close(tiny.weights(training)["net.0.bias"], average, rtol=1e-5, atol=1e-6)
    assert not torch.equal(average, moved[-1])


def test_early_stopping_keeps_the_best_weights(tiny, tmp_path, begin):
    # A rate far too high for what is left to learn: validation gets worse at once.
    its = tiny.recipe(steps=400, learning_rate=0.5, decay=False, warmup=0, average=0.0, validate_every=2, patience=3)
    watch = Recorder()
    training, progress = begin("out", its, watch=watch)
    train(training, progress)
    assert progress.stopped == "early"
    assert progress.step < 400
    losses = dict(watch.validations)
    assert progress.best_step == min(losses, key=losses.get)
    assert progress.step - progress.best_step == 6
    rows = training.held_out.pick(np.arange(len(training.held_out)))
    again = training.generator.losses(rows, seed=derive(its.seed, "validation"))["error"].mean()
    assert float(again) == pytest.approx(losses[progress.best_step], rel=1e-5)


def test_a_loss_that_is_no_number_stops_with_the_step_and_what_was_kept(tiny, tmp_path, begin):
    generator = tiny.Tiny(16)
    plain = generator._record_losses
    calls = []

    def spoilt(rows):
        calls.append(1)
        return plain(rows) * (float("nan") if len(calls) == 10 else 1.0)

    generator._record_losses = spoilt
    training, progress = begin("out", tiny.recipe(), generator=generator)
    with pytest.raises(TrainingDivergedError, match=r"Step 10: the loss of net .* The state of step 7 is kept in"):
        train(training, progress)


def test_weights_that_are_no_numbers_stop_before_any_state_is_kept(tiny, tmp_path, begin):
    training, progress = begin("out", tiny.recipe(learning_rate=1e38, warmup=0, save_every=1))
    with pytest.raises(TrainingDivergedError, match=r"a weight is not a finite number|loss") as caught:
        train(training, progress)
    states = sorted((tmp_path / "out" / "underway").glob("step-*"))
    assert caught.value.kept == (int(states[-1].name[5:]) if states else None)


class Forgetful(Silent):
    """A watch that interrupts the process, as a kill would, after a step."""

    def __init__(self, last):
        self.last = last

    def step(self, step, of, loss, seconds, epsilon):
        if step == self.last:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("last", "maker"), [(3, True), (7, False), (18, True), (30, False)])
def test_a_resumed_training_ends_with_the_same_weights(tiny, tmp_path, begin, last, maker):
    def start(name, watch=None):
        torch.manual_seed(5)
        return begin(name, tiny.recipe(patience=3), generator=tiny.Tiny(16, maker=maker), watch=watch)

    training, progress = start("whole")
    train(training, progress)
    wanted, curve = tiny.weights(training), [(p.step, p.loss, p.validation) for p in progress.curve]
    training, progress = start("broken", Forgetful(last))
    with pytest.raises(KeyboardInterrupt):
        train(training, progress)
    training.keeper.close(done=False)
    training, progress = start("broken")
    assert progress.step == max((step for step in (0, 7, 14, 21, 28) if step < last), default=0)
    train(training, progress)
    assert same(tiny.weights(training), wanted)
    assert [(p.step, p.loss, p.validation) for p in progress.curve] == curve


def test_ctrl_c_keeps_the_state_and_says_how_to_go_on(tiny, tmp_path, begin):
    training, progress = begin("out", tiny.recipe(), stop=lambda: True)
    with pytest.raises(TrainingStoppedError, match=r"Stopped after step 1, .*harness train --resume"):
        train(training, progress)
    training.keeper.close(done=False)
    _, progress = begin("out", tiny.recipe())
    assert progress.step == 1


# ── memory ────────────────────────────────────────────────────────────────────────────────


class Cramped:
    """Runs out of memory above so many records, as a GPU would."""

    def __init__(self, generator, most):
        self.most, self.sizes = most, []
        plain = generator._record_losses

        def losses(rows):
            self.sizes.append(len(rows["x"]))
            if len(rows["x"]) > self.most:
                raise torch.OutOfMemoryError("out of memory")
            return plain(rows)

        generator._record_losses = losses


def test_out_of_memory_halves_the_physical_batch_and_keeps_the_logical_one(tiny, tmp_path, begin):
    kept = []
    for most in (8, 3):
        torch.manual_seed(5)
        generator, watch = tiny.Tiny(16, noise=0.0), Recorder()
        memory = Cramped(generator, most)
        training, progress = begin(str(most), tiny.recipe(steps=5), generator=generator, watch=watch)
        train(training, progress)
        kept.append((tiny.weights(training), watch.notes, progress.physical, memory.sizes))
    (whole, notes, physical, _), (cut, told, small, sizes) = kept
    assert (notes, physical) == ([], 8)
    assert small == 2
    assert sizes[:6] == [8, 4, 2, 2, 2, 2]
    assert [note.partition(".")[0] for note in told] == [
        "Step 1: out of memory; the physical batch is halved to 4",
        "Step 1: out of memory; the physical batch is halved to 2",
    ]
    for name, tensor in whole.items():
        torch.testing.assert_close(cut[name], tensor, rtol=1e-5, atol=1e-6)


def test_one_record_that_does_not_fit_is_an_error_with_the_step(tiny, tmp_path, begin):
    generator = tiny.Tiny(16)
    Cramped(generator, 0)
    training, progress = begin("out", tiny.recipe(), generator=generator)
    with pytest.raises(TrainingMemoryError, match=r"Step 1: .* even with one record at a time"):
        train(training, progress)


# ── privacy ───────────────────────────────────────────────────────────────────────────────


def test_a_private_training_shows_no_loss_and_counts_its_steps(tiny, tmp_path, begin):
    watch = Recorder()
    its = tiny.recipe(privacy={"noise_multiplier": 1.0}, batch=4)
    training, progress = begin("out", its, generator=tiny.Tiny(16, maker=True), watch=watch)
    train(training, progress)
    assert progress.takes == {"net": 60}
    assert {loss for _, _, loss, _ in watch.steps} == {None}
    assert all(point.loss is None and point.epsilon is not None for point in progress.curve)
    spent = [point.epsilon for point in progress.curve]
    assert spent == sorted(spent)
    ledger = training.budget.ledger(progress.takes)
    assert [(event.player, event.steps, event.noise_multiplier) for event in ledger.events] == [("net", 60, 1.0)]
    assert ledger.events[0].sample_rate == 4 / ledger.records


def test_a_spent_budget_stops_before_it_is_overspent(tiny, tmp_path, begin):
    its = tiny.recipe(steps=40, batch=2, privacy={"epsilon": 0.8, "noise_multiplier": 1.5, "delta": 1e-3})
    training, progress = begin("out", its)
    train(training, progress)
    assert progress.stopped == "budget"
    assert progress.curve[-1].epsilon <= 0.8
    assert 0 < progress.step == training.rounds < 40
    for steps, over in ((progress.step, False), (progress.step + 1, True)):
        ledger = training.budget.ledger({"net": steps})
        assert (accounting.epsilon(ledger, delta=1e-3, accountant="prv").epsilon > 0.8) == over


def test_a_budget_that_affords_nothing_is_refused_before_training(tiny, tmp_path, begin):
    its = tiny.recipe(batch=4, privacy={"epsilon": 0.01, "noise_multiplier": 0.5})
    with pytest.raises(UsageError, match="Not one round fits"):
        begin("out", its)


def test_private_trainings_differ_and_keep_no_seed(tiny, tmp_path, begin):
    kept = []
    for name in ("a", "b"):
        its = tiny.recipe(steps=7, privacy={"noise_multiplier": 1.0}, batch=4)
        training, progress = begin(name, its)
        train(training, progress)
        kept.append(tiny.weights(training))
    assert not same(*kept)
    written = json.loads((tmp_path / "a" / "underway" / "step-00000007" / "state.json").read_bytes())
    assert "seed" not in json.dumps(written)


# ── several processes ─────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_two_processes_train_the_weights_of_one(tiny, tmp_path):
    tiny.complete(tmp_path / "one", steps=12, noise=0.0)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    arguments = [str(Path(__file__).with_name("tiny.py")), str(tmp_path / "two"), "--steps", "12", "--noise", "0"]
    subprocess.run([*torchrun, *arguments], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    one, two = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name in one:
        if name.startswith("net"):
            torch.testing.assert_close(one[name], two[name], rtol=1e-4, atol=1e-5)


def test_private_training_in_several_processes_is_refused(tiny, tmp_path):
    class Two:
        num_processes, process_index, is_main_process, device = 2, 0, True, torch.device("cpu")

    its = tiny.recipe(privacy={"noise_multiplier": 1.0})
    with pytest.raises(UsageError, match="Private training runs in one process"):
        set_up(tiny.Tiny(16), its, tiny.material(), group=Two(), keeper=Keeper(tmp_path), watch=Silent(), stop=bool)
