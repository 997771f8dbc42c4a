"""Instruments within a run: which ones took part is recorded, shown, and held against what is installed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.canonical import from_json, to_json
from harness.errors import UsageError
from harness.evidence.bundle import read_bundle, write_bundle
from harness.evidence.verify import verify
from harness.measure import InstrumentRecord, Instruments
from harness.records import Reading
from harness.registry import Registry
from harness.report.frames import count_pictures
from harness.report.gallery import gallery
from harness.report.webpage import render

OUTSIDE = Path(__file__).parent.parent / "outside"
POINTS = {
    "harness.probes": {"acme.seen": "acme_eye:Seen"},
    "harness.instruments": {"acme.eye": "acme_eye:Eye"},
}
TEXT = """
[model]
backend = "control"
[run]
probes = ["acme.pictures", "acme.seen"]
profile = "smoke"
[probe."acme.pictures"]
items = 10
[probe."acme.seen"]
items = 12
"""


@pytest.fixture
def eye(acme_pictures, install):
    """The folder in which the stranger's instrument is installed."""
    return install("acme-eye", POINTS, version="2.1", package=OUTSIDE / "acme_eye.py")


@pytest.fixture
def run(eye, audit_text):
    """A finished run in which it read pictures of one of two cells."""
    return audit_text(TEXT)


def rewritten(run, tmp_path, change):
    """The bundle once more, with fitting digests and another record of its instruments."""
    record = {**run.evidence.run, "instruments": change(run.evidence.run["instruments"])}
    return write_bundle(tmp_path / "again-1", replace(run.evidence, run=record), {"report.html": b""})


def test_who_read_replies_is_recorded_with_code_card_and_cells(run):
    stored = json.loads((run.folder / "run.json").read_text())["instruments"]
    (record,) = (from_json(InstrumentRecord, one) for one in stored)
    plugin = Registry().find("instrument", "acme.eye")
    assert (record.plugin.kind, record.plugin.name) == ("instrument", "acme.eye")
    assert (record.plugin.distribution, record.plugin.version) == ("acme-eye", "2.1")
    assert record.plugin.code == plugin.code_digest()
    assert record.card == plugin.create({}).card
    assert record.cells == ("acme.seen@facts_mc",)


def test_a_run_without_readings_has_no_instruments(calculator_run):
    assert calculator_run.done.evidence.run["instruments"] == []


def test_a_run_answered_by_the_journal_records_them_all_the_same(run, audit_text):
    again = audit_text(TEXT)
    assert again.evidence.run["totals"]["from_journal"] > 0
    assert again.evidence.run["instruments"] == run.evidence.run["instruments"]


def test_the_report_names_them_beside_the_numbers_with_their_accuracy_and_shows_the_pictures(run):
    page = (run.folder / "report.html").read_text()
    seen = page[page.index('id="cell-2"') : page.index('id="origin"')]
    assert '<a href="#instrument-1">Acme eye</a>' in seen
    assert "Counts without error: 40 of 40 pictures." in seen
    assert "Seen by the eye" in seen
    assert "Acme eye" not in page[page.index('id="cell-1"') : page.index('id="cell-2"')]
    # Two exhibits, and on the contact sheet what two probes drew.
    assert count_pictures(run.folder) == 2 + len(run.evidence.media)


def test_the_page_is_the_same_from_memory_and_from_the_bundle(run):
    evidence = read_bundle(run.folder)
    again = render(evidence, run.target.cards(), gallery(evidence, run.target.probes))
    assert again == (run.folder / "report.html").read_text()


def test_the_bundle_verifies(run):
    assert [finding for finding in verify(run.folder, Registry()) if finding.fatal] == []


def test_an_instrument_that_has_changed_is_noted_and_its_readings_stand(run, tmp_path):
    def older(instruments):
        return [{**one, "plugin": {**one["plugin"], "code": f"sha256:{'0' * 64}"}} for one in instruments]

    notes = [finding for finding in verify(rewritten(run, tmp_path, older), Registry()) if "eye" in finding.where]
    assert [(note.where, note.fatal) for note in notes] == [("instrument acme.eye", False)]
    assert "was acme-eye 2.1, with other code than the installed acme-eye 2.1" in notes[0].what


def test_an_instrument_that_is_not_here_is_noted(run, tmp_path, eye):
    shutil.rmtree(next(eye.glob("*.dist-info")))
    notes = [finding for finding in verify(run.folder, Registry()) if finding.where == "instrument acme.eye"]
    assert [(note.fatal, "which is not installed here" in note.what) for note in notes] == [(False, True)]


def test_readings_of_an_instrument_that_is_not_recorded_do_not_verify(run, tmp_path):
    found = verify(rewritten(run, tmp_path, lambda _: []), Registry())
    assert any(finding.fatal and "says nothing of the instrument 'acme.eye'" in finding.what for finding in found)


def test_an_instrument_is_opened_once_and_one_that_is_not_installed_is_refused(eye):
    instruments = Instruments(Registry())
    assert instruments.open("acme.eye") is instruments.open("acme.eye")
    with pytest.raises(UsageError, match=r"acme\.eyes"):
        instruments.open("acme.eyes")


def test_an_instrument_of_several_cells_has_one_record(eye):
    instruments = Instruments(Registry())
    reading = Reading("acme.eye", "", media="x")
    assert instruments.noted("b@x", iter([reading, reading])) == [reading, reading]
    instruments.noted("a@x", [reading])
    assert instruments.noted("c@x", []) == []
    assert [to_json(one)["cells"] for one in instruments.records({})] == [["a@x", "b@x"]]
