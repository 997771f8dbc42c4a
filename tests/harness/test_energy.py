"""Counters of this machine, and who pays for a batch."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from harness.canonical import digest
from harness.contracts import Identity
from harness.energy import Counters, Nvml, machine_counters
from harness.execute import Journal, Stop, ask_all
from harness.records import Finish, GenerateAsk, Reply


class Ramp:
    """Counts 12 joules at each reading, until it breaks."""

    name = "ramp"

    def __init__(self, breaks_at=99):
        self.readings, self.breaks_at = 0, breaks_at

    def joules(self):
        self.readings += 1
        if self.readings >= self.breaks_at:
            raise OSError("gone")
        return 12.0 * self.readings


class Batches:
    """Answers three asks at a time."""

    batch_tokens = 3
    capabilities = frozenset()

    def identity(self):
        return Identity("batches", "batches", digest("batches"), {})

    def close(self):
        pass

    def length(self, ask):
        return 1

    def answer(self, asks):
        return [Reply(Finish.STOP, text="yes") for _ in asks]


def ask(journal, counters, count=4):
    asks = [GenerateAsk(f"question {number}") for number in range(count)]
    done = ask_all(Batches(), asks, journal, stop=Stop(), counters=counters)
    return done, [done.replies[digest(one)].joules for one in asks]


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.sqlite", digest("model")) as journal:
        yield journal


def test_the_asks_of_a_batch_share_its_energy_in_equal_parts(journal):
    done, joules = ask(journal, Counters((Ramp(),)))
    assert sorted(joules) == [4.0, 4.0, 4.0, 12.0]
    assert done.counters.names == "ramp"
    # What the journal answers brings the energy that it took then.
    assert sorted(ask(journal, Counters())[1]) == sorted(joules)


def test_without_a_counter_and_where_one_breaks_there_is_no_number(journal):
    assert ask(journal, Counters(missing="none here"))[1] == [None] * 4
    _, joules = ask(journal, Counters((Ramp(breaks_at=2),)), count=8)
    assert joules == [None] * 8


def test_a_machine_without_counters_says_so(tmp_path):
    found = machine_counters(powercap=tmp_path, nvidia=tmp_path / "nothing")
    assert (found.each, found.names, found.joules()) == ((), "", None)
    assert found.missing == "processor: this system shows no RAPL counters"


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver of two GPUs whose counters rise by 1,500 mJ at each reading; the second refuses."""

    class RefusalError(Exception):
        pass

    read = {"gpu-0": 0}

    def energy(handle):
        if handle not in read:
            raise RefusalError("Not Supported")
        read[handle] += 1500
        return read[handle]

    module = SimpleNamespace(
        NVMLError=RefusalError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda number: f"gpu-{number}",
        nvmlDeviceGetHandleByUUID=lambda name: {"GPU-a": "gpu-0"}[name],
        nvmlDeviceGetName=lambda _: b"Imagined 100",
        nvmlDeviceGetTotalEnergyConsumption=energy,
    )
    monkeypatch.setitem(sys.modules, "pynvml", module)
    for number in range(2):
        (tmp_path / "nvidia" / "gpus" / str(number)).mkdir(parents=True)
    return tmp_path / "nvidia"


def test_gpus_count_in_joules_and_one_that_does_not_tell_is_named(tmp_path, driver, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = machine_counters(powercap=tmp_path, nvidia=driver)
    assert found.names == "NVML Imagined 100"
    assert "GPU: its driver does not tell (Not Supported)" in found.missing
    assert found.joules() == 1.5
    assert Nvml("GPU-a").joules() == 1.5


def test_only_gpus_that_this_process_may_use_are_counted(tmp_path, driver, monkeypatch):
    for named, count in (("0", 1), ("GPU-a", 1), ("", 0), ("-1", 0)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
        assert len(machine_counters(powercap=tmp_path, nvidia=driver).each) == count
