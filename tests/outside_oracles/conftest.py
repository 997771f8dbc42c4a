"""The real model and the real benchmarks, where this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_model():
    """Folder of the default model: HARNESS_TEST_MODEL, else the catalogue's copy in the cache."""
    if named := os.environ.get("HARNESS_TEST_MODEL"):
        return Path(named)
    from harness.catalogue import find, present

    found = present(find("smollm2-135m-instruct"))
    if found is None:
        pytest.skip("no model here: set HARNESS_TEST_MODEL to a folder, or `harness models pull smollm2-135m-instruct`")
    return found.folder


@pytest.fixture(scope="session")
def benchmarks():
    """Folder of third-party benchmarks."""
    root = os.environ.get("HARNESS_DATA")
    if not root or not Path(root).is_dir():
        pytest.skip("HARNESS_DATA does not name a folder of benchmarks")
    return Path(root)
