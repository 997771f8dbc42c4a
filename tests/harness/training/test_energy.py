"""Energy from counters that start again, and its absence with a reason."""

from __future__ import annotations

import pytest
import torch

from harness.energy import Rapl
from harness.training.energy import Energy, Meter, find_counters
from harness.training.state import Progress


def domain(root, name, label, *, micro=0, most=999):
    folder = root / name
    folder.mkdir()
    (folder / "name").write_text(f"{label}\n")
    (folder / "energy_uj").write_text(f"{micro}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    return folder


def test_a_counter_that_starts_again_goes_on_counting(tmp_path):
    folder = domain(tmp_path, "intel-rapl:0", "package-0", micro=900)
    counter = Rapl(folder)
    readings = []
    for micro in (950, 100, 100, 999, 0):  # 50, then 150 over the end, none, 899, and 1 over the end
        (folder / "energy_uj").write_text(str(micro))
        readings.append(round(counter.joules() * 1e6))
    assert readings == [50, 200, 200, 1099, 1100]


def test_packages_and_memory_count_and_parts_of_them_do_not(tmp_path):
    for name, label in (("0", "package-0"), ("0:0", "core"), ("0:1", "dram"), ("1", "psys")):
        domain(tmp_path, f"intel-rapl:{name}", label)
    counters, missing = find_counters(torch.device("cpu"), powercap=tmp_path)
    assert [counter.name for counter in counters] == ["RAPL package-0", "RAPL dram"]
    assert missing == ""


def test_without_counters_there_is_no_value_and_a_reason(tmp_path):
    counters, missing = find_counters(torch.device("cpu"), powercap=tmp_path)
    energy = Meter(counters, missing).energy(Progress(physical=1))
    assert energy == Energy(None, "", "", "processor: this system shows no RAPL counters")


def test_a_counter_that_may_not_be_read_is_named(tmp_path):
    folder = domain(tmp_path, "intel-rapl:0", "package-0")
    (folder / "energy_uj").unlink()
    counters, missing = find_counters(torch.device("cpu"), powercap=tmp_path)
    assert counters == []
    assert missing == "processor: intel-rapl:0 cannot be read (No such file or directory)"


class Ramp:
    """Counts 10 joules at each reading."""

    name = "ramp"

    def __init__(self):
        self.readings = 0

    def joules(self):
        self.readings += 1
        return 10.0 * self.readings


def test_sessions_add_up_and_a_counter_is_read_only_when_due():
    now, ramp, progress = [0.0], Ramp(), Progress(physical=1)
    meter = Meter([ramp], "", before=5.0, clock=lambda: now[0])
    for moment in (1.0, 29.0, 31.0, 40.0, 62.0):
        now[0] = moment
        meter.tick(progress)
    assert ramp.readings == 2
    assert meter.energy(progress) == Energy(pytest.approx(35.0), "ramp", "measured", "")
