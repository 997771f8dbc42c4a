"""`harness mitigate`, `harness study` and `harness studies list`, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.cli.study import _one_treatment as one_treatment
from harness.config import parse
from harness.registry import Registry

CONFIG = """
[model]
backend = "control"
order_bias = 0.6
[probe."robustness.option_order"]
items = 24
[probe."hallucination.closed_book"]
items = 24
[[mitigate.utility]]
metric = "hallucination.closed_book/mc1"
margin = 0.25
reason = "A quarter of two dozen."
[[mitigate.utility]]
metric = "utility.image_quality/coverage"
margin = 0.1
reason = "Passed over where the probe does not fit."
"""
CONFIG_TABLE = """[probe."hallucination.closed_book"]
items = 24
"""


@pytest.fixture
def harness(tmp_path):
    """Return a function that runs the command line in a folder with a configuration."""
    (tmp_path / "harness.toml").write_text(CONFIG)

    def go(*words, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "harness", *words], capture_output=True, text=True, cwd=tmp_path, timeout=120
        )
        assert done.returncode == code, done.stderr
        return done

    go.folder = tmp_path
    return go


@pytest.mark.slow
def test_mitigate_runs_with_and_without_says_what_came_of_it_and_leaves_what_verifies(harness):
    words = ("mitigate", "permute_average", "--probes", "robustness.option_order", "--set", "orders=4", "--seeds", "1")
    done = harness(*words)
    assert "Averaging over orders of options lowered" in done.stdout
    assert "with 1 of the three seeds that evidence needs: not enough evidence." in done.stdout
    [folder] = (harness.folder / "runs" / "studies").iterdir()
    assert "report.html" in done.stderr
    assert "Verified" in harness("verify", str(folder)).stdout
    assert "Verified" in harness("verify", "with-and").stdout
    listed = json.loads(harness("studies", "list", "--json").stdout)
    assert [row["study"] for row in listed["studies"]] == [folder.name]
    # The file that is kept in the bundle is a study's file like any other, and asks nothing again.
    again = harness("study", str(folder / "study.toml"), "--seeds", "1", "--json")
    assert json.loads(again.stdout)["verdicts"][0]["treatment"] == "permute_average"
    assert not (harness.folder / "runs" / ".underway").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mitigate", "permute_average"), "Name the probes whose risk it is to lower with --probes"),
        (("mitigate", "permute", "--probes", "robustness.option_order"), "Did you mean 'permute_average'"),
        (("mitigate", "private", "--probes", "robustness.option_order"), "These can: "),
        (("mitigate", "normalise", "--probes", "robustness.option_orde"), "Did you mean 'robustness.option_order'"),
        (("mitigate", "normalise", "--probes", "robustness.option_order", "--set", "distance"), "give KEY=VALUE"),
        (("mitigate", "normalise", "--probes", "robustness.option_order", "--set", "distanc=1"), "Did you mean"),
        (("mitigate", "normalise", "--probes", "robustness.option_order", "--utility", "mc1"), "give METRIC=MARGIN"),
        (("mitigate", "normalise", "--probes", "robustness.option_order", "--utility", "a/b=0"), "margin above 0"),
        (("study", "nothing.toml"), "no file here, and no study that ships"),
        (("study", "harness.toml"), "harness.toml: title: this key is required here and missing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_refused_in_words(harness, words, message):
    done = harness(*words, code=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (harness.folder / "runs" / "studies").exists()


def test_a_list_of_no_studies_says_so(harness):
    assert "No finished study in runs." in harness("studies", "list").stdout


def test_the_risk_is_the_headline_of_the_probe_as_it_is_set_up():
    read = parse(f'{CONFIG}\n[probe."hallucination.closed_book"]\nmode = "write"\n'.replace(CONFIG_TABLE, ""))
    made = one_treatment("instruction", read, Registry(), ["hallucination.closed_book"], margins=[], settings={})
    written = Registry().create("probe", "hallucination.closed_book", {"mode": "write"}).card.metrics[0].name
    assert made["risk"] == [{"metric": written}]
    assert written != Registry().create("probe", "hallucination.closed_book").card.metrics[0].name
