"""The same questions as they stand and in another form: how right the answers are on either side, and the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from harness.query.tables import Scored, values_of
from harness.records import Interval
from harness.seeds import derive
from harness.stats.compare import paired_difference

if TYPE_CHECKING:
    from harness.query.library import Library

__all__ = ["Slope", "slopes"]

FEWEST = 2
"""Questions that make a pair of means with an interval."""


@dataclass(frozen=True, slots=True)
class Slope:
    """One kind of change.

    Attributes:
        cell: Probe and data set.
        kind: What was changed; a name of the probe's.
        questions: How many were answered both ways.
        before: Share of right answers as the question stands, in [0, 1].
        after: The same where it was changed; of several changes of a question, their mean.
        lost: ``before`` less ``after``, paired by question.
    """

    cell: str
    kind: str
    questions: int
    before: float
    after: float
    lost: Interval


@dataclass(frozen=True, slots=True)
class _Forms:
    """How a probe names its cases.

    Attributes:
        value: How right a reply was, in [0, 1].
        base: Last part of the id of a question as it stands.
        kind: From the last part of any other id to the kind of change; None for what is no change.
    """

    value: str
    base: str
    kind: Callable[[str], str | None]


def _one_of(*names: str) -> Callable[[str], str | None]:
    return lambda form: form if form in names else None


def _all_are(name: str) -> Callable[[str], str | None]:
    return lambda _: name


FORMS: Mapping[str, _Forms] = {
    "robustness.distraction": _Forms("right", "bare", _one_of("irrelevant", "related")),
    "robustness.format": _Forms("correct", "format-0", lambda form: form.replace("-", " ")),
    "robustness.option_order": _Forms("correct", "shift-0", _all_are("other orders of the options")),
    "robustness.paraphrase": _Forms("right", "wording-0", _all_are("other wordings")),
    "robustness.perturbation": _Forms("credit", "clean", lambda form: form.partition("-")[0]),
}
"""First-party probes that ask a question as it stands and changed."""


def slopes(library: Library, run: str, cell: str) -> tuple[Slope, ...]:
    """Kinds of change of one cell, by name; none for a probe that pairs no questions, or where too few were answered.

    The loss is computed as those probes compute it, from the same pairs by the same function: where one tells the loss
    of a kind, it tells this one.

    Raises:
        UsageError: no bundle has that name.
        BundleError: its table cannot be read.
    """
    forms = FORMS.get(cell.partition("@")[0])
    if forms is None:
        return ()
    clean: dict[str, float] = {}
    changed: dict[str, dict[str, list[float]]] = {}
    for row in values_of(library, run, cell, (forms.value,)):
        _sort(row, forms, clean, changed)
    found = (_slope(cell, kind, clean, its) for kind, its in sorted(changed.items()))
    return tuple(one for one in found if one is not None)


def _sort(row: Scored, forms: _Forms, clean: dict[str, float], changed: dict[str, dict[str, list[float]]]) -> None:
    form = row.case.rpartition("/")[2]
    if forms.value not in row.values:
        return
    if form == forms.base:
        # A probe put around another may ask a question twice: the first by its id counts, as it does there.
        clean.setdefault(row.cluster, row.values[forms.value])
    elif kind := forms.kind(form):
        changed.setdefault(kind, {}).setdefault(row.cluster, []).append(row.values[forms.value])


def _slope(cell: str, kind: str, clean: Mapping[str, float], changed: Mapping[str, list[float]]) -> Slope | None:
    names = sorted(clean.keys() & changed.keys())
    if len(names) < FEWEST:
        return None
    before, after = [clean[name] for name in names], [fmean(changed[name]) for name in names]
    seed = derive(0, f"{cell.partition('@')[0]}/accuracy_drop")
    lost = paired_difference(before, after, seed=seed, bounds=(-1.0, 1.0))
    return Slope(cell, kind, len(names), fmean(before), fmean(after), lost)
