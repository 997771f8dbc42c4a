from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest

from harness.cli.checkup import EXTRAS

CALCULATOR = """
[model]
backend = "acme.calculator"
errors = 0.2
[run]
probes = ["acme.arithmetic"]
[[gate]]
metric = "acme.arithmetic/accuracy"
min = {minimum}
reason = "A calculator should add."
"""


@pytest.fixture
def harness(harness_cli):
    """The command line."""
    return harness_cli


@pytest.fixture
def project(acme, tmp_path):
    """A folder with a harness.toml; returns a function that sets the gate's limit."""

    def put(minimum):
        (tmp_path / "harness.toml").write_text(CALCULATOR.format(minimum=minimum))

    put(0.5)
    return put


def test_help_names_every_command_and_the_exit_codes(harness):
    shown = harness("--help")
    assert shown.code == 0
    for command in [
        "run",
        "resume",
        "plan",
        "status",
        "demo",
        "verify",
        "gate",
        "init",
        "doctor",
        "runs",
        "config",
        "probes",
        "backends",
        "datasets",
        "models",
    ]:
        assert f" {command} " in shown.out
    assert "130 interrupted" in shown.out.replace("\n", " ")


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["probes", "list"],
        ["backends", "list"],
        ["config", "schema"],
        ["models", "list"],
        ["datasets", "list"],
        ["config", "validate"],
    ],
    ids=" ".join,
)
def test_light_commands_import_neither_torch_nor_pandas(words, tmp_path):
    code = (
        "import sys; from harness.cli import main; sys.argv = ['harness', *sys.argv[1:]]\n"
        "try: main()\nexcept SystemExit as done: code = done.code\n"
        "heavy = sorted({'torch', 'pandas', 'transformers', 'aiohttp', 'statsmodels'} & set(sys.modules))\n"
        "print('HEAVY', heavy, code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert "HEAVY [] 0" in done.stderr.replace("None", "0")


def test_a_run_exits_with_0_whatever_the_verdict_and_with_the_verdict_when_gated(harness, project):
    for minimum, code in ((0.5, 0), (0.99, 1)):
        project(minimum)
        assert harness("run").code == 0
        assert harness("run", "--gate").code == code
        assert harness("gate", "latest").code == code


def test_a_run_ends_with_sentences_the_verdict_and_the_path_of_the_evidence(harness, project):
    done = harness("run")
    assert "Of 120 sums, the model gave the correct sum in" in done.out
    assert "Limit: at least 50 of 100. Passed." in done.out
    assert "Verdict: Passed" in done.out
    assert "Evidence: runs/calculator-" in done.out
    assert "Every reply is in" in done.err


def test_not_enough_evidence_exits_with_3_only_when_strict(harness, project):
    harness("run")
    project(0.8)
    assert (harness("run", "--gate").code, harness("run", "--gate", "--strict").code) == (0, 3)


def test_a_gated_run_without_a_gate_is_refused_before_anything_is_asked(harness, acme, tmp_path):
    (tmp_path / "harness.toml").write_text(
        '[model]\nbackend = "acme.calculator"\n[run]\nprobes = ["acme.arithmetic"]\n'
    )
    refused = harness("run", "--gate")
    assert refused.code == 2
    assert "would pass anything" in refused.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("minimum", "code"), [(0.5, 0), (0.8, 3), (0.99, 1)])
def test_text_and_json_and_the_exit_code_come_from_one_verdict(harness, project, minimum, code):
    project(minimum)
    harness("run")
    text, document = harness("gate", "latest", "--strict"), harness("gate", "latest", "--strict", "--json")
    assert text.code == document.code == harness("run", "--gate", "--strict").code == code
    verdict = json.loads(document.out)["verdict"]
    assert verdict["ruling"] == {0: "pass", 1: "fail", 3: "inconclusive"}[code]
    assert f"Verdict: {verdict['sentence']}" in text.out


def test_results_go_to_stdout_and_talk_to_stderr(harness, project):
    done = harness("run", "--json")
    document = json.loads(done.out)
    assert document["schema"] == 1
    assert document["verdict"]["ruling"] == "pass"
    assert "Model: calculator" in done.err


def test_quiet_says_nothing_but_results(harness, project):
    assert "Model:" not in harness("run", "--quiet").err


def test_no_bar_and_no_escape_sequence_is_written_where_nobody_watches(harness, project):
    done = harness("run")
    assert "\x1b" not in done.out + done.err


def test_the_plan_tells_cases_tokens_minutes_and_detectable_effect(harness, project):
    shown = harness("plan")
    assert "acme.arithmetic@facts_mc: 120 cases, about" in shown.out
    assert "120 asks, 0 of them answered before" in shown.out
    assert harness("run").code == 0
    assert "Nothing is left to ask" in harness("plan").out


def test_a_gate_that_cannot_be_passed_is_warned_of_before_the_run(harness, acme, tmp_path):
    text = CALCULATOR.format(minimum=0.9) + '[probe."acme.arithmetic"]\nitems = 5\n'
    (tmp_path / "harness.toml").write_text(text)
    assert "5 sums are too few. Even a perfect result could not pass" in harness("plan").out


def test_the_asks_of_a_plan_can_be_answered_elsewhere_and_judged_here(harness, project, tmp_path):
    harness("plan", "--asks", "asks.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "asks.jsonl").read_text().splitlines()]
    replies = [{"ask": row["ask"], "text": "0"} for row in rows]
    (tmp_path / "replies.jsonl").write_text("\n".join(map(json.dumps, replies)))
    (tmp_path / "replay.toml").write_text(
        '[model]\nbackend = "replay"\npath = "replies.jsonl"\n[run]\nprobes = ["acme.arithmetic"]\n'
    )
    done = harness("run", "--config", "replay.toml")
    assert done.code == 0
    assert "gave the correct sum in" in done.out


def test_a_finished_run_is_listed_shown_and_verified(harness, project):
    assert "No finished run" in harness("runs", "list").out
    harness("run")
    listed = json.loads(harness("runs", "list", "--json").out)["runs"]
    assert [row["verdict"] for row in listed] == ["pass"]
    assert "the model gave the correct sum" in harness("runs", "show", "latest").out
    for words in (("verify", "latest"), ("runs", "verify", listed[0]["run"])):
        done = harness(*words)
        assert (done.code, "Verified" in done.out) == (0, True)


def test_a_damaged_bundle_does_not_verify_and_cannot_be_judged(harness, project, tmp_path):
    harness("run")
    [bundle] = (tmp_path / "runs").glob("calculator-*")
    (bundle / "report.html").write_text("changed")
    done = harness("verify", "latest")
    assert (done.code, "DIFFERS: report.html: was changed" in done.out) == (1, True)
    assert harness("gate", "latest").code == 4


def test_an_unknown_run_is_refused_with_the_nearest(harness, project):
    harness("run")
    refused = harness("verify", "calculator-zzz")
    assert refused.code == 2
    assert "There is no run 'calculator-zzz' in runs" in refused.err


def test_a_missing_configuration_falls_back_on_the_shipped_one_and_says_so(harness):
    done = harness("config", "show")
    assert 'model.model = "smollm2-135m-instruct"  (file)' in done.out
    assert "using the one that ships with the harness" in done.err


def test_mistakes_in_the_configuration_exit_with_2_and_no_traceback(harness, tmp_path):
    (tmp_path / "harness.toml").write_text('[run]\nprofil = "x"\n')
    done = harness("run")
    assert done.code == 2
    assert "harness.toml:2: run.profil: unknown key. Did you mean 'profile'?" in done.err
    assert "Traceback" not in done.err


def test_init_writes_a_file_that_is_valid_and_refuses_to_overwrite_it(harness, tmp_path):
    assert harness("init", "--backend", "control", "--model", "x").code == 0
    assert 'backend = "control"' in (tmp_path / "harness.toml").read_text()
    assert harness("init").code == 2
    assert harness("init", "--force").code == 0
    assert harness("config", "validate").code == 0


def test_the_table_of_training_is_shown_as_given_and_documented_in_schema_and_file(harness, tmp_path):
    assert harness("init").code == 0
    assert "# [train]" in (tmp_path / "harness.toml").read_text()
    assert "train = {}  (default)" in harness("config", "show").out
    (tmp_path / "harness.toml").write_text("[train]\nsteps = 5\n[train.privacy]\nepsilon = 8\n")
    # What is not given is by recipe, so no default of the table itself is shown.
    assert 'train = {"steps": 5, "privacy": {"epsilon": 8.0}}  (file)' in harness("config", "show").out
    assert json.loads(harness("config", "show", "--json").out)["config"]["train"]["steps"] == 5
    described = json.loads(harness("config", "schema").out)["$defs"]
    assert {"steps", "batch", "patience", "privacy"} <= described["Train"]["properties"].keys()
    assert "epsilon" in described["Privacy"]["properties"]


def test_listings_describe_what_is_installed(harness, acme):
    assert "acme.arithmetic  Addition  (acme-arithmetic 1.2.0)" in harness("probes", "list").out
    assert (
        "question: Does the model add two small numbers correctly?"
        in harness("probes", "describe", "acme.arithmetic").out
    )
    assert "Settings: errors" in harness("backends", "describe", "acme.calculator").out
    assert "image_features  Edges and colours  (rai-harness 0.1.0)" in harness("instruments", "list").out
    assert "Did you mean 'acme.arithmetic'" in harness("probes", "describe", "acme.arithmetik").err


def test_a_broken_plugin_is_a_warning_row_and_no_crash(harness, install):
    install("broken", {"harness.probes": {"broken.probe": "no_such_module:Probe"}})
    done = harness("probes", "list")
    assert done.code == 0
    assert "warning: The probe 'broken.probe' from broken 1.0 cannot be used" in done.err
    assert "broken.probe" in harness("doctor").out


def test_status_and_resume_know_nothing_when_nothing_is_under_way(harness):
    assert "No run is under way" in harness("status").out
    refused = harness("resume")
    assert refused.code == 2
    assert "nothing to resume" in refused.err


def test_a_run_out_of_time_is_resumed_by_the_printed_command(harness, acme, tmp_path):
    text = CALCULATOR.format(minimum=0.5).replace("errors = 0.2", "errors = 0.2\ndelay_s = 0.1\nbatch_tokens = 60")
    (tmp_path / "harness.toml").write_text(text)
    stopped = harness("run", "--max-minutes", "0.08")
    assert stopped.code == 4
    command = stopped.err.strip().splitlines()[-1].split()
    assert command[:2] == ["harness", "resume"]
    [row] = json.loads(harness("status", "--json").out)["underway"]
    assert 0 < row["answered"] < row["asks"] == 120
    resumed = harness(*command[1:])
    assert resumed.code in {0, 4}


def test_doctor_looks_for_every_package_of_every_extra(pytestconfig):
    extras = tomllib.loads((pytestconfig.rootpath / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    declared = {
        extra: {re.split("[<>=[]", package)[0] for package in extras[extra] if not package.startswith("rai-harness")}
        for extra in extras.keys() - {"all", "test", "dev"}
    }
    assert {extra: set(packages) for extra, packages in EXTRAS.items()} == declared


def test_doctor_finds_what_every_audit_needs(harness):
    done = harness("doctor", "--json")
    checks = {row["name"]: row["ok"] for row in json.loads(done.out)["checks"]}
    assert checks["rai-harness"]
    assert checks["package harness"]
    assert checks["data sets"]


def test_a_reader_that_leaves_early_does_not_change_the_exit_code(project, tmp_path):
    for words in ("run -q", "runs show latest", "verify latest --json"):
        command = f"{sys.executable} -m harness {words} | true; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            env=project_path(tmp_path),
        )
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def project_path(tmp_path):
    """The environment in which the stranger's distribution of this test is installed."""
    return {**os.environ, "PYTHONPATH": str(tmp_path / "site-acme-arithmetic")}


def test_one_damaged_bundle_does_not_hide_the_others(harness, project, tmp_path):
    harness("run", "-q")
    harness("run", "-q")
    newest = json.loads(harness("runs", "list", "--json").out)["runs"][0]["run"]
    (tmp_path / "runs" / newest / "run.json").write_text("{}")
    listed = harness("runs", "list")
    assert (listed.code, len(listed.out.splitlines())) == (0, 1)
    assert f"warning: {newest} cannot be read" in listed.err
    assert harness("runs", "show", newest).code == 1


def test_resuming_after_the_code_changed_says_that_it_is_another_plan(harness, project, tmp_path):
    text = (
        (tmp_path / "harness.toml")
        .read_text()
        .replace("errors = 0.2", "errors = 0.2\ndelay_s = 0.01\nbatch_tokens = 60")
    )
    (tmp_path / "harness.toml").write_text(text)
    assert harness("run", "--max-minutes", "0.005").code == 4
    [mark] = (tmp_path / "runs/.underway").glob("*.json")
    other = json.loads(mark.read_text()) | {"id": "calculator-000000000000", "overrides": {}}
    mark.unlink()
    (mark.parent / "calculator-000000000000.json").write_text(json.dumps(other))
    resumed = harness("resume")
    assert (resumed.code, "this is another plan" in resumed.err) == (0, True)
    assert "No run is under way" in harness("status").out


def test_what_must_be_told_something_shows_its_card_all_the_same(harness_cli):
    assert "Grounding in a source" in harness_cli("mitigations", "list").out
    shown = harness_cli("mitigations", "describe", "grounding").out
    assert "Settings: source, passages, quote, unrelated" in shown
    assert "That is no protection" in shown
