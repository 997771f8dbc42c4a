"""What a run cost, and what its model's training did: asks, tokens, time and energy, each with how it is known.

Nothing here is estimated. Counts are of replies, times are of a clock, energy is what the counters of the hardware
said: of whole devices, whatever else ran on them. Where nothing was counted there is no number, and its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import BundleError, EvidenceError
from harness.evidence.bundle import read_json
from harness.query.tables import opened, tables_of
from harness.query.training import Energy, TrainingRecord, Untold, training_record

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Figure", "How", "Spending", "figures", "spending", "spendings", "training_figures", "watt_hours"]

JOULES = 3600.0
"""In a watt-hour."""
THOUSAND = 1000


class How(StrEnum):
    """How a figure is known. There are estimates of energy elsewhere; here there are none."""

    COUNTED = "counted"
    """In the replies."""
    CLOCKED = "timed"
    """By the clock of the machine that asked or trained."""
    MEASURED = "measured"
    """By the energy counters of the hardware."""
    NONE = "no number"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of what something cost.

    Attributes:
        key: By which it is the same in every run.
        title: What it is, for readers.
        value: None where there is no number.
        unit: Of the value.
        how: How it is known.
        basis: What it was divided by, or counted over, in words.
        reason: Why there is no number, or what is missing in it, in a sentence; empty where nothing is.
    """

    key: str
    title: str
    value: float | None
    unit: str
    how: How
    basis: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run spent on its replies.

    Attributes:
        run: Name of the bundle.
        model: Name of the model.
        finished: When the run ended, ISO 8601 in UTC.
        asks: Distinct asks.
        reused: Of these, answered by the journal of an earlier run.
        failed: Without an answer.
        retries: Asked again.
        read: Tokens of prompts, of all replies.
        written: Tokens of answers, likewise.
        seconds: Spent asking, by the clock; those that the journal answered took none.
        energy: Of all replies, those of the journal too.
        counted: Replies whose energy is known.
        counted_tokens: Tokens that these read and wrote.
        machine: Processor, and accelerators where there are any, that the run had.
    """

    run: str
    model: str
    finished: str
    asks: int
    reused: int
    failed: int
    retries: int
    read: int
    written: int
    seconds: float
    energy: Energy
    counted: int
    counted_tokens: int
    machine: str

    @property
    def anew(self) -> int:
        """Asks that were put to the model in this run."""
        return self.asks - self.reused


def spending(library: Library, run: str) -> Spending:
    """What a run spent; reads its record, and only where energy was counted two columns of its replies.

    Raises:
        UsageError: no bundle of the store has that name.
        BundleError: its record cannot be read.
    """
    folder = library.folder(run)
    try:
        return _spending(library, folder, read_json(folder, "run.json"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"{folder / 'run.json'}: not the record of a run. `harness verify` says more.") from error


def spendings(library: Library) -> tuple[Spending, ...]:
    """What every run of the store spent, newest first; one whose record cannot be read is left out, as lists tell it.

    Of each run its record alone is read, and two columns of its replies where energy was counted.
    """
    found = []
    for listed in library.runs():
        if not listed.trouble:
            try:
                found.append(spending(library, listed.name))
            except EvidenceError:
                continue
    return tuple(found)


def _spending(library: Library, folder: Path, record: Mapping[str, Any]) -> Spending:
    totals, told, hardware = record["totals"], record["energy"], record["environment"]["hardware"]
    joules = None if told["joules"] is None else float(told["joules"])
    if joules is not None and not (isfinite(joules) and joules >= 0):
        raise ValueError("energy is a finite number of joules")
    counted, tokens = (0, 0) if joules is None else _counted(library, folder.name)
    return Spending(
        run=folder.name,
        model=str(record["plan"]["identity"]["name"]),
        finished=str(record["timing"]["finished"]),
        asks=int(totals["asks"]),
        reused=int(totals["from_journal"]),
        failed=int(totals["failed"]),
        retries=int(totals["retries"]),
        read=int(totals["prompt_tokens"]),
        written=int(totals["output_tokens"]),
        seconds=float(record["timing"]["asking_seconds"]),
        energy=Energy(joules, str(told.get("source") or ""), str(told.get("reason") or "")),
        counted=counted,
        counted_tokens=tokens,
        machine=", ".join(map(str, (hardware["cpu"], *hardware["accelerators"]))),
    )


def _counted(library: Library, run: str) -> tuple[int, int]:
    """How many replies have a number for energy, and how many tokens these read and wrote."""
    replies = tables_of(library, run)["replies"]
    with opened(replies) as connection:
        [(number, tokens)] = connection.execute(
            """SELECT count(*), coalesce(sum(prompt_tokens + output_tokens), 0)
            FROM read_parquet($replies) WHERE joules IS NOT NULL""",
            {"replies": replies},
        ).fetchall()
    return int(number), int(tokens)


def figures(spent: Spending) -> tuple[Figure, ...]:
    """What a run cost, and for a thousand asks and a thousand tokens; those without a number say why."""
    return (
        _count("asks", "Asks", spent.asks, "distinct asks; equal ones are asked once"),
        _count("reused", "Answered by an earlier run", spent.reused, "asks whose reply the journal had already"),
        _count("failed", "Without an answer", spent.failed, f"of {spent.asks:,} asks"),
        _tokens("read", "Tokens read", spent.read, spent),
        _tokens("written", "Tokens written", spent.written, spent),
        *_time(spent),
        *_energy(spent),
        Figure(
            "money",
            "Money",
            None,
            "",
            How.NONE,
            "",
            "No run records a price: what a provider charges for tokens, or a power company for energy, is not known"
            " here. Multiply the tokens above with the price of the contract.",
        ),
    )


def training_figures(library: Library, run: str) -> tuple[Figure, ...] | Untold:
    """What the training of a run's model cost; or why that is not known.

    Raises:
        UsageError: no bundle of the store has that name.
        BundleError: its record cannot be read.
    """
    record = training_record(library, run)
    return record if isinstance(record, Untold) else _of_training(record)


def watt_hours(joules: float) -> float:
    """Joules as the unit that electricity is billed in thousands of."""
    return joules / JOULES


def _count(key: str, title: str, value: int, basis: str) -> Figure:
    return Figure(key, title, float(value), "asks", How.COUNTED, basis)


def _tokens(key: str, title: str, value: int, spent: Spending) -> Figure:
    if value:
        return Figure(key, title, float(value), "tokens", How.COUNTED, "of all replies, those of the journal too")
    reason = (
        "No reply tells of tokens: pictures have none, nor have losses, and some servers do not count them."
        if not spent.read and not spent.written
        else "No reply tells of any: the model was asked how likely texts are, and wrote none."
    )
    return Figure(key, title, None, "tokens", How.NONE, "", reason)


def _time(spent: Spending) -> tuple[Figure, Figure]:
    total, each = "Time spent asking", "Time for 1,000 asks"
    if not spent.anew:
        reason = "Every reply came from the journal: what asking took is told by the run that asked."
        return (
            Figure("seconds", total, None, "s", How.NONE, "", reason),
            Figure("seconds_per_asks", each, None, "s", How.NONE, "", reason),
        )
    basis = f"by the clock, over the {spent.anew:,} asks that were asked anew"
    part = "" if not spent.reused else f"The {spent.reused:,} replies of the journal took their time in an earlier run."
    rate = spent.seconds / spent.anew * THOUSAND
    return (
        Figure("seconds", total, spent.seconds, "s", How.CLOCKED, basis, part),
        Figure("seconds_per_asks", each, rate, "s", How.CLOCKED, basis),
    )


def _energy(spent: Spending) -> tuple[Figure, Figure, Figure]:
    titles = ("Energy", "Energy for 1,000 asks", "Energy for 1,000 tokens")
    keys = ("energy", "energy_per_asks", "energy_per_tokens")
    joules, reason = spent.energy.joules, _sentence(spent.energy.reason)
    if joules is None or not spent.counted:
        missing = reason or "Nothing counted the energy of the replies."
        first, second, third = (
            Figure(key, title, None, "Wh", How.NONE, "", missing) for key, title in zip(keys, titles, strict=True)
        )
        return first, second, third
    total = watt_hours(joules)
    basis = f"over the {spent.counted:,} replies whose energy was counted"
    per_tokens = total / spent.counted_tokens * THOUSAND if spent.counted_tokens else None
    return (
        Figure(keys[0], titles[0], total, "Wh", How.MEASURED, f"{spent.energy.source}, {basis}", reason),
        Figure(keys[1], titles[1], total / spent.counted * THOUSAND, "Wh", How.MEASURED, basis),
        Figure(keys[2], titles[2], per_tokens, "Wh", How.MEASURED, f"{basis}, {spent.counted_tokens:,} tokens")
        if per_tokens is not None
        else Figure(keys[2], titles[2], None, "Wh", How.NONE, "", "No reply tells of tokens."),
    )


def _of_training(record: TrainingRecord) -> tuple[Figure, ...]:
    steps = record.told.steps
    counted = Figure("steps", "Training steps", float(steps), "steps", How.COUNTED, "rounds of the training")
    if record.timing is None:
        unknown = ("training_seconds", "Training time", "s"), ("training_energy", "Energy of the training", "Wh")
        return (
            counted,
            *(Figure(key, title, None, unit, How.NONE, "", record.missing) for key, title, unit in unknown),
        )
    timing, energy = record.timing, record.energy
    again = "" if not timing.resumed else f"It was taken up again {timing.resumed} times; the sum is over all parts."
    basis = "by the clock, without loading data and drawing samples"
    seconds = Figure("training_seconds", "Training time", timing.seconds, "s", How.CLOCKED, basis, again)
    step = Figure("seconds_per_step", "Time for a step", timing.seconds_per_step, "s", How.CLOCKED, "on average")
    missing = _sentence(energy.reason)
    if energy.joules is None:
        told = Figure("training_energy", "Energy of the training", None, "Wh", How.NONE, "", missing or "Not counted.")
        return counted, seconds, step, told
    total = watt_hours(energy.joules)
    return (
        counted,
        seconds,
        step,
        Figure("training_energy", "Energy of the training", total, "Wh", How.MEASURED, energy.source, missing),
        Figure(
            "energy_per_steps",
            "Energy for 1,000 steps",
            total / steps * THOUSAND,
            "Wh",
            How.MEASURED,
            f"{energy.source}, over {steps:,} steps",
        ),
    )


def _sentence(reason: str) -> str:
    """A reason as it was recorded, as a sentence."""
    its = reason.strip().rstrip(".")
    return f"{its[:1].upper()}{its[1:]}." if its else ""
