from __future__ import annotations

import json
import platform
import shutil
from dataclasses import replace

import pytest

from harness.canonical import digest, dumps
from harness.errors import BundleError, StoreError
from harness.evidence.bundle import read_bundle, read_results, write_bundle
from harness.evidence.manifest import MANIFEST, STATEMENT, build_manifest, build_statement
from harness.evidence.verify import verify
from harness.records import Judged, Outcome, Score
from harness.registry import Registry


@pytest.fixture
def bundle(calculator_run, tmp_path):
    """A copy of a finished run's bundle, free to be damaged."""
    return shutil.copytree(calculator_run.done.folder, tmp_path / "copy")


def where(findings):
    return [finding.where for finding in findings]


def test_an_untouched_bundle_verifies(bundle):
    assert verify(bundle, Registry()) == []


def test_a_bundle_has_the_documented_files(bundle):
    assert sorted(path.name for path in bundle.iterdir()) == [
        "cases.parquet",
        "estimates.json",
        "harness.toml",
        "manifest.json",
        "readings.parquet",
        "replies.parquet",
        "report.html",
        "run.json",
        "scores.parquet",
        "statement.intoto.json",
        "verdict.json",
    ]


def test_a_bundle_reads_back_as_it_was_written(calculator_run, bundle):
    evidence, written = read_bundle(bundle), calculator_run.done.evidence
    assert evidence.replies == written.replies
    assert evidence.cases == written.cases
    assert evidence.judged == written.judged
    assert evidence.results == list(written.results)
    assert evidence.verdict == written.verdict


def test_any_flipped_byte_of_any_file_is_detected(bundle):
    for path in sorted(bundle.iterdir()):
        whole = path.read_bytes()
        # Every byte of small files, a spread of 40 of large ones: first, last and in between.
        step = max(1, len(whole) // 40) if len(whole) > 2000 else 1
        for place in {*range(0, len(whole), step), len(whole) - 1}:
            damaged = bytearray(whole)
            damaged[place] ^= 0x01
            path.write_bytes(damaged)
            findings = verify(bundle, Registry())
            assert any(finding.fatal for finding in findings), f"byte {place} of {path.name} went unnoticed"
        path.write_bytes(whole)
    assert verify(bundle, Registry()) == []


def test_a_changed_file_is_named(bundle):
    path = bundle / "estimates.json"
    path.write_text(path.read_text().replace("0.", "1.", 1))
    assert where(verify(bundle, Registry())) == ["estimates.json"]


def test_a_missing_file_and_an_extra_file_are_named(bundle):
    (bundle / "scores.parquet").unlink()
    (bundle / "notes.txt").write_text("mine")
    assert where(verify(bundle, Registry())) == ["scores.parquet", "notes.txt"]


def test_without_its_manifest_a_folder_is_no_bundle(bundle):
    (bundle / MANIFEST).unlink()
    assert where(verify(bundle, Registry())) == [MANIFEST]


def test_a_link_out_of_the_bundle_is_not_followed(bundle, tmp_path):
    shutil.move(bundle / "run.json", tmp_path / "elsewhere.json")
    (bundle / "run.json").symlink_to(tmp_path / "elsewhere.json")
    assert "is a link or leads outside the bundle" in [finding.what for finding in verify(bundle, Registry())]


def rewrite(bundle, calculator_run, change):
    """Write the run again with changed evidence, so that every digest fits: only arithmetic can tell."""
    evidence = change(calculator_run.done.evidence)
    shutil.rmtree(bundle)
    return write_bundle(bundle, evidence, {"harness.toml": b"", "report.html": b""})


def test_a_forged_estimate_with_fitting_digests_is_named_to_the_number(calculator_run, bundle):
    def forge(evidence):
        result = evidence.results[0]
        first = result.results[0]
        better = replace(first, interval=replace(first.interval, high=min(1.0, first.interval.high + 0.01)))
        return replace(evidence, results=[replace(result, results=(better, *result.results[1:]))])

    rewrite(bundle, calculator_run, forge)
    findings = verify(bundle, Registry())
    assert any(w.endswith("acme.arithmetic/accuracy: interval: high") for w in where(findings))


@pytest.mark.parametrize(("change", "differs"), [(1e-9, False), (1e-4, True)])
def test_the_last_digits_of_a_number_may_be_those_of_another_machine(calculator_run, bundle, change, differs):
    evidence = read_bundle(bundle)
    result = evidence.results[0]
    first = result.results[0]
    moved = replace(first, interval=replace(first.interval, low=first.interval.low * (1 + change)))
    shutil.rmtree(bundle)
    other = [replace(result, results=(moved, *result.results[1:])), *evidence.results[1:]]
    write_bundle(bundle, replace(evidence, results=other), {})
    fatal = [finding.where for finding in verify(bundle, Registry()) if finding.fatal]
    assert (fatal != []) == differs
    assert all("interval: low" in place for place in fatal)


def test_a_forged_score_with_fitting_digests_is_named_by_its_case(calculator_run, bundle):
    def forge(evidence):
        cell, judged = next(iter(evidence.judged.items()))
        wrong = next(j for j in judged if j.score.values == {"correct": 0.0})
        forged = [Judged(j.case, Score(Outcome.SCORED, {"correct": 1.0})) if j is wrong else j for j in judged]
        return replace(evidence, judged={cell: forged})

    rewrite(bundle, calculator_run, forge)
    findings = verify(bundle, Registry())
    assert where(findings)[0].startswith("scores.parquet: acme.arithmetic@facts_mc: sum-")


def test_a_forged_verdict_with_fitting_digests_is_found(calculator_run, bundle):
    rewrite(bundle, calculator_run, lambda e: replace(e, verdict=replace(e.verdict, sentence="All is well.")))
    assert where(verify(bundle, Registry())) == ["verdict.json: sentence"]


def test_a_forged_plan_with_fitting_digests_is_found(calculator_run, bundle):
    def forge(evidence):
        plan = {**evidence.run["plan"], "seed": 1}
        return replace(evidence, run={**evidence.run, "plan": plan})

    rewrite(bundle, calculator_run, forge)
    assert where(verify(bundle, Registry()))[0] == "run.json"


def test_the_statement_names_the_manifest_and_the_model(bundle):
    statement = json.loads((bundle / STATEMENT).read_text())
    names = [subject["name"] for subject in statement["subject"]]
    assert names == ["manifest.json", "model:calculator"]
    assert statement["predicate"]["result"] == "PASSED"
    assert statement["predicate"]["passedTests"] == ["acme.arithmetic/accuracy@facts_mc"]


def test_the_plan_digest_in_the_bundle_is_that_of_the_plan_in_it(bundle):
    run = json.loads((bundle / "run.json").read_text())
    assert run["plan_digest"] == str(digest(run["plan"]))


def test_a_bundle_that_cannot_be_written_leaves_nothing_behind(calculator_run, tmp_path):
    (tmp_path / "blocked").write_text("a file where the store should be")
    with pytest.raises(StoreError, match="harness resume"):
        write_bundle(tmp_path / "blocked" / "run-1", calculator_run.done.evidence, {})
    assert sorted(path.name for path in tmp_path.iterdir() if "partial" in path.name) == []


def test_two_processes_that_finish_at_once_both_keep_their_bundle(calculator_run, tmp_path):
    evidence = calculator_run.done.evidence
    places = [write_bundle(tmp_path / "store" / "run-1", evidence, {}) for _ in range(3)]
    assert [place.name for place in places] == ["run-1", "run-2", "run-3"]
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["run-1", "run-2", "run-3"]


def resign(bundle):
    """Make manifest and statement fit whatever the files now hold, as a forger would."""
    files = {p.name: p.read_bytes() for p in bundle.iterdir() if p.name not in {MANIFEST, STATEMENT}}
    manifest = dumps(build_manifest(files), indent=2)
    (bundle / MANIFEST).write_bytes(manifest)
    model = json.loads(files["run.json"])["plan"]["identity"]
    (bundle / STATEMENT).write_bytes(build_statement(manifest, model, None))


@pytest.mark.parametrize(
    ("file", "path", "value"),
    [
        ("estimates.json", [], []),
        ("estimates.json", ["cells"], 5),
        ("estimates.json", ["cells"], []),
        ("estimates.json", ["cells", 0, "results", 0, "interval", "n"], "many"),
        ("run.json", ["policy"], {}),
        ("run.json", ["policy", "gates"], 5),
        ("run.json", ["judged_on"], 5),
        ("run.json", ["plan", "seed"], []),
        ("run.json", ["totals", "failed"], 7),
        ("run.json", ["totals"], None),
        ("run.json", ["plan", "plugins"], 5),
        ("run.json", ["plan", "cells", 0, "status"], 5),
        ("run.json", ["plan", "cells", 0, "settings"], 5),
        ("verdict.json", ["verdict"], None),
        ("manifest.json", ["files", 0, "digest"], 5),
        ("manifest.json", ["files", 0, "path"], []),
        ("manifest.json", ["files"], None),
    ],
)
def test_whatever_a_forger_writes_is_a_finding_and_never_a_crash(bundle, file, path, value):
    content = json.loads((bundle / file).read_text())
    if path:
        place = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    else:
        content = value
    (bundle / file).write_text(json.dumps(content))
    if file != MANIFEST:
        resign(bundle)
    assert any(finding.fatal for finding in verify(bundle, Registry()))


def test_a_second_result_for_a_cell_does_not_hide_behind_the_true_one(calculator_run, bundle):
    def forge(evidence):
        [result] = evidence.results
        first = result.results[0]
        forged = replace(first, interval=replace(first.interval, low=0.0, high=1.0))
        return replace(evidence, results=[replace(result, results=(forged, *result.results[1:])), result])

    rewrite(bundle, calculator_run, forge)
    assert where(verify(bundle, Registry())) == ["estimates.json"]


def test_without_the_probe_the_numbers_are_said_to_be_uncheckable(bundle):
    # An allow-list hides the stranger's distribution, as if it were not installed.
    found = verify(bundle, Registry(allow=["nobody"]))
    assert [finding.fatal for finding in found] == [True]
    assert "cannot be computed again here: No probe named 'acme.arithmetic'" in found[0].what


def test_reading_half_a_bundle_says_what_is_missing(bundle):
    (bundle / "replies.parquet").write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(BundleError, match=r"replies.parquet: not a readable Parquet table"):
        read_bundle(bundle)
    (bundle / "estimates.json").unlink()
    with pytest.raises(BundleError, match=r"there is no estimates.json"):
        read_results(bundle)


def test_no_path_of_this_machine_and_no_host_name_is_in_the_public_files(bundle, tmp_path):
    for name in ("run.json", "estimates.json", "verdict.json", "manifest.json", "report.html"):
        text = (bundle / name).read_text()
        assert str(tmp_path) not in text
        assert platform.node() not in text
