"""Thresholds on confidence: what they do, what they cost, and that pages say what reports say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from harness.config import parse
from harness.execute import Stop
from harness.mitigations import defer_confidence
from harness.query.access import Role
from harness.query.deferral import GRID, KINDS, Answers, handover, levels, read_answers, selection, selections
from harness.query.deferral_costs import advice_on, advise, advised, handed_text
from harness.query.library import open_library
from harness.records import Estimate
from harness.registry import Registry
from harness.run import Request, Silent, audit
from harness.stats.selection import aurc

MODEL = """
[model]
backend = "control"
hallucination = 0.4
order_bias = 0.0
seed = 5
overconfidence = {overconfidence}
[run]
profile = "standard"
probes = ["hallucination.calibration", "hallucination.self_consistency"]
[probe."hallucination.self_consistency"]
items = 30
"""
ONE = MODEL.replace(', "hallucination.self_consistency"', "").partition('[probe."hallucination.self_consistency"]')[0]
DEFERRING = """
[[mitigation]]
name = "defer"
confidence = "letters"
threshold = 0.96
"""


def run(text, store):
    config = parse(text, overrides={"run.store": str(store)})
    request = Request(config, text, {"run.store": str(store)}, store.parent)
    return audit(request, Registry(config.plugins.allow), stop=Stop(), watch=Silent()).folder.name


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a model that doubts where it errs, one that never doubts, and one that hands over."""
    root = tmp_path_factory.mktemp("deferral") / "runs"
    names = {
        "doubting": run(ONE.format(overconfidence=0.0), root),
        "sure": run(MODEL.format(overconfidence=1.0), root),
        "deferring": run(ONE.format(overconfidence=0.5) + DEFERRING, root),
    }
    return open_library(root, Role.POLICY), names


def answers(sure, wrong, clusters=None):
    names = tuple(clusters or (f"item-{place}" for place in range(len(sure))))
    return Answers("some.probe@data", "stated confidences", tuple(sure), tuple(wrong), names, len(set(names)))


def of(selected, probe):
    return next(its for its in selected if its.cell.startswith(probe))


# ── golden ────────────────────────────────────────────────────────────────────────────────


def test_four_answers_give_the_risks_that_can_be_counted_by_hand():
    found = selection(answers((0.9, 0.8, 0.7, 0.6), (0, 0, 1, 1)))
    assert [(its.answered, its.wrong, its.coverage) for its in found.points] == [
        (1, 0, 0.25),
        (2, 0, 0.5),
        (3, 1, 0.75),
        (4, 2, 1.0),
    ]
    assert [its.risk.value for its in found.points] == pytest.approx([0, 0, 1 / 3, 1 / 2])
    # Two right ones first, then one wrong of three and two of four; in random order two of four throughout.
    assert found.known.aurc_best == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert found.known.aurc_random == 0.5
    assert [its for pair in found.best for its in pair] == pytest.approx([0.25, 0, 0.5, 0, 0.75, 1 / 3, 1, 0.5])
    assert found.area is None
    assert found.missing == "4 answers came with a confidence, and an interval needs 20"


def test_a_threshold_never_parts_answers_of_equal_confidence():
    found = selection(answers((0.9, 0.5, 0.5, 0.5, 0.1), (0, 1, 0, 0, 1)))
    assert [its.answered for its in found.points] == [1, 4, 5]


def test_many_confidences_are_shown_at_few_thresholds_the_first_and_the_last_among_them():
    sure = np.linspace(0, 1, 1000).tolist()
    found = levels(sure)
    assert len(found) == GRID
    assert (found[0], found[-1]) == (1.0, 0.0)
    assert all(one > other for one, other in pairwise(found))


def test_answers_to_one_item_are_not_counted_as_so_many_items():
    alone = selection(answers([0.9, 0.1] * 30, [0, 1] * 30))
    shared = selection(answers([0.9, 0.1] * 30, [0, 1] * 30, [f"item-{place // 6}" for place in range(60)]))
    assert (alone.overall.n, shared.overall.n) == (60, 10)
    assert shared.area is None
    assert shared.missing.startswith("10 answers")


# ── what was planted ──────────────────────────────────────────────────────────────────────


def test_a_model_that_doubts_where_it_errs_is_told_from_one_that_never_doubts(store):
    library, names = store
    doubting = of(selections(library, names["doubting"]), "hallucination.calibration")
    # Every error comes after every right answer: the curve is the best there is.
    assert doubting.area.value == pytest.approx(doubting.known.aurc_best)
    sure = of(selections(library, names["sure"]), "hallucination.calibration")
    assert sure.area.low < sure.known.aurc_random < sure.area.high
    # It errs in 4 of 10, and is as sure of these as of the rest.
    assert sure.overall.low < 0.4 < sure.overall.high
    assert sure.beyond.low > 0.25


def test_the_area_is_the_one_that_the_report_tells(store):
    library, names = store
    for name in ("doubting", "sure"):
        (section,) = (its for its in library.view(names[name]).sections if its.card.id == "hallucination.calibration")
        told = {part.name.rpartition("/")[2]: part.found for part in section.metrics}
        found = of(selections(library, names[name]), "hallucination.calibration")
        assert found.area == told["aurc"].interval
        assert found.known.aurc_random == told["aurc"].null
        assert found.beyond == told["overconfidence"].interval
        bins = [its.found for part in section.metrics for table in part.groups for its in table.rows]
        shown = sorted((its.null, its.interval.value) for its in bins if isinstance(its, Estimate))
        seen = [(its.confidence, its.accuracy.value) for its in found.bins]
        assert np.array(seen) == pytest.approx(np.array(shown))


def test_agreement_of_samples_is_read_where_no_confidence_is_stated(store):
    library, names = store
    found = of(selections(library, names["sure"]), "hallucination.self_consistency")
    assert found.kind == "agreement of samples"
    assert found.asked == 30
    one = of(read_answers(library, names["sure"]), "hallucination.self_consistency")
    assert all(5 * sure == pytest.approx(round(5 * sure)) for sure in one.sure), "shares of five samples"
    assert found.area.value == aurc(one.sure, one.wrong, seed=0).value
    # Half of its errors come out differently in each sample: agreement is lower where it is wrong.
    sure, wrong = np.array(one.sure), np.array(one.wrong)
    assert sure[wrong == 1].mean() < sure[wrong == 0].mean()


def test_kinds_of_confidence_are_those_that_can_be_deferred_by(store):
    library, names = store
    assert dict(KINDS) == defer_confidence.KINDS
    assert of(selections(library, names["sure"]), "hallucination.calibration").kind == "likelihoods of letters"


def test_a_model_that_hands_over_already_says_below_what(store):
    library, names = store
    assert handover(library.view(names["sure"]).plan) == ()
    (held,) = handover(library.view(names["deferring"]).plan)
    assert (held.name, held.kind, held.threshold, held.promise) == ("defer", "likelihoods of letters", 0.96, "")
    left = of(selections(library, names["deferring"]), "hallucination.calibration")
    assert min(its.at for its in left.points) >= 0.96
    assert left.n < left.asked


# ── what it costs ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ratio", [0.5, 1, 3, 10, 100])
@pytest.mark.parametrize("seed", range(5))
def test_the_cheapest_threshold_is_the_cheapest_of_all_of_them(seed, ratio):
    random = np.random.default_rng(seed)
    sure = random.choice([0.2, 0.4, 0.6, 0.8, 0.9, 0.99], size=60).tolist()
    wrong = (random.random(60) > sure).astype(int).tolist()
    totals = {}
    for at in [*sorted(set(sure)), 2.0]:
        given = [its for its, how in zip(wrong, sure, strict=True) if how >= at]
        totals[at] = ratio * sum(given) + (len(sure) - len(given))
    found = advise(answers(sure, wrong), ratio)
    assert found.cheapest.cost.value * len(sure) == pytest.approx(min(totals.values()))
    assert totals[2.0 if found.cheapest.at is None else found.cheapest.at] == pytest.approx(min(totals.values()))
    low, high = found.alike
    assert low <= found.cheapest.handed <= high


def test_the_advice_is_told_in_numbers_of_a_hundred():
    # Of 63 sure answers 19 are wrong, of 37 unsure ones 28.
    its = answers([0.9] * 63 + [0.1] * 37, [1] * 19 + [0] * 44 + [1] * 28 + [0] * 9)
    first, second, *_ = advised(advise(its, 2))
    assert first == (
        "If a wrong answer costs 2 times a hand-over, hand over the least sure 37 of 100: of the answers given about 30"
        " of 100 (95 % interval 20-43) are then wrong, instead of 47 of 100."
    )
    assert second.startswith("On average 100 questions then cost as much as 75 hand-overs (95 % interval ")
    assert second.endswith("; answering every question costs 94, handing every one over 100.")


def test_a_share_that_hundredths_would_hide_is_told_of_the_answers_there_are():
    its = answers([0.9] + [0.1] * 119, [0] + [1] * 119)
    found = advise(its, 5)
    assert "hand over the least sure 119 of 120:" in advised(found)[0]
    assert [handed_text(share, 120) for share in (0, 1 / 120, 0.5, 1)] == [
        "0 of 100",
        "1 of 120",
        "50 of 100",
        "100 of 100",
    ]


def test_all_is_answered_where_errors_are_cheap_and_none_where_even_the_surest_err_too_often():
    its = answers([0.9] * 50 + [0.1] * 50, ([1] * 10 + [0] * 40) * 2)
    assert advised(advise(its, 1))[0] == (
        "If a wrong answer costs 1 time a hand-over, answer every question: about 20 of 100 (95 % interval 13-29)"
        " answers are wrong."
    )
    everything = advise(its, 10)
    assert everything.cheapest.handed == 1
    assert (everything.cheapest.cost.low, everything.cheapest.cost.high) == (1, 1)
    assert "hand over every question" in advised(everything)[0]
    assert advised(everything)[1] == "For 100 questions that is 100 hand-overs; answering every question costs 200."


@pytest.mark.parametrize("ratio", [0, -1, float("nan"), float("inf")])
def test_a_price_that_is_none_is_refused(ratio):
    with pytest.raises(ValueError, match="more than nothing"):
        advise(answers((0.9, 0.1), (0, 1)), ratio)


def test_a_cell_without_confidences_gets_no_advice(store):
    library, names = store
    assert advice_on(library, names["sure"], "' OR 1=1 --", 5) is None
    assert advice_on(library, names["sure"], "hallucination.calibration@facts_mc", 5) is not None


def test_a_cost_lies_in_its_interval_as_often_as_it_says_also_where_errors_are_rare_and_dear():
    random, ratio, held = np.random.default_rng(3), 10, 0
    for _ in range(300):
        sure = np.where(random.random(40) < 0.5, 0.9, 0.1)
        wrong = (random.random(40) < np.where(sure > 0.5, 0.05, 0.4)).astype(int)
        cost = next(its.cost for its in advise(answers(sure.tolist(), wrong.tolist()), ratio).costs if its.at == 0.9)
        held += cost.low <= 0.5 + ratio * 0.5 * 0.05 <= cost.high
    assert held >= 0.95 * 300


def test_no_error_seen_is_not_told_as_none_to_come():
    found = advise(answers([0.9] * 8 + [0.1] * 29, [0] * 8 + [1] * 17 + [0] * 12), 5)
    assert found.cheapest.at == 0.9
    assert found.cheapest.cost.value == pytest.approx(29 / 37)
    assert found.cheapest.cost.high > 1.1


def test_few_answers_make_few_points_of_a_diagram():
    assert [
        len(selection(answers(np.linspace(0.1, 0.9, n).tolist(), [0, 1] * (n // 2))).bins) for n in (6, 40, 300)
    ] == [*(1, 4, 10)]
