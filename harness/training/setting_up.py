"""From a recipe and its records to a training that can begin or go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim import AdamW

from harness.data.examples import Examples
from harness.errors import UsageError
from harness.models import kinds
from harness.models.generator import Generator, Player
from harness.privacy.checks import Plan, before, refuse
from harness.seeds import derive
from harness.training.batches import Batches, Feed, Poisson, Shuffled
from harness.training.budget import Budget, settle, touched
from harness.training.energy import Meter, find_counters
from harness.training.hardware import choose_precision
from harness.training.keeper import Keeper, read_job
from harness.training.loop import Seat, Training
from harness.training.manifest import split_digest
from harness.training.material import Material
from harness.training.objectives.applied import with_objective
from harness.training.plain_step import PlainStep, Step, trained
from harness.training.private_step import PrivateStep
from harness.training.processes import Group
from harness.training.prompts import prompts_for
from harness.training.recipe import Recipe
from harness.training.samples import sampler_for
from harness.training.split import Role
from harness.training.starting import begin
from harness.training.state import Learned, Progress
from harness.training.watch import TrainingWatch

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint

__all__ = ["build", "set_up"]

TRIED = 4  # records on which it is tried whether losses and gradients keep them apart


def build(recipe: Recipe, material: Material, *, begun: Checkpoint | None = None) -> Generator:
    """A fresh generator for the members; its initial weights depend on the recipe's seed and toss alone.

    A recipe that starts from the checkpoint ``begun`` has its weights instead.

    Only members are shown to it: what it fits to them, such as a vocabulary, says nothing of the other records.

    Raises:
        UsageError: a setting is refused, or the records do not suit the kind, or the checkpoint to start from.
    """
    torch.manual_seed(derive(recipe.root, "weights"))
    if begun is not None:
        return begin(begun, recipe, material)
    return kinds.build(recipe.kind, recipe.model, material.members())


def set_up(
    generator: Generator,
    recipe: Recipe,
    material: Material,
    *,
    group: Group,
    keeper: Keeper,
    watch: TrainingWatch,
    stop: Callable[[], bool],
    earlier: Sequence[str] = (),
    sources: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Training, Progress]:
    """Bring everything together, and take up the state that is kept, if any.

    Args:
        generator: A fresh one.
        recipe: What it was built by.
        material: Its records.
        group: The processes that train together.
        keeper: Of the states in the checkpoint's folder.
        watch: Is told what happens.
        stop: Whether the user wants to stop.
        earlier: Trainings on the same records that this one goes on from, each half a sentence.
        sources: What it learns from besides, by content: `harness.training.sources`.

    Raises:
        UsageError: privacy cannot be had for this model or in several processes, or something else is under way.
        DataError: a record does not fit the model.
    """
    for network in generator.networks.values():
        network.to(group.device).eval()
    towards = with_objective(generator, recipe, material, note=watch.note)
    players, examples, rows = towards.players, towards.examples, towards.rows
    for player in players:
        player.network.train()
    budget = _budget(recipe, material, players, keeper, group)
    optimizers = [_optimizer(player, recipe) for player in players]
    learned = Learned(players, optimizers, decay=recipe.average)
    held_out = material.split.rows(Role.VALIDATION)
    if recipe.patience is not None and not len(held_out):
        raise UsageError("patience needs records to validate on, and there are none. Give more data, or no patience.")
    records = _feed(generator, examples, rows, group)
    if budget is not None:
        pairs = list(zip(players, optimizers, strict=True))
        _refuse_void(generator, recipe, earlier, budget=budget, seats=pairs, records=records)
    seats = tuple(_seats(players, optimizers, recipe, records=len(rows), budget=budget, group=group, note=watch.note))
    validation = _feed(generator, material.examples, held_out, group)
    # Only now, when nothing is left to refuse, is anything written.
    keeper.begin(_job(recipe, material, generator, learned, budget=budget, sources=sources))
    progress = keeper.newest(learned, watch.note)
    if progress is None:
        progress = Progress(physical=min(recipe.physical_batch or recipe.batch, recipe.batch))
    else:
        progress.resumed += 1
    rounds = recipe.steps if budget is None else budget.rounds
    training = Training(
        generator=generator,
        recipe=recipe,
        seats=seats,
        records=records,
        held_out=validation,
        learned=learned,
        budget=budget,
        group=group,
        keeper=keeper,
        meter=_meter(group, progress),
        sources=sources,
        sampler=sampler_for(generator, prompts_for(generator, material), seed=recipe.seed, rounds=rounds),
        watch=watch,
        stop=stop,
    )
    return training, progress


def _feed(generator: Generator, examples: Examples, rows: NDArray[np.int64], group: Group) -> Feed:
    """Tensors of these records, each prepared once however often it is trained on."""
    distinct, places = np.unique(rows, return_inverse=True)
    prepared = generator.prepare(examples.take(distinct)) if len(rows) else {}
    return Feed(prepared, places, group.device)


def _optimizer(player: Player, recipe: Recipe) -> AdamW:
    parameters = trained(player.network)
    if not parameters:
        raise UsageError(f"{recipe.kind}: every weight of {player.name} is frozen: there is nothing to train.")
    # Fused: one pass over the weights, a third of the time of the loop over parameters that is torch's default.
    return AdamW(parameters, lr=recipe.learning_rate, betas=recipe.betas, weight_decay=recipe.weight_decay, fused=True)


def _seats(
    players: Sequence[Player],
    optimizers: Sequence[AdamW],
    recipe: Recipe,
    *,
    records: int,
    budget: Budget | None,
    group: Group,
    note: Callable[[str], None],
) -> Iterator[Seat]:
    """Every player with its optimizer, its kind of step and its source of batches."""
    precision, remark = choose_precision(recipe, group.device)
    if remark:
        note(remark)
    for player, optimizer in zip(players, optimizers, strict=True):
        # A player that sees no record learns from private weights alone: no more of the records can reach it.
        private = recipe.privacy if player.record_losses is not None else None
        step: Step
        if budget is None or private is None:
            step = PlainStep(
                player, optimizer, max_grad_norm=recipe.max_grad_norm, precision=precision, accelerator=group
            )
        else:
            step = PrivateStep(
                player,
                optimizer,
                noise_multiplier=budget.noise_multiplier,
                clip=budget.clip,
                expected_batch=budget.sample_rate * budget.records,
                mode=private.mode,
            )
            note(f"Gradients of single records of {player.name}: {step.mode}, {step.reason}.")
        yield Seat(player, optimizer, step, _batches(player, recipe, records, budget))


def _batches(player: Player, recipe: Recipe, records: int, budget: Budget | None) -> Batches | None:
    if player.record_losses is None:
        return None
    if budget is not None:
        return Poisson(records, budget.sample_rate)
    return Shuffled(records, recipe.batch, seed=derive(recipe.root, f"batches/{player.name}"))


def _budget(
    recipe: Recipe, material: Material, players: Sequence[Player], keeper: Keeper, group: Group
) -> Budget | None:
    """The budget of a private training: the one it was begun with, or a new one."""
    if recipe.privacy is None:
        return None
    if group.num_processes > 1:
        raise UsageError(
            "Private training runs in one process: each batch must be sampled, clipped and noised as one."
            " Start it without accelerate launch or torchrun."
        )
    begun = read_job(keeper.out)
    if begun is not None and begun.get("budget") is not None:
        return Budget(**begun["budget"])
    return settle(
        recipe.privacy,
        split=material.split,
        batch=recipe.batch,
        rounds=recipe.steps,
        takes=sum(player.turns for player in players if player.record_losses is not None),
        unit="one image" if material.passage_bytes is None else "one passage of text",
    )


def _refuse_void(
    generator: Generator,
    recipe: Recipe,
    earlier: Sequence[str],
    *,
    budget: Budget,
    seats: Sequence[tuple[Player, AdamW]],
    records: Feed,
) -> None:
    """Refuse a private training whose claim would be void, before its first step."""
    chosen = () if recipe.patience is None else ("the step to stop at (patience)",)
    plan = Plan(
        records=budget.records,
        batch=recipe.batch,
        sample_rate=budget.sample_rate,
        delta=budget.delta,
        epsilon=budget.epsilon,
        touched=touched(generator),
        chosen=chosen,
        earlier=earlier,
    )
    sighted = [(player, optimizer) for player, optimizer in seats if player.record_losses is not None]
    refuse(before(plan, sighted, records.pick(np.arange(min(TRIED, len(records))))))


def _job(
    recipe: Recipe,
    material: Material,
    generator: Generator,
    learned: Learned,
    *,
    budget: Budget | None,
    sources: Mapping[str, str],
) -> Mapping[str, Any]:
    """What must be the same when the training is taken up again."""
    return {
        "format": 1,
        "recipe": recipe.model_dump(mode="json"),
        "settings": dict(generator.settings),
        "data": str(material.examples.digest),
        "split": split_digest(material.split),
        "frozen": learned.frozen_digest(generator.networks),
        "budget": None if budget is None else asdict(budget),
        **({"sources": dict(sources)} if sources else {}),
    }


def _meter(group: Group, progress: Progress) -> Meter:
    if group.num_processes > 1:
        return Meter((), "it is measured where one process trains alone")
    return Meter(*find_counters(group.device), before=progress.joules)
