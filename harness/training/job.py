"""One training from a recipe to a checkpoint, begun or taken up where it was left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.training.checkpoint import Checkpoint, open_checkpoint
from harness.training.earlier import trained_before
from harness.training.finishing import finish
from harness.training.gathering import load
from harness.training.hardware import choose_device
from harness.training.keeper import Keeper, read_job
from harness.training.layout import MANIFEST
from harness.training.loop import train
from harness.training.processes import Group, gather_group
from harness.training.recipe import Recipe
from harness.training.setting_up import build, set_up
from harness.training.sources import sources
from harness.training.watch import Silent, TrainingWatch

__all__ = ["recipe_under_way", "run"]


def run(
    recipe: Recipe, out: Path, *, watch: TrainingWatch, device: str = "auto", stop: Callable[[], bool]
) -> Checkpoint:
    """Train what ``recipe`` says and write the checkpoint to ``out``, or go on with what is under way there.

    A training that was killed and resumed ends with the weights of an uninterrupted one, to the bit, on the same
    processor and with the same packages. With privacy it cannot: its noise is drawn anew. What was computed after
    the last state is lost with the process; nothing of it enters the weights, and the ledger does not count it.

    Args:
        recipe: What is trained, completely.
        out: A folder that is empty, does not exist, or holds the same training unfinished.
        watch: Is told what happens.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        stop: Asked after each step; once True, the state is kept and training stops.

    Raises:
        UsageError: something asked for cannot be had; or ``out`` holds anything else.
        DataError: the data cannot be found or read, or does not fit the model.
        ModelError: the checkpoint that it starts from is not there, or was changed.
        TrainingDivergedError: a loss or weight is not finite.
        TrainingMemoryError: one record at a time is too much for the memory.
        TrainingStoppedError: ``stop`` said so.
        StoreError: the disk is full or cannot be written.
    """
    group = gather_group(choose_device(device))
    main = group.is_main_process
    keeper = Keeper(out, writes=main)
    if main:
        keeper.claim()
    group.wait_for_everyone()
    # Killed between its last two acts, a training has written everything and only not tidied up.
    done = (out / MANIFEST).is_file()
    try:
        if not done:
            _train(recipe, keeper, watch=watch if main else Silent(), group=group, stop=stop)
            done = True
    finally:
        keeper.close(done=done)
    group.wait_for_everyone()
    return open_checkpoint(out)


def recipe_under_way(out: Path) -> Recipe | None:
    """The recipe of the training that is unfinished in ``out``; None where there is none.

    Raises:
        StoreError: it is damaged.
    """
    job = read_job(out)
    return None if job is None else Recipe.model_validate(job["recipe"])


def _train(recipe: Recipe, keeper: Keeper, *, watch: TrainingWatch, group: Group, stop: Callable[[], bool]) -> None:
    material = load(recipe, say=watch.note)
    begun = None if recipe.start is None else open_checkpoint(Path(recipe.start).expanduser())
    generator = build(recipe, material, begun=begun)
    earlier = trained_before(recipe, material, opener=open_checkpoint) if recipe.privacy is not None else ()
    training, progress = set_up(
        generator,
        recipe,
        material,
        group=group,
        keeper=keeper,
        watch=watch,
        stop=stop,
        earlier=earlier,
        sources=sources(recipe, begun=begun),
    )
    watch.started(
        kind=recipe.kind,
        device=str(group.device),
        records=len(training.records),
        parameters=sum(parameter.numel() for parameter in training.learned.parameters.values()),
        step=progress.step,
        of=training.rounds,
    )
    train(training, progress)
    if group.is_main_process:
        finish(training, progress, material)
