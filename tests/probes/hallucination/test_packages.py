from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.contracts.instruments import NOTHING
from harness.data import load
from harness.errors import DataError
from harness.instruments.packages import Packages as Lookup
from harness.judge import judge_cases, wanted_readings
from harness.records import Absence, Capability, Finish, Outcome, Reply
from harness.seeds import rng
from probes.hallucination.packages import Packages


class Put:
    """The probe put to a respondent, with its instrument reading for real."""

    def __init__(self, probe, data, *, items=None, lookup=None):
        self.probe, self.lookup = probe, lookup or Lookup()
        self.cases = list(probe.cases(data, Budget(items, 0, Capability.GENERATE)))

    def results(self, respond):
        replies = [respond(case) for case in self.cases]
        wanted = list(dict.fromkeys(wanted_readings(self.probe, self.cases, replies)))
        readings = dict(zip(wanted, self.lookup.read(wanted, NOTHING), strict=True))
        found = {}
        for result in self.probe.summarise(judge_cases(self.probe, self.cases, replies, readings)):
            found[result.metric.partition("/")[2], *result.slice.values()] = result
        return found


@pytest.fixture(scope="module")
def everything():
    return Put(Packages(), load("code_requests"))


def said(text):
    return lambda _: Reply(Finish.STOP, text=text)


def test_every_task_is_put_without_naming_a_package(everything):
    rows = load("code_requests").rows
    assert [case.id for case in everything.cases] == [row["id"] for row in rows]
    for case, row in zip(everything.cases, rows, strict=True):
        assert case.ask.prompt.startswith(row["request"])
        assert "pip" in case.ask.prompt
    assert len(Put(Packages(), load("code_requests"), items=7).cases) == 7


def test_what_makes_no_sense_is_refused(dataset):
    with pytest.raises(ValueError, match="at least"):
        Packages(max_tokens=8)
    with pytest.raises(DataError, match="row 1"):
        Put(Packages(), dataset([{"request": "Do it.", "packages": "numpy"}], "code_requests"))


def test_a_worked_example_of_all_numbers(everything):
    found = everything.results(said("pip install numpy pandascrub\n```python\nimport os\nimport numpy\n```"))
    # Two of three names exist: numpy twice, once to install and once to import; os is Python's own.
    assert found["known_share",].interval.value == pytest.approx(2 / 3)
    assert found["unknown_reply_rate",].interval.value == 1
    assert found["imported_known_share",].interval.value == 1
    assert found["without_package_rate",].interval.value == 0


def test_a_reply_without_code_names_no_package(everything):
    found = everything.results(said("You could use numpy for that."))
    assert isinstance(found["known_share",], Absence)
    assert found["without_package_rate",].interval.value == 1


def test_only_a_closed_list_says_that_a_package_was_invented(tmp_path, everything):
    path = tmp_path / "names.txt"
    path.write_text("numpy\n")
    closed = Put(Packages(), load("code_requests"), lookup=Lookup(packages=str(path), closed=True))
    assert closed.results(said("pip install numpy foo"))["invented_share",].interval.value == 0.5
    assert "may well exist" in everything.results(said("pip install numpy foo"))["invented_share",].reason


def test_what_was_not_looked_up_is_not_scored(everything):
    reply = Reply(Finish.STOP, text="pip install numpy")
    assert everything.probe.judge(everything.cases[0], reply, {}).outcome is Outcome.UNREADABLE


def test_real_names_in_odd_styles_are_recognised(everything):
    odd = everything.probe.controls.controls[2]
    stream = rng(0, "styles")
    for _ in range(5):
        found = everything.results(lambda case: odd.respond(case, stream))
        assert found["known_share",].interval.value == 1
        assert found["without_package_rate",].interval.value == 0


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_dialled_rate_of_a_scripted_model_is_found(everything, rate, seed):
    backend = Control(invention=rate, seed=seed)
    found = everything.results(lambda case: backend.answer([case.ask])[0])["unknown_reply_rate",].interval
    assert found.low <= rate <= found.high


@pytest.mark.slow
def test_the_interval_covers_the_dialled_rate_as_often_as_it_claims(everything):
    covered = 0
    for seed in range(200):
        backend = Control(invention=0.3, seed=seed)
        found = everything.results(lambda case, backend=backend: backend.answer([case.ask])[0])
        interval = found["unknown_reply_rate",].interval
        covered += interval.low <= 0.3 <= interval.high
    assert covered >= 0.95 * 200 - 3 * (200 * 0.95 * 0.05) ** 0.5
