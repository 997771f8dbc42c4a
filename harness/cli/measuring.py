"""`instruments measure`: how often does an instrument err on the labelled text that ships with the harness?"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import JsonFlag
from harness.cli.output import show, show_json, talk
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.contracts.instruments import Instrument
    from harness.records import Interval
    from harness.text.labelled import Task

__all__ = ["measure_instrument"]

BATCH = 64
"""Texts handed to an instrument at once, as in a run."""
FOUND = 0.5
"""A value from which it counts as found, as for probes."""

SettingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="A setting, as under [instrument.NAME]; may be given several times."
    ),
]


@dataclass(frozen=True, slots=True)
class Kind:
    """How often verdicts were right on texts of one kind.

    Attributes:
        name: As the data set names it.
        positive: Whether these are texts of what is looked for.
        share: Of them rightly told, with an interval.
    """

    name: str
    positive: bool
    share: Interval


def measure_instrument(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    settings: SettingOption = None,
    json: JsonFlag = False,
) -> None:
    """Count an instrument's errors on the labelled text that ships with the harness, overall and by kind."""
    from harness.contracts.instruments import AskingInstrument
    from harness.registry import Registry
    from harness.text.labelled import VALUES, tasks

    given = _settings(settings or ())
    instrument: Instrument = Registry().create("instrument", name, given)
    if isinstance(instrument, AskingInstrument):
        raise UsageError(
            f"{name!r} asks a model of its own, and this command asks none: its error is that model's, on your texts."
            f" A run with [instrument.{name}] tells how well it agrees with itself."
        )
    card = instrument.card
    found = tasks(card.measures)
    if not found:
        raise UsageError(
            f"{name!r} gives {', '.join(card.measures)}; labelled text ships for {', '.join(VALUES)}."
            " Choose an instrument that gives one of these: `harness instruments list`."
        )
    measured = [_measured(instrument, name, task) for task in found]
    if json:
        told = {"name": name, "version": card.version, "digest": str(card.digest), "settings": given}
        show_json({"instrument": told, "measured": measured})
        return
    show(f"{name}  {card.title}, version {card.version}")
    for one in measured:
        _show(one)


def _settings(words: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value`` words; a value that is not one of TOML is a text.

    Raises:
        UsageError: a word has no key.
    """
    given: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set takes KEY=VALUE, such as --set max_tokens=256, not {word!r}.")
        try:
            given[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            given[key.strip()] = value
    return given


def _measured(instrument: Instrument, name: str, task: Task) -> Mapping[str, Any]:
    """Let ``instrument`` read every text of ``task``, and hold what it found against the labels."""
    from dataclasses import replace

    from harness.canonical import to_json
    from harness.contracts.instruments import NOTHING
    from harness.records import Reading

    readings = [Reading(name, case.text, case.context) for case in task.cases]
    parts = [readings[start : start + BATCH] for start in range(0, len(readings), BATCH)]
    values = [one for part in parts for one in instrument.read(part, NOTHING)]
    if len(values) != len(readings):
        raise UsageError(f"instrument {name!r} gave {len(values)} readings for {len(readings)} texts.")
    read = [(case, one[task.value] >= FOUND) for case, one in zip(task.cases, values, strict=True) if task.value in one]
    if len({case.positive for case, _ in read}) < 2:
        raise UsageError(f"{name!r} read {len(read)} of {len(readings)} texts of {task.data}, too few to count.")
    part = replace(task, cases=tuple(case for case, _ in read))
    verdicts = [verdict for _, verdict in read]
    rates = part.counted(verdicts)
    return {
        "task": task.name,
        "value": task.value,
        "data": task.data,
        "unread": len(readings) - len(read),
        "sensitivity": to_json(rates.sensitivity),
        "specificity": to_json(rates.specificity),
        "kinds": [to_json(kind) for kind in _kinds(part, verdicts)],
        "told": rates.told(),
    }


def _kinds(task: Task, verdicts: Sequence[bool]) -> list[Kind]:
    from harness.stats.rates import proportion

    right: dict[tuple[bool, str], list[bool]] = {}
    for case, verdict in zip(task.cases, verdicts, strict=True):
        right.setdefault((not case.positive, case.kind), []).append(case.positive == verdict)
    return [Kind(name, not other, proportion(sum(its), len(its))) for (other, name), its in sorted(right.items())]


def _show(one: Mapping[str, Any]) -> None:
    show(f"\n{one['told']}")
    if one["unread"]:
        talk(f"warning: {one['unread']} texts of {one['data']} were not read and are not counted.", style="yellow")
    width = max(len(kind["name"]) for kind in one["kinds"])
    for kind in one["kinds"]:
        share, should = kind["share"], "found" if kind["positive"] else "passed over"
        right = round(share["value"] * share["n"])
        bounds = f"{share['low']:.2f}-{share['high']:.2f}"
        show(f"  {kind['name']:<{width}}  {right} of {share['n']} {should} ({share['value']:.2f}, {bounds})")
