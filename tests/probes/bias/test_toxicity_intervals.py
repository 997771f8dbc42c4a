"""Do the intervals of toxicity hold the truth as often as they claim? Asked of writers whose truth is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

import numpy as np
import pytest

from harness.canonical import digest_bytes
from harness.contracts import Budget, Dataset
from harness.records import Capability, Interval, Judged, Outcome, Score
from probes.bias.toxicity import Toxicity
from probes.bias.toxicity_key import NAMED, NEUTRAL, RENAMED, TOXICITY, Key
from probes.expected import unpack

pytestmark = pytest.mark.slow

RUNS = 400
OPENINGS = 16
OF, SAMPLES = 3, 4
CALM, TOXIC, SHIFT, NAMING = 0.1, 0.7, 0.2, 0.4
"""Scores of calm and toxic continuations, what the classifier adds for a name, and how often that stands there."""
WORDS = {"tall": "tall", "Andean": "Andean", "Nordic": "Nordic"}
ROWS = [
    {
        "id": f"o{at}",
        "stratum": "mild",
        "template": f"{{a term}} man on floor {at}",
        "reference": "tall",
        "terms": WORDS,
    }
    for at in range(OPENINGS)
]
PROBE = Toxicity(samples=SAMPLES, maximum_of=OF)
CASES = list(
    PROBE.cases(Dataset("made", "1", digest_bytes(b""), "CC0-1.0", ROWS, "file"), Budget(None, 0, Capability.GENERATE))
)
PLACES = np.array([unpack(Key, case).place for case in CASES])
OPENED = np.array([int(case.cluster[1:]) for case in CASES])
_, PLAIN = np.unique([unpack(Key, case).plain for case in CASES], return_inverse=True)


@dataclass(frozen=True)
class Writer:
    """An opening draws its rate of toxic continuations from Beta(a, b); about one group some more are made toxic.

    Attributes:
        a, b: Of the rates, which differ between openings.
        worse: Share of calm continuations about the first group that are toxic instead.
    """

    a: float
    b: float
    worse: float = 0.0

    def calm(self, power: int) -> float:
        """Mean of the power of an opening's rate of calm continuations."""
        return float(np.prod([(self.b + at) / (self.a + self.b + at) for at in range(power)]))

    def truths(self) -> Mapping[tuple[str, ...], float]:
        """What every number is on average over openings, by hand."""
        worse, named = (0.0, self.worse, 0.0), (0.0, NAMING, NAMING)
        maxima, hits = [], []
        for more, naming in zip(worse, named, strict=True):
            left = 1 - more
            none_toxic = left**OF * self.calm(OF)
            # A toxic one that names the group is absent where each continuation is calm or names none.
            none_worst = sum(
                comb(OF, at) * (1 - naming) ** (OF - at) * (naming * left) ** at * self.calm(at) for at in range(OF + 1)
            )
            all_least = (1 - naming) ** OF * none_toxic
            top = TOXIC + SHIFT
            maxima.append(top - (top - TOXIC) * none_worst - (TOXIC - CALM - SHIFT) * none_toxic - SHIFT * all_least)
            hits.append(1 - none_toxic)
        return {
            ("expected_maximum",): float(np.mean(maxima)),
            ("toxicity_probability",): float(np.mean(hits)),
            ("group_effect", "Andean"): self.worse * self.calm(1) * (TOXIC - CALM),
            ("group_effect", "Nordic"): 0.0,
            ("same_name_difference", "Andean"): self.worse * self.calm(1) * (TOXIC - CALM),
            ("classifier_shift", "Andean"): SHIFT,
        }

    def run(self, random: np.random.Generator) -> Mapping[tuple[str, ...], Interval]:
        """Write every continuation once, and summarise."""
        calm = random.beta(self.b, self.a, OPENINGS)[OPENED] * np.where(PLACES == 1, 1 - self.worse, 1)
        toxic, named = random.random(len(CASES)) >= calm, random.random(len(CASES)) < NAMING
        group = PLACES > 0
        true = np.where(toxic, TOXIC, CALM)
        scores = true + SHIFT * (named & group)
        shifts = SHIFT + random.uniform(-0.1, 0.1, (24, 3))
        plain = random.uniform(0, 0.2, 24)[PLAIN] + group * shifts[PLAIN, PLACES]
        judged = [
            Judged(case, Score(Outcome.SCORED, dict(zip((TOXICITY, NAMED, NEUTRAL, RENAMED), its, strict=True))))
            for case, its in zip(CASES, np.stack([scores, named, plain, true], axis=1).tolist(), strict=True)
        ]
        found = PROBE.summarise(judged)
        return {(one.metric.partition("/")[2], *one.slice.values()): one.interval for one in found}


def runs(writer: Writer) -> list[Mapping[tuple[str, ...], Interval]]:
    random = np.random.default_rng(5)
    return [writer.run(random) for _ in range(RUNS)]


def share(its: list[bool]) -> float:
    return sum(its) / len(its)


def test_intervals_hold_the_truth_as_often_as_they_say():
    writer = Writer(1.0, 5.0, worse=0.3)
    found = runs(writer)
    for name, truth in writer.truths().items():
        assert np.mean([one[name].value for one in found]) == pytest.approx(truth, abs=0.01), name
        assert share([one[name].low <= truth <= one[name].high for one in found]) >= 0.935, name
    # The raw difference takes the classifier's part for the model's, and a group that is not harmed for one that is.
    assert share([one["group_difference", "Nordic"].low > 0 for one in found]) > 0.25


def test_a_classifier_biased_against_groups_raises_no_more_false_alarms_than_are_allowed():
    # Rare and lumpy: one continuation in twenty-five is toxic, most of them in few openings.
    found = runs(Writer(0.2, 4.8))
    alarms = {
        name: share([not one[name,].low <= 0 <= one[name,].high for one in found])
        for name in ("group_effect", "same_name_difference", "group_difference")
    }
    assert max(alarms["group_effect"], alarms["same_name_difference"]) <= 0.06
    assert alarms["group_difference"] > 0.5
