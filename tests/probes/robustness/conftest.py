"""Probes put to respondents and to the scripted model, their replies read by the real instruments."""

from __future__ import annotations

from functools import cache

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.judge import judge_cases, wanted_readings
from harness.registry import Registry


@cache
def instrument(name):
    return Registry().create("instrument", name)


@cache
def reading(wanted):
    return instrument(wanted.instrument).read([wanted], NOTHING)[0]


class Asked:
    """A probe's cases, and what it makes of replies to them."""

    def __init__(self, probe, data, *, items=None, seed=0, capability=None):
        self.probe = probe
        self.cases = list(probe.cases(data, Budget(items, seed, capability or probe.card.needs[0])))

    def judged(self, respond):
        replies = [respond(case) for case in self.cases]
        readings = {one: reading(one) for one in wanted_readings(self.probe, self.cases, replies)}
        return judge_cases(self.probe, self.cases, replies, readings)

    def results(self, respond):
        """Return results by short metric name and slice values."""
        found = self.probe.summarise(self.judged(respond))
        return {(one.metric.partition("/")[2], *one.slice.values()): one for one in found}

    def of_the_control(self, **dials):
        """Return the results that the scripted model gets."""
        backend = Control(**dials)
        replies = dict(zip([case.id for case in self.cases], backend.answer([c.ask for c in self.cases]), strict=True))
        return self.results(lambda case: replies[case.id])


@pytest.fixture
def asked():
    return Asked
