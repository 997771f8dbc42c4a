"""A model that is fine-tuned with privacy may not have seen the records before."""

from __future__ import annotations

import random

import pytest

from harness.errors import UsageError
from harness.training.checkpoint import open_checkpoint
from harness.training.earlier import trained_before
from harness.training.gathering import load
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.watch import Silent

WORDS = ("river", "stone", "cloud", "garden", "lantern", "winter", "copper", "meadow", "violin", "maple", "mirror")


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Two texts of sixty documents, and a copy of the first under another name."""
    folder = tmp_path_factory.mktemp("books")
    for name, seed in (("mine.txt", 1), ("other.txt", 2), ("copy.txt", 1)):
        draw = random.Random(seed)
        (folder / name).write_text("\n\n".join(" ".join(draw.choices(WORDS, k=8)) for _ in range(60)))
    return folder


def recipe(data, **changes):
    plain = {"kind": "language", "data": str(data), "steps": 2, "batch": 4, "learning_rate": 1e-3}
    model = {"context": 96, "layers": 1, "width": 8, "heads": 1}
    return Recipe.model_validate({**plain, "model": model, **changes})


def fine_tuning(data, base, **changes):
    return recipe(data, model={"base": str(base), "lora": 2, "context": 96}, **changes)


def go(its, out):
    return run(its, out, watch=Silent(), device="cpu", stop=lambda: False)


@pytest.fixture(scope="module")
def base(books, tmp_path_factory):
    """A checkpoint that was trained on the first text, without privacy."""
    return go(recipe(books / "mine.txt"), tmp_path_factory.mktemp("base") / "out").folder


def before(its):
    return trained_before(its, load(its), opener=open_checkpoint)


def test_records_that_the_base_was_trained_on_are_counted(books, base):
    its = fine_tuning(books / "mine.txt", base / "model")
    (found,) = before(its)
    assert found.startswith(f"{base} was trained on ")
    # The same coins: every record of this training was in that one.
    assert f" {load(its).split.training_rows().size} of these records" in found


def test_records_are_known_by_what_they_say_where_the_file_has_another_name(books, base):
    assert before(fine_tuning(books / "copy.txt", base / "model")) != ()
    assert before(fine_tuning(books / "other.txt", base / "model")) == ()


def test_without_a_base_or_with_one_from_elsewhere_nothing_is_known(books, base, tmp_path):
    assert before(recipe(books / "mine.txt")) == ()
    elsewhere = tmp_path / "somewhere"
    elsewhere.mkdir()
    for path in (base / "model").iterdir():
        (elsewhere / path.name).write_bytes(path.read_bytes())
    assert before(fine_tuning(books / "mine.txt", elsewhere)) == ()


def test_a_base_of_a_base_is_looked_at_too(books, base, tmp_path):
    second = go(fine_tuning(books / "other.txt", base / "model"), tmp_path / "second").folder
    (found,) = before(fine_tuning(books / "mine.txt", second / "model"))
    assert found.startswith(f"{base} was trained on ")


def test_a_private_fine_tuning_of_such_a_base_is_refused_and_of_another_is_not(books, base, tmp_path):
    private = {"privacy": {"noise_multiplier": 1.0, "delta": 1e-3}}
    with pytest.raises(UsageError, match=r"was trained on \d+ of these records, which adds to what is spent.*item 7"):
        go(fine_tuning(books / "mine.txt", base / "model", **private), tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    done = go(fine_tuning(books / "other.txt", base / "model", **private), tmp_path / "out")
    assert done.stated_claim().holds
