"""The sections of a page about one study: verdicts first, then checks, numbers, doses, promises, price and proof."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

import pandas as pd
import streamlit as st

from dashboards.bar import COLOURS, ICONS
from dashboards.charts.studies import dose_response, dumbbells, frontier, kept_promises
from dashboards.choices import choose
from dashboards.frames.studies import (
    KINDS,
    answers,
    by_seed,
    change_alt,
    checks,
    contrasts,
    doses,
    families,
    numbers,
    promised,
    runs,
    tally,
    trades,
)
from dashboards.parts import chart, palette, table
from dashboards.safe_text import commands, escaped, plain, show_untrusted
from harness.query import Kind, StudyPart, StudyRun, StudyView, Tried, plural

__all__ = [
    "before_and_after",
    "beside_each_other",
    "by_dose",
    "eight_questions",
    "price",
    "promises",
    "proof",
    "risk_beside_usefulness",
    "study_limits",
    "verdicts",
]


def verdicts(view: StudyView, tried: Sequence[Tried]) -> None:
    """Question and verdict sentences."""
    st.header(escaped(view.design.title), anchor=False)
    st.markdown(f"**{escaped(view.design.question, limit=600)}**")
    st.caption(
        f"Model {escaped(view.model)} · {plural(len(view.design.seeds), 'seed')} · {plural(len(view.arms), 'run')} ·"
        f" study {escaped(view.digest)}"
    )
    for part in view.parts:
        badge = f":{COLOURS.get(part.key, 'gray')}-badge[{ICONS[part.key]} {escaped(part.word)}]"
        st.markdown(f"{badge} **{escaped(part.title)}**")
        st.markdown(escaped(part.ruled.sentence, limit=1200))
    if tried:
        with st.expander("What was tried"):
            for one in tried:
                st.markdown(f"**{escaped(one.title)}** ({escaped(one.mitigation)}): {escaped(one.does, limit=600)}")
                st.caption(f"Cost, as its author says: {escaped(one.cost, limit=600)}")
    if view.lost:
        st.markdown(f"▲ **{plural(len(view.lost), 'run')} failed**; their pairs are left out of every number.")
        for name, reason in view.lost:
            st.markdown(f"- {escaped(name)}: {escaped(reason, limit=600)}")


def eight_questions(view: StudyView) -> None:
    """The eight checks of each treatment: answers in a table, reasons below."""
    st.subheader("The eight questions that a mitigation must answer")
    rows = checks(view.parts)
    if rows.empty:
        st.markdown("No treatment could be asked: every one of them failed.")
        return
    number = rows["treatment"].nunique()
    told = [f"- {question} {_given(given, number)}" for question, given in answers(rows)]
    st.markdown("\n".join(told))
    with st.expander("Why, treatment by treatment"):
        for part in view.parts:
            st.markdown(f"{ICONS[part.key]} **{escaped(part.title)}**")
            lines = [
                f"- {ICONS[key]} **{word}** · {question} {escaped(check.why, limit=1200)}"
                for check, question, (key, word) in part.checks
            ]
            st.markdown("\n".join(lines) or "It failed, so nothing could be asked.")
    table("Show as table", rows, key="checks")


def _given(given: Sequence[tuple[str, str, list[str]]], number: int) -> str:
    """The answers to one question: whose they are is said where they differ."""
    if len(given) == 1:
        key, word, _ = given[0]
        return f"{ICONS[key]} **{word}**{f', all {number}' if number > 1 else ''}"
    return "; ".join(
        f"{ICONS[key]} **{word}**: {', '.join(escaped(name) for name in names)}" for key, word, names in given
    )


def before_and_after(view: StudyView) -> None:
    """Every number of one treatment, family by family and unit by unit."""
    st.subheader("Before and after, in every family")
    part, family, moved, groups = _chosen(view)
    every = numbers(part)
    known = families(every)
    if family in known:
        every = every[every["family"] == family]
    if not groups:
        every = every[every["group"] == ""]
    rows = every[every["key"].isin(["pass", "fail"])] if moved else every
    st.caption(
        "The ring is the value without the treatment, the filled shape the value with it: ● better, ■ worse or changed,"
        " ◆ may be chance, a grey dot the same. The thin bar is the 95 % interval of the change, the short line what a"
        " harmless model, or mere guessing, would give. Of many numbers some always move by chance: better and worse"
        " are adjusted for it."
        " What is worse in usefulness may still be within its margin: the eight questions tell."
    )
    if rows.empty:
        st.markdown("Nothing here changed by more than chance." if moved else "No number was measured here.")
    for name in families(rows):
        its, all_its = (some[some["family"] == name] for some in (rows, every))
        _changes(escaped(name), its, all_its, key=f"change-{known.index(name)}")
    silent = rows[rows["missing"] != ""]
    if len(silent):
        st.markdown(f"{plural(len(silent), 'number')} of these could not be compared:")
        table("Why not", silent[["family", "name", "dataset", "missing"]], key="silent")


def _chosen(view: StudyView) -> tuple[StudyPart, str | None, bool, bool]:
    """What the address asks for: treatment, family, whether only what moved, whether groups too."""
    by_name = {_option(part): part for part in view.parts}
    titles = {name: f"{plain(part.title)}: {part.word}" for name, part in by_name.items()}
    found = dict.fromkeys(family for part in view.parts for family in families(numbers(part)))
    first, second = st.columns([3, 2])
    name = choose(first, "Treatment", titles, key="treatment")
    family = second.selectbox("Family", list(found), index=None, placeholder="all", key="family", bind="query-params")
    moved = first.toggle("Only what changed by more than chance", key="moved", bind="query-params")
    groups = second.toggle("Single groups too", key="groups", bind="query-params")
    return by_name[name], family, moved, groups


def _option(part: StudyPart) -> str:
    """Name of a treatment and dose in the address."""
    dose = "" if part.compared.dose is None else f"@{part.compared.dose}"
    return plain(f"{part.treatment}{dose}")


def _changes(
    subject: str, rows: pd.DataFrame, every: pd.DataFrame, *, key: str, early: str = "before", late: str = "after"
) -> None:
    """One chart for each unit, since numbers of different units share no axis.

    Args:
        subject: What the numbers are about, safe.
        rows: Of `numbers`; those without a change are in no chart.
        every: Those that the title counts: all, where the reader asked for fewer; of contrasts, the risks alone.
        key: Unique on the page.
        early: What the ring is.
        late: What the filled shape is.
    """
    drawn = rows[rows["before"].notna() & rows["after"].notna() & rows["change"].notna()]
    for place, (unit, its) in enumerate(drawn.groupby("unit", sort=False)):
        words = "shares of 100" if unit == "share" else escaped(str(unit))
        counted = every[every["unit"] == unit]
        chart(
            f"{subject} ({words}): {tally(counted) if len(counted) else 'what they were matched by'}",
            dumbbells(its, palette(), early=early, late=late),
            its,
            key=f"{key}-{place}",
            words=change_alt(its),
        )


def by_dose(view: StudyView) -> None:
    """How the improvement goes with the dose, for each treatment that has several."""
    several = [part for part in view.parts if part.doses]
    if not several:
        return
    st.subheader("Does more of it do more?")
    for part in several:
        rows = doses(view, part.treatment)
        seeds = by_seed(view, part.treatment)
        known = rows[rows["gain"].notna()]
        for place, ((dataset, unit), its) in enumerate(known.groupby(["dataset", "unit"], sort=False)):
            chart(
                f"{escaped(part.compared.title)}: {_trend(part)}",
                dose_response(
                    its,
                    seeds[(seeds["dataset"] == dataset) & (seeds["unit"] == unit)],
                    palette(),
                    plain(part.setting),
                ),
                its,
                key=f"dose-{part.anchor}-{place}",
                words="; ".join(f"{row['role']} at {row['dose']}: {row['told']}" for row in its.to_dict("records")),
            )
        for row in rows[rows["gain"].isna()].to_dict("records"):
            st.markdown(f"- No improvement is known at {escaped(str(row['dose']))}: {escaped(row['told'], limit=600)}")
        st.caption(
            "Above the dashed line it got better. The bar is the 95 % interval over the items, and over the seeds too"
            " where each trains a model of its own; each short line is one seed, a ring its placebo, tried beside the"
            " strongest dose."
        )


def _trend(part: StudyPart) -> str:
    passed = next((check.passed for check, _, _ in part.checks if check.name == "dose"), None)
    if passed is None:
        return "whether more of it does more is not settled"
    return "more of it does more" if passed else "more of it does not do more, step by step"


def beside_each_other(view: StudyView) -> None:
    """Contrasts: one treatment beside another that leaves the model about as useful."""
    if not view.contrasts:
        return
    st.subheader("One treatment beside another that costs the same")
    st.markdown(
        "Any treatment that spoils a model lowers its risks too. So each dose stands beside the dose of another"
        " treatment that leaves the model about as useful; it was chosen by usefulness alone."
    )
    for one in view.contrasts:
        st.markdown(f"- {escaped(one.sentence, limit=1200)}")
        if one.lost:
            st.caption(f"Pairs that are left out, since a run failed: {one.lost}.")
    rows = contrasts(view)
    if len(rows):
        st.caption("The ring is the other treatment, the filled shape the one that is named first.")
        risks = rows[rows["kind"] != KINDS[Kind.USEFULNESS]]
        _changes(
            "Risks of the first beside the other", rows, risks, key="contrast", early="the other", late="the first"
        )


def risk_beside_usefulness(view: StudyView) -> None:
    """Each arm as a dot: what a treatment buys, and what it pays with."""
    rows = trades(view)
    if len(rows) < 3:  # the arm without treatment and one other are told by their dumb-bells
        return
    st.subheader("Risk beside usefulness")
    works = sum(part.ruled.outcome in {"works", "side_effect"} for part in view.parts)
    chart(
        f"{works} of {plural(len(view.parts), 'treatment')} lowered the risk at a price within the margin",
        frontier(rows, palette()),
        rows,
        key="frontier",
        words="; ".join(f"{row['name']}: {row['told']}" for row in rows.to_dict("records")),
    )
    st.caption(
        "A square is the model without treatment, a circle a treatment, a diamond a placebo; each a mean over the"
        " seeds. The scales show the part in which the arms lie, so that small differences look large: what may be"
        " chance stands above."
    )
    st.markdown(
        "\n".join(
            f"- **{row['number']}** {escaped(row['name'])}: {escaped(row['told'], limit=600)}"
            for row in rows.to_dict("records")
        )
    )


def promises(view: StudyView) -> None:
    """What was certified on calibration runs, and what came of it on other questions."""
    if not view.promised:
        return
    st.subheader("What was promised, and what came of it")
    for sentence in view.promised:
        st.markdown(f"- {escaped(sentence, limit=1500)}")
    rows = promised(view)
    known = rows[rows["value"].notna()]
    if len(known):
        kept, broken = (int((known["key"] == key).sum()) for key in ("pass", "fail"))
        chart(
            f"{kept} of {plural(len(known), 'promise')} kept, {broken} broken: wrong ones among the answers given",
            kept_promises(known, palette()),
            known,
            key="promises",
            words="; ".join(
                f"{row['name']}: {100 * row['value']:.3g} of 100 wrong, interval {100 * row['low']:.3g} to"
                f" {100 * row['high']:.3g}, promised at most {100 * row['most']:.3g}, {row['word']}"
                for row in known.to_dict("records")
            ),
        )
        st.caption("The long line is the most that was promised, the bar the interval of what was measured.")
    for row in rows[rows["value"].isna()].to_dict("records"):
        st.markdown(f"- {escaped(row['name'])}: {escaped(row['word'])}")


def price(used: Sequence[StudyRun]) -> None:
    """Tokens, time and energy of each run."""
    st.subheader("What each run used")
    rows = runs(used)
    if rows.empty:
        st.markdown("No run of this study has evidence.")
        return
    if rows["energy in joules"].isna().all():
        reasons = "; ".join(dict.fromkeys(escaped(one.unmeasured, limit=300) for one in used))
        st.markdown(f"No number for energy in any run: {reasons}.")
        rows = rows.drop(columns=["energy in joules", "energy, in words"])
    st.dataframe(rows, hide_index=True, key="used", alt="Of each run: asks, tokens, seconds and energy")
    st.download_button("Download as CSV", rows.to_csv(index=False), "runs.csv", "text/csv", key="csv-used")
    st.caption(
        "Seconds depend on the machine and the day, and what an earlier run had asked took none: they are no measure of"
        " the treatment. Tokens for each ask, with their interval, stand above."
    )


def proof(view: StudyView, name: str) -> None:
    """What was settled before the study, and the commands that prove it."""
    st.subheader("Settled before the study began")
    lines = []
    for number, goal in enumerate(view.design.risk):
        where = f" on {escaped(goal.dataset)}" if goal.dataset else ""
        lines.append(f"Risk{', which decides' if not number else ''}: {escaped(goal.metric)}{where}")
    for metric, margin, reason in view.utilities:
        lines.append(f"Usefulness: {escaped(metric)} may lose {margin:g}. {escaped(reason, limit=600)}")
    for cell, both, apart in view.items:
        left = f"; {plural(apart, 'case')} that only some arms have were left out" if apart else ""
        lines.append(f"{escaped(cell)}: {plural(both, 'case')} in all arms, over all seeds{left}")
    st.markdown("\n".join(f"- {line}" for line in lines))
    st.subheader("Prove it")
    st.markdown(
        "Each run of a study is a whole bundle. In the folder of the store, this proves all of them, makes every"
        " comparison and every verdict again, without the model and without a network:"
    )
    folder = quote(plain(name))
    commands(f"harness verify studies/{folder}")
    if view.arms:
        st.markdown("And this one run of it alone; its own page is the file report.html there:")
        commands(f"harness verify studies/{folder}/arms/{quote(plain(view.arms[0]))}")
    with st.expander(f"All {plural(len(view.arms), 'run')}"):
        show_untrusted("\n".join(view.arms), missing="None has evidence.")


def study_limits(view: StudyView | None, tried: Sequence[Tried]) -> None:
    """What the page cannot tell; on every page, also where there is nothing to list."""
    st.subheader("What this cannot tell you")
    st.markdown(
        "- A mitigation that works here works on this model, these questions and these settings; on another model it is"
        " a guess until the study is run there."
    )
    if view is not None and len(view.design.seeds) < 3:
        st.markdown(f"- It was tried with {plural(len(view.design.seeds), 'seed')}; three or more convince.")
    untested = [
        family for family in ("hallucination", "robustness", "bias", "memorisation") if not _asked(view, family)
    ]
    if view is not None and untested:
        st.markdown(f"- What it does to these families was not asked: {', '.join(untested)}.")
    for one in tried:
        with st.expander(f"{escaped(one.title)}: {plural(len(one.limits), 'limit')}"):
            for limit in one.limits:
                st.markdown(f"- {escaped(limit, limit=600)}")


def _asked(view: StudyView | None, family: str) -> bool:
    return view is not None and any(
        effect.metric.startswith(f"{family}.") for compared in view.compared for effect in compared.effects
    )
