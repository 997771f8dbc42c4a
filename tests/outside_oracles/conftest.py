"""The real benchmarks, where this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def benchmarks():
    """Folder of third-party benchmarks."""
    root = os.environ.get("HARNESS_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("HARNESS_DATA does not name a folder of benchmarks")
    return Path(root)
