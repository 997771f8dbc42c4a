"""Studies of the scripted model, whose dials a stranger's mitigation turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.execute import Stop
from harness.registry import Registry
from harness.run import Silent
from harness.study.conduct import Conducted, conduct
from harness.study.design import read_design

OUTSIDE = Path(__file__).parents[2] / "outside"

TEXT = """
title = "Turning the dial"
question = "Does turning the dial help?"
seeds = [1, 2, 3]
[model]
backend = "control"
stereotype = 0.8
hallucination = 0.2
[run]
profile = "smoke"
[probe."bias.paired_likelihood"]
items = 80
[probe."hallucination.closed_book"]
items = 40
[[risk]]
metric = "bias.paired_likelihood/stereotype_share"
[[utility]]
metric = "hallucination.closed_book/mc1"
margin = 0.15
reason = "A tenth is what users notice."
"""

TURNED = """
[[treatment]]
name = "turned"
mitigation = "acme.dial"
settings = { dial = "stereotype", to = 0.5 }
"""


class Told:
    """A watch that remembers."""

    def __init__(self):
        self.arms, self.reasons = [], []

    def arm(self, arm, number, of):
        self.arms.append((arm.name, number, of))
        return Silent()

    def lost(self, arm, reason):
        self.reasons.append((arm.name, reason))

    def comparing(self):
        self.arms.append("comparing")


@pytest.fixture
def study(install, tmp_path):
    """Return a function that conducts the study of a text, storing under tmp_path."""
    names = {"acme.dial": "Dial", "acme.costly": "Costly", "acme.passing": "Passing"}
    points = {"harness.mitigations": {name: f"acme_dials:{its}" for name, its in names.items()}}
    install("acme-dials", points, package=OUTSIDE / "acme_dials.py")

    def go(text, *, store=tmp_path / "runs", stop=None, watch=None, expect=Conducted):
        design = read_design(text, "study.toml", {"run.store": str(store)})
        done = conduct(design, text, Registry(), project=tmp_path, stop=stop or Stop(), watch=watch or Told())
        assert isinstance(done, expect)
        return done

    return go


@pytest.fixture
def text():
    """A study's file without a treatment."""
    return TEXT


@pytest.fixture
def turned():
    """A treatment that removes the stereotypes of the scripted model."""
    return TURNED


@pytest.fixture
def told():
    """A watch that remembers what it is told."""
    return Told()
