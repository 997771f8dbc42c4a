"""A stranger's distribution, installed by pip and run by the command line, as its author would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ACME = Path(__file__).parents[1] / "outside" / "acme-arithmetic"
CONFIG = """
[model]
backend = "acme.calculator"
errors = 0.1
[run]
probes = ["acme.arithmetic"]
"""


@pytest.mark.slow
@pytest.mark.network
def test_a_distribution_installed_by_pip_is_audited_and_verified(tmp_path):
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(ACME)]
    subprocess.run(pip, check=True, timeout=300)
    (tmp_path / "harness.toml").write_text(CONFIG)

    def harness(*words: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        command = [sys.executable, "-m", "harness", *words]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120
        ).stdout

    assert "acme.arithmetic  Addition  (acme-arithmetic 1.2.0)" in harness("probes", "list")
    found = json.loads(harness("run", "--json", "--quiet"))
    value = found["cells"][0]["results"][0]["interval"]["value"]
    assert 0.8 < value < 1.0
    assert "Verified" in harness("verify", "latest")
