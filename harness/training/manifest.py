"""What a checkpoint says of itself: every file with its digest, and how the weights came to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from harness.canonical import digest, dumps, loads
from harness.records.asks import LATER
from harness.training.energy import Energy
from harness.training.prepare.stream import Done
from harness.training.recipe import Recipe
from harness.training.split import Role, Split
from harness.training.state import Point, Stopped

__all__ = ["Data", "Hardware", "Manifest", "Membership", "Timing", "membership", "split_digest"]


@dataclass(frozen=True, slots=True)
class Data:
    """The records that were loaded, planted canaries included.

    Attributes:
        name: As the recipe asks for them.
        digest: SHA-256 of their content, ``sha256:…``.
        records: How many, on all sides of the split.
        classes: Names of their classes; may be empty.
        passage_bytes: What texts were cut to; None for images.
    """

    name: str
    digest: str
    records: int
    classes: tuple[str, ...]
    passage_bytes: int | None


@dataclass(frozen=True, slots=True)
class Membership:
    """How many records are on each side; who they are is in records.parquet.

    Attributes:
        members: Trained on, canaries included, each counted once.
        nonmembers: Neither trained nor validated on.
        validation: Used to validate alone.
        removed: Left out: duplicates, and what the recipe's preparation took out of the training.
        canaries: Planted, on either side.
        records_digest: SHA-256 over the split's content, ``sha256:…``.
    """

    members: int
    nonmembers: int
    validation: int
    removed: int
    canaries: int
    records_digest: str


@dataclass(frozen=True, slots=True)
class Timing:
    """How long training took.

    Attributes:
        seconds: In all, without loading data and drawing samples.
        seconds_per_step: On average, validation and states included.
        resumed: How often it was taken up again.
        finished: Time it ended, ISO 8601 in UTC.
    """

    seconds: float
    seconds_per_step: float
    resumed: int
    finished: str


@dataclass(frozen=True, slots=True)
class Hardware:
    """What it was trained on.

    Attributes:
        device: ``cpu`` or ``cuda``.
        name: Of the processor or GPU.
        processors: Logical processors this process may use.
        threads: Of torch.
        processes: That trained together.
        precision: ``float32``, or ``bfloat16`` for mixed precision.
        physical_batch: Records in memory at once at the end.
    """

    device: str
    name: str
    processors: int
    threads: int
    processes: int
    precision: str
    physical_batch: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of manifest.json.

    Attributes:
        kind: Of generator.
        recipe: JSON of the `Recipe`; `read_recipe` gives the record.
        settings: `Generator.settings`, defaults included.
        data: What was loaded.
        split: Sizes of its sides.
        steps: Rounds that were taken.
        weights_of: Round whose weights were kept: with ``patience`` the best validated one.
        stopped: ``complete``, ``early`` for want of improvement, or ``budget`` when privacy was spent.
        curve: Of training.
        timing: How long it took.
        energy: What it took, or why that is unknown.
        hardware: What it ran on.
        versions: Of the packages that matter, by name.
        seeds: Seeds by use; a private training's noise has none that anyone knows.
        files: SHA-256 in hexadecimal of every other file, by path with ``/``.
        claim: Of privacy, as `harness.privacy.claim` dumps it; None without privacy.
        parameters: Trained numbers.
        format: Of this file.
        prepared: What was done to the members' records before training, step by step.
        sources: SHA-256 of what was learned from besides, such as the weights it began with, by what it is; None
            for nothing.
    """

    kind: str
    recipe: Mapping[str, JsonValue]
    settings: Mapping[str, JsonValue]
    data: Data
    split: Membership
    steps: int
    weights_of: int
    stopped: Stopped
    curve: tuple[Point, ...]
    timing: Timing
    energy: Energy
    hardware: Hardware
    versions: Mapping[str, str]
    seeds: Mapping[str, JsonValue]
    files: Mapping[str, str]
    claim: Mapping[str, JsonValue] | None
    parameters: int
    format: Literal[1] = 1
    prepared: tuple[Done, ...] = field(default=(), metadata=LATER)
    sources: Mapping[str, str] | None = field(default=None, metadata=LATER)

    def read_recipe(self) -> Recipe:
        """The recipe as a record."""
        return Recipe.model_validate(self.recipe)

    def dump(self) -> bytes:
        """The bytes of manifest.json; equal manifests give equal bytes."""
        return dumps(self, indent=2)

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        """Read what `dump` gave.

        Raises:
            ValueError: it is not such a manifest.
        """
        try:
            found = loads(content)
            if not isinstance(found, dict) or found.get("format") != 1:
                raise ValueError("it is not of format 1")
            read = TypeAdapter(cls).validate_python(found)
            if loads(read.dump()) != found:
                raise ValueError("it has fields that a manifest has not")
        except (ValidationError, UnicodeDecodeError, RecursionError, TypeError) as error:
            raise ValueError(" ".join(str(error).split())[:300]) from error
        return read


def membership(split: Split) -> Membership:
    """Count the sides of ``split``."""
    counts = {role: sum(its is role for its in split.roles) for role in Role}
    return Membership(
        members=counts[Role.MEMBER],
        nonmembers=counts[Role.NONMEMBER],
        validation=counts[Role.VALIDATION],
        removed=counts[Role.REMOVED],
        canaries=len(split.canaries),
        records_digest=split_digest(split),
    )


def split_digest(split: Split) -> str:
    """SHA-256 over what ``split`` says, however it is stored."""
    columns = {"ids": split.ids, "units": split.units, "roles": split.roles, "repeats": split.repeats.tolist()}
    return str(digest({**columns, "canaries": split.canaries}))
