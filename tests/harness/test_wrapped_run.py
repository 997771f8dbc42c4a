"""A run of a probe around another: both are on record, and its bundle verifies."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.evidence.verify import verify
from harness.registry import Registry

TEXT = """
[model]
backend = "control"
fickleness = 0.3
[run]
probes = ["robustness.perturbation"]
profile = "smoke"
[probe."robustness.perturbation"]
operators = ["keyboard_typo", "polite_prefix"]
"""


def test_the_code_of_both_probes_is_on_record_and_the_bundle_verifies(audit_text):
    done = audit_text(TEXT)
    names = {one.name for one in done.target.plan.plugins if one.kind == "probe"}
    assert names == {"robustness.perturbation", "hallucination.closed_book"}
    assert verify(done.folder, Registry()) == []


def test_settings_of_the_other_probe_are_part_of_the_plan(audit_text):
    done = audit_text(TEXT + 'of_settings = {convention = "authors"}\n')
    cases = next(iter(done.target.cases.values()))
    assert {case.expected["inner"]["expected"]["task"] for case in cases} == {"binary"}
    assert done.evidence.run["plan"]["cells"][0]["settings"]["of_settings"] == {"convention": "authors"}
    assert verify(done.folder, Registry()) == []


def test_another_probe_that_is_not_there_is_refused_with_its_line(audit_text):
    with pytest.raises(ConfigError, match=r"Did you mean 'hallucination.closed_book'"):
        audit_text(TEXT + 'of = "hallucination.closed_bok"\n')
