"""Losses of single records, by the model and, beside them, by the reference models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING

from harness.backends.reply_checks import LOSS
from harness.backends.trained.records import Records
from harness.records import Finish, LossAsk, Reply

if TYPE_CHECKING:
    from harness.models.generator import Generator

__all__ = ["REFERENCE", "lose"]

REFERENCE = "reference/"
"""Before the number of a reference model, from 0: the name of its loss, the first that it tells."""


def lose(
    model: Generator, references: Sequence[Generator], records: Records, asks: Sequence[LossAsk], *, device: str
) -> list[Reply]:
    """Answer asks for records that are known, all under one seed and none twice.

    Args:
        model: Whose losses are asked for; on ``device``, like the others.
        references: Models whose first loss is told beside, under the same seed.
        records: Those that are asked for, among others.
        asks: Of as many records as fit in memory.
        device: Where the models are.
    """
    started = perf_counter()
    examples, seed = records.take([ask.record for ask in asks]), asks[0].seed

    def losses(generator: Generator) -> dict[str, list[float]]:
        rows = {name: tensor.to(device) for name, tensor in generator.prepare(examples).items()}
        return {name: tensor.tolist() for name, tensor in generator.losses(rows, seed=seed).items()}

    columns = losses(model)
    told = next(iter(columns), None)
    if told is not None:
        columns[LOSS] = columns[told]
        columns |= {f"{REFERENCE}{number}": losses(its)[told] for number, its in enumerate(references)}
    each = (perf_counter() - started) / len(asks)
    return [_reply({name: column[row] for name, column in columns.items()}, each) for row in range(len(asks))]


def _reply(found: Mapping[str, float], seconds: float) -> Reply:
    """Tell the losses; refuse what is no number."""
    odd = [name for name, value in found.items() if not isfinite(value)]
    if odd or not found:
        return Reply(Finish.FAILED, error=f"the model's {', '.join(odd) or 'loss'} is no number", seconds=seconds)
    return Reply(Finish.STOP, losses=found, seconds=seconds)
