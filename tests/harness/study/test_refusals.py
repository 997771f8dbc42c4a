"""What is refused before anything is asked: seeds that are one run, and a second process at the same study."""

from __future__ import annotations

import fcntl

import pytest

from harness.errors import UsageError
from harness.evidence.store import slug
from harness.study.design import read_design
from harness.study.reading import STUDIES


@pytest.fixture
def whole(text):
    """A study of every row there is, by a probe that asks it the same way whatever the seed."""
    return f"""{text.partition('[probe."bias')[0]}
[[risk]]
metric = "bias.paired_likelihood/stereotype_share"
[[utility]]
metric = "bias.paired_likelihood/mean_absolute_difference"
margin = 5
reason = "Only to have one."
""".replace('"smoke"', '"standard"')


def test_seeds_that_would_ask_one_model_the_same_are_refused_with_what_to_do(study, whole, turned):
    # With every row asked there is nothing left that a seed could choose.
    with pytest.raises(UsageError) as refused:
        study(whole + turned)
    assert str(refused.value).startswith("seeds 1 and 2 would ask the same model the same things")
    assert "`part` under [run]" in str(refused.value)


def test_a_part_of_the_rows_makes_them_different_again(study, whole, turned):
    parted = whole.replace("[run]", "[run]\npart = [0.0, 0.2]").replace("[1, 2, 3]", "[1, 2]")
    assert study(parted + turned).results.verdicts


def test_one_seed_may_ask_everything(study, whole, turned):
    assert study(whole.replace("[1, 2, 3]", "[1]") + turned).results.verdicts


def test_a_second_process_leaves_a_study_that_is_under_way_alone(study, text, turned, tmp_path):
    store = tmp_path / "runs"
    design = read_design(text + turned, "study.toml", {"run.store": str(store)})
    name = f"{slug(design.title)}-{design.digest.short}"
    half = store / STUDIES / f".{name}.partial" / "arms"
    half.mkdir(parents=True)
    with (store / STUDIES / f".{name}.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another process conducts this very study"):
            study(text + turned)
        assert half.is_dir()
    done = study(text.replace("[1, 2, 3]", "[1]") + turned)
    assert [path.name for path in done.folder.parent.iterdir() if path.name.endswith(".lock")] == [f".{name}.lock"]
