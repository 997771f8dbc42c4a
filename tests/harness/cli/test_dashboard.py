"""`dashboard`: what it is started with is refused at once where it cannot be used, not on the first page."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("streamlit", reason="the pages need streamlit: pip install 'rai-harness[dashboards]'")
pytest.importorskip("duckdb", reason="the pages need duckdb: pip install 'rai-harness[dashboards]'")

from harness.query import Role, open_library

POLICY = '[[gate]]\nmetric = "hallucination.closed_book/mc1"\nmin = 0.999\nreason = "Nearly always right."\n'
QUIZ = """
[model]
backend = "control"
[run]
profile = "smoke"
probes = ["hallucination.closed_book"]
[probe."hallucination.closed_book"]
items = 20
"""


def test_a_page_judges_by_another_policy_as_the_gate_command_does(audit_text, harness_cli, tmp_path):
    folder = audit_text(QUIZ).folder
    file = tmp_path / "strict.toml"
    file.write_text(POLICY)
    shown = open_library(folder.parent, Role.POLICY, {"strict": file}).view(folder.name, "strict")
    done = harness_cli("gate", folder, "--config", file)
    assert (shown.banner.key, done.code) == ("fail", 1)
    (gate,) = shown.gates
    assert " ".join(gate[1].sentence.split()) in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--policy", "{folder}/nowhere.toml"], "nowhere.toml"),
        (["--policy", "{folder}/empty.toml"], "no [[gate]]"),
        (["--policy", "{folder}/a/strict.toml", "--policy", "{folder}/b/strict.toml"], "Two policies have one name"),
        (["--login", "{folder}/nowhere.toml"], "nowhere.toml: cannot be read"),
        (["--login", "{folder}/empty.toml"], "no table [login]"),
        (["--store", "nowhere://runs"], "Protocol not known"),
        (["--port", "{taken}"], "cannot be used"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_served(harness_cli, tmp_path, options, told):
    (tmp_path / "empty.toml").write_text("")
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "strict.toml").write_text(POLICY)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = {"folder": tmp_path, "taken": taken.getsockname()[1]}
        done = harness_cli("dashboard", *(one.format(**words) for one in options))
    assert done.code == 2
    assert told in " ".join((done.out + done.err).split())
