"""What a run cost: counted, timed or measured, never guessed, and never 0 where nothing was counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.canonical import dumps, loads
from harness.errors import BundleError
from harness.evidence.bundle import write_bundle
from harness.evidence.store import Store
from harness.query.access import Role
from harness.query.energy import How, figures, spending, spendings
from harness.query.library import Library
from harness.query.training import Energy
from harness.registry import Registry


def library(store):
    return Library(Store(store), Registry(), Role.POLICY)


@pytest.fixture
def spent(quick_run):
    """What the quick run spent."""
    return spending(library(quick_run.folder.parent), quick_run.folder.name)


def by_key(spent):
    return {one.key: one for one in figures(spent)}


def test_a_run_costs_what_its_record_says(spent, quick_run):
    record, found = quick_run.evidence.run, by_key(spent)
    assert found["asks"].value == record["totals"]["asks"]
    assert found["read"].value == record["totals"]["prompt_tokens"] > 0
    assert found["seconds"].value == record["timing"]["asking_seconds"]
    assert found["seconds_per_asks"].value == pytest.approx(spent.seconds / spent.asks * 1000)
    assert (found["asks"].how, found["seconds"].how) == (How.COUNTED, How.CLOCKED)
    assert spent.machine.startswith(str(record["environment"]["hardware"]["cpu"]))


def test_where_nothing_was_counted_there_is_a_reason_and_no_zero(spent):
    silent = by_key(replace(spent, energy=Energy(None, "", "no counter can be read."), counted=0, counted_tokens=0))
    for key in ("energy", "energy_per_asks", "energy_per_tokens"):
        found = (silent[key].value, silent[key].how, silent[key].reason)
        assert found == (None, How.NONE, "No counter can be read.")
    assert silent["money"].value is None
    assert "No run records a price" in silent["money"].reason


def test_pictures_have_no_tokens_and_scored_texts_no_written_ones(spent):
    drawn = by_key(replace(spent, read=0, written=0))
    assert (drawn["read"].value, drawn["written"].value) == (None, None)
    assert "pictures have none" in drawn["read"].reason
    scored = by_key(replace(spent, read=10, written=0))
    assert (scored["read"].value, scored["written"].value) == (10, None)
    assert "wrote none" in scored["written"].reason


def test_time_is_that_of_the_asks_that_were_put_in_this_run(spent):
    partly = by_key(replace(spent, asks=100, reused=80, seconds=4.0))
    assert partly["seconds_per_asks"].value == pytest.approx(200.0)
    assert "The 80 replies of the journal" in partly["seconds"].reason
    none = by_key(replace(spent, asks=100, reused=100, seconds=0.01))
    assert (none["seconds"].value, none["seconds_per_asks"].value) == (None, None)
    assert "told by the run that asked" in none["seconds"].reason


def test_energy_is_divided_by_the_replies_it_was_counted_of(spent):
    its = replace(spent, asks=100, energy=Energy(3600.0, "NVML Test", "60 of 100 replies came without"), counted=40)
    found = by_key(replace(its, counted_tokens=2000))
    assert found["energy"].value == 1.0
    assert found["energy_per_asks"].value == 25.0
    assert found["energy_per_tokens"].value == 0.5
    assert {found[key].how for key in ("energy", "energy_per_asks", "energy_per_tokens")} == {How.MEASURED}
    assert "60 of 100 replies came without" in found["energy"].reason
    assert "NVML Test" in found["energy"].basis
    assert by_key(replace(its, counted_tokens=0))["energy_per_tokens"].value is None


def test_replies_with_energy_are_counted_in_their_table(quick_run, tmp_path):
    evidence = quick_run.evidence
    keys = sorted(evidence.replies)
    replies = {key: replace(evidence.replies[key], joules=9.0 if place < 4 else None) for place, key in enumerate(keys)}
    energy = {"joules": 36.0, "source": "RAPL package-0", "reason": "some came without"}
    run = {**evidence.run, "energy": energy}
    folder = write_bundle(tmp_path / "runs" / "counted-1", replace(evidence, run=run, replies=replies), {})
    its = spending(library(folder.parent), folder.name)
    assert its.counted == 4
    known = [replies[key].usage for key in keys[:4]]
    assert its.counted_tokens == sum(one.prompt_tokens + one.output_tokens for one in known)
    assert by_key(its)["energy_per_asks"].value == pytest.approx(36.0 / 3600 / 4 * 1000)


@pytest.mark.parametrize("energy", [{"joules": -1.0}, {"joules": "much"}, {}, 7])
def test_a_record_that_tells_nonsense_is_refused(quick_run, tmp_path, energy):
    folder = write_bundle(tmp_path / "runs" / "odd-1", quick_run.evidence, {})
    record = loads((folder / "run.json").read_bytes())
    (folder / "run.json").write_bytes(dumps({**record, "energy": energy}))
    with pytest.raises(BundleError, match="not the record of a run"):
        spending(library(folder.parent), folder.name)


def test_every_run_of_a_store_is_listed_and_one_that_cannot_be_read_hides_no_other(quick_run, tmp_path):
    places = [write_bundle(tmp_path / "runs" / "a-1", quick_run.evidence, {}) for _ in range(3)]
    (places[0] / "run.json").write_bytes(b"{")
    record = loads((places[1] / "run.json").read_bytes())
    (places[1] / "run.json").write_bytes(dumps({**record, "energy": None}))
    assert [one.run for one in spendings(library(tmp_path / "runs"))] == [places[2].name]
