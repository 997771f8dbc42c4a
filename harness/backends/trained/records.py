"""The training data of a checkpoint: rows for probes, and single records, shown or handed to a loss."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from harness.backends.trained.shelf import Shelf
from harness.contracts import Row
from harness.data.canaries import Canary, references
from harness.data.content import join
from harness.data.examples import Examples
from harness.errors import ModelError
from harness.records import Finish, Reply, Value

__all__ = ["FILLS", "ROLES", "Records"]

ROLES = ("member", "nonmember", "validation")
"""Roles of the records that are told of; duplicates that were removed before training are neither."""

FILLS = 4096
"""Other fills of each canary whose loss can be asked for."""

FILL = re.compile(r"(?P<canary>canary/.+)/reference/(?P<number>[0-9]{5})")
"""Name of a record like a canary, with a fill that is planted nowhere."""


@dataclass(slots=True)
class Records:
    """Records with their side of the split.

    Attributes:
        examples: The records.
        roles: Of each record.
        repeats: How often each record is in the training.
        canaries: What was planted among them.
        asked_by: What a `DrawAsk` to the model needs: ``label``, ``prompt``, or None for neither.
        references: For each reference model, the names of the records it was trained on.
        invertible: Whether the model can tell the noise that a picture was drawn from.
    """

    examples: Examples
    roles: Sequence[str]
    repeats: Sequence[int]
    canaries: Sequence[Canary] = ()
    asked_by: str | None = None
    references: Sequence[frozenset[str]] = ()
    invertible: bool = False
    _places: Mapping[str, int] = field(init=False, repr=False)
    _fills: dict[str, Examples] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not len(self.examples) == len(self.roles) == len(self.repeats):
            raise ValueError("records, roles and repeats differ in length")
        told = (place for place, role in enumerate(self.roles) if role in ROLES)
        self._places = {self.examples.ids[place]: place for place in told}

    def __contains__(self, record: str) -> bool:
        return record in self._places or self._fill(record) is not None

    def rows(self) -> list[Row]:
        """One row for each record, as `harness.contracts.TrainedBackend.training_data` describes them."""
        planted = {canary.record: canary for canary in self.canaries}
        return [self._row(record, place, planted.get(record)) for record, place in self._places.items()]

    def _row(self, record: str, place: int, canary: Canary | None) -> Row:
        its = self.examples
        label = None if its.labels is None else int(its.labels[place])
        text = None if its.texts is None else its.texts[place]
        attributes: dict[str, Value] = {name: values[place] for name, values in its.attributes.items()}
        return {
            "record": record,
            "unit": its.units[place],
            "role": str(self.roles[place]),
            "repeats": int(self.repeats[place]),
            "text": text if its.images is None else None,
            "label": label,
            "class": its.classes[label] if label is not None and label < len(its.classes) else None,
            "caption": None if its.images is None else text,
            "attributes": attributes or None,
            "asked_by": self.asked_by,
            "invertible": self.invertible,
            "references": [record in members for members in self.references] or None,
            "canary": None if canary is None else self._planted(canary),
        }

    def _planted(self, canary: Canary) -> dict[str, Value]:
        coins = None if canary.repeats else sum(not its.repeats for its in self.canaries)
        return {"template": canary.template, "fill": canary.fill, "family": canary.family, "coins": coins}

    def members(self) -> tuple[Sequence[str], NDArray[np.uint8]]:
        """Names and images of all members once each, in the order of the rows.

        Raises:
            ModelError: the records have no images.
        """
        if self.examples.images is None:
            raise ModelError("The model was trained on text: there are no images to compare with.")
        names = [record for record, place in self._places.items() if self.roles[place] == ROLES[0]]
        return names, self.examples.images[[self._places[name] for name in names]]

    def take(self, records: Sequence[str]) -> Examples:
        """The records of these names, in this order; each name at most once, and all of them known."""
        return join([self._part(canary, list(names)) for canary, names in groupby(records, key=self._like)])

    def _like(self, record: str) -> Canary | None:
        """The canary that a record is like; None for the records that are there."""
        if record in self._places:
            return None
        found = self._fill(record)
        if found is None:
            raise KeyError(record)
        return found[0]

    def _part(self, canary: Canary | None, records: Sequence[str]) -> Examples:
        """Records that are there, or, with a canary, records like it."""
        if canary is None:
            return self.examples.take([self._places[record] for record in records])
        numbers = [int(record.rpartition("/")[2]) for record in records]
        made = self._fills.get(canary.record)
        if made is None or len(made) <= max(numbers):
            # The first fills are the same however many are made: no more than twice as many as are asked for.
            made = references(self.examples, canary, 1 << max(numbers).bit_length(), seed=0)
            self._fills[canary.record] = made
        return made.take(numbers)

    def _fill(self, record: str) -> tuple[Canary, int] | None:
        """The canary that a record is like, and the number of its fill; None where there is no such record."""
        found = FILL.fullmatch(record)
        if found is None or int(found["number"]) >= FILLS:
            return None
        canary = next((its for its in self.canaries if its.record == found["canary"]), None)
        return None if canary is None else (canary, int(found["number"]))

    def show(self, record: str, shelf: Shelf) -> Reply:
        """Reply to a `RecordAsk`: the image on ``shelf``, the text (or caption) as text."""
        if record not in self._places:
            return Reply(Finish.FAILED, error=unknown(record))
        place = self._places[record]
        images, texts = self.examples.images, self.examples.texts
        shown = Reply(Finish.STOP) if images is None else shelf.keep(images[place])
        if texts is None or shown.finish is not Finish.STOP:
            return shown
        return Reply(Finish.STOP, text=texts[place], media=shown.media)


def unknown(record: str) -> str:
    """Say that no record has that name."""
    return f"the training data has no record named {record[:80]!r}"
