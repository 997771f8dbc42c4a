"""The audited lower bound: below the truth as often as it says, above 0 where coins show, and silent without coins."""

from __future__ import annotations

from math import exp
from random import Random

import numpy as np
import pytest
from scipy import stats

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.controls import run_controls
from harness.errors import NotApplicableError
from harness.privacy.distinguishing import gaussian_epsilon
from harness.records import Absence, Capability, Finish, Judged, Reply
from harness.stats.one_run import Guesses, all_correct, epsilon_bound
from probes.losses import told
from probes.memorisation.audited_epsilon import AuditedEpsilon

DELTA = 1e-5


def made(coins=200, *, seed=0, ladder=3, planted=None):
    """Records of which 10 are natural, canaries planted several times, and ``coins`` that a coin decides on."""
    random = Random(seed)
    rows = [_row(f"natural/{number}", number % 2) for number in range(10)]
    rows += [_row(f"canary/ladder/04/{number}", 4, {"coins": None}) for number in range(ladder)]
    told_of = {"coins": coins if planted is None else planted}
    rows += [_row(f"canary/coin/{number:04d}", random.randrange(2), told_of) for number in range(coins)]
    return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")


def _row(record, repeats, canary=None):
    planted = None if canary is None else {"template": "t", "fill": "f", "family": "digits", **canary}
    role = "member" if repeats else "nonmember"
    return {"record": record, "unit": record, "role": role, "repeats": repeats, "canary": planted}


def cases_of(data, items=None, **settings):
    return list(AuditedEpsilon(**settings).cases(data, Budget(items, 0, Capability.LOSS)))


def results(cases, respond):
    probe = AuditedEpsilon()
    judged = [Judged(case, probe.judge(case, respond(case), {})) for case in cases]
    return {result.metric.partition("/")[2]: result for result in probe.summarise(judged)}


def seen(case):
    return case.groups["role"] == "member" and case.groups["arm"] == "canary"


def bounds(respond, *, runs, coins=60):
    """Bound of each of ``runs`` models, ``respond(random)`` making one, whose losses need no comparison."""
    found = []
    for run in range(runs):
        cases = cases_of(made(coins, seed=run), fills=0, delta=DELTA)
        found.append(results(cases, respond(Random(run)))["bound"].interval.value)
    return np.array(found)


def answering(epsilon):
    """A model that answers each coin by randomised response: epsilon is exactly that."""

    def model(random):
        true = 1 / (1 + exp(-epsilon))
        return lambda case: told(random.random() - 2 * (seen(case) == (random.random() < true)))

    return model


def noisy(sigma):
    """A model that gives each coin away with Gaussian noise, as a single step of private training would."""

    def model(random):
        return lambda case: told(-float(seen(case)) - random.gauss(0, sigma))

    return model


# ── which records ─────────────────────────────────────────────────────────────────────────


def test_coin_canaries_alone_are_asked_for_each_with_records_like_it_under_every_seed():
    cases = cases_of(made(coins=30), fills=3, draws=2)
    assert len(cases) == 30 * (1 + 3) * 2
    assert all(case.ask.record.startswith("canary/coin/") for case in cases)
    of = [case.ask for case in cases if case.cluster == "canary/coin/0007"]
    names = [f"canary/coin/0007{fill}" for fill in ("", *(f"/reference/0000{number}" for number in range(3)))]
    assert {(ask.record, ask.seed) for ask in of} == {(name, seed) for name in names for seed in (0, 1)}


def test_without_coins_it_is_not_applicable_and_says_how_to_toss_some():
    with pytest.raises(NotApplicableError, match=r"over 19 planted records, and 20 are needed: `coins = 200`"):
        cases_of(made(coins=19))


def test_coins_are_fair_no_longer_where_records_were_taken_out_after_the_toss():
    with pytest.raises(NotApplicableError, match="2 of 62 records that a coin decided over were taken out"):
        cases_of(made(coins=60, planted=62))


def test_delta_is_one_over_ten_times_the_training_records_unless_it_is_set():
    data = made(coins=30)
    repeats = sum(row["repeats"] for row in data.rows)
    assert {case.expected["delta"] for case in cases_of(data)} == {1 / (10 * repeats)}
    assert {case.expected["delta"] for case in cases_of(data, delta=DELTA)} == {DELTA}


# ── the bound ─────────────────────────────────────────────────────────────────────────────


def test_with_every_guess_right_the_bound_is_what_so_many_guesses_can_show():
    found = results(cases_of(made(), delta=DELTA), lambda case: told(-9.0 * seen(case)))
    interval = found["bound"].interval
    assert interval.value == interval.low == interval.high == epsilon_bound(Guesses(200, 60, 60), delta=DELTA)
    assert interval.value == pytest.approx(all_correct(60), abs=0.1)
    assert (interval.n, interval.confidence) == (60, 0.95)
    assert (found["right_share"].interval.value, found["right_share"].interval.n) == (1.0, 60)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0])
def test_of_randomised_response_the_bound_exceeds_the_truth_in_one_run_of_twenty_at_most(epsilon):
    found = bounds(answering(epsilon), runs=150)
    assert stats.binomtest(int((found > epsilon).sum()), 150, 0.05, alternative="greater").pvalue > 0.01
    assert found.mean() < epsilon


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_of_a_gaussian_step_the_bound_is_below_the_truth_and_above_nothing(sigma):
    found = bounds(noisy(sigma), runs=60, coins=200)
    assert (found <= gaussian_epsilon(mu=1 / sigma, delta=DELTA)).all()
    assert found.mean() > 0.5


def test_of_a_model_that_saw_no_coin_the_bound_is_nothing_in_nineteen_runs_of_twenty():
    found = bounds(lambda random: lambda _: told(random.gauss(0, 1)), runs=150)
    assert stats.binomtest(int((found > 0).sum()), 150, 0.05, alternative="greater").pvalue > 0.01


def test_a_model_that_is_always_wrong_shows_nothing():
    assert bounds(lambda _: lambda case: told(9.0 * seen(case)), runs=1)[0] == 0.0


def test_how_hard_a_record_is_hides_its_coin_unless_records_like_it_are_asked_too():
    data = made()

    def respond(case):
        hard = Random(case.cluster).gauss(0, 20)
        return told(hard + Random(case.id).gauss(0, 0.5) - 2.0 * seen(case))

    beside, alone = (results(cases_of(data, fills=fills), respond)["right_share"].interval for fills in (8, 0))
    assert beside.value > 0.95
    assert alone.low <= 0.5 <= alone.high


def test_of_several_seeds_the_mean_is_taken():
    data = made()

    def respond(case):
        return told(Random(f"{case.ask.record} {case.ask.seed}").gauss(0, 2.0) - 2.0 * seen(case))

    one, many = (results(cases_of(data, fills=0, draws=draws), respond)["right_share"].interval for draws in (1, 16))
    assert many.value > 0.97 > one.value


def test_who_has_no_loss_is_not_guessed_and_counts_among_the_canaries():
    data = made(coins=100)
    lost = {f"canary/coin/{number:04d}" for number in range(40)}

    def respond(case):
        return Reply(Finish.FAILED, error="x") if case.ask.record in lost else told(-9.0 * seen(case))

    found = results(cases_of(data, delta=DELTA), respond)["bound"]
    assert found.interval.value == epsilon_bound(Guesses(100, 30, 30), delta=DELTA)
    assert found.counts.failed == 40


def test_with_fewer_losses_than_guesses_there_is_no_number():
    data = made(coins=40)
    kept = {f"canary/coin/{number:04d}" for number in range(11)}

    def respond(case):
        return told(0.0) if case.cluster in kept else Reply(Finish.FAILED, error="x")

    found = results(cases_of(data), respond)
    assert all(isinstance(its, Absence) and "11 of 40 planted records" in its.reason for its in found.values())


@pytest.mark.parametrize("settings", [{"fills": -1}, {"fills": 5000}, {"draws": 0}, {"delta": 0.0}, {"delta": 1.0}])
def test_settings_out_of_their_range_are_refused(settings):
    with pytest.raises(ValueError, match="fills is from 0|delta is in"):
        AuditedEpsilon(**settings)


# ── models ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trained_on", ["text", "pictures"])
def test_of_a_scripted_model_that_forgets_what_it_saw_once_nothing_is_shown(trained_on):
    model = Control(trained_on=trained_on, retention=3.0)
    cases = cases_of(model.training_data())
    replies = dict(zip((case.id for case in cases), model.answer([case.ask for case in cases]), strict=True))
    found = results(cases, lambda case: replies[case.id])
    assert found["bound"].interval.low == 0.0
    assert found["right_share"].interval.low <= 0.5 <= found["right_share"].interval.high


def test_its_controls_pass():
    cases = cases_of(made())
    passed = [control.passed for control in run_controls(AuditedEpsilon(), cases, 0, lambda _: {})]
    assert passed == [True, True, None]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a function: a tiny VAE of coloured shapes with 200 coin canaries, with some settings of its recipe."""
    pytest.importorskip("torch")
    from harness.backends.local import Local
    from harness.training.job import run
    from harness.training.recipe import Canaries, Recipe
    from harness.training.watch import Silent

    def made(**changes):
        folder = tmp_path_factory.mktemp("audited") / "model"
        sizes = {"width": 8, "hidden": 64, "latent": 8, "samples": 4}
        planted = Canaries(repeats=(), coins=200)
        shape = {"kind": "vae", "data": "synthetic:n=80,seed=2", "model": sizes, "canaries": planted}
        recipe = Recipe(**shape, learning_rate=3e-3, **changes)
        run(recipe, folder, watch=Silent(), device="cpu", stop=lambda: False)
        return Local(str(folder), device="cpu")

    return made


def audited(model):
    cases = cases_of(model.training_data(), draws=2)
    replies = dict(zip((case.id for case in cases), model.answer([case.ask for case in cases]), strict=True))
    return results(cases, lambda case: replies[case.id])["bound"].interval


@pytest.mark.slow
def test_a_model_that_is_trained_too_long_is_caught_and_a_private_one_keeps_its_epsilon(trained):
    # 140 records a thousand times over, and the same with noise that a claim of epsilon 1 needs.
    assert audited(trained(steps=2000, batch=32)).value > 1.0
    assert audited(trained(steps=20, batch=64, privacy={"epsilon": 1.0})).value <= 1.0


@pytest.mark.slow
def test_a_model_that_has_hardly_begun_shows_nothing(trained):
    assert audited(trained(steps=1, batch=8)).value == 0.0
