"""Gradient ascent on what is to be forgotten, descent on what is to be kept.

The loss of records to be forgotten is made larger while that of the records to be kept is made smaller; the former are
no longer trained on. Ascent has no end of its own, and would go on to write nonsense with certainty; so the loss of a
record counts no further than that of a model that knows nothing of it, the logarithm of the vocabulary's size.

Source: Jang et al. 2022, arXiv:2210.01504 (ascent); Maini et al. 2024, arXiv:2401.06121 (section 4, the difference of
the two gradients); Liu, Liu and Stone 2022, arXiv:2203.12817. The bound is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import log

import numpy as np
import torch
from torch import Tensor

from harness.data.content import examples_of
from harness.data.examples import Examples
from harness.errors import DataError, nearest
from harness.models.generator import Rows
from harness.models.language import Language
from harness.training.material import Material
from harness.training.objectives.tables import Unlearning
from harness.training.objectives.texts import forgotten_texts
from harness.training.objectives.towards import Towards
from harness.training.split import Role

__all__ = ["applied"]


def applied(model: Language, table: Unlearning, material: Material, *, note: Callable[[str], None]) -> Towards:
    """The players of ``model`` with ascent on what is to be forgotten, and what is still trained on; see `Towards`."""
    forgotten = _forgotten(table, material)
    examples, rows = material.training()
    names, texts = set(forgotten.ids), set(forgotten.texts or ())
    stay = [row for row in rows.tolist() if not _is(examples, row, names, texts)]
    if not stay:
        raise DataError("Nothing is left to be kept: every record of the training is to be forgotten. Name fewer.")
    note(f"{len(forgotten)} texts are to be forgotten; {len(stay)} of {len(rows)} records are still trained on.")
    rise = Rise(model, model.prepare(forgotten), weight=table.weight)
    players = tuple(replace(player, free_loss=rise.loss) for player in model.players())
    return Towards(players, examples, np.array(stay, dtype=np.int64))


class Rise:
    """The loss of what is to be forgotten, with its sign turned.

    Args:
        model: That is to forget.
        rows: What, as `Language.prepare` gives it.
        weight: Of the ascent, at least 0.

    Attributes:
        ceiling: Nats per token of a model that knows nothing: each token as likely as any other.
    """

    def __init__(self, model: Language, rows: Rows, *, weight: float) -> None:
        self._model, self._rows, self._weight = model, rows, weight
        self.ceiling = log(len(model.tokenizer))

    def loss(self, count: int) -> Tensor:
        """Minus ``weight`` times the mean loss of ``count`` texts, drawn with torch's global generator."""
        drawn = torch.randint(len(self._rows["length"]), (count,))
        found = self._model.record_losses({name: column[drawn] for name, column in self._rows.items()})
        return -self._weight * found.clamp(max=self.ceiling).mean()


def _forgotten(table: Unlearning, material: Material) -> Examples:
    """What is to be forgotten: members by name, canaries, or the texts of a file."""
    if table.texts is not None:
        texts, _ = forgotten_texts(table.texts)
        return examples_of(table.texts, ids=[f"row {number}" for number in range(1, len(texts) + 1)], texts=texts)
    split = material.split
    members = [split.ids[row] for row in split.rows(Role.MEMBER)]
    if table.canaries:
        planted = {canary.record for canary in split.canaries}
        names = [name for name in members if name in planted]
        if not names:
            raise DataError("There are no canaries in this training to be forgotten. Name records, or a file of texts.")
    else:
        names = list(_known(table.records, members))
    places = {name: row for row, name in enumerate(split.ids)}
    return material.examples.take([places[name] for name in names])


def _known(wanted: tuple[str, ...], members: list[str]) -> Iterator[str]:
    known = set(members)
    for name in wanted:
        if name not in known:
            raise DataError(f"No record {name!r} was trained on, so it cannot be forgotten.{nearest(name, members)}")
        yield name


def _is(examples: Examples, row: int, names: set[str], texts: set[str]) -> bool:
    """Whether a record of the training is to be forgotten, by its name or because it says the same."""
    return examples.ids[row] in names or (examples.texts is not None and examples.texts[row] in texts)
