"""A run in which a judge reads: who it asked is planned, what it was told is evidence, and nothing is asked twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.evidence.bundle import read_bundle, write_bundle
from harness.evidence.verify import verify
from harness.execute import Stop
from harness.records import Finish
from harness.registry import Registry
from harness.run import Unfinished

OUTSIDE = Path(__file__).parent.parent / "outside"
TEXT = """
[model]
backend = "function"
target = "acme_judged:answer"
[run]
probes = ["acme.judged"]
profile = "smoke"
[probe."acme.judged"]
items = 24
[instrument.judge.backend]
backend = "function"
target = "acme_judged:verdict"
"""


@pytest.fixture(autouse=True)
def here(install, monkeypatch, tmp_path):
    """A working directory of its own, in which the stranger's probe, model and judge are installed."""
    monkeypatch.chdir(tmp_path)
    install("acme-pictures", {}, package=OUTSIDE / "acme_pictures.py")
    install(
        "acme-judged", {"harness.probes": {"acme.judged": "acme_judged:Judged"}}, package=OUTSIDE / "acme_judged.py"
    )
    return tmp_path


def calls():
    return len(Path("calls").read_text()) if Path("calls").exists() else 0


def fatal(folder):
    return [finding for finding in verify(folder, Registry()) if finding.fatal]


def test_the_plan_names_the_judges_model_and_the_bundle_holds_what_it_said(audit_text):
    run = audit_text(TEXT)
    (planned,) = json.loads((run.folder / "run.json").read_text())["plan"]["instruments"]
    assert (planned["name"], planned["model"]["backend"]) == ("judge", "function")
    assert planned["model"]["name"] == "acme_judged:verdict"
    # Two orders, twice each, for every distinct answer of the model and of the controls.
    evidence = read_bundle(run.folder)
    assert len(evidence.consulted["judge"]) == calls() == 4 * len(evidence.readings) > 4 * 24
    assert (run.folder / "consulted.parquet").is_file()
    (result,) = run.evidence.results
    assert next(iter(result.results)).interval.value == 18 / 24
    assert run.evidence.run["instruments"][0]["agreement"]["value"] == 1.0


def test_the_bundle_verifies_without_the_judge(audit_text, here):
    run = audit_text(TEXT)
    before = calls()
    assert fatal(run.folder) == []
    assert calls() == before


def test_one_changed_verdict_does_not_verify_though_every_digest_fits(audit_text, tmp_path):
    run = audit_text(TEXT)
    consulted = {name: dict(its) for name, its in run.evidence.consulted.items()}
    key, one = next((key, one) for key, one in consulted["judge"].items() if one.reply.text == "SAME")
    consulted["judge"][key] = replace(one, reply=replace(one.reply, text="OPPOSITE"))
    folder = write_bundle(tmp_path / "again-1", replace(run.evidence, consulted=consulted), {"report.html": b""})
    assert any("readings.parquet: judge" in finding.where for finding in fatal(folder))


def test_a_verdict_left_out_does_not_verify(audit_text, tmp_path):
    run = audit_text(TEXT)
    its = dict(run.evidence.consulted["judge"])
    its.pop(next(iter(its)))
    folder = write_bundle(tmp_path / "again-1", replace(run.evidence, consulted={"judge": its}), {"report.html": b""})
    assert any(finding.where == "consulted.parquet" for finding in fatal(folder))


class AfterCalls(Stop):
    """Stops once the judge was called so often."""

    def __init__(self, most):
        super().__init__()
        self.most = most

    @property
    def due(self):
        return calls() >= self.most


def test_a_bundle_without_anything_that_the_judge_was_told_does_not_verify(audit_text, tmp_path):
    run = audit_text(TEXT)
    folder = write_bundle(tmp_path / "again-1", replace(run.evidence, consulted={}), {"report.html": b""})
    assert any("has nothing that judge was told" in finding.what for finding in fatal(folder))


def test_a_run_stopped_while_the_judge_reads_goes_on_where_it_was(audit_text, tmp_path):
    whole = audit_text(TEXT, store=tmp_path / "whole")
    asked = calls()
    Path("calls").write_text("")
    stopped = audit_text(TEXT, stop=AfterCalls(40), expect=Unfinished)
    assert stopped.left > 0
    assert 40 <= calls() < asked
    resumed = audit_text(TEXT)
    assert calls() == asked
    assert set(resumed.evidence.consulted["judge"]) == set(whole.evidence.consulted["judge"])
    assert fatal(resumed.folder) == []
    for name in ("estimates.json", "scores.parquet", "readings.parquet"):
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_a_second_run_asks_the_judge_nothing_and_its_evidence_is_as_whole(audit_text):
    first = audit_text(TEXT)
    before = calls()
    second = audit_text(TEXT)
    assert calls() == before
    assert second.evidence.consulted == first.evidence.consulted
    assert fatal(second.folder) == []


def test_a_judge_that_fails_leaves_readings_out_and_is_asked_again_next_time(audit_text):
    Path("broken").write_text("Is 3 a number?")
    first = audit_text(TEXT)
    assert first.evidence.results[0].counts.unreadable == 1
    assert fatal(first.folder) == []
    failed = [one for one in first.evidence.consulted["judge"].values() if one.reply.finish is Finish.FAILED]
    assert len(failed) == 4 * sum("Is 3 a number?" in reading.context for reading in first.evidence.readings) > 0
    before = calls()
    Path("broken").unlink()
    second = audit_text(TEXT)
    assert calls() == before + len(failed)
    assert second.evidence.results[0].counts.unreadable == 0


def test_a_judge_that_takes_what_is_offered_first_agrees_with_itself_by_chance_only(audit_text):
    run = audit_text(TEXT.replace("acme_judged:verdict", "acme_judged:biased"))
    agreement = run.evidence.run["instruments"][0]["agreement"]
    assert agreement["value"] == 0.0
    assert "kappa" in (run.folder / "report.html").read_text()


def test_a_judge_is_named_by_its_backend_alone_where_that_needs_no_settings(audit_text):
    table = '[instrument.judge.backend]\nbackend = "function"\ntarget = "acme_judged:verdict"\n'
    run = audit_text(TEXT.replace(table, '[instrument.judge]\nbackend = "control"\nrepeats = 1\n'))
    (planned,) = json.loads((run.folder / "run.json").read_text())["plan"]["instruments"]
    assert planned["model"]["backend"] == "control"
    # It knows nothing of judging: no verdict of it is readable, and that is counted, not guessed.
    assert run.evidence.results[0].counts.unreadable == 24
    assert fatal(run.folder) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ("[instrument.judge.backend]", "[instrument.judge]\nrepeat = 3\n[instrument.judge.backend]"),
            "no setting 'repeat'",
        ),
        (("[instrument.judge.backend]", "[instrument.jugde.backend]"), "No instrument named 'jugde' is installed"),
        (('target = "acme_judged:verdict"', 'tarjet = "x"'), "no setting 'tarjet'"),
        (('target = "acme_judged:verdict"', ""), "target"),
        (('backend = "function"\ntarget = "acme_judged:verdict"', "repeats = 1"), "its table names no `backend`"),
        (("[instrument.judge.backend]", "[instrument.judge]\nrepeats = 0\n[instrument.judge.backend]"), "at least 1"),
    ],
)
def test_a_table_of_an_instrument_that_is_wrong_is_refused_with_its_line_before_anything_is_asked(
    audit_text, change, told
):
    with pytest.raises(ConfigError) as caught:
        audit_text(TEXT.replace(*change))
    assert any(problem.startswith("harness.toml:10:") and told in problem for problem in caught.value.problems)
    assert calls() == 0


def test_a_probe_that_needs_a_judge_is_refused_where_none_is_set_up(audit_text):
    with pytest.raises(ConfigError, match=r"harness\.toml:8: .*its table names no `backend`"):
        audit_text(TEXT.partition("[instrument")[0])
