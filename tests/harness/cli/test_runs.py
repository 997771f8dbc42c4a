from __future__ import annotations

import json


def test_showing_a_run_says_that_its_report_has_pictures(pictures_run, calculator_run, harness_cli):
    drawn = len(set(pictures_run.evidence.media))
    done = harness_cli("runs", "show", pictures_run.folder)
    assert done.code == 0
    (line,) = (line for line in done.out.splitlines() if line.startswith("Pictures: "))
    shown = int(line.removeprefix("Pictures: ").partition(",")[0])
    assert 0 < shown <= min(40, drawn)
    assert line.endswith("report.html")
    told = json.loads(harness_cli("runs", "show", pictures_run.folder, "--json").out)
    assert told["pictures_in_report"] == shown
    assert "Pictures: " not in harness_cli("runs", "show", calculator_run.done.folder).out
