"""Runs of the scripted model whose flaws are turned up from one to the next, each made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.config import parse
from harness.evidence.store import Store
from harness.execute import Stop
from harness.query.access import Role
from harness.query.library import Library
from harness.registry import Registry
from harness.run import Request, Silent, audit

DIALLED = """
[model]
backend = "control"
hallucination = {wrong}
stereotype = 0.7
[run]
profile = "smoke"
probes = ["hallucination.closed_book", "bias.paired_likelihood"]
[probe."hallucination.closed_book"]
items = {items}
[probe."bias.paired_likelihood"]
items = 20
[[gate]]
metric = "hallucination.closed_book/mc1"
min = 0.5
reason = "It should know something."
"""


def dialled(store, wrong, items=60):
    """Run the scripted model that is wrong in this share of its answers, and return the name of its bundle."""
    text = DIALLED.format(wrong=wrong, items=items)
    config = parse(text, overrides={"run.store": str(store)})
    request = Request(config, text, {"run.store": str(store)}, Path(store).parent)
    return audit(request, Registry(config.plugins.allow), stop=Stop(), watch=Silent()).folder.name


@pytest.fixture(scope="session")
def _drifted(tmp_path_factory):
    """A store in which the model gets worse: its folder, and bundles by what they are."""
    store = tmp_path_factory.mktemp("drifted") / "runs"
    first = dialled(store, 0.1)
    again = dialled(store, 0.1)
    worse = dialled(store, 0.4)
    return store, {"first": first, "again": again, "worse": worse}


@pytest.fixture
def drifted(_drifted, tmp_path):
    """Return a function that opens a copy of that store, which may be changed, for a role; and the bundles' names."""
    store, names = _drifted
    place = Path(shutil.copytree(store, tmp_path / "runs", copy_function=shutil.copy2))

    def opened(role=Role.AUDITOR):
        return Library(Store(place), Registry(), role)

    return opened, names
