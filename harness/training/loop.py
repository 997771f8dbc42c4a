"""The training loop, in the order things happen.

What a step does is in `plain_step` and `private_step`, which records it sees in `batches`, what is kept in `keeper`.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import torch
from torch.nn.utils import get_total_norm

from harness.models.generator import Generator, Player
from harness.seeds import derive
from harness.training.batches import Batches, Feed
from harness.training.budget import Budget
from harness.training.energy import Meter
from harness.training.keeper import Keeper
from harness.training.plain_step import Step
from harness.training.processes import Group, is_any, share
from harness.training.recipe import Recipe
from harness.training.samples import Sampler
from harness.training.schedule import learning_rate
from harness.training.state import Glimpse, Learned, Point, Progress
from harness.training.trouble import TrainingDivergedError, TrainingMemoryError, TrainingStoppedError
from harness.training.watch import TrainingWatch

__all__ = ["Seat", "Training", "train"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seat:
    """A player with what it needs to take its steps.

    Attributes:
        player: Whose steps.
        optimizer: Its learning rate is set before each step.
        step: The plain or the private step.
        batches: Which records each step sees; None for a player that sees none.
    """

    player: Player
    optimizer: torch.optim.Optimizer
    step: Step
    batches: Batches | None


@dataclass(frozen=True, slots=True)
class Training:
    """Everything that stays as it is while training goes on.

    Attributes:
        generator: What is trained.
        recipe: How.
        seats: Its players, in the order of a round.
        records: What is trained on.
        held_out: What validation reads; may be empty.
        learned: The tensors that change.
        budget: Of a private training; None without privacy.
        group: The processes that train together.
        keeper: Where states are kept.
        meter: Of energy.
        sources: What is learned from besides the records, by content.
        sampler: Draws samples of a generator of images; None for one that writes.
        watch: Is told what happens.
        stop: Whether the user wants to stop.
    """

    generator: Generator
    recipe: Recipe
    seats: tuple[Seat, ...]
    records: Feed
    held_out: Feed
    learned: Learned
    budget: Budget | None
    group: Group
    keeper: Keeper
    meter: Meter
    sources: Mapping[str, str]
    sampler: Sampler | None
    watch: TrainingWatch
    stop: Callable[[], bool]

    @property
    def rounds(self) -> int:
        """Rounds that are taken unless it stops early."""
        return self.recipe.steps if self.budget is None else self.budget.rounds

    @property
    def interval(self) -> int:
        """Rounds between points of the curve: some 200 points however long the training."""
        return max(1, self.recipe.steps // 200)


def train(training: Training, progress: Progress) -> None:
    """Take every step that is left; the networks end with the weights to keep, ``progress`` says why it ended.

    Raises:
        TrainingDivergedError: a loss or weight is not finite.
        TrainingMemoryError: not even one record at a time fits the memory.
        TrainingStoppedError: the user stopped; the state is kept.
        StoreError: a state cannot be kept.
    """
    recipe, learned, keeper = training.recipe, training.learned, training.keeper
    began = perf_counter() - progress.seconds
    while not progress.stopped:
        progress.step += 1
        step = progress.step

        loss = play(training, progress)
        learned.average.update(step)
        _refuse_divergence(training, step)

        last = step == training.rounds
        validation = None
        if last or (recipe.validate_every and step % recipe.validate_every == 0):
            validation = validate(training, progress)
        if recipe.patience is not None and validation is not None:
            _remember_best(learned, progress, validation)

        progress.seconds = perf_counter() - began
        training.meter.tick(progress)
        _tell(training, progress, loss, validation)
        began += glimpse(training, progress)

        if recipe.patience is not None and progress.waited >= recipe.patience:
            progress.stopped = "early"
        elif last:
            progress.stopped = "complete" if step == recipe.steps else "budget"
        stop = is_any(training.stop(), training.group)
        if progress.stopped or stop or step % recipe.save_every == 0:
            training.meter.read(progress)
            keeper.save(progress, learned)
            training.watch.saved(step)
        if stop and not progress.stopped:
            raise TrainingStoppedError(step, keeper.folder)

    for seat in training.seats:
        seat.step.close()
    learned.settle()


def play(training: Training, progress: Progress) -> float | None:
    """One round: every player in order, each for as many turns as it has.

    Returns:
        The mean loss of the first player that sees records, over its turns; None with privacy.
    """
    recipe, step = training.recipe, progress.step
    seed = _seed(training, step)
    _plant(seed, training)
    rate = learning_rate(step, steps=recipe.steps, base=recipe.learning_rate, warmup=recipe.warmup, decay=recipe.decay)
    teller = next(seat for seat in training.seats if seat.batches is not None)
    told: float | None = None
    for seat in training.seats:
        name, turns = seat.player.name, seat.player.turns
        for group in seat.optimizer.param_groups:
            group["lr"] = rate
        for turn in range(turns):
            loss = _take(training, progress, seat, (step - 1) * turns + turn, seed)
            if loss is not None and not isfinite(loss):
                raise _diverged(training, f"the loss of {name}", step)
            if seat is teller and loss is not None:
                told = (told or 0.0) + loss / turns
    return told


def validate(training: Training, progress: Progress) -> float | None:
    """Mean validation loss of the weights that would be kept, its noise the same each time; None without records.

    Raises:
        TrainingDivergedError: it is not finite.
    """
    n = len(training.held_out)
    if n == 0:
        return None
    seed = derive(training.recipe.seed, "validation")

    def measure(physical: int) -> torch.Tensor:
        total = torch.zeros((), device=training.group.device)
        for rows in training.held_out.pieces(*share(n, training.group), physical):
            total += next(iter(training.generator.losses(rows, seed=seed).values())).float().sum()
        return total

    with training.learned.average.in_place():
        total = _fit(training, progress, seed, measure)
    for seat in training.seats:
        seat.player.network.train()
    mean = float(training.group.reduce(total)) / n
    if not isfinite(mean):
        raise _diverged(training, "the validation loss", progress.step)
    return mean


def glimpse(training: Training, progress: Progress) -> float:
    """Draw a few samples of the weights that would be kept, where that is due.

    Returns:
        Seconds it took, which are not training time.
    """
    sampler = training.sampler
    if sampler is None or progress.step not in sampler.steps or not training.group.is_main_process:
        return 0.0
    started = perf_counter()
    try:
        with training.learned.average.in_place():
            png = sampler.glimpse()
    except torch.OutOfMemoryError:
        training.watch.note(f"Step {progress.step}: out of memory for samples of it; there are none in the checkpoint.")
    else:
        progress.glimpses.append(Glimpse(progress.step, b64encode(png).decode("ascii")))
    return perf_counter() - started


def _seed(training: Training, step: int) -> int:
    """Seed of all that networks draw in one round: with privacy the operating system's, and never kept."""
    if training.budget is not None:
        return secrets.randbits(63)
    rank = training.group.process_index
    return derive(training.recipe.root, f"step/{step}" if rank == 0 else f"step/{step}/process/{rank}")


def _plant(seed: int, training: Training) -> None:
    """Seed torch's global generators: `torch.manual_seed`, without the traces it keeps for devices nobody uses."""
    torch.default_generator.manual_seed(seed)
    if training.group.device.type == "cuda":
        torch.cuda.manual_seed_all(seed)


def _take(training: Training, progress: Progress, seat: Seat, number: int, seed: int) -> float | None:
    """One step of one player on its batch ``number``."""
    rows, records = None, training.recipe.batch
    if seat.batches is not None:
        places = seat.batches.draw(number)
        records = len(places)
        rows = training.records.pick(places) if records else None
    loss = _fit(training, progress, seed, lambda physical: seat.step.take(rows, records=records, physical=physical))
    if training.budget is not None and seat.batches is not None:
        progress.takes[seat.player.name] = progress.takes.get(seat.player.name, 0) + 1
    return loss


def _fit(training: Training, progress: Progress, seed: int, attempt: Callable[[int], T]) -> T:
    """Attempt it with so many records in memory as fit: halved, and begun again from the same seed, until they do.

    Raises:
        TrainingMemoryError: one record does not fit.
    """
    while True:
        try:
            return attempt(progress.physical)
        except torch.OutOfMemoryError as error:
            if progress.physical == 1:
                raise TrainingMemoryError(progress.step, *_left(training)) from error
        # Outside the handler: the error holds on to everything that was in memory.
        progress.physical = (progress.physical + 1) // 2
        torch.cuda.empty_cache()
        _plant(seed, training)
        training.watch.note(
            f"Step {progress.step}: out of memory; the physical batch is halved to {progress.physical}."
            f" The logical batch of {training.recipe.batch} is as before."
        )


def _remember_best(learned: Learned, progress: Progress, validation: float) -> None:
    if progress.best is not None and validation >= progress.best:
        progress.waited += 1
        return
    progress.best, progress.best_step, progress.waited = validation, progress.step, 0
    with learned.average.in_place():
        learned.best = learned.snapshot()


def _tell(training: Training, progress: Progress, loss: float | None, validation: float | None) -> None:
    """Add to the curve where a point is due, and tell the watch."""
    step = progress.step
    epsilon = None if training.budget is None else training.budget.spent(progress.takes)
    if loss is not None:
        progress.loss_sum, progress.loss_count = progress.loss_sum + loss, progress.loss_count + 1
    if step % training.interval == 0 or validation is not None or step == training.rounds:
        mean = progress.loss_sum / progress.loss_count if progress.loss_count else None
        progress.curve.append(Point(step, progress.seconds, mean, validation, epsilon))
        progress.loss_sum, progress.loss_count = 0.0, 0
    if validation is not None:
        training.watch.validated(step, validation)
    training.watch.step(step, training.rounds, loss, progress.seconds, epsilon)


def _refuse_divergence(training: Training, step: int) -> None:
    """Raise unless every trained weight is finite."""
    if not get_total_norm(list(training.learned.parameters.values())).isfinite():
        raise _diverged(training, "a weight", step)


def _diverged(training: Training, what: str, step: int) -> TrainingDivergedError:
    return TrainingDivergedError(what, step, *_left(training))


def _left(training: Training) -> tuple[int | None, Path]:
    """The last step whose state was kept, and where."""
    return next(iter(training.keeper.steps()), None), training.keeper.folder
