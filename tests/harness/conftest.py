"""A stranger's probes of pictures and of training data, installed, and runs of them on the control backend."""

from __future__ import annotations

from pathlib import Path

import pytest

OUTSIDE = Path(__file__).parent.parent / "outside"
POINTS = {
    "harness.probes": {"acme.pictures": "acme_pictures:Pictures", "acme.members": "acme_pictures:Members"},
}

PICTURES = """
[model]
backend = "control"
refusal = 0.1
batch_tokens = 10
[run]
probes = ["acme.pictures", "acme.members"]
profile = "smoke"
[probe."acme.pictures"]
items = 40
[probe."acme.members"]
items = 30
"""


@pytest.fixture
def acme_pictures(install):
    """The folder in which the probes of tests/outside/acme_pictures.py are installed."""
    return install("acme-pictures", POINTS, package=OUTSIDE / "acme_pictures.py")


@pytest.fixture
def pictures_text():
    """A configuration under which the control backend draws 40 images and tells of 30 records."""
    return PICTURES


@pytest.fixture
def pictures_run(acme_pictures, audit_text):
    """A finished run of it."""
    return audit_text(PICTURES)
