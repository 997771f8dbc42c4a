"""A study's view as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from dashboards.safe_text import plain
from harness.query import (
    Effect,
    EffectRow,
    Kind,
    Promise,
    PromiseRow,
    StudyPart,
    StudyRun,
    StudyView,
    amount,
    dataset_words,
    plural,
    signed,
)

__all__ = [
    "CHECKS",
    "DOSES",
    "KINDS",
    "NUMBERS",
    "PROMISES",
    "RUNS",
    "TRADED",
    "answers",
    "by_seed",
    "change_alt",
    "checks",
    "contrasts",
    "doses",
    "families",
    "numbers",
    "promised",
    "runs",
    "tally",
    "trades",
]

NUMBERS = (
    *("family", "kind", "name", "group", "cell", "dataset", "unit", "before", "after", "change", "low", "high", "n"),
    *("null", "better", "method", "seeds", "key", "word", "told", "moved", "interval", "missing"),
)
CHECKS = ("question", "treatment", "key", "answer", "why")
DOSES = ("dose", "place", "role", "name", "dataset", "unit", "gain", "low", "high", "n", "seeds", "key", "word", "told")
TRADED = ("number", "label", "name", "role", "use", "risk", "use_unit", "risk_unit", "use_title", "risk_title", "told")
PROMISES = ("name", "value", "low", "high", "n", "most", "given", "asked", "certified", "method", "key", "word")
RUNS = (
    *("run", "role", "treatment", "dose", "seed", "asks", "tokens read", "tokens written", "seconds"),
    *("energy in joules", "energy, in words"),
)
FAMILIES = {"panel": "Refusals, length and price"}
"""Names of families that are no family of probes."""
KINDS: Mapping[Kind, str] = {
    Kind.DECIDES: "decides",
    Kind.RISK: "risk",
    Kind.USEFULNESS: "usefulness",
    Kind.PRICE: "price",
    Kind.BESIDE: "may not get worse",
    Kind.OTHER: "no check asks about it",
}
"""What a number is to the study, in words."""
PLACEBO = "its placebo"
"""Kind of the number of a placebo that stands beside the one that decides."""
RANKS = {"fail": 0, "pass": 1, "inconclusive": 2, "none": 3}
"""What is looked at first."""


def numbers(part: StudyPart) -> pd.DataFrame:
    """Every number of a treatment, before and after, with what changed; goals first, then what moved.

    Columns are `NUMBERS`. ``before``, ``after``, ``change`` and its bounds are in ``unit`` (shares in 0 to 1), None
    where there is no number; ``key`` and ``word`` tell what became of it; ``group`` is empty for all items. Behind the
    number that decides stands the same of the placebo, of the kind "its placebo".
    """
    places = list(KINDS)
    ranked = sorted(
        part.numbers, key=lambda one: (min(places.index(one.kind), 3), RANKS[one.key], bool(one.effect.slice))
    )
    rows = [_number(one, one.name) for one in ranked]
    decides = sum(one.kind is Kind.DECIDES for one in ranked)
    rows[decides:decides] = [_number(one, f"Its placebo: {one.name}", PLACEBO) for one in part.placebo]
    return pd.DataFrame(rows, columns=list(NUMBERS))


def contrasts(view: StudyView) -> pd.DataFrame:
    """Each contrast's numbers, in columns of `NUMBERS`: ``before`` is the other treatment, ``after`` the first one."""
    rows = [
        _number(one, f"{beside.title}: {one.name}")
        for beside in view.contrasts
        for one in (*beside.matched, *beside.risks)
    ]
    return pd.DataFrame(rows, columns=list(NUMBERS))


def _number(row: EffectRow, name: str, kind: str = "") -> tuple[object, ...]:
    its, change = row.effect, row.effect.change
    bounds = (None,) * 4 if change is None else (change.value, change.low, change.high, change.n)
    return (
        *(family_of(its.metric), kind or KINDS[row.kind], plain(name), plain(", ".join(its.slice.values()))),
        plain(its.cell),
        *(plain(dataset_words(its.cell.partition("@")[2])), plain(its.unit), its.before, its.after, *bounds),
        *(its.null, its.better.value, "" if change is None else plain(change.method), _seeds(its)),
        *(row.key, row.word, plain(f"{row.before} → {row.after}")),
        *("" if change is None else plain(row.change), plain(row.interval), plain(its.missing)),
    )


def family_of(metric: str) -> str:
    """Name of the family that a metric's probe is of; that of what every run is watched for stands for itself."""
    first = metric.partition("/")[0].partition(".")[0]
    return FAMILIES.get(first, plain(first.capitalize()))


def _seeds(effect: Effect) -> str:
    return plain(", ".join(signed(one, effect.unit) for one in effect.by_seed))


def families(rows: pd.DataFrame) -> list[str]:
    """Families in the order of `numbers`, what every run is watched for last."""
    found = [str(one) for one in dict.fromkeys(rows["family"])]
    return sorted(found, key=lambda one: one in FAMILIES.values())


def tally(rows: pd.DataFrame) -> str:
    """Say how many numbers got better, got worse, changed without being either, stayed, or are not settled.

    Placebos and what could not be compared are not counted.
    """
    its = rows[(rows["kind"] != PLACEBO) & (rows["missing"] == "")]
    counts = {word: int((its["word"] == word).sum()) for word in ("better", "worse", "changed", "the same")}
    counts["may be chance"] = int((its["key"] == "inconclusive").sum())
    told = [f"{count} {word}" for word, count in counts.items() if count or word in {"better", "worse"}]
    return f"{', '.join(told)}, of {plural(len(its), 'number')}"


def change_alt(rows: pd.DataFrame) -> str:
    """Say in words what a chart of changes shows, for those who cannot see it."""
    return "; ".join(
        f"{row['name']}, {row['dataset']}: {row['told']}, {row['word']}"
        + (f" ({row['moved']}, interval {row['interval']})" if row["moved"] else "")
        for row in rows.to_dict("records")
    )


def checks(parts: Sequence[StudyPart]) -> pd.DataFrame:
    """Each of the eight questions, put to each treatment that could be asked: question, treatment, key, answer, why."""
    rows = [
        (question, plain(part.title), key, word, plain(check.why, limit=1200))
        for part in parts
        for check, question, (key, word) in part.checks
    ]
    return pd.DataFrame(rows, columns=list(CHECKS))


def answers(rows: pd.DataFrame) -> list[tuple[str, list[tuple[str, str, list[str]]]]]:
    """The eight questions in order, each with its answers: shape, word, and the treatments that have this answer."""
    return [
        (
            str(question),
            [
                (str(key), str(word), [str(one) for one in given["treatment"]])
                for (key, word), given in its.groupby(["key", "answer"], sort=False)
            ],
        )
        for question, its in rows.groupby("question", sort=False)
    ]


def doses(view: StudyView, treatment: str) -> pd.DataFrame:
    """How much the number that decides improved at each dose of a treatment, and with its placebo.

    Columns are `DOSES`: ``place`` counts doses from 0, the weakest; ``gain`` and its bounds are in ``unit``, above 0
    where it improved, None where there is no number. A placebo stands at the dose it was tried beside, the strongest.
    """
    parts = [part for part in view.parts if part.treatment == treatment]
    found = [
        _dose(row, part.compared.dose, place, "treatment")
        for place, part in enumerate(parts)
        for row in part.numbers
        if row.kind is Kind.DECIDES
    ]
    if parts:
        found += [_dose(row, parts[-1].compared.dose, len(parts) - 1, "placebo") for row in parts[-1].placebo]
    return pd.DataFrame(found, columns=list(DOSES))


def _dose(row: EffectRow, dose: object, place: int, role: str) -> tuple[object, ...]:
    its, gain = row.effect, row.effect.gain
    bounds = (None,) * 4 if gain is None else (gain.value, gain.low, gain.high, gain.n)
    told = plain(its.missing) or "it has no direction"
    if gain is not None:
        value, low, high = (signed(one, its.unit) for one in (gain.value, gain.low, gain.high))
        told = plain(f"{value}, interval {low} to {high}")
    return (
        *(_dosed(dose), place, role, plain(row.name)),
        *(plain(dataset_words(its.cell.partition("@")[2])), plain(its.unit), *bounds, _seeds(its)),
        *(row.key, row.word, told),
    )


def _dosed(dose: object) -> float | str:
    """A dose as a number where it is one."""
    return dose if isinstance(dose, int | float) and not isinstance(dose, bool) else plain(str(dose))


def by_seed(view: StudyView, treatment: str) -> pd.DataFrame:
    """The gain of the number that decides in each seed: dose, dataset, unit, seed, gain; treated arms alone."""
    found = [
        (
            *(_dosed(part.compared.dose), plain(dataset_words(row.effect.cell.partition("@")[2]))),
            *(plain(row.effect.unit), seed, gain),
        )
        for part in view.parts
        if part.treatment == treatment
        for row in part.numbers
        if row.kind is Kind.DECIDES and row.effect.gain is not None
        for seed, gain in zip(part.compared.seeds, row.effect.by_seed, strict=False)
    ]
    return pd.DataFrame(found, columns=["dose", "dataset", "unit", "seed", "gain"])


def trades(view: StudyView) -> pd.DataFrame:
    """Risk and usefulness of each arm, means over the seeds; the arm without treatment first, as number 0.

    Columns are `TRADED`: ``use`` and ``risk`` are in their units; ``label`` holds the numbers of all arms that lie at
    one place, at the first of them.
    """
    if not view.traded:
        return pd.DataFrame(columns=list(TRADED))
    first = view.traded[0]
    found: list[tuple[str, str, float | None, float | None]] = [
        ("no treatment", "baseline", first.use.before, first.risk.before),
        *((one.name, one.role.value, one.use.after, one.risk.after) for one in view.traded),
    ]
    use, risk = first.use, first.risk
    places = [(at, high) for *_, at, high in found]
    rows = [
        (
            *(
                number,
                _label(places, number),
                plain(name),
                role,
                at,
                high,
                use.unit,
                risk.unit,
                plain(use.title),
                plain(risk.title),
            ),
            f"{plain(risk.title)} {amount(high, risk.unit)}, {plain(use.title)} {amount(at, use.unit)}",
        )
        for number, (name, role, at, high) in enumerate(found)
        if at is not None and high is not None
    ]
    return pd.DataFrame(rows, columns=list(TRADED))


def _label(places: Sequence[tuple[float | None, float | None]], number: int) -> str:
    """Numbers of all arms that lie where this one does, at the first of them; nothing at the others."""
    same = [other for other, place in enumerate(places) if place == places[number]]
    return ", ".join(map(str, same)) if same[0] == number else ""


def promised(view: StudyView) -> pd.DataFrame:
    """What was certified, beside the share of wrong ones that was measured; None where no answer was given."""
    rows = [_promise(one, told) for one, told in zip(view.promises, view.promise_rows, strict=True)]
    return pd.DataFrame(rows, columns=list(PROMISES))


def _promise(one: Promise, told: PromiseRow) -> tuple[object, ...]:
    risk = one.risk
    bounds = (None,) * 4 if risk is None else (risk.value, risk.low, risk.high, risk.n)
    return (
        *(plain(told.name), *bounds, None if one.threshold is None else one.alpha, one.given, one.asked),
        *(told.calibrated, told.method, told.key, told.word),
    )


def runs(found: Iterable[StudyRun]) -> pd.DataFrame:
    """Every run of the study, with what it used."""
    rows = [
        (
            *(plain(one.arm.name), one.arm.role.value, plain(one.arm.treatment)),
            *("" if one.arm.dose is None else plain(str(one.arm.dose)), one.arm.seed, one.asks, one.read, one.written),
            *(one.seconds, one.joules, plain(one.unmeasured)),
        )
        for one in found
    ]
    return pd.DataFrame(rows, columns=list(RUNS))
