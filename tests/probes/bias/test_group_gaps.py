"""The largest difference between groups: by hand, within shared frames and without, and at its level."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.records import Case, GenerateAsk, Judged, Outcome, Score
from probes.bias.group_effects import no_narrower_than_shuffled
from probes.bias.group_gaps import FLOOR, Compared, Gap, compared, gaps, interval_of, shuffled_gaps


def judged(group, unit, value, sample=1):
    case = Case(f"{unit}/{group}/{sample}", GenerateAsk("x"), {}, {"group": group}, unit)
    return Judged(case, Score(Outcome.REFUSED) if value is None else Score(Outcome.SCORED, {"regard": value}))


def table(**groups):
    """Judged cases of groups that share units, one for each value."""
    return [judged(group, f"u{place}", value) for group, its in groups.items() for place, value in enumerate(its)]


def test_samples_of_one_opening_count_once_by_their_mean():
    cases = [judged("a", f"u{place}", value, sample) for place in range(5) for sample, value in enumerate((0.0, 1.0))]
    its = compared([*cases, *table(b=[0.0] * 5)], "regard", shared=True)
    assert its.values == {"a": [0.5] * 5, "b": [0.0] * 5}
    assert its.n == 5


def test_a_frame_without_a_value_of_every_group_is_compared_nowhere_and_counted():
    its = compared(table(a=[1, 1, 1, 1, 1, 1], b=[0, 0, 0, None, 0, 0], c=[0.5] * 6), "regard", shared=True)
    assert {group: len(values) for group, values in its.values.items()} == dict.fromkeys("abc", 5)
    assert (its.n, its.left_out) == (5, 1)


def test_a_group_below_the_floor_takes_no_part_and_two_are_needed():
    few = [judged("few", f"f{place}", -1.0) for place in range(FLOOR - 1)]
    large = [judged(group, f"{group}{place}", 0.0) for group in "ab" for place in range(FLOOR)]
    assert set(compared([*few, *large], "regard", shared=False).values) == {"a", "b"}
    assert compared([*few, *large[:FLOOR]], "regard", shared=False) is None
    assert compared([], "regard", shared=True) is None


def test_gaps_are_of_every_two_groups_once_the_largest_first():
    its = Compared({"a": [0.0, 0.0], "b": [1.0, 0.0], "c": [1.0, 1.0]}, True, 0)
    assert gaps(its) == [Gap("c", "a", 1.0), Gap("b", "a", 0.5), Gap("c", "b", 0.5)]
    assert gaps(Compared({"a": [1.0], "b": [1.0]}, True, 0)) == [Gap("a", "b", 0.0)]


def test_what_frames_add_to_all_groups_is_no_noise_where_they_are_shared():
    frames = np.linspace(-0.9, 0.9, 12)
    wiggle = np.tile([-0.02, 0.02], 6)
    its = {"a": list(frames + 0.05 + wiggle), "b": list(frames - 0.05)}
    paired = interval_of(Compared(its, True, 0), gaps(Compared(its, True, 0))[0], seed=0, bounds=(-1, 1))
    apart = interval_of(Compared(its, False, 0), gaps(Compared(its, False, 0))[0], seed=0, bounds=(-1, 1))
    assert (paired.value, apart.value) == (pytest.approx(0.1), pytest.approx(0.1))
    assert (paired.n, apart.n) == (12, 24)
    assert paired.low > 0.05
    assert apart.low < -0.2
    assert apart.method.startswith("mover of")


def test_groups_are_shuffled_within_frames_they_share_and_over_all_units_otherwise():
    its = {"a": [1.0, 0.0], "b": [1.0, 0.0]}
    # Within a frame nothing changes by a shuffle; over all units a group can have both ones.
    assert set(shuffled_gaps(Compared(its, True, 0), seed=0, draws=50)) == {0.0}
    assert set(shuffled_gaps(Compared(its, False, 0), seed=0, draws=200)) == {0.0, 1.0}


def test_groups_of_unlike_size_keep_their_sizes_when_shuffled():
    its = Compared({"large": [0.0] * 99, "small": [1.0]}, False, 0)
    found = shuffled_gaps(its, seed=1, draws=400)
    # The single 1 falls to the small group once in a hundred shuffles.
    assert set(found) == {1.0, round(1 / 99, 9)}
    assert np.mean(found == 1.0) == pytest.approx(0.01, abs=0.02)


# ── as often as it says ───────────────────────────────────────────────────────────────────

RUNS = {False: 200, True: 80}
"""Simulated audits where groups share units, and where they have their own, which takes longer."""


def drawn(kind, units, shift, random):
    """Values of one group: speaking ill rarely, well or ill at times, or a normal value; ``shift`` more ill of it."""
    if kind == "normal":
        return random.normal(-shift, 1, units)
    rate = {"rarest": 0.02, "rare": 0.06, "some": 0.1, "mixed": 0.2}[kind]
    ill, well = rate + shift, 0.2 if kind == "mixed" else 0.0
    return random.choice([-1.0, 0.0, 1.0], units, p=[ill, 1 - ill - well, well])


def worst_gap(attributes, random):
    """The interval of the largest gap of all attributes as the probe makes it, its groups and its attribute."""
    null = np.max([shuffled_gaps(its, seed=int(random.integers(2**31)), draws=299) for its in attributes], axis=0)
    place = max(range(len(attributes)), key=lambda at: gaps(attributes[at])[0].value)
    gap = gaps(attributes[place])[0]
    interval = interval_of(attributes[place], gap, seed=0, bounds=(-9.0, 9.0))
    return no_narrower_than_shuffled(interval, null), gap, place


def simulated(kind, shift, random, *, own=False):
    """Ten attributes whose groups share 12 frames, or one whose groups have units of their own."""
    sizes = [60, 12, 80, 30, 6, 40, 25]
    if own:
        groups = {str(g): list(drawn(kind, n, shift * (g == 0), random)) for g, n in enumerate(sizes)}
        return [Compared(groups, False, 0)]
    every = []
    for place, count in enumerate((3, 4, 5, 4, 3, 4, 3, 3, 2, 3)):
        frame = random.normal(0, 1, 12) if kind == "normal" else 0.0
        groups = {str(g): list(frame + drawn(kind, 12, shift * (g == place == 0), random)) for g in range(count)}
        every.append(Compared(groups, True, 0))
    return every


@pytest.mark.slow
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("kind", ["rarest", "some", "mixed", "normal"])
def test_a_blind_writer_is_told_to_be_biased_in_5_of_100_audits_at_most(kind, own):
    random = np.random.default_rng(3)
    wrong = sum(worst_gap(simulated(kind, 0.0, random, own=own), random)[0].low > 1e-9 for _ in range(RUNS[own]))
    assert wrong <= stats.binom(RUNS[own], 0.05).ppf(0.995)


@pytest.mark.slow
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(("kind", "shift"), [("rare", 0.4), ("mixed", 0.5), ("normal", 1.0)])
def test_a_gap_that_is_there_lies_in_its_interval(kind, shift, own):
    random, held = np.random.default_rng(4), 0
    for _ in range(RUNS[own]):
        interval, gap, place = worst_gap(simulated(kind, shift, random, own=own), random)
        # Group 0 of the first attribute alone lies lower.
        true = 0.0 if place else shift * ((gap.lower == "0") - (gap.higher == "0"))
        held += interval.low <= true <= interval.high
    assert held >= stats.binom(RUNS[own], 0.95).ppf(0.005)
