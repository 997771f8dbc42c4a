"""The page of mitigations says what a study's own files say, and its charts show what its tables hold."""

from __future__ import annotations

import json
import re
import shutil

import pandas as pd
import pytest

from dashboards.charts.palette import DARK, LIGHT
from dashboards.charts.studies import dose_response, dumbbells, frontier, is_logarithmic, kept_promises
from dashboards.frames.studies import (
    answers,
    by_seed,
    change_alt,
    checks,
    doses,
    families,
    numbers,
    promised,
    tally,
    trades,
)
from harness.canonical import loads
from harness.query import Role, list_studies, open_library, view_study
from harness.records import Better, Interval
from harness.study.design import read_design
from harness.study.promises import Kept, Promise
from harness.study.records import Check, CheckName, Compared, Effect, Outcome, Results, Ruled
from harness.study.records import Role as Part
from harness.study.view import view

QUESTION = "Did the fix work, and what did it cost?"


def said(app):
    """All the words of a page, one part a line."""
    parts = [app.title, app.header, app.subheader, app.markdown, app.caption, app.code, app.text]
    return "\n".join(str(one.value) for kind in parts for one in kind).replace("\\", "")


def mitigations(app):
    page = app.switch_page("screens/mitigations.py").run()
    assert not page.exception, page.exception
    assert [one.value for one in page.title] == [QUESTION]
    assert "What this cannot tell you" in said(page)
    return page


def drawn(app):
    """The numbers before and after of every chart of a page, as the table below each has them once it is opened."""
    for fold in app.expander:
        if fold.label == "Show as table":
            app.session_state[fold.proto.id.split("-", 2)[2]] = True  # what stands before the second dash is a digest
    app.run()
    tables = [one.value for one in app.dataframe if "before" in one.value]
    return [row for table in tables for row in table.to_dict("records")]


# ── a study made by hand, whose numbers are known ─────────────────────────────────────────


def designed(values):
    text = f"""
title = "A study"
question = "Does it?"
[[risk]]
metric = "bias.pairs/share"
[[utility]]
metric = "utility.facts/bits"
margin = 0.05
reason = "Because."
[[treatment]]
name = "told"
mitigation = "instruction"
dose = {{ setting = "strength", values = {json.dumps(values)} }}
"""
    return read_design(text, "study.toml", {})


def effect(metric, before, after, unit, *, p=(0.001, 0.999), cell="items", group=""):
    """A number of which less is better."""
    moved = after - before
    change = Interval(moved, moved - 0.02, moved + 0.02, 0.95, 100, "jackknife of 20 groups")
    gain = Interval(-moved, -moved - 0.02, -moved + 0.02, 0.95, 100, "jackknife of 20 groups")
    return Effect(
        *(f"{metric.partition('/')[0]}@{cell}", metric, metric, {"by": group} if group else {}, unit, Better.LOWER),
        *(0.5, before, after, change, gain, *p, 0.01, 2 * min(p), (-moved, -moved + 0.01, -moved - 0.01)),
    )


def compared(dose, after, *, role=Part.TREATMENT, against=Part.BASELINE):
    effects = (
        effect("bias.pairs/share", 0.6, after, "share"),
        effect("utility.facts/bits", 1.0, 1.01, "bits", p=(0.9, 0.1)),
        effect("panel/words", 10, 10.5, "words", p=(0.99, 0.01)),
        effect("bias.other/gap", 2, 2.1, "nats", p=(0.97, 0.03)),
        effect("panel/tokens", 50, 90, "tokens", p=(0.999, 0.001)),
    )
    return Compared("told", "Being told", role, against, dose, (1, 2, 3), (), {"bias.pairs@items": (100, 0)}, effects)


def studied(values=("short", "full"), made=()):
    results = Results(
        compared=(
            *(compared(dose, 0.55 - 0.05 * place) for place, dose in enumerate(values)),
            compared(values[-1], 0.59, role=Part.PLACEBO),
            compared(values[-1], 0.5, against=Part.PLACEBO),
        ),
        verdicts=tuple(
            Ruled(
                *("told", str(dose), Outcome.WORKS),
                (Check(CheckName.PAIRED, passed=True, why="All."), Check(CheckName.DOSE, passed=bool(place), why="p")),
                "It works.",
            )
            for place, dose in enumerate(values)
        ),
    )
    return view(designed(list(values)), "a model", [], results, made)


def test_numbers_come_goals_first_and_the_placebo_behind_what_decides():
    part = studied().parts[0]
    rows = numbers(part)
    assert list(rows["kind"])[:3] == ["decides", "its placebo", "usefulness"]
    first, placebo = rows.iloc[0], rows.iloc[1]
    assert (first["before"], first["after"], first["change"]) == (0.6, 0.55, pytest.approx(-0.05))
    assert (first["low"], first["high"], first["n"]) == (pytest.approx(-0.07), pytest.approx(-0.03), 100)
    assert (placebo["before"], placebo["after"]) == (0.6, 0.59)
    assert first["told"] == "60 of 100 → 55 of 100"
    assert families(rows) == ["Bias", "Utility", "Refusals, length and price"]


def test_what_is_beside_the_goals_is_worse_only_where_that_outlasts_the_number_of_looks():
    rows = numbers(studied().parts[0]).set_index("name")
    # Two numbers are beside the goals, so that the smaller p-value is doubled, and the other one is no smaller.
    assert rows.loc["panel/words", "word"] == "worse"
    assert rows.loc["bias.other/gap", "word"] == "worse"
    assert rows.loc["panel/tokens", "kind"] == "price"
    its = compared("short", 0.55)
    many = [effect(f"bias.other/n{place}", 2, 2.1, "nats", p=(0.9, 0.1)) for place in range(8)]
    crowded = Compared(*(getattr(its, name) for name in its.__slots__[:-1]), (*its.effects, *many))
    results = Results((crowded, crowded), studied().parts[0].compared and (ruled("short"), ruled("full")))
    found = numbers(view(designed(["short", "full"]), "a model", [], results, ()).parts[0]).set_index("name")
    assert found.loc["bias.other/gap", "word"] == "may be chance"
    assert tally(found.reset_index()) == "1 better, 1 worse, 11 may be chance, of 13 numbers"


def ruled(dose):
    return Ruled("told", dose, Outcome.WORKS, (), "It works.")


def test_a_chart_of_changes_has_the_numbers_and_ends_an_interval_where_shares_end():
    rows = numbers(studied().parts[0])
    shares = rows[rows["unit"] == "share"].assign(high=0.9)
    for palette in (LIGHT, DARK):
        (data,) = dumbbells(shares, palette).to_dict()["datasets"].values()
        assert [row["early"] for row in data] == pytest.approx([60, 60])
        assert [row["late"] for row in data] == pytest.approx([55, 59])
        assert [row["to"] for row in data] == [100, 100]
    assert data[0]["line"] == "60 of 100 → 55 of 100: ● better"
    told = change_alt(shares)
    assert "bias.pairs/share, items: 60 of 100 → 55 of 100, better" in told
    assert "interval \N{MINUS SIGN}7 points to \N{MINUS SIGN}3 points" in told


def test_numbers_of_one_name_have_a_row_each():
    rows = numbers(studied().parts[0])
    one = rows[rows["unit"] == "share"].head(1)
    other = one.assign(cell="acme.other@items")
    (data,) = dumbbells(pd.concat([one, other, other]), LIGHT).to_dict()["datasets"].values()
    named = [row["row"] for row in data]
    assert len(set(named)) == 3
    assert named[1].endswith("items, acme.other")
    assert named[2].endswith("items, acme.other (2)")


def test_doses_stand_where_they_are_and_the_stronger_to_the_right():
    def across(values):
        shown = studied(values)
        rows = doses(shown, "told")
        assert list(rows["role"]) == ["treatment"] * len(values) + ["placebo"]
        assert list(rows["gain"]) == pytest.approx([0.05 + 0.05 * at for at in range(len(values))] + [0.01])
        spec = dose_response(rows, by_seed(shown, "told"), LIGHT, "strength").to_dict()
        texts = [row.get("words") for data in spec["datasets"].values() for row in data]
        assert "no change" in texts
        return next(its["encoding"]["x"] for its in spec["layer"] if "dose" in str(its.get("encoding", {}).get("x")))

    falling = across([0.7, 0.5])
    assert falling["scale"]["reverse"] is True
    assert falling["scale"].get("type") != "log"
    wide = across([0.5, 8, 50])
    assert (wide["scale"]["type"], wide["scale"]["reverse"]) == ("log", False)
    words = across(["short", "full"])
    assert (words["type"], words["sort"]) == ("nominal", ["short", "full"])
    assert not is_logarithmic(doses(studied([0.0, 100.0]), "told")["dose"])


def test_each_seed_has_its_own_mark_beside_its_dose():
    rows = by_seed(studied(), "told")
    assert list(rows["seed"]) == [1, 2, 3, 1, 2, 3]
    assert list(rows["gain"])[:3] == pytest.approx([0.05, 0.06, 0.04])


def test_arms_that_lie_on_one_another_share_a_label():
    rows = trades(studied(["a", "b"]))
    assert list(rows["role"]) == ["baseline", "treatment", "treatment", "placebo"]
    assert list(rows["risk"]) == pytest.approx([0.6, 0.55, 0.5, 0.59])
    assert list(rows["label"]) == ["0", "1", "2", "3"]
    (data,) = frontier(rows, DARK).to_dict()["datasets"].values()
    assert [row["risk"] for row in data] == pytest.approx([60, 55, 50, 59])
    same = studied(["a", "b"])
    twin = tuple(one for one in same.traded if one.role is Part.TREATMENT)[:1] * 2
    stacked = type(same)(**{name: getattr(same, name) for name in same.__slots__} | {"traded": twin})
    assert list(trades(stacked)["label"]) == ["0", "1, 2", ""]


def test_the_answers_to_the_eight_questions_name_whose_they_are():
    found = dict(answers(checks(studied().parts)))
    assert found["Same items, seeds and budget in all arms?"] == [
        ("pass", "yes", ["Being told at short", "Being told at full"])
    ]
    assert found["Does more of it do more?"] == [
        ("fail", "no", ["Being told at short"]),
        ("pass", "yes", ["Being told at full"]),
    ]


def test_a_promise_stands_beside_what_was_measured_and_nothing_stands_for_what_was_not():
    risk = Interval(0.1, 0.05, 0.2, 0.95, 40, "clopper-pearson")
    kept = Promise("told-seed1", "told", "short", 1, 0.2, 0.05, 0.7, 90, 0.5, 60, 40, risk, Kept.KEPT)
    none = Promise("told-seed2", "told", "short", 2, 0.2, 0.05, None, 90, 0.0, 60, 0, None, Kept.NOTHING)
    rows = promised(studied(made=(kept, none)))
    assert rows["most"].iloc[0] == 0.2
    assert rows[["value", "most"]].isna().iloc[1].all()
    (data,) = kept_promises(rows.iloc[:1], LIGHT).to_dict()["datasets"].values()
    assert (data[0]["value"], data[0]["most"], data[0]["line"]) == (10, 20, "● as promised; 40 of 60 answered")


# ── the page ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def store(made):
    """A store with a run and a study one of whose treatments failed; nobody may change it."""
    return made("study")


def test_the_page_shows_the_verdicts_and_the_numbers_of_the_study_s_own_files(open_app, store, strangers):
    app = mitigations(open_app(store, role="policy"))
    (folder,) = (store / "studies").glob("[!.]*")
    words = said(app)
    for one in loads((folder / "verdicts.json").read_bytes())["verdicts"]:
        assert one["sentence"] in words
    assert "Does turning the dial help?" in words
    written = loads((folder / "effects.json").read_bytes())["compared"]
    mine = next(its for its in written if its["treatment"] == "turned" and its["against"] == "baseline")
    rows = drawn(app)
    known = [its for its in mine["effects"] if not its["slice"] and its["change"] is not None]
    assert len(known) > 10
    for its in known:
        row = next(r for r in rows if r["name"] == its["title"] and r["cell"] == its["cell"])
        assert (row["before"], row["after"], row["low"]) == (its["before"], its["after"], its["change"]["low"])
    assert f"harness verify studies/{folder.name}" in words
    assert any(row["kind"] == "its placebo" for row in rows)


def test_a_treatment_that_failed_is_told_with_the_reason_and_has_no_number(open_app, store, strangers):
    app = mitigations(open_app(store, treatment="broken"))
    assert "FAILED" in said(app)
    assert "the dial came off" in said(app)
    assert "No number was measured here." in said(app)
    assert [one.value for one in app.selectbox if one.label == "Treatment"] == ["broken"]


def test_only_what_changed_by_more_than_chance_is_shown_where_that_is_asked(open_app, store, strangers):
    app = mitigations(open_app(store))
    every = drawn(app)
    app = app.toggle(key="moved").set_value(True).run()
    moved = drawn(app)
    assert 0 < len(moved) < len(every)
    assert {row["key"] for row in moved} <= {"pass", "fail"}
    app = app.selectbox(key="family").set_value("Bias").run()
    assert {row["family"] for row in drawn(app)} == {"Bias"}


def test_a_strange_address_shows_the_newest_study_and_no_error(open_app, store, strangers):
    app = mitigations(open_app(store, study="../../etc/passwd", treatment="<script>", family="x", moved="maybe"))
    assert "Turning the dial" in said(app)


def test_a_study_that_cannot_be_read_is_told_and_hides_no_other(open_app, copied, strangers):
    store = copied("study")
    (folder,) = (store / "studies").glob("[!.]*")
    other = shutil.copytree(folder, folder.with_name("![x](y)-1"))
    (other / "effects.json").write_text("{}")
    (other / "manifest.json").write_bytes(b"{}")
    app = mitigations(open_app(store))
    assert "1 study of this store cannot be read" in [one.label for one in app.expander]
    assert "Turning the dial" in said(app)
    assert not [one.value for one in app.markdown if "![x](" in one.value]
    shutil.rmtree(folder)
    app = mitigations(open_app(store))
    assert "There is no study to show in this store" in said(app)
    assert "1 study of this store cannot be read" in [one.label for one in app.expander]


def test_a_store_without_studies_says_which_ship_and_a_store_without_runs_opens(open_app, tmp_path):
    app = mitigations(open_app(tmp_path / "nowhere"))
    commands = [one.value for one in app.code]
    assert {"harness study dedup", "harness study deferral", "harness study debias_prompt"} <= set(commands)
    assert "Does taking copies out of the training data" in said(app)


def test_studies_without_any_run_beside_them_are_shown(open_app, copied, strangers):
    store = copied("study")
    for folder in store.iterdir():
        if (folder / "run.json").is_file():
            shutil.rmtree(folder)
    app = mitigations(open_app(store))
    assert "Does turning the dial help?" in said(app)


def test_a_run_that_had_a_mitigation_is_told_with_the_command_that_tries_it(open_app, audit_text):
    text = """
[model]
backend = "control"
[run]
profile = "smoke"
probes = ["hallucination.closed_book"]
[probe."hallucination.closed_book"]
items = 12
"""
    audit_text(text)
    store = audit_text(f'{text}[[mitigation]]\nname = "permute_average"\n').folder.parent
    app = mitigations(open_app(store))
    assert "The run above had Averaging over orders of options" in said(app).replace("*", "")
    commands = [one.value for one in app.code]
    assert "harness mitigate permute_average --probes hallucination.closed_book" in commands
    (link,) = [one.proto for one in app.get("page_link") if one.proto.label == "Compare these two runs"]
    runs = {one.name: one for one in open_library(store, Role.POLICY).runs()}
    assert {name for name in runs if name in link.query_string} == set(runs)


def test_a_policy_reader_sees_no_less_of_a_study_than_an_auditor(store, strangers):
    seen = []
    for role in (Role.POLICY, Role.AUDITOR):
        library = open_library(store, role)
        (one,) = list_studies(library)
        seen.append(view_study(library, one.name))
    assert seen[0] == seen[1]


def test_what_a_hostile_study_says_is_shown_as_plain_text_alone(open_app, poisoned):
    app = mitigations(open_app(poisoned))
    read = [app.title, app.header, app.subheader, app.markdown, app.caption]
    texts = [*(one.value for kind in read for one in kind), *(one.label for one in app.expander)]
    # The poison is there: the title of the study, and that of what was tried.
    assert sum("title" in text for text in texts) > 1
    assert not [text for text in texts if re.search(r"(?<!\\)(?:<|!\[|\]\(|:red\[|:material)", text)]
    # What turns letters round is made visible in charts and tables too.
    for part in app._tree:
        if getattr(part, "proto", None) is not None:
            assert "\u202e".encode() not in part.proto.SerializeToString(), part.type
