"""Two runs of a store → what changed, number by number, in pairs of the items that both have.

The numbers are made as a study makes them (docs/decisions/0024): each is computed again by its probe with each of some
twenty groups of items left out of both runs at once. A study stores its effects with its evidence; which two runs a
reader lays side by side is known only when it is asked, so that they are computed then (docs/decisions/0029).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import process_time
from typing import TYPE_CHECKING

from harness.canonical import to_json
from harness.contracts import Probe
from harness.errors import HarnessError
from harness.evidence.verify import differences
from harness.judge import judge_cases
from harness.judge import replies_to as in_order
from harness.query.cells import Item, cases_of, heard_in, items_of, readings_in, replies_to, scores_of
from harness.query.pairing import CellPair, Pairing, pairing, planned, shared_of
from harness.records import Judged, Score, Value
from harness.report.figures import plural
from harness.stats.multiplicity import holm
from harness.study.effects import effects
from harness.study.goals import ALPHA
from harness.study.measured import Heard, measure_cell
from harness.study.numbers import Key, Measured
from harness.study.phrases import moved, named, said, size
from harness.study.records import Effect
from harness.study.shared import GROUPS, Shared
from harness.summarise import summarise
from harness.text.safe import printable

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["AT_ONCE", "PATIENCE", "CellChange", "Comparison", "Line", "Moved", "change_of", "compare", "in_lines"]

AT_ONCE = 1_000
"""Shared cases of a cell that are looked at without being asked twice: reading more takes seconds."""
PATIENCE = 3.0
"""Seconds of work on a cell that are spent without being asked twice."""
SUMMARIES = 2 * (1 + GROUPS)
"""Of a cell: of each run, the whole and each group left out."""


class Moved(StrEnum):
    """What is to be made of a change."""

    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"
    """By more than chance, where neither direction is better."""
    OPEN = "open"
    """It may be chance."""
    SMALL = "small"
    """It is smaller than what makes a difference: its whole interval lies within the margin."""
    SAME = "same"
    """The number is the same in both runs."""
    NONE = "none"
    """It could not be computed."""


ENDS: Mapping[Moved, str] = {
    Moved.BETTER: "is better",
    Moved.WORSE: "is worse",
    Moved.OPEN: "may be chance",
    Moved.SMALL: "is within the margin: no real change",
}
"""How sentences end."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell of two runs, compared.

    Attributes:
        pair: Which, with how many items.
        effects: One for each number that any of the runs has; ``before`` is the baseline's.
        refusal: Why there are none; empty where there are.
        seconds: How long it would take, where that is more than was allowed, so that nothing was computed.
    """

    pair: CellPair
    effects: tuple[Effect, ...]
    refusal: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One number of two runs, ready to be shown.

    Attributes:
        pair: The cell that it belongs to.
        effect: Before, after, change and gain, each with its interval.
        headline: Whether it is the probe's first metric, over all items.
        moved: What is to be made of it.
        sentence: The same in words.
    """

    pair: CellPair
    effect: Effect
    headline: bool
    moved: Moved
    sentence: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, compared as a whole.

    Attributes:
        pairing: What was compared, and what was not.
        lines: Every number, cell by cell, headlines first.
        refused: Cells that could not be compared, with the reason.
        summary: In one sentence.
        note: How chance was reckoned with.
    """

    pairing: Pairing
    lines: tuple[Line, ...]
    refused: tuple[tuple[CellPair, str], ...]
    summary: str
    note: str


def compare(library: Library, before: str, after: str, margin: float | None = None) -> Comparison:
    """Compare all that can be compared of two runs.

    Args:
        library: The store.
        before: Name of the baseline.
        after: Name of the run that is held against it.
        margin: As for `in_lines`.

    Raises:
        UsageError: no bundle has that name.
        BundleError: one of them cannot be read.
    """
    both = pairing(library, before, after)
    return in_lines(both, [change_of(library, before, after, cell) for cell in both.open], margin)


# ── one cell ──────────────────────────────────────────────────────────────────────────────


def change_of(library: Library, before: str, after: str, pair: CellPair, *, allowed: float | None = None) -> CellChange:
    """Compute every number of one cell in both runs, on the items that both have, and what changed.

    Args:
        library: The store.
        before: Name of the baseline.
        after: Name of the run that is held against it.
        pair: A cell of their `Pairing`, one that can be compared.
        allowed: Seconds of work that may be spent on it, by the time that the first of its summaries takes; None for
            as many as it needs.

    Raises:
        UsageError: no bundle has that name.
        BundleError: one of them cannot be read.
    """
    key = pair.cell
    settings = next(cell.settings for cell in planned(library.folder(after)).plan.cells if cell.key == key)
    shared = shared_of(library, before, after, key)
    try:
        if pair.rejudge:
            for name, called in ((before, "the baseline"), (after, "this run")):
                other = _judged_otherwise(library, name, key, settings, shared.ids)
                if other:
                    told = f"{plural(other, 'reply')}" if other == 1 else f"{other:,} replies"
                    why = f"The probe's code has changed, and the one that is installed judges {told} of {called} anew"
                    return CellChange(pair, (), f"{why}, and otherwise.")
        judged = _judged(library, (before, after), key, shared)
        needed = 0.0 if allowed is None else _forecast(library, key, settings, judged[0][0])
        if allowed is not None and needed > allowed:
            return CellChange(pair, (), seconds=needed)
        early, late = _measured(library, key, shared, settings, judged)
    except HarnessError as error:
        return CellChange(pair, (), printable(str(error), limit=600))
    if not early or not late:
        return CellChange(pair, (), "Too few items are shared: a change needs two that are independent.")
    return CellChange(pair, tuple(effects([(early, late)], drawn_anew=False)))


Answers = tuple[list[Judged], list[Heard]]
"""Cases with their scores, and what is watched of the reply to each."""


def _judged(library: Library, names: tuple[str, str], key: str, shared: Shared) -> list[Answers]:
    # What both were asked is the same: it is read once.
    cases = {case.id: case for case in cases_of(library.folder(names[0]), key, shared.ids)}
    found: list[Answers] = []
    for name in names:
        folder = library.folder(name)
        items: Mapping[str, Item] = items_of(folder, key)
        asks = {case: item[0] for case, item in items.items() if case in shared.ids}
        scores, heard = scores_of(folder, key, shared.ids), heard_in(folder, set(asks.values()))
        found.append(([Judged(cases[case], scores[case]) for case in asks], [heard[ask] for ask in asks.values()]))
    return found


def _forecast(library: Library, key: str, settings: Mapping[str, Value], judged: Sequence[Judged]) -> float:
    """Seconds that all summaries of a cell will take, from one."""
    probe: Probe = library.registry.create("probe", key.partition("@")[0], settings)
    start = process_time()
    summarise(probe, judged)
    return (process_time() - start) * SUMMARIES


def _measured(
    library: Library, key: str, shared: Shared, settings: Mapping[str, Value], answers: Sequence[Answers]
) -> list[dict[Key, Measured]]:
    found: list[dict[Key, Measured]] = []
    for place, (judged, heard) in enumerate(answers):
        if place and answers[0] == (judged, heard):
            found.append(found[0])  # Nothing differs: its numbers are those of the baseline.
        else:
            found.append(measure_cell(key, judged, heard, shared, settings=settings, registry=library.registry))
    return found


def _judged_otherwise(
    library: Library, name: str, key: str, settings: Mapping[str, Value], wanted: frozenset[str]
) -> int:
    """How many of the wanted cases the installed probe judges otherwise than the run did."""
    folder = library.folder(name)
    probe: Probe = library.registry.create("probe", key.partition("@")[0], settings)
    cases, scores = cases_of(folder, key), scores_of(folder, key)
    replies = in_order(cases, replies_to(folder, {item[0] for item in items_of(folder, key).values()}))
    again = judge_cases(probe, cases, replies, readings_in(folder))
    return sum(one.case.id in wanted and _differs(scores[one.case.id], one.score) for one in again)


def _differs(one: Score, other: Score) -> bool:
    return any(differences("", to_json(one), to_json(other)))


# ── in words ──────────────────────────────────────────────────────────────────────────────


def in_lines(both: Pairing, changes: Sequence[CellChange], margin: float | None = None) -> Comparison:
    """Say of every number what is to be made of its change.

    Headlines are held to chance together (Holm), over all cells that can be compared: a cell that is not computed yet
    counts as if nothing had changed in it, so that computing it can only settle more. All other numbers of a cell are
    held to chance among themselves.

    Args:
        both: The runs.
        changes: Of some or all cells that can be compared.
        margin: Largest difference of shares, in (0, 1), that makes no difference to the reader: a change whose whole
            interval lies within it is none. None where no such margin is known.
    """
    told = [change for change in changes if change.effects]
    first = [effect for change in told for effect in change.effects if _is_headline(change.pair, effect)]
    adjusted = dict(zip(map(id, first), _holm(first, of=max(len(both.open), len(first))), strict=True))
    made: list[Line] = []
    for change in told:
        others = [effect for effect in change.effects if id(effect) not in adjusted]
        ps = adjusted | dict(zip(map(id, others), _holm(others, of=len(others)), strict=True))
        ordered = sorted(change.effects, key=lambda effect: id(effect) not in adjusted)
        made += [
            _line(change.pair, effect, ps[id(effect)], margin, headline=id(effect) in adjusted) for effect in ordered
        ]
    refused = [(pair, pair.refusal) for pair in both.cells if pair.refusal]
    refused += [(change.pair, change.refusal) for change in changes if change.refusal]
    missing = len(both.open) - sum(change.seconds is None for change in changes)
    return Comparison(both, tuple(made), tuple(refused), _summary(made, refused, missing), _note(len(both.open)))


def _is_headline(pair: CellPair, effect: Effect) -> bool:
    return effect.metric == pair.headline and not effect.slice


def _holm(its: Sequence[Effect], *, of: int) -> list[float]:
    ps = [_two_sided(effect) for effect in its]
    return holm([*ps, *([1.0] * (of - len(ps)))])[: len(ps)]


def _two_sided(effect: Effect) -> float:
    """Two-sided p-value against "it got neither better nor worse", or where neither is better, "nothing changed"."""
    if effect.change is None:
        return 1.0
    step = effect.gain or effect.change
    if effect.unit == "share" and "constant" in step.method:
        # Every item moved alike. Where the mean of [-1, 1] is v and no item was seen to differ, at most a share
        # q differs, and the mean reaches 0 for q = v / (1 + v): (1 - q)^n is the chance of seeing none of them.
        return min(1.0, 2 * (1 + abs(step.value)) ** -step.n) if step.value else 1.0
    if effect.p_gain is not None and effect.p_loss is not None:
        return min(1.0, 2 * min(effect.p_gain, effect.p_loss))
    return 1.0 if effect.p_change is None else effect.p_change


def _line(pair: CellPair, effect: Effect, p: float, margin: float | None, *, headline: bool) -> Line:
    found = _moved(effect, p, margin)
    return Line(pair, effect, headline, found, printable(_sentence(effect, found), limit=900))


def _moved(effect: Effect, p: float, margin: float | None) -> Moved:
    if effect.change is None:
        return Moved.NONE
    if effect.change.value == 0 and effect.change.low == effect.change.high:
        return Moved.SAME
    if effect.change.value == 0 and "constant" in effect.change.method:
        return Moved.SAME
    if margin is not None and effect.unit == "share" and -margin <= effect.change.low <= effect.change.high <= margin:
        return Moved.SMALL
    if p >= ALPHA:
        return Moved.OPEN
    if effect.gain is None:
        return Moved.CHANGED
    return Moved.BETTER if effect.gain.value > 0 else Moved.WORSE


def _sentence(effect: Effect, found: Moved) -> str:
    if effect.change is None:
        return f"No change of {named(effect)}: {effect.missing or 'it could not be computed'}."
    if found is Moved.SAME:
        level = "" if effect.after is None else f", at {said(effect.after, effect.unit)}"
        return f"{_capital(named(effect))} is the same in both runs{level}."
    if found in {Moved.OPEN, Moved.SMALL}:
        levels = ""
        if effect.before is not None and effect.after is not None:
            levels = f", from {said(effect.before, effect.unit)} to {said(effect.after, effect.unit)}"
        step = size(effect.change, effect.unit, signed=True)
        return f"{_capital(named(effect))} changed by {step}{levels}, which {ENDS[found]}."
    return f"This run {moved(effect)}{f', which {ENDS[found]}' if found in ENDS else ''}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _summary(made: Iterable[Line], refused: Sequence[tuple[CellPair, str]], missing: int) -> str:
    headlines = [line for line in made if line.headline]
    parts = list(_counted(headlines))
    if headlines:
        start = f"Of {plural(len(headlines), 'headline number')} that can be compared"
        text = f"{start}, {', '.join(parts[:-1])}{' and ' if parts[:-1] else ''}{parts[-1]}."
    else:
        text = "No headline number is compared." if missing else "Nothing of these runs can be compared."
    if missing:
        text += f" {plural(missing, 'probe')} not computed yet."
    if refused:
        text += f" {plural(len(refused), 'probe')} cannot be compared."
    return text


def _counted(headlines: Sequence[Line]) -> Iterator[str]:
    words = {
        Moved.WORSE: ("got worse", "got worse"),
        Moved.BETTER: ("got better", "got better"),
        Moved.CHANGED: ("changed", "changed"),
        Moved.OPEN: ("may have moved by chance alone", "may have moved by chance alone"),
        Moved.SMALL: ("changed by less than the margin", "changed by less than the margin"),
        Moved.SAME: ("is the same", "are the same"),
        Moved.NONE: ("has no number in one run", "have no number in one run"),
    }
    for found, (one, several) in words.items():
        number = sum(line.moved is found for line in headlines)
        if number:
            yield f"{number} {one if number == 1 else several}"


def _note(number: int) -> str:
    if number < 2:
        return (
            "Better and worse are said where a change of this size would come by chance in fewer than 5 of 100 cases."
        )
    return (
        f"Better and worse are said with all {number} headline numbers in mind (Holm): if nothing had changed, any of"
        " them would be called so in at most 5 of 100 pairs of runs. Each interval is for its own number alone, so one"
        " may lie clear of no change and still be called chance. All other numbers are held to chance among those of"
        " their own probe: take them as places to look."
    )
