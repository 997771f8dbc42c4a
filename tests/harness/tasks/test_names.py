"""Names of tasks, without lm-eval being imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.errors import UsageError
from harness.tasks import names
from harness.tasks.names import find, installed, scan


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "mine"
    (place / "deep").mkdir(parents=True)
    (place / "one.yaml").write_text("tag:\n  - pair\ntask: one # mine\n")
    (place / "deep" / "two.yaml").write_text('"task": \'two\'\ntag: [pair, "odd"]\noutput_type: generate_until\n')
    (place / "group.yaml").write_text("group: both\ntask:\n  - one\n  - task: two\n")
    (place / "base_yaml").write_text("task: never\n")
    (place / "bad.yaml").write_bytes(b"\xff\xfe task: \x00")
    return place


def test_a_folder_is_scanned_for_tasks_groups_and_tags(folder):
    index = scan(folder)
    assert dict(index.tasks) == {"one": "one.yaml", "two": "deep/two.yaml"}
    assert dict(index.groups) == {"both": "group.yaml"}
    assert {tag: sorted(its) for tag, its in index.tags.items()} == {"pair": ["one", "two"], "odd": ["two"]}


def test_ones_own_tasks_come_first_then_those_that_ship_then_lm_evals(folder):
    assert find("two", include_path=str(folder)) == folder / "deep/two.yaml"
    (folder / "three.yaml").write_text("task: hellaswag\n")
    assert find("hellaswag", include_path=str(folder)) == folder / "three.yaml"
    assert find("hellaswag") == installed() / "hellaswag/hellaswag.yaml"
    assert find("sensible_endings").name == "sensible_endings.yaml"
    assert find(str(folder / "one.yaml")) == folder / "one.yaml"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("hellaswga", "Did you mean 'hellaswag'"),
        ("arc_esay", "Did you mean 'arc_easy'"),
        ("glue", "Name one: cola, mnli"),
        ("both", "Name one: one, two"),
        ("pair", "Name one: one, two"),
        ("nowhere.yaml", "There is no file nowhere.yaml"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_nearest_and_a_group_with_its_tasks(folder, name, says):
    with pytest.raises(UsageError, match=says):
        find(name, include_path=str(folder))


def test_a_folder_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="include_path names nowhere"):
        find("one", include_path="nowhere")


def test_names_are_looked_for_once_and_a_broken_cache_is_no_trouble(folder, tmp_path, monkeypatch):
    find("hellaswag")
    (kept,) = (tmp_path / "cache" / "lm-eval").iterdir()
    scanned = []
    monkeypatch.setattr(names, "scan", lambda place: scanned.append(place) or scan(place))
    find("rte")
    assert installed() not in scanned
    kept.write_text("{")
    find("rte")
    assert installed() in scanned


def test_a_mistyped_name_costs_no_import(tmp_path):
    code = (
        "import sys; from harness.registry import Registry\n"
        "try: Registry().create('probe', 'utility.tasks', {'task': 'hellaswga'})\n"
        "except Exception as error: print(error)\n"
        "print(sorted({'lm_eval', 'datasets', 'pandas', 'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert "Did you mean 'hellaswag'" in done.stdout
    assert done.stdout.strip().endswith("[]")
