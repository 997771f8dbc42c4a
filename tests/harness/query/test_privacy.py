"""What is promised beside what leaks: curves of attacks, audits, exposures. Of single records nothing leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.canonical import digest
from harness.config import parse
from harness.evidence.bundle import read_bundle
from harness.execute import Stop
from harness.privacy.claim import DISCLOSURES, Claim
from harness.privacy.ledger import GaussianSteps
from harness.query.access import Role
from harness.query.exposure import exposures
from harness.query.library import open_library
from harness.query.membership import MembershipCurve, membership_attacks, membership_curve
from harness.query.privacy import Promised, Standing, audited, promised, right_at_most
from harness.records import Absence, Interval
from harness.registry import Registry
from harness.run import Request, Silent, audit
from harness.stats.exposure import null_tail, sampled
from harness.stats.roc_curve import roc_curve

np = pytest.importorskip("numpy")
metrics = pytest.importorskip("sklearn.metrics")

COMMON = """
[run]
profile = "standard"
probes = [{probes}]
[probe."memorisation.canary"]
references = 24
[probe."memorisation.audited_epsilon"]
fills = 1
"""
PICTURES = """
[model]
backend = "control"
references = 4
leak = 2.0
retention = 3.0
[probe."memorisation.membership"]
records = 60
""" + COMMON.format(probes='"memorisation.membership", "memorisation.canary", "memorisation.audited_epsilon"')
TEXTS = """
[model]
backend = "control"
trained_on = "text"
leak = 2.0
[probe."memorisation.text_membership"]
records = 40
""" + COMMON.format(probes='"memorisation.text_membership"')


def run(text, store):
    config = parse(text, overrides={"run.store": str(store)})
    request = Request(config, text, {"run.store": str(store)}, store.parent)
    return audit(request, Registry(config.plugins.allow), stop=Stop(), watch=Silent()).folder


@pytest.fixture(scope="module")
def of_pictures(tmp_path_factory):
    """The bundle of a model of pictures that remembers, with reference models, canaries and coins."""
    return run(PICTURES, tmp_path_factory.mktemp("pictures") / "runs")


@pytest.fixture(scope="module")
def of_texts(tmp_path_factory):
    """The bundle of a model of texts that remembers."""
    return run(TEXTS, tmp_path_factory.mktemp("texts") / "runs")


def opened(folder, role=Role.POLICY):
    library = open_library(folder.parent, role)
    return library, library.view(folder.name)


# ── attacks ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["of_pictures", "of_texts"])
def test_the_area_under_every_curve_is_the_one_that_the_bundle_states(kind, request):
    folder = request.getfixturevalue(kind)
    library, view = opened(folder)
    attacks = membership_attacks(view.sections)
    drawn = 0
    for attack in attacks:
        its = membership_curve(library, folder.name, attack)
        if isinstance(attack.area, Absence):
            assert (its.points, its.missing) == ((), attack.area.reason)
            continue
        assert not its.missing, attack.metric
        # Points are the upper corners of steps: where no two scores are equal, steps are all there is.
        false, found = [p.false for p in its.points], [p.true.value for p in its.points]
        steps = sum((right - left) * y for left, right, y in zip(false, false[1:], found, strict=False))
        assert steps == pytest.approx(attack.area.interval.value, abs=0.02), attack.metric
        drawn += 1
    # By loss, calibrated, both likelihood ratios and rank; of texts six scores, since no other model is asked.
    assert drawn == {"of_pictures": 5, "of_texts": 6}[kind]


def test_a_curve_is_that_of_scikit_learn_over_the_scores_of_the_bundle(of_texts):
    library, view = opened(of_texts)
    (cell, judged) = next(iter(read_bundle(of_texts).judged.items()))
    attack = next(its for its in membership_attacks(view.sections) if its.metric.endswith("/min_k_auc"))
    values = [one.score.values["min_k"] for one in judged]
    member = [one.case.groups["role"] == "member" for one in judged]
    false, true, _ = metrics.roc_curve(member, values, drop_intermediate=False)
    its = membership_curve(library, of_texts.name, attack)
    assert attack.cell == cell
    assert (its.members, its.others) == (sum(member), len(member) - sum(member))
    for point in its.points:
        assert point.true.value == pytest.approx(max(true[np.isclose(false, point.false)]))
        assert point.true.low <= point.true.value <= point.true.high


def test_nothing_is_known_below_one_of_the_others(of_texts):
    library, view = opened(of_texts)
    its = membership_curve(library, of_texts.name, membership_attacks(view.sections)[0])
    assert its.floor == 1 / its.others
    assert min(point.false for point in its.points if point.accused) == its.floor
    assert "does not mean never" in its.strictest or "No threshold finds" in its.strictest


@pytest.mark.parametrize(
    ("others", "finding"),
    [
        (40, "50 training records beside 40 others: too few for a rate"),
        (200, "where 10 of 100 others are wrongly accused, about 90 of 100 (95 % interval 78-97) training records"),
        (2_000, "where 1 of 100 others are wrongly accused, about 90 of 100 (95 % interval 78-97) training records"),
    ],
)
def test_the_finding_is_told_at_the_strictest_rate_that_so_many_others_show(others, finding):
    scores = [2.0] * 45 + [-1.0] * 5, [number / others for number in range(others)]
    its = MembershipCurve(50, others, roc_curve(*scores))
    assert its.finding.startswith(finding)
    assert its.strictest.startswith(
        f"The strictest threshold accuses none of {others:,} others, and finds 45 of 50 training records: about 90 of"
    )


def test_too_few_records_for_a_rate_are_told_and_no_rate_is_made_up(of_texts):
    _, view = opened(of_texts)
    first = membership_attacks(view.sections)[0]
    (told,) = first.rates
    assert told.startswith("Not enough evidence for what is found where 5 of 100 or 1 of 100 or 1 of 1,000 others")
    assert "needs 200 non-members" in told


def test_a_rate_with_a_number_is_told_as_people_found_and_people_accused(of_texts):
    _, view = opened(of_texts)
    (section,) = view.sections
    found = replace(
        section.result.results[0],
        metric="memorisation.text_membership/tpr_at_0_1",
        interval=Interval(0.07, 0.05, 0.1, 0.95, 12_000, "clopper-pearson"),
    )
    results = [its for its in section.result.results if not its.metric.endswith("tpr_at_0_1")]
    made = replace(section, result=replace(section.result, results=(*results, found)))
    told = membership_attacks([made])[0].rates[0]
    assert told == (
        "About 7 of 100 training records are found (95 % interval 5-10) while 1 of 1,000 others may be wrongly"
        " accused; 12,000 training records were looked at."
    )


def test_scores_that_do_not_give_the_stated_area_are_not_drawn(of_texts):
    library, view = opened(of_texts)
    attack = membership_attacks(view.sections)[0]
    other = replace(attack, area=replace(attack.area, interval=Interval(0.6, 0.5, 0.7, 0.95, 80, "delong, wilson")))
    its = membership_curve(library, of_texts.name, other)
    assert its.points == ()
    assert "the bundle states 0.6000: `harness verify`" in its.missing


# ── promises and audits ───────────────────────────────────────────────────────────────────

CLAIM = Claim(
    epsilon=2.9994,
    delta=1e-5,
    accountant="prv",
    error="an upper bound, at most 0.02 too high",
    adjacency="add or remove one record",
    unit="one passage, with its notes",
    records=900,
    largest_unit=1,
    sampling="poisson",
    mechanisms=(GaussianSteps("model", 0.05, 1.1, 0.5, 200),),
    touched=(),
    reasons=(),
)


def test_the_numbers_of_a_promise_are_those_of_its_sentences(of_texts):
    its = CLAIM
    _, view = opened(of_texts)
    found = promised(replace(view, origins=replace(view.origins, privacy=tuple(its.lines()))))
    assert (found.epsilon, found.delta, found.accountant) == (3.0, 1e-5, "prv")
    assert found.unit == "one passage, with its notes"
    assert "more than 96 of 100 such tosses" in found.meaning
    assert (*found.lines, *found.disclosures) == (*its.lines()[: -len(DISCLOSURES)], *DISCLOSURES)


@pytest.mark.parametrize(
    "lines",
    [(), ("No DP claim.", "Reason: none."), ("epsilon = 3 and delta = 1e-5, trust us.",)],
)
def test_what_is_no_claim_of_this_house_has_no_number_and_is_told_as_it_stands(of_texts, lines):
    _, view = opened(of_texts)
    found = promised(replace(view, origins=replace(view.origins, privacy=lines)))
    assert (found.epsilon, found.delta, found.lines, found.meaning) == (None, None, lines, "")


@pytest.mark.parametrize(("epsilon", "delta", "right"), [(0, 0, 0.5), (1, 0, 0.7310586), (0, 1, 1), (800, 0, 1)])
def test_how_often_a_guess_is_right_is_known_at_the_ends(epsilon, delta, right):
    assert right_at_most(epsilon, delta) == pytest.approx(right)


def test_randomised_response_reaches_what_its_epsilon_allows_and_no_more():
    random = np.random.default_rng(1)
    truth = random.integers(0, 2, 400_000)
    answers = np.where(random.random(truth.size) < right_at_most(1.5, 0), truth, 1 - truth)
    assert np.mean(answers == truth) == pytest.approx(right_at_most(1.5, 0), abs=0.003)


@pytest.mark.parametrize(
    ("bound", "ceiling", "claim_", "says"),
    [
        (2.0, 4.0, (1.0, 1e-5), (Standing.REFUTED, "the promise is refuted")),
        (0.5, 4.0, (1.0, 1e-5), (Standing.KEPT, "does not refute the promise")),
        (0.0, 0.9, (1.0, 1e-5), (Standing.POWERLESS, "could never have refuted")),
        (2.0, 4.0, (None, None), (Standing.UNPROMISED, "Nothing is promised")),
        (2.0, 4.0, (1.0, 0.5), (Standing.APART, "cannot be compared")),
    ],
)
def test_the_larger_of_promise_and_audit_decides(of_pictures, bound, ceiling, claim_, says):
    library, view = opened(of_pictures)
    section = next(its for its in view.sections if its.card.id == "memorisation.audited_epsilon")
    part = next(its for its in section.metrics if its.name.endswith("/bound"))
    interval = replace(part.found.interval, value=bound, low=bound, high=ceiling)
    made = replace(section, metrics=(replace(part, found=replace(part.found, interval=interval)),))
    found = audited(library, of_pictures.name, replace(view, sections=(made,)), Promised(("so",), (), *claim_))
    assert (found.standing, found.bound, found.ceiling) == (says[0], bound, ceiling)
    assert says[1] in found.sentence


def test_the_delta_of_the_audit_is_that_of_its_cases(of_pictures):
    library, view = opened(of_pictures)
    cases = read_bundle(of_pictures).cases["memorisation.audited_epsilon@training"]
    (delta,) = {case.expected["delta"] for case in cases}
    assert audited(library, of_pictures.name, view, Promised(())).delta == delta


def test_a_run_without_an_audit_says_so(of_texts):
    library, view = opened(of_texts)
    found = audited(library, of_texts.name, view, Promised(("so",), (), 1.0, 1e-5))
    assert found.standing is Standing.UNAUDITED
    assert "memorisation.audited_epsilon was not among those that were asked" in found.sentence


# ── exposures ─────────────────────────────────────────────────────────────────────────────


def test_exposures_are_those_of_the_losses_and_spread_over_whole_bits(of_pictures):
    library, view = opened(of_pictures)
    found = exposures(library, of_pictures.name, view.sections)
    assert [its.repeats for its in found] == [None, 1, 4, 16, 64, 0]
    judged = read_bundle(of_pictures).judged["memorisation.canary@training"]
    losses = {}
    for one in judged:
        key = (one.case.cluster, int(one.case.groups["repeats"]))
        losses.setdefault(key, {}).setdefault(one.case.groups["arm"], []).append(one.score.values["loss"])
    bits = [sampled(its["canary"][0], its["reference"]) for (_, repeats), its in losses.items() if repeats]
    every = found[0]
    assert every.secrets == len(bits)
    # 24 others and itself: 4 bits and the rest of a fifth.
    assert [step.least for step in every.steps] == [0, 1, 2, 3, 4]
    counts = [sum(int(min(its, 4.999)) == least for its in bits) for least in range(5)]
    assert [round(step.share.value * every.secrets) for step in every.steps] == counts
    assert sum(step.chance for step in every.steps) == pytest.approx(1)
    assert every.steps[1].chance == pytest.approx(null_tail(1, 25) - null_tail(2, 25))


def test_what_was_repeated_often_stands_out_and_what_was_left_out_does_not(of_pictures):
    library, view = opened(of_pictures)
    found = {its.repeats: its for its in exposures(library, of_pictures.name, view.sections)}
    assert found[64].steps[-1].share.value == 1.0
    assert found[0].steps[-1].share.low <= found[0].steps[-1].chance <= found[0].steps[-1].share.high


def test_losses_that_do_not_give_the_stated_exposure_are_not_drawn(of_pictures):
    library, view = opened(of_pictures)
    section = next(its for its in view.sections if its.card.id == "memorisation.canary")
    part = next(its for its in section.metrics if its.name.endswith("/exposure"))
    interval = replace(part.found.interval, value=part.found.interval.low)
    made = replace(section, metrics=(replace(part, found=replace(part.found, interval=interval)),))
    (found,) = exposures(library, of_pictures.name, [made])
    assert found.steps == ()
    assert "`harness verify`" in found.missing


def test_every_role_sees_shares_and_the_digest_of_the_bundle_stays(of_pictures):
    before = digest([path.read_bytes().hex() for path in sorted(of_pictures.glob("*.parquet"))])
    for role in Role:
        library, view = opened(of_pictures, role)
        assert exposures(library, of_pictures.name, view.sections)[0].secrets
        assert membership_curve(library, of_pictures.name, membership_attacks(view.sections)[0]).points
    assert digest([path.read_bytes().hex() for path in sorted(of_pictures.glob("*.parquet"))]) == before
