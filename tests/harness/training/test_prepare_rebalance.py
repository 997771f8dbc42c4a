"""Images drawn again to target shares: the shares hold, the size stays, and the placebo keeps what there was."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.data.canaries import Canary
from harness.data.content import examples_of
from harness.errors import UsageError
from harness.training.gathering import load
from harness.training.prepare.rebalance import rebalanced
from harness.training.prepare.stream import Stream
from harness.training.prepare.tables import Rebalance
from harness.training.recipe import Recipe
from harness.training.split import Role

SEVEN_TO_THREE = ["red"] * 70 + ["blue"] * 30


def stream(colours, canaries=()):
    n = len(colours)
    examples = examples_of(
        "images",
        ids=[f"r{row}" for row in range(n)],
        images=np.zeros((n, 2, 2, 1), dtype=np.uint8),
        labels=np.array([colour == "red" for colour in colours], dtype=np.int64),
        classes=("cold", "warm"),
        attributes={"colour": colours},
    )
    return Stream(examples, np.ones(n, dtype=np.int64), canaries)


def drawn(its, seed=0, **how):
    return rebalanced(its, how=Rebalance(**how), seed=seed)


def shares(its):
    return Counter(its.examples.attributes["colour"][row] for row in its.rows())


def test_seven_to_three_becomes_half_and_half():
    for by in ("colour", "class"):
        after, counts = drawn(stream(SEVEN_TO_THREE), by=by)
        assert shares(after) == {"red": 50, "blue": 50}
        assert set(after.repeats[:70].tolist()) == {0, 1}
        assert set(after.repeats[70:].tolist()) == {1, 2}
        assert counts["dropped"] == 20


def test_the_placebo_exchanges_as_many_and_keeps_seven_to_three():
    after, counts = drawn(stream(SEVEN_TO_THREE), by="colour", keep_shares=True)
    assert shares(after) == {"red": 70, "blue": 30}
    assert counts == {"dropped": 20, "blue before": 30, "blue after": 30, "red before": 70, "red after": 70}
    assert (after.repeats == 0).sum() == 20
    assert after.repeats.max() == 2


def test_a_table_says_the_shares_and_a_value_can_go():
    after, _ = drawn(stream(SEVEN_TO_THREE), by="colour", to={"red": 0.2, "blue": 0.8})
    assert shares(after) == {"red": 20, "blue": 80}
    after, counts = drawn(stream(SEVEN_TO_THREE), by="colour", to={"red": 1, "blue": 0})
    assert shares(after) == {"red": 100}
    assert counts["dropped"] == 30


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), st.integers(0, 99))
def test_shares_are_equal_up_to_one_and_the_size_stays(colours, seed):
    after, counts = drawn(stream(colours), seed=seed, by="colour")
    found = shares(after)
    assert sum(found.values()) == len(colours)
    assert max(found.values()) - min(found.values()) <= 1
    assert set(found) == set(colours)
    placebo, same = drawn(stream(colours), seed=seed, by="colour", keep_shares=True)
    assert shares(placebo) == Counter(colours)
    assert same["dropped"] <= counts["dropped"]


def test_canaries_stay_as_they_are():
    its = stream(
        [*SEVEN_TO_THREE, "canary", "canary"], (Canary("r100", 5, "", "", "blocks"), Canary("r101", 0, "", "", "b"))
    )
    its.repeats[100] = 5
    after, _ = drawn(its, by="colour")
    assert shares(after) == {"red": 50, "blue": 50, "canary": 6}


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(UsageError, match=r"have no 'color'\. Did you mean 'colour'\?"):
        drawn(stream(SEVEN_TO_THREE), by="color")
    with pytest.raises(UsageError, match=r"`to` names green, red, and the training set has blue, red as colour"):
        drawn(stream(SEVEN_TO_THREE), by="colour", to={"red": 0.5, "green": 0.5})
    for wrong in ({"red": 0.7, "blue": 0.7}, {"red": -0.5, "blue": 1.5}, {}):
        with pytest.raises(ValidationError, match="sum to 1"):
            Rebalance(by="colour", to=wrong)


def test_a_recipe_rebalances_its_members_and_says_who_was_dropped():
    plain = {"kind": "vae", "data": "synthetic:n=300,red=0.7,seed=1", "steps": 1, "batch": 2, "learning_rate": 0.1}
    before = load(Recipe.model_validate(plain))
    after = load(Recipe.model_validate({**plain, "prepare": {"rebalance": {"by": "colour"}}}))
    examples, rows = after.training()
    found = Counter(examples.attributes["colour"][row] for row in rows)
    assert max(found.values()) - min(found.values()) <= 1
    assert len(rows) == len(before.training()[1])
    dropped = [name for name, role in zip(after.split.ids, after.split.roles, strict=True) if role is Role.REMOVED]
    assert len(dropped) == after.stream.done[0].removed == after.stream.done[0].added
    members = {before.split.ids[row] for row in before.split.rows(Role.MEMBER)}
    assert set(dropped) < members
    assert after.split.repeats.sum() == before.split.repeats.sum()
    for role in (Role.NONMEMBER, Role.VALIDATION):
        assert after.split.rows(role).tolist() == before.split.rows(role).tolist()


def test_texts_have_nothing_to_go_by(tmp_path):
    (tmp_path / "book.txt").write_text("\n\n".join(f"number {row}" for row in range(30)))
    its = {"kind": "language", "data": str(tmp_path / "book.txt"), "steps": 1, "batch": 2, "learning_rate": 0.1}
    with pytest.raises(UsageError, match="texts have none"):
        load(Recipe.model_validate({**its, "prepare": {"rebalance": {}}}))
