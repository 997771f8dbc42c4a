"""Two runs beside each other: planted changes are found with their size, and what cannot be compared says why."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.errors import AccessError, UsageError
from harness.evidence.bundle import read_bundle
from harness.query.access import Role
from harness.query.comparison import Moved, change_of, compare, in_lines
from harness.query.flips import OUTCOME, count_flips, flips_of
from harness.query.pairing import pairing
from harness.query.samples import samples_named
from harness.records import Better
from harness.stats.multiplicity import holm
from harness.study.effects import effects
from harness.study.measured import measure_arm
from harness.study.shared import share

QUIZ = "hallucination.closed_book@facts_mc"
PAIRS = "bias.paired_likelihood@minimal_pairs"


def forged(library, run, change):
    """Change the record of a run."""
    place = library.folder(run) / "run.json"
    record = json.loads(place.read_text())
    change(record["plan"])
    place.write_text(json.dumps(record))


def headline(found, cell):
    return next(line for line in found.lines if line.headline and line.pair.cell == cell)


def test_a_planted_change_is_found_with_its_size_and_the_other_probe_stands_still(drifted):
    opened, names = drifted
    found = compare(opened(Role.POLICY), names["first"], names["worse"])
    quiz = headline(found, QUIZ)
    # The model was turned from wrong in 1 of 10 to wrong in 4 of 10.
    assert quiz.effect.change.low <= -0.3 <= quiz.effect.change.high < 0
    assert quiz.moved is Moved.WORSE
    assert quiz.pair.both == len(read_bundle(opened().folder(names["first"])).cases[QUIZ])
    assert quiz.effect.change.n == 60
    assert quiz.sentence.startswith("This run lowered “MC1: true answer likeliest” by ")
    assert quiz.sentence.endswith("which is worse.")
    assert headline(found, PAIRS).moved is Moved.SAME
    assert found.summary == "Of 2 headline numbers that can be compared, 1 got worse and 1 is the same."


def test_a_comparison_is_what_a_study_of_the_same_two_runs_finds(drifted):
    opened, names = drifted
    library = opened()
    arms = [read_bundle(library.folder(names[name])) for name in ("first", "worse")]
    shared, _ = share([(0, arm.cases) for arm in arms])
    studied = effects([tuple(measure_arm(arm, shared[0], library.registry) for arm in arms)], drawn_anew=False)
    found = compare(library, names["first"], names["worse"])
    by_key = {(one.cell, one.metric, tuple(one.slice.items())): one for one in studied}
    assert len(found.lines) == len(studied)
    for line in found.lines:
        its = line.effect
        assert its == by_key[its.cell, its.metric, tuple(its.slice.items())]


def test_the_same_run_twice_changes_nowhere_and_no_case_flips(drifted):
    opened, names = drifted
    found = compare(opened(), names["first"], names["again"])
    assert {line.moved for line in found.lines} <= {Moved.SAME, Moved.NONE}
    assert all(line.effect.change is None or line.effect.change.value == 0 for line in found.lines)
    assert sum(line.moved is Moved.SAME for line in found.lines) > 10
    assert [one.flipped for one in count_flips(opened(), names["first"], names["again"])] == [0, 0]


def test_seen_from_the_other_side_every_change_is_its_mirror_image(drifted):
    opened, names = drifted
    there = compare(opened(), names["first"], names["worse"])
    back = compare(opened(), names["worse"], names["first"])
    other = {Moved.WORSE: Moved.BETTER, Moved.BETTER: Moved.WORSE}
    found = {(line.pair.cell, line.effect.metric, str(line.effect.slice)): line for line in back.lines}
    changed = 0
    for line in there.lines:
        its, mirrored = line.effect, found[line.pair.cell, line.effect.metric, str(line.effect.slice)]
        assert (its.before, its.after) == (mirrored.effect.after, mirrored.effect.before)
        assert mirrored.moved is other.get(line.moved, line.moved)
        if its.change is not None:
            step, back_step = its.change, mirrored.effect.change
            assert back_step.value == pytest.approx(-step.value)
            assert (back_step.low, back_step.high) == (pytest.approx(-step.high), pytest.approx(-step.low))
            changed += step.value != 0
    assert changed > 3


def test_a_change_within_the_margin_is_no_real_change_and_one_beyond_it_is(drifted):
    opened, names = drifted
    library = opened()
    both = pairing(library, names["first"], names["worse"])
    changes = [change_of(library, names["first"], names["worse"], cell) for cell in both.open]
    assert headline(in_lines(both, changes, 0.9), QUIZ).moved is Moved.SMALL
    assert headline(in_lines(both, changes, 0.01), QUIZ).moved is Moved.WORSE
    assert headline(in_lines(both, changes, 0.9), QUIZ).sentence.endswith("no real change.")


def test_what_is_computed_later_can_only_settle_more(drifted):
    opened, names = drifted
    library = opened()
    both = pairing(library, names["first"], names["worse"])
    whole = [change_of(library, names["first"], names["worse"], cell) for cell in both.open]
    part = [change for change in whole if change.pair.cell == QUIZ]
    early = headline(in_lines(both, part), QUIZ)
    assert "1 probe not computed yet." in in_lines(both, part).summary
    assert early.moved in {headline(in_lines(both, whole), QUIZ).moved, Moved.OPEN}
    # As if nothing had changed in the others: a p-value that holds alone need not hold in a family of a hundred.
    quiz = part[0].effects[0]
    weak = replace(quiz, p_gain=0.98, p_loss=0.02, change=replace(quiz.change, method="jackknife"))
    weak = replace(weak, gain=replace(weak.gain, method="jackknife"))
    alone = replace(both, cells=tuple(cell for cell in both.cells if cell.cell == QUIZ))
    assert in_lines(alone, [replace(part[0], effects=(weak,))]).lines[0].moved is Moved.WORSE
    assert in_lines(both, [replace(part[0], effects=(weak,))]).lines[0].moved is Moved.OPEN
    assert holm([0.04, 1.0])[0] >= 0.05 > holm([0.04])[0]


def test_where_every_item_moved_alike_many_items_settle_it_and_few_do_not(drifted):
    opened, names = drifted
    library = opened()
    both = pairing(library, names["first"], names["worse"])
    its = change_of(library, names["first"], names["worse"], next(one for one in both.open if one.cell == QUIZ))
    quiz = next(one for one in its.effects if one.metric == its.pair.headline and not one.slice)
    for n, moved in ((200, Moved.WORSE), (3, Moved.OPEN)):
        step = replace(quiz.change, value=-1.0, low=-1.0, high=-0.9, n=n, method="clopper-pearson, constant difference")
        flat = replace(quiz, change=step, gain=replace(step, value=1.0, low=0.9, high=1.0), p_gain=0.5, p_loss=0.5)
        flat = replace(flat, gain=replace(step), better=Better.HIGHER)
        assert in_lines(both, [replace(its, effects=(flat,))]).lines[0].moved is moved


# ── what cannot be compared ───────────────────────────────────────────────────────────────


def other_data(plan):
    plan["data"] = [{**one, "digest": "sha256:" + "0" * 64, "version": "2.0.0"} for one in plan["data"]]


def other_version(plan):
    plan["plugins"] = [{**one, "version": "9.9"} for one in plan["plugins"]]


def other_settings(plan):
    plan["cells"] = [{**one, "settings": {"mode": "choose"}} for one in plan["cells"]]


def other_way(plan):
    plan["cells"] = [{**one, "capability": "generate"} for one in plan["cells"]]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (other_data, "The data are not the same: facts_mc has another content (version 1.0.0 in the baseline,"),
        (other_version, "The probe is not the same: rai-harness 0.1.0 asked in the baseline, rai-harness 9.9"),
        (other_settings, "The probe was set otherwise: as shipped in the baseline, mode = choose in this run."),
        (other_way, "The models were asked otherwise: score in the baseline, generate in this run."),
    ],
)
def test_what_was_measured_otherwise_is_refused_with_the_reason(drifted, change, why):
    opened, names = drifted
    forged(opened(), names["worse"], change)
    found = compare(opened(), names["first"], names["worse"])
    assert not found.lines
    assert found.summary == "Nothing of these runs can be compared. 2 probes cannot be compared."
    assert any(reason.startswith(why) for pair, reason in found.refused if pair.cell == QUIZ)


def test_a_cell_that_one_run_did_not_ask_is_told_and_the_others_are_compared(drifted):
    opened, names = drifted

    def drop(plan):
        plan["cells"] = [cell for cell in plan["cells"] if cell["probe"] != "bias.paired_likelihood"]

    forged(opened(), names["first"], drop)
    found = compare(opened(), names["first"], names["worse"])
    assert [(pair.cell, why) for pair, why in found.refused] == [(PAIRS, "The baseline did not ask it.")]
    assert headline(found, QUIZ).moved is Moved.WORSE


def changed_table(library, run, table, column, change):
    place = library.folder(run) / f"{table}.parquet"
    rows = pq.read_table(place)
    at = rows.column_names.index(column)
    values = [change(row) for row in rows.to_pylist()]
    pq.write_table(rows.set_column(at, column, pa.array(values, rows.schema.field(column).type)), place)


@pytest.mark.parametrize("column", ["ask_digest", "expected", "cluster", "arm", "groups"])
def test_a_case_that_is_not_the_same_in_both_is_left_out_and_counted(drifted, column):
    opened, names = drifted
    library = opened()
    before = {cell.cell: cell for cell in pairing(library, names["first"], names["worse"]).cells}
    first = read_bundle(library.folder(names["first"])).cases[QUIZ][0].id
    changed_table(
        library,
        names["worse"],
        "cases",
        column,
        lambda row: f"{row[column]}x" if (row["cell"], row["case"]) == (QUIZ, first) else row[column],
    )
    after = {cell.cell: cell for cell in pairing(library, names["first"], names["worse"]).cells}
    assert (after[QUIZ].both, after[QUIZ].apart) == (before[QUIZ].both - 1, before[QUIZ].apart + 1)
    assert after[PAIRS] == before[PAIRS]


def test_other_code_of_a_probe_is_put_to_the_proof(drifted):
    opened, names = drifted

    def other_code(plan):
        plan["plugins"] = [{**one, "code": "sha256:" + "1" * 64} for one in plan["plugins"]]

    forged(opened(), names["worse"], other_code)
    assert headline(compare(opened(), names["first"], names["worse"]), QUIZ).moved is Moved.WORSE
    changed_table(
        opened(),
        names["worse"],
        "scores",
        "values",
        lambda row: [(name, 1 - value if name == "mc1" else value) for name, value in row["values"]],
    )
    found = compare(opened(), names["first"], names["worse"])
    (why,) = (why for pair, why in found.refused if pair.cell == QUIZ)
    assert why.startswith("The probe's code has changed, and the one that is installed judges ")
    assert why.endswith(" replies of this run anew, and otherwise.")


def test_a_run_that_is_not_there_is_refused(drifted):
    opened, names = drifted
    with pytest.raises(UsageError, match="There is no run"):
        compare(opened(), "../etc", names["first"])


# ── flips ─────────────────────────────────────────────────────────────────────────────────


def test_the_cases_that_flipped_are_those_whose_scores_differ(drifted):
    opened, names = drifted
    library = opened()
    early, late = (
        {one.case.id: one.score for one in read_bundle(library.folder(names[name])).judged[QUIZ]}
        for name in ("first", "worse")
    )
    expected = {
        case
        for case, score in early.items()
        if any(score.values.get(name) != late[case].values.get(name) for name in ("mc1", "binary"))
    }
    counts = {one.cell: one for one in count_flips(library, names["first"], names["worse"])}
    assert counts[QUIZ].flipped == len(expected) > 10
    assert counts[PAIRS].flipped == 0
    assert counts[QUIZ].both == len(early)
    page = flips_of(library, names["first"], names["worse"], {QUIZ, PAIRS}, size=200)
    assert {flip.after.case for flip in page.flips} == expected
    assert page.fitting == len(expected)
    for flip in page.flips:
        assert flip.before.ask == flip.after.ask
        assert flip.before.values == early[flip.before.case].values
        assert flip.after.values == late[flip.after.case].values
        for name, before, after in flip.what:
            assert (before, after) == tuple("yes" if its.values[name] else "no" for its in (flip.before, flip.after))


def test_pages_of_flips_together_are_all_of_them_once(drifted):
    opened, names = drifted
    library = opened()
    whole = flips_of(library, names["first"], names["worse"], {QUIZ}, size=200)
    parts = [
        flip.after.case
        for start in range(0, whole.fitting, 7)
        for flip in flips_of(library, names["first"], names["worse"], {QUIZ}, start=start, size=7).flips
    ]
    assert parts == [flip.after.case for flip in whole.flips]
    assert flips_of(library, names["first"], names["worse"], {PAIRS}).fitting == 0
    assert flips_of(library, names["first"], names["worse"], {"' OR 1=1 --"}).fitting == 0


def test_another_outcome_is_a_flip(drifted):
    opened, names = drifted
    library = opened()
    case = read_bundle(library.folder(names["again"])).cases[PAIRS][0].id
    changed_table(
        library,
        names["again"],
        "scores",
        "outcome",
        lambda row: "refused" if (row["cell"], row["case"]) == (PAIRS, case) else row["outcome"],
    )
    (flip,) = flips_of(library, names["first"], names["again"], {QUIZ, PAIRS}).flips
    assert flip.after.case == case
    assert flip.what == ((OUTCOME, "scored", "refused"),)


def test_a_policy_reader_sees_how_many_flipped_and_not_which(drifted):
    opened, names = drifted
    library = opened(Role.POLICY)
    assert sum(one.flipped for one in count_flips(library, names["first"], names["worse"])) > 10
    with pytest.raises(AccessError):
        flips_of(library, names["first"], names["worse"], {QUIZ})
    with pytest.raises(AccessError):
        samples_named(library, names["first"], [(QUIZ, "any")])


def test_a_cell_that_takes_longer_than_allowed_says_how_long_and_is_not_computed(drifted):
    opened, names = drifted
    library = opened()
    both = pairing(library, names["first"], names["worse"])
    (quiz,) = (cell for cell in both.open if cell.cell == QUIZ)
    slow = change_of(library, names["first"], names["worse"], quiz, allowed=0.0)
    assert slow.seconds > 0
    assert (slow.effects, slow.refusal) == ((), "")
    told = in_lines(both, [slow])
    assert told.summary == "No headline number is compared. 2 probes not computed yet."
    assert change_of(library, names["first"], names["worse"], quiz, allowed=1e9).effects
