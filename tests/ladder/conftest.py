"""Small models, trained once for all rungs of the ladder, and audits of them by the probes that ship."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from harness.config import parse
from harness.execute import Stop
from harness.records import Absence, Estimate
from harness.registry import Registry
from harness.run import Finished, Request, Silent, audit
from harness.training.batches import Poisson
from harness.training.job import run
from harness.training.recipe import Recipe
from harness.training.watch import Silent as SilentTraining

WHO = ("the miller", "a sailor", "my neighbour", "the old teacher", "a young painter", "the night guard", "the baker")
DOES = ("carried", "repaired", "forgot", "painted", "sold", "found", "hid", "borrowed", "counted", "admired")
WHAT = ("the copper kettle", "a broken clock", "three blue jars", "the long ladder", "a wooden boat", "the heavy book")
WHERE = ("near the river", "behind the mill", "in the market", "under the bridge", "at the harbour", "on the hill")
WHEN = ("before dawn", "after the storm", "last winter", "on a quiet morning", "during the fair", "late in autumn")


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """A text file of 800 different sentences, a document each: no two share a membership coin."""
    return write_sentences(tmp_path_factory.mktemp("book") / "book.jsonl", 800)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """As `book`, with 8,000 sentences: enough records for one to be hidden among the others."""
    return write_sentences(tmp_path_factory.mktemp("library") / "library.jsonl", 8000)


def write_sentences(path: Path, n: int) -> Path:
    """Write ``n`` different sentences to ``path``, a document each."""
    draw, found = Random(0), {}
    while len(found) < n:
        words = " ".join(draw.choice(column) for column in (WHO, DOES, WHAT, WHERE, WHEN))
        found[f"{words[0].upper()}{words[1:]}."] = None
    path.write_text("\n".join(json.dumps({"text": sentence}) for sentence in found), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Return a function that trains by a recipe, on the CPU, once for equal recipes, and gives its folder."""
    made: dict[str, Path] = {}

    def train(**recipe: object) -> Path:
        complete = Recipe.model_validate({"learning_rate": 3e-3, "warmup": 20, "save_every": 10_000, **recipe})
        key = complete.model_dump_json()
        if key not in made:
            folder = tmp_path_factory.mktemp(complete.kind) / "checkpoint"
            made[key] = run(complete, folder, watch=SilentTraining(), device="cpu", stop=lambda: False).folder
        return made[key]

    return train


@pytest.fixture
def one_noise(monkeypatch):
    """Return a function: from each call on, noise and batches of private training come from one seed.

    So a test comes out the same each time, and two trainings can have the same noise. It hides nothing.
    """

    def sampler(its: Poisson, n: int, rate: float) -> None:
        its._n, its._rate, its._random = n, rate, np.random.default_rng(0)

    def begin() -> None:
        numbers = count()

        def seeded(device: torch.device) -> torch.Generator:
            return torch.Generator(device).manual_seed(next(numbers))

        monkeypatch.setattr("harness.training.private_step.fresh_noise", seeded)
        monkeypatch.setattr(Poisson, "__init__", sampler)

    begin()
    return begin


@pytest.fixture
def validation():
    """Return a function: mean loss of records that a training never saw, at its last step."""

    def last(checkpoint: Path) -> float:
        curve = json.loads((checkpoint / "manifest.json").read_text(encoding="utf-8"))["curve"]
        return [point["validation"] for point in curve if point["validation"] is not None][-1]

    return last


@dataclass(frozen=True)
class Found:
    """What an audit found: overall and by slice."""

    results: tuple[Estimate | Absence, ...]

    def overall(self, metric: str) -> Estimate:
        return self.at(metric)

    def at(self, metric: str, **place: str) -> Estimate:
        (found,) = (its for its in self.results if its.metric == metric and its.slice == place)
        assert isinstance(found, Estimate), found
        return found

    def by(self, metric: str, group: str) -> Mapping[str, Estimate]:
        return {
            its.slice[group]: its
            for its in self.results
            if its.metric == metric and set(its.slice) == {group} and isinstance(its, Estimate)
        }


@pytest.fixture
def audited(tmp_path):
    """Return a function that audits a checkpoint, ``beside`` its reference models, with one probe and its settings.

    Every control of the probe has to come out as it should.
    """

    def go(folder: Path, probe: str, *, beside: tuple[Path, ...] = (), **settings: object) -> Found:
        model = {"backend": "local", "checkpoint": str(folder), "references": [str(its) for its in beside]}
        overrides = {
            "model": {**model, "device": "cpu"},
            "run.store": str(tmp_path / "runs"),
            "run.profile": "standard",
            "run.probes": [probe],
        }
        config = parse("", overrides={**overrides, "probe": {probe: settings}})
        done = audit(Request(config, "", {}, tmp_path), Registry(), stop=Stop(), watch=Silent())
        assert isinstance(done, Finished)
        (result,) = done.evidence.results
        assert {control.title for control in result.controls if control.passed is False} == set()
        return Found(tuple(result.results))

    return go
