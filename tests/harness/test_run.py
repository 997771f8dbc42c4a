from __future__ import annotations

import json

import pytest

from harness.errors import ConfigError, NothingToRunError, StoreError
from harness.execute import Stop
from harness.run import Silent, Unfinished

CALCULATOR = '[model]\nbackend = "acme.calculator"\nerrors = 0.2\n[run]\nprobes = ["acme.arithmetic"]\n'


def test_a_second_run_of_the_same_plan_asks_nothing_and_finds_the_same(calculator_run, audit_text):
    again = audit_text(calculator_run.text)
    first = calculator_run.done
    assert again.evidence.run["totals"]["from_journal"] == again.evidence.run["totals"]["asks"] == 60
    assert again.folder.name == first.folder.name.removesuffix("1") + "2"
    for name in ("estimates.json", "scores.parquet", "cases.parquet"):
        assert (again.folder / name).read_bytes() == (first.folder / name).read_bytes()


def test_fresh_asks_everything_again_and_keeps_the_old_journal(calculator_run, audit_text):
    again = audit_text(calculator_run.text, fresh=True)
    assert again.evidence.run["totals"]["from_journal"] == 0
    assert list(again.folder.parent.glob(".journals/*.aside-1.sqlite"))


def test_another_seed_is_another_plan(calculator_run, audit_text):
    other = audit_text(calculator_run.text.replace("[run]", "[run]\nseed = 9"))
    assert other.target.plan.digest != calculator_run.done.target.plan.digest


def test_a_probe_that_does_not_fit_is_recorded_with_the_reason(acme, audit_text):
    text = '[model]\nbackend = "acme.calculator"\n[run]\nprobes = ["acme.arithmetic", "bias.paired_likelihood"]\n'
    done = audit_text(text)
    cell = next(c for c in json.loads((done.folder / "run.json").read_text())["plan"]["cells"] if "bias" in c["probe"])
    assert cell["status"] == "not_applicable"
    assert cell["reason"] == "the probe needs a model that can score; this backend can generate"


def test_where_no_probe_fits_there_is_nothing_to_run(acme, audit_text):
    with pytest.raises(NothingToRunError, match="needs a model that can score"):
        audit_text('[model]\nbackend = "acme.calculator"\n[run]\nprobes = ["bias.paired_likelihood"]\n')


def test_everything_wrong_with_a_configuration_is_refused_before_anything_is_asked(acme, audit_text):
    text = (
        CALCULATOR.replace("errors", "erors")
        + '[probe."acme.arithmetik"]\n[probe."acme.arithmetic"]\nlargst = 3\n'
        + '[[gate]]\nmetric = "acme.arithmetic/acuracy"\nmin = 1\nreason = "r"\n'
    )
    with pytest.raises(ConfigError) as caught:
        audit_text(text)
    found = "\n".join(caught.value.problems)
    assert "harness.toml:1: backend 'acme.calculator' has no setting 'erors'. Did you mean 'errors'?" in found
    assert "harness.toml:6: No probe named 'acme.arithmetik' is installed. Did you mean 'acme.arithmetic'?" in found
    assert "harness.toml:7: probe 'acme.arithmetic' has no setting 'largst'" in found


def test_a_gate_on_the_wrong_side_is_refused(acme, audit_text):
    with pytest.raises(ConfigError, match="better when higher; limit it with `min`"):
        audit_text(CALCULATOR + '[[gate]]\nmetric = "acme.arithmetic/accuracy"\nmax = 0.5\nreason = "r"\n')


def test_a_plan_that_is_too_large_is_refused(acme, audit_text):
    with pytest.raises(ConfigError, match="the plan has 120 asks and max_asks is 10"):
        audit_text(CALCULATOR + "max_asks = 10\n")


def test_a_store_that_cannot_be_written_is_found_before_anything_is_asked(acme, audit_text, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Name a writable folder"):
        audit_text(CALCULATOR, store=tmp_path / "file" / "runs")


def test_an_interrupted_run_is_resumed_to_the_same_bytes(acme, audit_text, tmp_path):
    text = CALCULATOR.replace("errors = 0.2", "errors = 0.2\nbatch_tokens = 90")
    whole = audit_text(text, store=tmp_path / "whole")
    stop = Stop()

    class Interrupting(Silent):
        def answered(self, cells):
            if cells:
                stop.interrupted.set()

    part = audit_text(text, store=tmp_path / "part", stop=stop, watch=Interrupting(), expect=Unfinished)
    assert part.left > 0
    rest = audit_text(text, store=tmp_path / "part")
    totals = rest.evidence.run["totals"]
    assert totals["from_journal"] == totals["asks"] - part.left
    for name in ("estimates.json", "scores.parquet"):
        assert (rest.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_a_planted_secret_is_nowhere_in_store_or_bundle(acme, audit_text, tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_KEY", "sk-planted-secret-0123456789")
    done = audit_text(CALCULATOR)
    for path in done.folder.parent.rglob("*"):
        if path.is_file():
            assert b"planted-secret" not in path.read_bytes()


def test_the_run_record_names_everything_that_a_number_rests_on(calculator_run):
    run = json.loads((calculator_run.done.folder / "run.json").read_text())
    assert {"python", "packages", "hardware", "git", "system", "harness"} <= set(run["environment"])
    assert {p["name"] for p in run["plan"]["plugins"]} == {"acme.arithmetic", "acme.calculator", "harness"}
    assert all(p["code"].startswith("sha256:") for p in run["plan"]["plugins"])
    assert run["plan"]["data"][0]["digest"].startswith("sha256:")
    assert run["energy"]["joules"] is None
    assert run["energy"]["reason"]
