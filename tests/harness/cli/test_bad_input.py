"""What can go wrong before a model is asked: one clear message, the right exit code, never a traceback."""

from __future__ import annotations

import pytest

CONTROL = '[model]\nbackend = "control"\n'
OWN = (
    CONTROL
    + '[run]\nprobes = ["hallucination.closed_book"]\n[probe."hallucination.closed_book"]\ndatasets = ["x.jsonl"]\n'
)


@pytest.mark.parametrize(
    ("text", "file", "said"),
    [
        (
            '[model]\nbackend = "huggingfase"\n',
            None,
            "harness.toml:1: No backend named 'huggingfase' is installed. Did you mean",
        ),
        ('[model]\nbackend = "huggingface"\nmodel = "no-such-model"\n', None, "'no-such-model'"),
        (
            CONTROL + '[run]\nprobes = ["bias.paired"]\n',
            None,
            "No probe named 'bias.paired' is installed. Did you mean",
        ),
        (OWN, None, "There is no file x.jsonl"),
        (OWN, '{"a": 1}\n{bad\n', "x.jsonl:2: not JSON"),
        (OWN, '{"a": 1}\n', "x.jsonl: row 1"),
        (OWN, "", "x.jsonl: the data set is empty"),
        ('[model]\nbackend = "replay"\npath = "none.jsonl"\n', None, "no file of recorded outputs at none.jsonl"),
        ('[model]\nbackend = "function"\ntarget = "no_module:f"\n', None, "no_module"),
        (
            CONTROL.replace("control", 'control"\nhallucinatoin = 0.3\nx = "y'),
            None,
            "no setting 'hallucinatoin'. Did you mean",
        ),
        ('[model]\nbackend = "huggingface"\nmodel = 3\n', None, "harness.toml:1: "),
        ('[model]\nbackend = "function"\ntarget = ["a"]\n', None, "harness.toml:1: "),
        ('[model]\nbackend = "replay"\npath = 3\n', None, "harness.toml:1: "),
        ('[model]\nbackend = "openai_api"\nmodel = "m"\nbase_url = 3\n', None, "harness.toml:1: "),
        (CONTROL + "seed = nan\n", None, "harness.toml:1: "),
        (CONTROL + "seed = 2020-01-01\n", None, "harness.toml:1: "),
    ],
    ids=[
        "backend",
        "model",
        "probe",
        "file",
        "json",
        "fields",
        "empty",
        "replay",
        "function",
        "setting",
        "model-type",
        "function-type",
        "replay-type",
        "api-type",
        "nan",
        "date",
    ],
)
def test_what_cannot_be_had_is_refused_with_the_place_and_the_next_step(harness_cli, tmp_path, text, file, said):
    (tmp_path / "harness.toml").write_text(text)
    if file is not None:
        (tmp_path / "x.jsonl").write_text(file)
    refused = harness_cli("run")
    assert refused.code == 2
    assert said in refused.err
    assert "Traceback" not in refused.err
    assert not list(tmp_path.glob("runs/*-1")), "nothing was run"


def test_a_mistake_on_the_command_line_is_not_blamed_on_the_file(harness_cli, tmp_path):
    (tmp_path / "harness.toml").write_text(CONTROL)
    refused = harness_cli("run", "--profile", "smok")
    assert (refused.code, "command line: run.profile: input should be" in refused.err) == (2, True)


def test_a_store_that_cannot_be_written_is_refused(harness_cli, tmp_path):
    (tmp_path / "file").write_text("")
    refused = harness_cli("demo", "--store", "file/runs")
    assert (refused.code, "Name a writable folder with --store" in refused.err) == (4, True)


def test_a_damaged_journal_is_refused_and_left_alone(harness_cli, tmp_path):
    (tmp_path / "harness.toml").write_text(CONTROL)
    assert harness_cli("run", "--quiet").code == 0
    [journal] = (tmp_path / "runs/.journals").glob("*.sqlite")
    journal.write_bytes(b"garbage" * 1000)
    refused = harness_cli("run")
    assert (refused.code, "Move the file aside" in refused.err) == (4, True)
    assert journal.read_bytes() == b"garbage" * 1000
