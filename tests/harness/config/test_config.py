from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.options import default_text
from harness.config import Profile, load, parse
from harness.config.lines import find_line, key_lines
from harness.errors import ConfigError
from harness.training.recipe_files import complete

BROKEN = '''schema = 1
[run]
profil = "smoke"
seed = -3
note = """
profile = "not a key, but text"
"""
[probe."a.b"]
items = 0
own = 5
[[gate]]
metric = "x"
reason = "because"
[[gate]]
metric = "x"
mn = 3
reason = "r"
'''


def problems(text):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.problems


def test_all_mistakes_are_reported_at_once_each_with_its_line():
    found = problems(BROKEN)
    assert all(row.startswith("harness.toml:") for row in found)
    where = {row.split(": ")[1]: int(row.split(":")[1]) for row in found}
    assert where == {
        "run.profil": 3,
        "run.seed": 4,
        "run.note": 5,
        "probe.a.b.items": 9,
        "gate[0]": 11,
        "gate[1].mn": 16,
    }


def test_an_unknown_key_names_the_nearest_known_one():
    assert any("run.profil: unknown key. Did you mean 'profile'?" in row for row in problems(BROKEN))
    assert any("gate[1].mn: unknown key. Did you mean 'min'?" in row for row in problems(BROKEN))


def test_a_gate_has_exactly_one_limit():
    gate = '[[gate]]\nmetric = "m"\nreason = "r"\n'
    assert "exactly one of min, max and within, not none" in problems(gate)[0]
    assert "not min and max" in problems(gate + "min = 0.1\nmax = 0.2\n")[0]
    assert "low below high" in problems(gate + "within = [0.5, 0.5]\n")[0]
    assert parse(gate + "within = [0.4, 0.6]\n").gate[0].bounds == (0.4, 0.6)


def test_a_gate_without_a_reason_is_refused():
    assert "gate[0].reason: this key is required here and missing" in problems('[[gate]]\nmetric = "m"\nmin = 1\n')[0]


def test_text_that_is_no_toml_says_where():
    assert "not valid TOML" in problems("[run\nx = 1")[0]
    assert "line 1" in problems("[run\nx = 1")[0]


def test_an_empty_file_is_the_default_audit():
    config = parse("")
    assert (config.model.backend, config.run.profile, config.gate) == ("huggingface", Profile.SMOKE, ())


def test_the_command_line_wins_over_the_file():
    config = parse('[run]\nprofile = "full"\n', overrides={"run.profile": "standard", "run.seed": 5})
    assert (config.run.profile, config.run.seed) == (Profile.STANDARD, 5)


def test_settings_of_backends_and_probes_pass_through():
    config = parse('[model]\nbackend = "b"\nrate = 0.5\n[probe."p"]\nitems = 3\nown = "x"\n')
    assert config.model.settings == {"rate": 0.5}
    assert (config.probe["p"].items, config.probe["p"].settings) == (3, {"own": "x"})


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigError, match="no such file. Write one with `harness init`"):
        load(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "harness.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read as UTF-8"):
        load(path)


def test_the_shipped_configuration_is_valid_and_comments_every_key():
    text = default_text()
    config = parse(text)
    assert config.gate
    keys = [
        line
        for line in text.splitlines()
        if line[:1].isalpha() and not line.startswith(("metric", "reason", "min", "max", "within"))
    ]
    bare = [line for line in keys if "#" not in line and not line.startswith(("severity", "where_applicable"))]
    assert not bare


def test_the_shipped_file_shows_every_key_of_training_with_a_value_that_it_takes():
    lines = default_text().splitlines()
    start = lines.index("# [train]")
    shown = [line.removeprefix("# ") for line in lines[start : lines.index("", start)]]
    assert all("#" in line for line in shown if not line.startswith("["))
    # Two that privacy excludes.
    plain = "\n".join(shown).replace("max_grad_norm", "#").replace("objective", "#")
    train = parse(plain, name="shown").train
    parts = {"": train, "canaries": train.canaries, "privacy": train.privacy}
    written = key_lines("\n".join(shown))
    for table, part in parts.items():
        path = ("train", table) if table else ("train",)
        assert {key for key in type(part).model_fields if (*path, key) not in written} == set()
    complete(train.kind, train.recipe, train.changes)


NAMES = st.text("abcdefghij_-", min_size=1, max_size=8)


@given(st.dictionaries(NAMES, st.lists(NAMES, unique=True, max_size=4), max_size=4), st.integers(0, 3))
def test_every_key_is_found_on_its_own_line(tables, blank):
    rows: list[str] = []
    expected = {}
    for table, keys in tables.items():
        rows += [""] * blank + [f"[{table}]"]
        expected[table,] = len(rows)
        for key in keys:
            rows.append(f"{key} = [1,")
            expected[table, key] = len(rows)
            rows += ["  2, # ]", "]"]
    lines = key_lines("\n".join(rows))
    assert lines == expected


def test_the_line_of_something_that_is_not_there_is_that_of_its_table():
    lines = key_lines("a = 1\n[t]\nb = 2\n")
    assert find_line(lines, ("t", "missing")) == 2
    assert find_line(lines, ("nowhere",)) == 1


@pytest.mark.parametrize("limit", ["min = nan", "max = inf", "within = [0.0, inf]"])
def test_a_limit_that_is_no_number_is_refused(limit):
    assert "finite number" in problems(f'[[gate]]\nmetric = "m"\nreason = "r"\n{limit}\n')[0]


@pytest.mark.parametrize(
    "text", ['[run]\nprobes = ["a", "b", "a"]\n', '[probe."p"]\ndatasets = ["a", "a"]\n'], ids=["probes", "datasets"]
)
def test_what_would_be_counted_twice_is_refused(text):
    assert "a is given more than once" in problems(text)[0]


@pytest.mark.parametrize("text", ["[run]\nprobes = []\n", '[probe."p"]\ndatasets = []\n'], ids=["probes", "datasets"])
def test_an_empty_choice_is_refused(text):
    assert "at least 1 item" in problems(text)[0]


def test_an_override_of_something_that_is_no_table_is_reported_as_such():
    with pytest.raises(ConfigError, match="run: input should be"):
        parse("run = 5\n", overrides={"run.profile": "full"})
