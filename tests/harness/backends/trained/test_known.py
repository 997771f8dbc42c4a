"""What a checkpoint is known to be trained on, and which other models are its references."""

from __future__ import annotations

import shutil

import pytest

from harness.backends.trained.known import look
from harness.errors import ModelError, UsageError

pytest.importorskip("torch")


def test_rows_say_which_references_saw_the_record(trained):
    others = [trained(toss=1), trained(toss=2)]
    known = look(trained(), data=None, references=others)
    rows = {row["record"]: row for row in known.records.rows()}
    for place, folder in enumerate(others):
        own = look(folder, data=None).records.rows()
        members = {row["record"] for row in own if row["role"] == "member"}
        assert {name for name, row in rows.items() if row["references"][place]} == members
    assert [str(its.folder) for its in known.references] == [str(folder) for folder in others]
    # Coins differ, but canaries of the ladder are in every training.
    natural = [row for row in rows.values() if not row["canary"]]
    assert len({(row["role"] == "member", *row["references"]) for row in natural}) > 4
    assert rows["canary/ladder/03/0"]["references"] == [True, True]


def test_without_references_rows_say_nothing_of_them(trained):
    known = look(trained(), data=None)
    assert {row["references"] for row in known.records.rows()} == {None}
    assert known.references == ()


def test_a_stranger_is_no_reference(trained):
    for stranger, problem in (
        (trained(), "the same coins"),
        (trained(seed=5, toss=1), "other records or canaries"),
        (trained(data="synthetic:n=40,seed=3", toss=1), "other records or canaries"),
        (trained("gan", toss=1), "of kind gan, the model of kind vae"),
    ):
        with pytest.raises(UsageError, match=problem) as caught:
            look(trained(), data=None, references=[stranger])
        assert str(stranger) in str(caught.value)
        assert "--references 4" in str(caught.value)


def test_one_reference_named_twice_is_not_taken_for_two(trained, tmp_path):
    copy = shutil.copytree(trained(toss=1), tmp_path / "copy")
    with pytest.raises(UsageError, match="copy was trained with the same coins"):
        look(trained(), data=None, references=[trained(toss=1), copy])


def test_a_reference_whose_members_are_not_known_takes_the_training_data_with_it(trained, tmp_path):
    released = shutil.copytree(trained(toss=1), tmp_path / "released")
    (released / "records.parquet").unlink()
    known = look(trained(), data=None, references=[released])
    assert known.records is None
    assert known.missing.startswith("released: there is no records.parquet")


def test_a_reference_that_is_no_checkpoint_is_refused(trained, tmp_path):
    with pytest.raises(ModelError, match="not a checkpoint"):
        look(trained(), data=None, references=[tmp_path])
