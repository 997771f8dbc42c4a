from __future__ import annotations

import os
import random
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, kstest

from harness.data.canaries import plant
from harness.data.content import examples_of
from harness.data.images import digits, fashion_mnist
from harness.errors import DataError, UsageError
from harness.training.recipe import Canaries
from harness.training.split import Canary, Role, Split, assign, subsample


def tales(documents, *, passages=3, seed=0):
    """Documents of distinct random passages of different lengths."""
    draw = random.Random(seed)
    units = [f"document/{number}" for number in range(documents) for _ in range(passages)]
    return examples_of(
        "tales",
        ids=[f"{unit}/{place % passages}" for place, unit in enumerate(units)],
        units=units,
        texts=[" ".join(f"w{draw.randrange(9999)}" for _ in range(draw.randrange(3, 30))) for _ in units],
    )


def speckles(n, *, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(256, size=(n, 4, 4, 1)).astype(np.uint8)
    return examples_of(
        "speckles",
        ids=[f"image/{row}" for row in range(n)],
        images=images,
        labels=rng.integers(3, size=n),
        classes="abc",
    )


def test_every_unit_is_on_one_side_and_every_record_has_a_role():
    its = tales(60)
    split = assign(its, seed=1)
    assert split.ids == its.ids
    sides = {unit: {split.roles[row] for row in range(len(its)) if its.units[row] == unit} for unit in its.units}
    assert all(len(roles) == 1 for roles in sides.values())
    assert {role for roles in sides.values() for role in roles} == {Role.MEMBER, Role.NONMEMBER, Role.VALIDATION}
    assert (split.repeats == [role is Role.MEMBER for role in split.roles]).all()
    assert split.training_rows().tolist() == split.rows(Role.MEMBER).tolist()


def test_the_share_of_members_is_that_of_a_fair_coin():
    its = speckles(100)
    counts = [len(assign(its, seed=seed).rows(Role.MEMBER)) for seed in range(300)]
    # Each count is binomial(100, 1/2): their chances, spread evenly within steps, are uniform.
    rng = np.random.default_rng(0)
    chances = [binom.cdf(k - 1, 100, 0.5) + rng.random() * binom.pmf(k, 100, 0.5) for k in counts]
    assert kstest(chances, "uniform").pvalue > 0.001
    each = np.mean([[role is Role.MEMBER for role in assign(its, seed=seed).roles] for seed in range(300)], axis=0)
    # Every record is a member as often as not: the largest of 100 deviations stays within 4.5 standard errors.
    assert np.abs(each - 0.5).max() < 4.5 * 0.5 / np.sqrt(300)


def auc(scores, members):
    """Chance that a member scores above a non-member, ties counting half, and its null standard deviation."""
    inside, outside = scores[members], scores[~members]
    wins = (inside[:, None] > outside).mean() + 0.5 * (inside[:, None] == outside).mean()
    return wins, np.sqrt((len(scores) + 1) / (12 * len(inside) * len(outside)))


def test_nothing_that_records_hold_tells_members_from_the_others_over_two_hundred_seeds():
    its = speckles(150)
    brightness = its.images.reshape(150, -1).mean(axis=1)
    clues = {"label": its.labels, "brightness": brightness, "place": np.arange(150)}
    z = {name: [] for name in clues}
    for seed in range(200):
        split = assign(its, seed=seed)
        rows = np.concatenate([split.rows(Role.MEMBER), split.rows(Role.NONMEMBER)])
        members = np.array([split.roles[row] is Role.MEMBER for row in rows])
        for name, clue in clues.items():
            value, spread = auc(clue[rows].astype(float), members)
            z[name].append((value - 0.5) / spread)
    for values in z.values():
        # Uninformative every time: mean 0, spread at most 1 (ties narrow it), and beyond 1.96 in one of twenty.
        assert abs(np.mean(values)) < 4 / np.sqrt(200)
        assert np.std(values) < 1.2
        assert np.mean(np.abs(values) > 1.96) < 0.11


def test_validation_is_a_share_of_the_units_outside_and_the_rest_stays_exchangeable():
    its = tales(400, passages=2)
    split = assign(its, seed=3, validation_share=0.25)
    units = {role: {its.units[row] for row in split.rows(role)} for role in Role}
    outside = len(units[Role.NONMEMBER]) + len(units[Role.VALIDATION])
    assert len(units[Role.VALIDATION]) == round(0.25 * outside)
    assert assign(its, seed=3, validation_share=0).rows(Role.VALIDATION).size == 0
    # The share does not move the coin.
    assert assign(its, seed=3, validation_share=0).rows(Role.MEMBER).tolist() == split.rows(Role.MEMBER).tolist()


def test_near_duplicates_are_removed_before_the_coin():
    clean = tales(80, passages=1)
    words = [text.split() for text in clean.texts if len(text.split()) > 25][:10]
    near = [" ".join([*its[:-1], "other"]) for its in words]
    texts = [*clean.texts, *near, *clean.texts[:10]]
    ids = [f"r{row}" for row in range(len(texts))]
    both = examples_of("both", ids=ids, texts=texts)
    for seed in range(20):
        split = assign(both, seed=seed)
        assert split.removed == tuple(ids[80:])
        assert all(split.roles[row] is Role.REMOVED and split.repeats[row] == 0 for row in range(80, 100))
        sides = {text: split.roles[row] for row, text in enumerate(texts) if split.roles[row] is not Role.REMOVED}
        assert len(sides) == 80
    # What duplicates there were does not move the coins of the rest.
    assert assign(both, seed=1).roles[:80] == assign(clean, seed=1).roles


def test_ladder_canaries_are_members_as_often_as_they_repeat():
    its, canaries = plant(tales(30), Canaries(repeats=(1, 4, 64), per_level=2), seed=1)
    split = assign(its, seed=1, canaries=canaries)
    assert split.canaries == canaries
    assert split.removed == ()
    for canary in canaries:
        row = its.ids.index(canary.record)
        assert split.roles[row] is Role.MEMBER
        assert (split.training_rows() == row).sum() == split.repeats[row] == canary.repeats


def test_coin_canaries_are_in_or_out_by_a_coin_of_their_own():
    its, canaries = plant(digits(), Canaries(repeats=(1,), per_level=1, coins=1000), seed=1)
    split = assign(its, seed=1, canaries=canaries)
    roles = [split.roles[its.ids.index(canary.record)] for canary in canaries if canary.repeats == 0]
    assert set(roles) == {Role.MEMBER, Role.NONMEMBER}
    assert 420 < roles.count(Role.MEMBER) < 580
    assert split.repeats[-1000:].max() == 1
    plain = assign(digits(), seed=1)
    assert split.roles[:1797] == plain.roles


def test_natural_rows_leave_the_canaries_out():
    its, canaries = plant(tales(30), Canaries(coins=10), seed=1)
    split = assign(its, seed=1, canaries=canaries)
    planted = {canary.record for canary in canaries}
    for role in Role:
        rows = split.natural_rows(role)
        assert set(rows) <= set(split.rows(role))
        assert not planted & {its.ids[row] for row in rows}
    assert sum(len(split.natural_rows(role)) for role in Role) == 90


@pytest.mark.parametrize("seed", range(4))
def test_equal_splits_make_equal_files_and_read_back_equal(tmp_path, seed):
    its, canaries = plant(tales(25), Canaries(repeats=(1, 3), coins=5), seed=seed)
    split = assign(its, seed=seed, canaries=canaries)
    split.write(tmp_path / "a.parquet")
    assign(its, seed=seed, canaries=canaries).write(tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    again = Split.read(tmp_path / "a.parquet")
    assert again == split
    assert again.canaries == canaries
    assert again.repeats.dtype == np.int64
    assert again != assign(its, seed=seed + 1, canaries=canaries)


def test_removed_records_survive_the_file(tmp_path):
    its = speckles(40)
    twice = examples_of("twice", ids=[*its.ids, "copy"], images=np.concatenate([its.images, its.images[:1]]))
    split = assign(twice, seed=1)
    split.write(tmp_path / "s.parquet")
    assert Split.read(tmp_path / "s.parquet").removed == ("copy",)


def test_a_damaged_or_foreign_file_is_refused(tmp_path):
    path = tmp_path / "s.parquet"
    with pytest.raises(DataError, match="cannot be opened"):
        Split.read(path)
    assign(speckles(40), seed=1).write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(DataError, match="not a readable table"):
        Split.read(path)
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"record": ["a"]}), path)
    with pytest.raises(DataError, match="not a readable table"):
        Split.read(path)


def test_a_split_that_contradicts_itself_cannot_be_made():
    with pytest.raises(ValueError, match="at least once"):
        Split(("a",), ("a",), (Role.NONMEMBER,), np.array([1]))
    with pytest.raises(ValueError, match="differ in length"):
        Split(("a", "b"), ("a",), (Role.MEMBER,), np.array([1]))
    with pytest.raises(ValueError, match="read-only"):
        assign(speckles(40), seed=1).repeats[0] = 7


def test_too_few_units_are_refused_with_the_counts():
    with pytest.raises(DataError, match="of 3 units members"):
        assign(speckles(3), seed=1)
    with pytest.raises(DataError, match="of 1 units members"):
        assign(tales(1, passages=50), seed=1)
    its = speckles(4)
    copies = examples_of("copies", ids=[f"c{n}" for n in range(40)], images=np.concatenate([its.images] * 10))
    with pytest.raises(DataError, match="36 duplicates were removed before"):
        assign(copies, seed=1)
    with pytest.raises(DataError, match="of 0 units members"):
        assign(its.take([]), seed=1)


def test_unknown_canaries_and_impossible_shares_are_refused():
    stranger = Canary("canary/coin/0000", 0, "a", " 1", "digits")
    with pytest.raises(UsageError, match="Plant the canaries first"):
        assign(speckles(40), seed=1, canaries=(stranger,))
    with pytest.raises(UsageError, match=r"in \[0, 1\)"):
        assign(speckles(40), seed=1, validation_share=1.0)


@given(st.integers(1, 90), st.integers(0, 5))
def test_a_subsample_has_as_many_records_in_whole_units_but_one(records, seed):
    its = tales(30)
    some = subsample(its, records, seed=seed)
    assert len(some) == records
    assert [its.ids.index(name) for name in some.ids] == sorted(its.ids.index(name) for name in some.ids)
    sizes = [some.units.count(unit) for unit in dict.fromkeys(some.units)]
    assert sum(size != 3 for size in sizes) <= 1
    assert some.ids == subsample(its, records, seed=seed).ids


def test_a_subsample_of_all_is_all_and_of_more_is_refused():
    its = speckles(40)
    assert subsample(its, None, seed=1) is its
    assert subsample(its, 40, seed=1) is its
    assert subsample(its, 20, seed=1).ids != subsample(its, 20, seed=2).ids
    with pytest.raises(DataError, match="has 40 records, not 41"):
        subsample(its, 41, seed=1)


@pytest.mark.benchmarks
def test_sixty_thousand_images_are_split_in_seconds():
    if not os.environ.get("HARNESS_DATA"):
        pytest.skip("HARNESS_DATA is not set")
    garments = fashion_mnist()
    began = time.process_time()
    split = assign(garments, seed=1)
    assert time.process_time() - began < 20
    # Pairs of one garment in nearly the same picture, which the published set holds.
    assert 10 < len(split.removed) < 60
