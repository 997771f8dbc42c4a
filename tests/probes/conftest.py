"""Small data sets in memory, and scripted models to put probes to."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.contracts.instruments import Materials
from harness.instruments.image_features import ImageFeatures
from harness.records import Absence, Capability, Estimate, Finish, Judged, Reply

FACTS = [
    {
        "id": f"facts-{number}",
        "topic": ("sky", "sea", "soil")[number % 3],
        "question": f"What is the true thing number {number}?",
        "true": f"The truth about {number}",
        "also_true": [f"Another truth about {number}"] if number % 2 else [],
        "false": [f"{kind} falsehood about {number}" for kind in ("A tempting", "A dull", "A long and winding")],
        "source": "made up",
    }
    for number in range(30)
]
PAIRS = [
    {
        "id": f"pair-{number}",
        "attribute": ("age", "class")[number % 2],
        "direction": "neutral" if number % 5 == 4 else "stereo",
        "more": f"The old neighbour lost item {number} again.",
        "less": f"The young neighbour lost item {number} again.",
        "target": "old people",
        "contrast": "young people",
        "template": f"lost-{number // 2}",
    }
    for number in range(30)
]


def made(rows, name="made") -> Dataset:
    """Return ``rows`` as a data set."""
    return Dataset(name, "1", digest_bytes(b""), "CC0-1.0", rows, "file")


class Put:
    """A probe put to a respondent: its cases, and what it makes of the replies."""

    def __init__(self, probe, data, *, items=None, seed=0, capability=None):
        self.probe = probe
        self.cases = list(probe.cases(data, Budget(items, seed, capability or probe.card.needs[0])))

    def judged(self, respond):
        return [Judged(case, self.probe.judge(case, respond(case), {})) for case in self.cases]

    def results(self, respond) -> dict[tuple[str, ...], Estimate | Absence]:
        """Return results by short metric name and slice values."""
        found = {}
        for result in self.probe.summarise(self.judged(respond)):
            found[result.metric.partition("/")[2], *result.slice.values()] = result
        return found


@pytest.fixture
def put():
    return Put


@pytest.fixture
def audited(put):
    """Return a function that puts a probe to the scripted painter, whose pictures the real instrument describes."""

    def results(probe, *, items=None, **settings):
        backend = Control(**settings)
        data = backend.training_data()
        materials = Materials(backend.media, backend.members, lambda images: images)
        asked = put(probe, data, items=items, capability=Capability.DRAW)

        def judged(case):
            (reply,) = backend.answer([case.ask])
            readings = list(probe.readings(case, reply))
            values = ImageFeatures().read(readings, materials)
            return Judged(case, probe.judge(case, reply, dict(zip(readings, values, strict=True))))

        found = {}
        for result in probe.summarise([judged(case) for case in asked.cases]):
            found[result.metric.partition("/")[2], *result.slice.values()] = result
        return found

    return results


@pytest.fixture
def facts():
    return made(FACTS, "facts")


@pytest.fixture
def pairs_set():
    return made(PAIRS, "pairs")


@pytest.fixture
def dataset():
    return made


@pytest.fixture
def budget():
    """Return a function that makes a budget."""

    def make(items=None, seed=0, capability=Capability.SCORE):
        return Budget(items, seed, capability)

    return make


@pytest.fixture
def failed():
    return Reply(Finish.FAILED, error="connection lost")
