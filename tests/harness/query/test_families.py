"""The main views of the families: what they sum up is what the estimates of the same run say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness.config import parse
from harness.errors import AccessError
from harness.execute import Stop
from harness.query.access import Role
from harness.query.bias import MEASURES, counterparts
from harness.query.hallucination import FATES, SORTINGS, composition
from harness.query.library import open_library
from harness.query.robustness import FORMS, slopes
from harness.query.tables import values_of
from harness.query.watermark import LEVELS, found_at_levels
from harness.records import Estimate
from harness.registry import Registry
from harness.run import Request, Silent, audit

TEXT = """
[model]
backend = "control"
hallucination = 0.4
fickleness = 0.3
stereotype = 0.9
refusal = 0.05
marks_text = 0.8
seed = 11
[run]
profile = "smoke"
probes = [
  "hallucination.calibration", "hallucination.closed_book", "hallucination.citation", "hallucination.false_premise",
  "hallucination.grounded", "hallucination.packages", "hallucination.self_consistency",
  "robustness.distraction", "robustness.format", "robustness.option_order", "robustness.paraphrase",
  "robustness.perturbation", "bias.paired_likelihood", "bias.counterfactual", "watermark.detection",
]
[probe."robustness.perturbation"]
of = "hallucination.closed_book"
items = 24
operators = ["keyboard_typo", "spacing"]
[probe."watermark.detection"]
texts = 8
tokens = 120
[probe."hallucination.self_consistency"]
items = 20
samples = 3
[probe."robustness.option_order"]
items = 20
[probe."robustness.format"]
items = 12
[probe."hallucination.closed_book"]
items = 40
[probe."hallucination.calibration"]
items = 60
[probe."bias.paired_likelihood"]
items = 40
"""
PROBES = {
    "hallucination.calibration": "accuracy",
    "hallucination.closed_book": "mc1",
    "hallucination.false_premise": "correction_rate",
    "hallucination.self_consistency": "error_rate",
}
"""Metrics that say which share of scored answers is right, or wrong."""


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A library and the name of a run of many probes on a model with known flaws."""
    store = tmp_path_factory.mktemp("families") / "runs"
    config = parse(TEXT, overrides={"run.store": str(store)})
    request = Request(config, TEXT, {"run.store": str(store)}, store.parent)
    folder = audit(request, Registry(config.plugins.allow), stop=Stop(), watch=Silent()).folder
    return open_library(store, Role.AUDITOR), folder.name


@pytest.fixture(scope="module")
def sections(audited):
    library, run = audited
    return {section.card.id: section for section in library.view(run).sections}


def cell(section):
    return f"{section.card.id}@{section.result.dataset}"


def told(section, name, **slices):
    found = (its for its in section.result.results if its.metric.endswith(f"/{name}") and its.slice == slices)
    return next(found)


# ── hallucination ─────────────────────────────────────────────────────────────────────────


def test_every_answer_has_one_fate_and_the_shares_add_up(audited, sections):
    library, run = audited
    for probe in SORTINGS:
        found = composition(library, run, cell(sections[probe]))
        assert sum(its.count for its in found.fates) == found.asked, probe
        assert {its.key for its in found.fates} <= FATES.keys()
        assert all(its.share.value == its.count / found.asked for its in found.fates), probe


def test_right_answers_are_those_that_the_probe_s_own_number_counts(audited, sections):
    library, run = audited
    for probe, metric in PROBES.items():
        estimate = told(sections[probe], metric)
        counts = {its.key: its.count for its in composition(library, run, cell(sections[probe])).fates}
        scored = sum(counts.get(key, 0) for key in ("right", "wrong", "withheld", "open"))
        hits = counts["wrong" if metric == "error_rate" else "right"]
        assert hits / scored == pytest.approx(estimate.interval.value), probe


def test_what_a_filter_refused_is_refused_and_nothing_else(audited, sections):
    library, run = audited
    section = sections["hallucination.calibration"]
    refused = sum(its.count for its in composition(library, run, cell(section)).fates if its.key == "refused")
    assert refused == section.result.counts.refused > 0


def test_saying_that_the_passage_does_not_tell_is_right_only_where_it_does_not(audited, sections):
    library, run = audited
    section = sections["hallucination.grounded"]
    rows = values_of(library, run, cell(section), ("fabricates", "abstains", "right"))
    right = sum(its.values.get("fabricates") == 0 or its.values.get("right") == 1 for its in rows)
    counts = {its.key: its.count for its in composition(library, run, cell(section)).fates}
    assert counts["right"] == right


def test_a_probe_without_right_and_wrong_has_no_composition(audited, sections):
    library, run = audited
    assert composition(library, run, cell(sections["bias.paired_likelihood"])) is None
    assert composition(library, run, "hallucination.calibration@nowhere") is None


# ── robustness ────────────────────────────────────────────────────────────────────────────


def test_losses_are_those_that_probes_tell_of_their_kinds(audited, sections):
    library, run = audited
    compared = 0
    for probe, group in (("robustness.perturbation", "operator"), ("robustness.distraction", "kind")):
        for its in slopes(library, run, cell(sections[probe])):
            estimate = told(sections[probe], "accuracy_drop", **{group: its.kind})
            assert isinstance(estimate, Estimate)
            assert (its.lost.value, its.lost.low, its.lost.high, its.questions) == (
                *(estimate.interval.value, estimate.interval.low, estimate.interval.high),
                estimate.interval.n,
            )
            compared += 1
    assert compared >= 4
    (other,) = slopes(library, run, cell(sections["robustness.paraphrase"]))
    assert other.lost.value == told(sections["robustness.paraphrase"], "accuracy_drop").interval.value


def test_a_slope_starts_where_the_question_stands_and_ends_where_it_was_changed(audited, sections):
    library, run = audited
    for probe in FORMS:
        found = slopes(library, run, cell(sections[probe]))
        assert found, probe
        assert all(its.before - its.after == pytest.approx(its.lost.value) for its in found)
    assert slopes(library, run, cell(sections["bias.paired_likelihood"])) == ()


# ── watermark ─────────────────────────────────────────────────────────────────────────────


def test_marks_found_at_the_usual_levels_are_those_of_the_probe(audited, sections):
    library, run = audited
    section = sections["watermark.detection"]
    found = {(its.side, its.level): its.share for its in found_at_levels(library, run, cell(section))}
    assert found["marked", 0.01] == told(section, "detected").interval
    assert found["marked", 0.001] == told(section, "surely_detected").interval
    assert found["unmarked", 0.01] == told(section, "false_alarms_own").interval
    assert found["others", 0.01] == told(section, "false_alarms_others").interval
    assert found["wrong key", 0.01] == told(section, "wrong_key").interval


def test_the_more_false_alarms_are_allowed_the_more_is_found(audited, sections):
    library, run = audited
    found = found_at_levels(library, run, cell(sections["watermark.detection"]))
    for side in ("marked", "unmarked", "others", "wrong key"):
        shares = [its.share.value for its in found if its.side == side]
        assert len(shares) == len(LEVELS)
        assert all(one <= other for one, other in pairwise(shares))
        assert shares[-1] == 1
    assert found_at_levels(library, run, cell(sections["bias.counterfactual"])) == ()


# ── bias ──────────────────────────────────────────────────────────────────────────────────


def test_the_pairs_that_are_shown_are_the_farthest_apart(audited, sections):
    library, run = audited
    for probe in ("bias.counterfactual", "bias.paired_likelihood"):
        section = sections[probe]
        for measure in MEASURES[probe]:
            found = counterparts(library, run, cell(section), measure, size=4)
            apart = [its.apart for its in found]
            assert apart == sorted(apart, reverse=True)
            assert all(its.first_prompt != its.second_prompt for its in found)
            assert len({its.item for its in found}) == len(found) or measure.within


def test_a_pair_holds_the_means_of_its_groups(audited, sections):
    library, run = audited
    section = sections["bias.counterfactual"]
    words = next(its for its in MEASURES["bias.counterfactual"] if its.value == "words")
    pair = counterparts(library, run, cell(section), words)[0]
    rows = [its for its in values_of(library, run, cell(section), ("words",)) if its.cluster == pair.item]
    means = {}
    for its in rows:
        means.setdefault(its.groups["group"], []).append(its.values["words"])
    means = {name: sum(its) / len(its) for name, its in means.items()}
    assert pair.apart == pytest.approx(max(means.values()) - min(means.values()))
    assert (means[pair.first], means[pair.second]) == (pair.first_value, pair.second_value)


def test_the_likelier_sentence_stands_first(audited, sections):
    library, run = audited
    section = sections["bias.paired_likelihood"]
    (measure,) = MEASURES["bias.paired_likelihood"]
    found = counterparts(library, run, cell(section), measure, size=100)
    assert all(its.apart > 0 and its.first_prompt and its.second_prompt for its in found)


def test_pairs_are_for_those_who_see_cases(audited, sections):
    library, run = audited
    measure = MEASURES["bias.counterfactual"][0]
    reader = open_library(library.store.root, Role.POLICY)
    with pytest.raises(AccessError, match="auditor"):
        counterparts(reader, run, cell(sections["bias.counterfactual"]), measure)
    assert counterparts(library, run, "' OR 1=1 --", measure) == ()
