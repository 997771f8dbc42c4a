"""A study from its file to its bundle: what works is said to work, and nothing is believed that was not planted."""

from __future__ import annotations

import json
import sqlite3

import pytest

from harness.canonical import digest_bytes, dumps, loads
from harness.data import load
from harness.errors import ConfigError
from harness.evidence.bundle import read_bundle
from harness.execute import Stop
from harness.registry import Registry
from harness.run import Silent
from harness.study.bundle import verify_study
from harness.study.conduct import Halted
from harness.study.reading import ARMS, find_study, is_study, studies

QUICK = "seeds = [1]"


def content(folder):
    """What the study found, byte by byte; runs tell their times, and are compared by their scores."""
    names = ("study.json", "effects.json", "verdicts.json", "report.html", "study.toml")
    scores = sorted(folder.glob(f"{ARMS}/*/scores.parquet"))
    return {name: (folder / name).read_bytes() for name in names} | {
        path.parent.name: path.read_bytes() for path in scores
    }


def checks(done, place=0):
    return {check.name.value: check.passed for check in done.results.verdicts[place].checks}


@pytest.mark.slow
def test_a_dial_that_is_turned_works_and_the_study_verifies(study, text, turned, told):
    done = study(text + turned, watch=told)
    [ruled] = done.results.verdicts
    assert ruled.outcome.value == "works"
    assert checks(done) == {
        **dict.fromkeys(("paired", "improved", "utility", "placebo", "disjoint", "seeds", "side_effects"), True),
        "dose": None,
    }
    assert ruled.sentence.startswith("Turning a dial brought “Stereotyped sentence preferred” ")
    where = "closer to 50 of 100, from 81 of 100 to 48 of 100"
    assert f"{where}, did more than its placebo, and cost no more" in ruled.sentence
    [gain] = [
        effect.gain
        for effect in done.results.compared[0].effects
        if effect.metric == "bias.paired_likelihood/stereotype_share" and not effect.slice
    ]
    assert gain.low <= 0.3 <= gain.high
    assert (told.arms[0], told.arms[-1]) == (("baseline-seed1", 1, 9), "comparing")
    assert verify_study(done.folder, Registry()) == []
    assert studies(done.folder.parents[1]) == [done.folder]
    assert find_study(done.folder.parents[1], "turning") == done.folder


@pytest.mark.slow
def test_the_same_study_again_asks_nothing_and_finds_the_same(study, text, turned, tmp_path):
    first = study(text.replace("seeds = [1, 2, 3]", QUICK) + turned)
    again = study(text.replace("seeds = [1, 2, 3]", QUICK) + turned)
    assert content(first.folder) == content(again.folder)
    assert again.folder.name == first.folder.name.removesuffix("1") + "2"
    for arm in (again.folder / ARMS).iterdir():
        run = read_bundle(arm).run
        assert run["totals"]["from_journal"] == run["totals"]["asks"], arm.name


@pytest.mark.slow
def test_a_study_that_was_stopped_goes_on_and_finds_the_same(study, text, turned, tmp_path):
    whole = study(text.replace("seeds = [1, 2, 3]", QUICK) + turned, store=tmp_path / "whole")
    stop, watched = Stop(), []

    class Stopping:
        def arm(self, arm, number, of):
            watched.append(arm.name)
            if number == 2:
                stop.interrupted.set()
            return Silent()

        def lost(self, arm, reason):
            raise AssertionError(reason)

        def comparing(self):
            raise AssertionError("it was to be stopped before")

    halted = study(
        text.replace("seeds = [1, 2, 3]", QUICK) + turned,
        store=tmp_path / "runs",
        stop=stop,
        watch=Stopping(),
        expect=Halted,
    )
    assert (halted.arm.name, halted.interrupted) == ("turned-seed1", True)
    assert studies(tmp_path / "runs") == []
    resumed = study(text.replace("seeds = [1, 2, 3]", QUICK) + turned, store=tmp_path / "runs")
    assert content(resumed.folder) == content(whole.folder)


@pytest.mark.slow
def test_an_arm_leaves_the_mark_of_an_unfinished_run_of_the_same_plan_alone(study, text, turned, tmp_path):
    first = study(text.replace("seeds = [1, 2, 3]", QUICK) + turned)
    mark = tmp_path / "runs" / ".underway" / f"{read_bundle(first.folder / ARMS / 'baseline-seed1').run['id']}.json"
    mark.parent.mkdir()
    mark.write_text("{}")
    study(text.replace("seeds = [1, 2, 3]", QUICK) + turned)
    assert mark.exists()


def test_a_treatment_that_fails_leaves_the_others_intact(study, text, turned, told):
    broken = """
[[treatment]]
name = "broken"
mitigation = "acme.dial"
settings = { breaks = true }
placebo = false
"""
    done = study(text.replace("seeds = [1, 2, 3]", QUICK) + broken + turned, watch=told)
    failed, works = done.results.verdicts
    assert failed.outcome.value == "failed"
    assert "the dial came off" in failed.sentence
    assert failed.sentence.endswith("FAILED.")
    assert [name for name, _ in told.reasons] == ["broken-seed1"]
    assert works.outcome.value != "failed"
    assert checks(done, 1)["improved"]
    assert [lost.arm for lost in done.results.compared[0].lost] == ["broken-seed1"]
    assert not (done.folder / ARMS / "broken-seed1").exists()
    assert verify_study(done.folder, Registry()) == []


def test_one_seed_is_not_enough_to_believe_it(study, text, turned):
    done = study(text.replace("seeds = [1, 2, 3]", QUICK) + turned)
    assert done.results.verdicts[0].outcome.value == "open"
    assert "was tried with 1 of the three seeds" in done.results.verdicts[0].sentence


def test_an_inert_treatment_is_not_believed(study, text):
    inert = """
[[treatment]]
name = "inert"
mitigation = "acme.dial"
settings = { inert = true }
"""
    done = study(text.replace("seeds = [1, 2, 3]", QUICK) + inert)
    [ruled] = done.results.verdicts
    assert ruled.outcome.value == "open"
    assert "may be chance" in ruled.sentence


def test_what_makes_it_worse_is_said_to(study, text):
    worse = """
[[treatment]]
name = "worse"
mitigation = "acme.dial"
settings = { dial = "stereotype", to = 1.0 }
placebo = false
"""
    done = study(text.replace("seeds = [1, 2, 3]", QUICK) + worse)
    assert done.results.verdicts[0].outcome.value == "harms"
    assert checks(done)["placebo"] is None


@pytest.mark.slow
def test_a_price_beyond_the_margin_is_told_and_doses_are_compared(study, text):
    costly = """
[[treatment]]
name = "costly"
mitigation = "acme.costly"
placebo = false
[treatment.dose]
setting = "much"
values = [0.1, 0.3]
"""
    done = study(text + costly)
    assert [ruled.dose for ruled in done.results.verdicts] == ["0.1", "0.3"]
    assert done.results.verdicts[-1].outcome.value == "costly"
    assert "lowered “MC1: true answer likeliest” by" in done.results.verdicts[-1].sentence
    assert checks(done, 1)["dose"] is True
    assert verify_study(done.folder, Registry()) == []


# ── refusals before anything runs ─────────────────────────────────────────────────────────


def test_what_cannot_be_applied_is_refused_with_what_can(study, text, tmp_path):
    misfit = """
[[treatment]]
name = "misfit"
mitigation = "acme.dial"
settings = { dial = "no_such_dial" }
"""
    with pytest.raises(ConfigError, match=r"misfit: .*this model has no dial 'no_such_dial'\. These can: .*acme\.dial"):
        study(text + misfit)
    assert not list(tmp_path.glob("runs/.journals/*"))


def test_a_mitigation_that_shows_what_is_asked_is_refused(study, text):
    case = next(iter(Registry().create("probe", "bias.paired_likelihood").card.datasets))
    row = load(case).rows[0]
    sentence = next(value for value in row.values() if isinstance(value, str) and len(value.split()) >= 5)
    overlapping = f"""
[[treatment]]
name = "overlap"
mitigation = "acme.dial"
settings = {{ to = 0.5, shows = [{json.dumps("Something else. ")}, {json.dumps(sentence.upper())}] }}
"""
    with pytest.raises(ConfigError, match=r"are made of texts that 'acme\.dial' shows or learns from"):
        study(text.replace("items = 80", "items = 2000") + overlapping)


def test_a_goal_that_no_probe_measures_is_refused_with_the_nearest(study, text, turned):
    with pytest.raises(ConfigError, match="Did you mean 'bias.paired_likelihood/stereotype_share'"):
        study(text.replace("stereotype_share", "stereotype_shard") + turned)


# ── forged bundles ────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_every_change_of_a_finished_study_is_found(study, text, turned):
    done = study(text.replace("seeds = [1, 2, 3]", QUICK) + turned)
    folder = done.folder

    def where():
        return {finding.where for finding in verify_study(folder, Registry()) if finding.fatal}

    assert where() == set()
    verdicts = (folder / "verdicts.json").read_bytes()
    (folder / "verdicts.json").write_bytes(verdicts.replace(b"placebo", b"placebos", 1))
    assert where() == {"verdicts.json"}
    # A forger who repairs the digest too is found by computing the verdict again.
    manifest = loads((folder / "manifest.json").read_bytes())
    for entry in manifest["files"]:
        if entry["path"] == "verdicts.json":
            entry["digest"] = str(digest_bytes((folder / "verdicts.json").read_bytes()))
    (folder / "manifest.json").write_bytes(dumps(manifest, indent=2))
    assert any(place.startswith("verdicts.json: ") for place in where())
    (folder / "verdicts.json").write_bytes(verdicts)
    (folder / ARMS / "turned-seed1" / "scores.parquet").unlink()
    assert "verdicts.json" in where()
    (folder / "extra.txt").write_text("more")
    assert "extra.txt" in where()
    assert is_study(folder)


def test_a_journal_beneath_serves_every_arm_that_leaves_an_ask_as_it_is(study, text, tmp_path):
    passing = """
[[treatment]]
name = "passing"
mitigation = "acme.passing"
placebo = false
"""
    study(text.replace("seeds = [1, 2, 3]", QUICK) + passing)
    counts = []
    for path in (tmp_path / "runs" / ".journals").glob("*.sqlite"):
        with sqlite3.connect(path) as journal:
            counts.append(journal.execute("SELECT count(*) FROM entries WHERE kind = 'reply'").fetchone()[0])
    # One journal of the model, one of the layer over it; the layer's asks were all answered for the baseline before.
    assert len(counts) == 2
    assert len(set(counts)) == 1
