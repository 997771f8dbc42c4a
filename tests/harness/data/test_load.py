from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.canonical import digest_bytes, digest_file
from harness.data import available, load
from harness.errors import DataError


def test_an_embedded_set_is_read_from_the_checkout():
    data = load("minimal_pairs")
    file = Path(harness.__file__).parents[1] / "datasets" / "minimal_pairs" / "data.jsonl"
    assert data.digest == digest_file(file)
    assert (data.name, data.origin, data.licence) == ("minimal_pairs", "embedded", "Apache-2.0")
    assert {"more", "less", "direction"} <= set(data.rows[0])


def test_an_installed_wheel_reads_the_sets_that_ship_inside_it(tmp_path):
    source = Path(harness.__file__).parents[1]
    site = tmp_path / "site"
    shutil.copytree(source / "harness", site / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source / "datasets" / "minimal_pairs", site / "harness" / "_shipped_datasets" / "minimal_pairs")
    show = "print(load('minimal_pairs').digest, *(card.folder for card in available()))"
    code = f"from harness.data import available, load; {show}"
    environment = {**os.environ, "PYTHONPATH": str(site), "HARNESS_DATA": ""}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [
        str(load("minimal_pairs").digest),
        str(site / "harness" / "_shipped_datasets" / "minimal_pairs"),
    ]


def test_a_set_named_alone_means_its_default_file(third_party):
    data = load("quiz", root=third_party)
    assert (data.name, data.version, data.licence, data.origin) == ("quiz", "abc123", "CC-BY-4.0", "HARNESS_DATA")
    assert [row["id"] for row in data.rows] == ["a", "b"]


def test_a_file_of_a_set_is_named_after_a_colon(third_party):
    assert len(load("quiz:old/rows.json", root=third_party).rows) == 1


def test_the_folder_comes_from_the_environment(third_party, monkeypatch):
    monkeypatch.setenv("HARNESS_DATA", str(third_party))
    assert load("quiz").rows == load("quiz", root=third_party).rows
    assert "quiz" in [card.name for card in available()]


def test_a_file_of_ones_own_has_no_card(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"id\n1\n")
    data = load(str(path))
    assert (data.name, data.licence, data.version, data.origin) == (path.as_posix(), "unknown", "unknown", "file")
    assert data.digest == digest_bytes(b"id\n1\n")


def test_a_changed_file_is_refused_with_both_digests(third_party):
    file = third_party / "quiz" / "rows.jsonl"
    before = digest_file(file)
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(DataError) as raised:
        load("quiz", root=third_party)
    assert str(before) in str(raised.value)
    assert str(digest_file(file)) in str(raised.value)
    assert "Get the file again" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("quizz", "No data set named 'quizz' is here. Did you mean 'quiz'?"),
        ("quizz:rows.jsonl", "Did you mean 'quiz'?"),
        ("quiz:row.jsonl", "does not list 'row.jsonl'. Did you mean 'rows.jsonl'? It lists: quiz:rows.jsonl"),
        ("quiz:../secret.jsonl", "does not list"),
        ("..:secret.jsonl", "No data set named '..'"),
        ("quiz:LICENSE", "this kind of file is not read"),
        ("missing.jsonl", "There is no file missing.jsonl"),
        ("some/folder", "is not a file that can be read"),
    ],
)
def test_a_wrong_name_says_what_is_there(third_party, name, says):
    with pytest.raises(DataError) as raised:
        load(name, root=third_party)
    assert says in str(raised.value)


def test_third_party_data_without_its_folder_says_how_to_set_it(monkeypatch):
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    with pytest.raises(DataError, match=r"HARNESS_DATA is not set.*export HARNESS_DATA="):
        load("truthfulqa:mc_task.json")
    with pytest.raises(DataError, match="Third-party data is found once HARNESS_DATA names its folder"):
        load("truthfulqa")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="which is not a folder"):
        load("quiz:rows.jsonl", root=tmp_path / "nowhere")


def test_a_listed_file_that_is_missing_is_named(third_party):
    (third_party / "quiz" / "rows.jsonl").unlink()
    with pytest.raises(DataError, match=r"rows\.jsonl is missing, though its card lists it"):
        load("quiz", root=third_party)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_says_so(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"id\n1\n")
    path.chmod(0)
    with pytest.raises(DataError, match="Check its permissions"):
        load(str(path))


def test_every_embedded_set_is_what_its_card_says():
    cards = [card for card in available() if card.origin == "embedded"]
    assert cards
    for card in cards:
        assert len(load(card.name).rows) == card.rows
        assert card.title
        assert card.problems
        assert card.fields


def test_sets_are_listed_embedded_first_then_by_name(third_party):
    cards = available(root=third_party)
    assert [card.origin for card in cards] == sorted((card.origin for card in cards), key="embedded".__ne__)
    assert cards[-1].name == "quiz"


def test_available_without_any_third_party_folder_lists_the_embedded_sets(monkeypatch, tmp_path):
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    assert "minimal_pairs" in [card.name for card in available()]
    assert [card.origin for card in available(root=tmp_path / "nowhere")] == ["embedded"] * len(available())


@pytest.mark.benchmarks
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("truthfulqa:mc_task.json", 790),
        ("truthfulqa:v1/mc_task.json.gz", 817),
        ("truthfulqa:TruthfulQA.csv", 790),
        ("crows-pairs:crows_pairs_anonymized.csv", 1508),
        ("bbq:data/Age.jsonl.gz", 3680),
    ],
)
def test_published_files_have_their_published_number_of_rows(name, rows):
    folder = os.environ.get("HARNESS_DATA")
    if not folder:
        pytest.skip("HARNESS_DATA is not set")
    assert len(load(name).rows) == rows


def test_several_sets_are_read_one_after_the_other():
    joint, one, other = (load(name) for name in ("wordings+distractions", "wordings", "distractions"))
    assert list(joint.rows) == [*one.rows, *other.rows]
    assert (joint.name, joint.version) == ("wordings+distractions", f"{one.version}+{other.version}")
    assert (joint.licence, joint.origin) == ("Apache-2.0", "embedded")
    assert joint.digest not in {one.digest, other.digest}
    assert joint.digest == load("wordings+distractions").digest != load("distractions+wordings").digest


def test_a_set_among_several_that_is_not_there_is_named(third_party):
    with pytest.raises(DataError, match=r"No data set named 'wordins' is here. Did you mean 'wordings'\?"):
        load("wordins+distractions")
    assert load("quiz+distractions", root=third_party).origin == "HARNESS_DATA+embedded"


def test_a_file_with_a_plus_in_its_name_is_one_file(tmp_path):
    path = tmp_path / "a+b.csv"
    path.write_bytes(b"id\n1\n")
    assert load(str(path)).origin == "file"
