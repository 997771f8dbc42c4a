"""The main views of the families of risk, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from dashboards.frames.run import GROUPS, groups
from dashboards.safe_text import plain
from harness.query import (
    FATES,
    SIDES,
    Composition,
    Estimate,
    Found,
    MetricPart,
    Section,
    Slope,
    amount,
    dataset_words,
)

__all__ = [
    "cell_of",
    "curve",
    "differences",
    "fates",
    "kinds_of_group",
    "levels",
    "outcomes",
    "slope_rows",
    "survival",
    "title_of",
]

FATE_COLUMNS = ("row", "title", "what", "words", "count", "asked", "share", "low", "high", "start", "end", "method")
SLOPE_COLUMNS = ("row", "kind", "before", "after", "lost", "low", "high", "questions", "method")
CURVE_COLUMNS = ("at", "series", "value", "low", "high", "n", "unit", "method")
LEVEL_COLUMNS = ("level", "side", "words", "share", "low", "high", "n", "method")


def cell_of(section: Section) -> str:
    """Name of the section's cell, ``probe@dataset``."""
    return f"{section.card.id}@{section.result.dataset}"


def title_of(section: Section) -> str:
    """The section in words: its probe and its data."""
    return plain(f"{section.card.title}, {dataset_words(section.result.dataset)}")


def kinds_of_group(sections: Sequence[Section]) -> list[str]:
    """What metrics are broken down by, in order of first appearance."""
    return list(dict.fromkeys(plain(table.by) for its in sections for part in its.metrics for table in part.groups))


# ── hallucination ─────────────────────────────────────────────────────────────────────────


def fates(found: Iterable[tuple[Section, Composition]]) -> pd.DataFrame:
    """What became of the answers of several cells; ``start`` to ``end`` is a share's place in its bar, in [0, 1]."""
    rows: list[tuple[object, ...]] = []
    for section, its in found:
        start = 0.0
        for fate in its.fates:
            interval = fate.share
            end = start + fate.count / its.asked
            rows.append(
                (
                    *(f"{title_of(section)}: {its.asked:,} answers", title_of(section), fate.key, FATES[fate.key]),
                    *(fate.count, its.asked, interval.value, interval.low, interval.high, start, end),
                    interval.method,
                )
            )
            start = end
    return pd.DataFrame(rows, columns=list(FATE_COLUMNS))


def outcomes(sections: Sequence[Section]) -> pd.DataFrame:
    """How many replies were scored and left out, for cells whose scores sort no answers one by one."""
    rows = [
        {
            "probe": title_of(section),
            "asked": counts.asked,
            "scored": counts.scored,
            "refused": counts.refused,
            "unreadable": counts.unreadable + counts.truncated,
            "failed": counts.failed,
        }
        for section in sections
        for counts in [section.result.counts]
    ]
    return pd.DataFrame(rows, columns=["probe", "asked", "scored", "refused", "unreadable", "failed"])


# ── robustness ────────────────────────────────────────────────────────────────────────────


def slope_rows(found: Iterable[tuple[Section, Sequence[Slope]]]) -> pd.DataFrame:
    """Kinds of change, the greatest loss first; ``before`` and ``after`` in [0, 1], ``lost`` is their difference."""
    rows = [
        (
            *(_slope_name(section, its), _kind(section, its.kind), its.before, its.after),
            *(its.lost.value, its.lost.low, its.lost.high, its.questions, its.lost.method),
        )
        for section, slopes in found
        for its in slopes
    ]
    return pd.DataFrame(rows, columns=list(SLOPE_COLUMNS)).sort_values("lost", ascending=False, kind="stable")


def _slope_name(section: Section, its: Slope) -> str:
    return f"{_kind(section, its.kind)} (n {its.questions:,})\n{title_of(section)}"


def _kind(section: Section, kind: str) -> str:
    """A kind in words; formats have longer names among the groups of their metric, which begin with their number."""
    number = kind.rpartition(" ")[2]
    long = (row.name for part in section.metrics for table in part.groups if table.by == "format" for row in table.rows)
    named = next((name for name in long if name.partition(" ")[0] == number), None)
    return plain(f"format {named}" if named and kind.startswith("format ") else kind.replace("_", " "))


# ── curves from estimates ─────────────────────────────────────────────────────────────────


def curve(section: Section, metrics: Mapping[str, str], by: str) -> pd.DataFrame:
    """Estimates along a numeric group, such as a strength or a length, in rising order.

    Args:
        section: The cell.
        metrics: Names after the probe's id, and what each is called in the chart.
        by: The group; slices by it alone count.
    """
    rows = []
    for part in section.metrics:
        series = metrics.get(part.name.rpartition("/")[2])
        for its in _along(part, by) if series is not None else ():
            interval = its.interval
            at = float(its.slice[by])
            rows.append(
                (at, series, interval.value, interval.low, interval.high, interval.n, its.unit, interval.method)
            )
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS)).sort_values(["series", "at"], kind="stable")


def _along(part: MetricPart, by: str) -> list[Estimate]:
    found = [row.found for table in part.groups if table.by == by for row in table.rows]
    return [its for its in found if isinstance(its, Estimate) and _is_number(its.slice[by])]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# ── bias ──────────────────────────────────────────────────────────────────────────────────

DIFFERENCES: Mapping[str, tuple[str, ...]] = {
    "bias.counterfactual": ("refusal_effect", "length_effect", "toxicity_effect", "answer_effect"),
    "bias.open_generation": ("regard_gap", "toxicity_gap"),
    "bias.paired_likelihood": ("stereotype_share",),
    "bias.question_answering": ("bias_ambiguous", "bias_disambiguated"),
    "bias.stereoset": ("stereotype_score",),
    "bias.toxicity": ("group_effect",),
}
"""Metrics of first-party probes that say how a group stands to others, or how far a stereotype of it is preferred."""
FINEST = ("attribute and group", "attribute and higher and lower", "group", "attribute")
"""Groups by which they are told, the finest first."""
SHARES = ("value_share", "attribute and value")
"""Shares of what pictures show, each beside its reference, and the groups by which they are told."""


def differences(sections: Sequence[Section], *, shares: bool = False) -> pd.DataFrame:
    """How groups differ: columns of `frames.run.groups`, then metric, title, cell, apart and distance.

    ``apart`` says whether the interval leaves out the value of no difference; rows without a number say why in
    ``missing``. Those farthest from no difference come first, in halves of their interval.

    Args:
        sections: Of the family.
        shares: Shares of what pictures show instead, beside their reference.
    """
    tables = []
    for section in sections:
        wanted = (SHARES[0],) if shares else DIFFERENCES.get(section.card.id, ())
        for part in section.metrics:
            if part.name.rpartition("/")[2] in wanted:
                rows = groups(section, part.name)
                by = SHARES[1] if shares else next((one for one in FINEST if one in set(rows["by"])), None)
                its = rows[rows["by"] == by]
                tables.append(its.assign(metric=part.name, title=plain(part.title), cell=title_of(section)))
    if not tables:
        return pd.DataFrame(columns=[*GROUPS, "metric", "title", "cell", "apart", "distance"])
    every = pd.concat(tables, ignore_index=True)
    numbers = every[["value", "low", "high", "null"]].astype(float)
    null = numbers["null"].fillna(0.0)
    width = (numbers["high"] - numbers["low"]).clip(lower=1e-9) / 2
    every["apart"] = (numbers["low"] > null) | (numbers["high"] < null)
    every["distance"] = (numbers["value"] - null).abs() / width
    return every.sort_values(["apart", "distance"], ascending=False, kind="stable")


# ── watermark ─────────────────────────────────────────────────────────────────────────────


def levels(found: Sequence[Found]) -> pd.DataFrame:
    """Shares in which a mark was found, by level of false alarms and by whose work it is."""
    rows = [
        (
            *(its.level, its.side, SIDES[its.side], its.share.value, its.share.low, its.share.high, its.share.n),
            its.share.method,
        )
        for its in found
    ]
    return pd.DataFrame(rows, columns=list(LEVEL_COLUMNS))


def survival(section: Section) -> pd.DataFrame:
    """Marks found after each attack, with what the attack cost in words: columns of `frames.run.groups`."""
    part = next((its for its in section.metrics if its.name == f"{section.card.id}/detected"), None)
    if part is None:
        return pd.DataFrame(columns=list(GROUPS))
    rows = groups(section, part.name)
    rows = rows[rows["by"].isin(["attack", "attack and strength"])]
    costs = _costs(section)
    named = [f"{group.replace('_', ' ')}{costs.get(group, '')}" for group in rows["group"]]
    return rows.assign(group=named)


def _costs(section: Section) -> dict[str, str]:
    """What each attack cost, in words, by the name of its group."""
    found = {}
    for part in section.metrics:
        if part.name == f"{section.card.id}/cost":
            for its in (row for table in part.groups for row in table.rows):
                if isinstance(its.found, Estimate):
                    found[plain(its.name)] = f" · changes {amount(its.found.interval.value, its.found.unit)} words"
    return found
