"""Studies whose treatments are calibrated beforehand: on other questions, kept in the bundle, held to the promise."""

from __future__ import annotations

import json
import shutil
from math import sqrt

import numpy as np
import pytest

from harness.canonical import digest_bytes, dumps, loads
from harness.contracts import Dataset
from harness.errors import ConfigError
from harness.evidence.bundle import read_bundle
from harness.execute import Stop
from harness.mitigations.defer import certified
from harness.mitigations.defer_bundle import Answer
from harness.plan_data import parted
from harness.registry import Registry
from harness.run import Silent
from harness.study.bundle import verify_study
from harness.study.calibration import asked_again
from harness.study.conduct import Halted, conduct
from harness.study.design import CALIBRATION, read_design
from harness.study.promises import Kept, promises, rows, told
from harness.study.reading import ARMS

# The scripted model errs on three questions in ten; what it errs on, it is not sure of.
TEXT = """
title = "Deferring"
question = "Is it less often wrong where it answers only when it is sure?"
seeds = [1, 2, 3]
[model]
backend = "control"
hallucination = 0.3
order_bias = 0.0
overconfidence = 0.0
[run]
profile = "standard"
[probe."hallucination.closed_book"]
convention = "authors"
[calibration]
probes = ["hallucination.calibration"]
[[risk]]
metric = "hallucination.closed_book/binary"
[[utility]]
metric = "panel/refused"
margin = 0.6
reason = "Somebody can answer six in ten."
[[treatment]]
name = "deferral"
mitigation = "defer"
calibrated = "calibration"
dose = { setting = "alpha", values = [0.2, 0.1] }
"""
# Asked as for the calibration, and so slower: what that probe tells is resampled again and again.
ASKED_ALIKE = TEXT.replace("hallucination.closed_book/binary", "hallucination.calibration/accuracy")
ONE_SEED = TEXT.replace("seeds = [1, 2, 3]", "seeds = [1]")


def go(text, store, *, stop=None, watch=None):
    design = read_design(text, "study.toml", {"run.store": str(store)})
    return conduct(design, text, Registry(), project=store, stop=stop or Stop(), watch=watch or Looking())


class Looking:
    """A watch that remembers, and may stop before a run."""

    def __init__(self, stop=None, before=None):
        self.names, self.reasons, self._stop, self._before = [], [], stop, before

    def arm(self, arm, number, of):
        self.names.append((arm.name, number, of))
        if arm.name == self._before:
            self._stop.interrupted.set()
        return Silent()

    def lost(self, arm, reason):
        self.reasons.append((arm.name, reason))

    def comparing(self):
        self.names.append("comparing")


def content(folder):
    names = ("study.json", "effects.json", "verdicts.json", "promises.json", "report.html", "study.toml")
    runs = [*folder.glob(f"{ARMS}/*"), *folder.glob(f"{CALIBRATION}/*")]
    return {name: (folder / name).read_bytes() for name in names} | {
        path.relative_to(folder).as_posix(): (
            (path / "scores.parquet").read_bytes(),
            loads((path / "run.json").read_bytes())["plan_digest"],
        )
        for path in runs
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The study, conducted."""
    return go(ASKED_ALIKE, tmp_path_factory.mktemp("deferring"))


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """The same with one seed."""
    return go(ONE_SEED, tmp_path_factory.mktemp("single"))


def wrong_with(folder):
    return [finding for finding in verify_study(folder, Registry()) if finding.fatal]


def effect(compared, metric):
    return next(one for one in compared.effects if one.metric == metric and not one.slice)


# ── what is found ─────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_errors_that_look_unsure_are_handed_over_and_as_many_at_random_do_not_help(done):
    weak, strong, random, above = done.results.compared
    rights = "hallucination.calibration/accuracy"
    assert effect(strong, rights).after > 0.97
    assert effect(strong, rights).before < 0.8
    assert effect(strong, rights).p_gain < 0.001
    assert effect(random, rights).p_gain > 0.05
    assert abs(effect(random, rights).after - effect(random, rights).before) < 0.1
    assert effect(above, rights).p_gain < 0.001
    assert 0.2 < effect(strong, "panel/refused").after < 0.4
    assert effect(weak, "panel/refused").after <= effect(strong, "panel/refused").after
    [_, ruled] = done.results.verdicts
    assert {check.name.value: check.passed for check in ruled.checks if check.name.value != "side_effects"} == {
        **dict.fromkeys(("paired", "improved", "utility", "placebo", "disjoint", "seeds", "dose"), True)
    }
    assert "did more than its placebo" in ruled.sentence


@pytest.mark.slow
def test_what_was_promised_stands_beside_what_was_measured(done):
    made = promises(done.design, done.ran)
    assert [(one.dose, one.seed) for one in made] == [(alpha, seed) for alpha in (0.2, 0.1) for seed in (1, 2, 3)]
    for one in made:
        assert one.kept is Kept.KEPT
        assert one.alpha == one.dose
        assert one.threshold is not None
        assert 0 < one.given < one.asked
        assert one.risk.value <= one.alpha
        assert one.risk.method == "clopper-pearson"
        assert one.calibrated + one.asked == 186
        evidence = next(its.evidence for its in done.ran if its.arm.name == one.arm)
        assert (
            one.risk.n
            == one.given
            == sum(judged.score.outcome.value == "scored" for its in evidence.judged.values() for judged in its)
        )
    sentences = told(made, {"deferral": "Deferral"})
    assert len(sentences) == 2
    assert sentences[1].startswith("Deferral at 0.1 promised, 95 % sure, that at most 10 of 100 of the answers given")
    assert "answers with seed 1, as promised; " in sentences[1]
    assert {row.word for row in rows(made)} == {"as promised"}
    kept = loads((done.folder / "promises.json").read_bytes())["promises"]
    assert [row["arm"] for row in kept] == [one.arm for one in made]


@pytest.mark.slow
def test_no_arm_asks_what_its_calibration_run_asked_and_halves_differ_by_seed(done):
    earlier = {seed: read_bundle(done.folder / CALIBRATION / f"seed{seed}") for seed in (1, 2, 3)}
    for one in done.ran:
        assert asked_again(earlier[one.arm.seed], one.evidence) == 0
        asked = {case.cluster for its in one.evidence.cases.values() for case in its}
        before = {case.cluster for its in earlier[one.arm.seed].cases.values() for case in its}
        assert not asked & before
        assert len(asked | before) == 186
        assert one.evidence.run["plan"]["part"] == [0.5, 1.0]
    assert asked_again(earlier[1], earlier[1]) == len(earlier[1].cases["hallucination.calibration@facts_mc"])
    assert earlier[1].run["plan"]["part"] == [0.0, 0.5]
    assert "mitigations" not in earlier[1].run["plan"]


@pytest.mark.slow
def test_it_verifies_wherever_it_lies_and_no_place_is_told_in_it(single, tmp_path):
    moved = shutil.copytree(single.folder, tmp_path / "elsewhere")
    assert wrong_with(moved) == []
    place = str(single.folder.parents[1]).encode()
    for path in (path for path in moved.rglob("*") if path.suffix in {".json", ".toml", ".html"}):
        assert place not in path.read_bytes(), path


@pytest.mark.slow
def test_what_nobody_is_sure_of_rightly_certifies_nothing_and_the_study_says_so(tmp_path):
    done = go(ONE_SEED.replace("overconfidence = 0.0", "overconfidence = 1.0"), tmp_path)
    made = promises(done.design, done.ran)
    strict = [one for one in made if one.dose == 0.1]
    assert [(one.kept, one.given, one.threshold, one.risk) for one in strict] == [(Kept.NOTHING, 0, None, None)]
    [sentence] = told(strict, {"deferral": "Deferral"})
    assert sentence == (
        "Deferral at 0.1: that at most 10 of 100 of the answers given are wrong could not be certified, 95 % sure, with"
        " seed 1: every question was handed over."
    )
    assert [(row.promised, row.given, row.wrong, row.word) for row in rows(strict)] == [
        ("nothing", "0 of 91", "\N{EN DASH}", "all handed over")
    ]
    ruled = done.results.verdicts[-1]
    assert ruled.outcome.value == "open"
    assert "has no number for “Binary choice: true answer named”" in ruled.sentence
    assert wrong_with(done.folder) == []


# ── the promise, over many repeats ────────────────────────────────────────────────────────


def test_over_many_halves_dealt_by_hash_the_promise_breaks_no_more_often_than_it_says():
    """The risk above a threshold is known here: confidences are uniform, and answers err by half of what is missing."""
    alpha, delta, repeats, broken, certain = 0.2, 0.05, 200, 0, 0
    random = np.random.default_rng(11)
    for repeat in range(repeats):
        sure = random.random(300)
        wrong = random.random(300) < (1 - sure) / 2
        rows = [{"sure": float(s), "wrong": int(w)} for s, w in zip(sure, wrong, strict=True)]
        half = parted(Dataset("drawn", "1", digest_bytes(b""), "none", rows, "file"), (0.0, 0.5), repeat).rows
        answers = [Answer(row["sure"], row["wrong"], "") for row in half]
        found = certified(answers, alpha=alpha, delta=delta, surest=0.3)
        if found.threshold is not None:
            certain += 1
            broken += (1 - found.threshold) / 4 > alpha
    assert certain > repeats / 2
    assert broken / repeats <= delta + 3 * sqrt(delta * (1 - delta) / repeats)


# ── stopped and resumed ───────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_study_that_was_stopped_goes_on_and_finds_the_same(single, tmp_path):
    # What the others ask is known from the baseline.
    for before in ("calibration-seed1", "baseline-seed1"):
        stop = Stop()
        halted = go(ONE_SEED, tmp_path, stop=stop, watch=Looking(stop, before))
        assert isinstance(halted, Halted)
        assert halted.arm.name == before
    resumed = go(ONE_SEED, tmp_path)
    assert content(resumed.folder) == content(single.folder)
    again = go(ONE_SEED, tmp_path)
    assert content(again.folder) == content(single.folder)
    for run in [*again.folder.glob(f"{ARMS}/*"), *again.folder.glob(f"{CALIBRATION}/*")]:
        totals = read_bundle(run).run["totals"]
        assert totals["from_journal"] == totals["asks"], run.name


# ── refused ───────────────────────────────────────────────────────────────────────────────


def test_a_question_that_stands_in_both_halves_is_refused(tmp_path):
    """Rows are dealt out by all they hold: the same question in another row may lie in the other half."""
    rows = [
        {"id": f"q-{n}", "topic": "t", "question": f"What is {n // 2} plus {n // 2} in all?", "true": "even",
         "also_true": [], "false": ["odd", "prime"]}
        for n in range(40)
    ]  # fmt: skip
    file = tmp_path / "twice.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    files = f'datasets = ["{file.as_posix()}"]\n'
    text = ONE_SEED.replace('convention = "authors"\n', f'{files}[probe."hallucination.calibration"]\n{files}')
    with pytest.raises(ConfigError, match=r"deferral: .*'defer' shows or learns from"):
        go(text, tmp_path / "runs")
    assert not list((tmp_path / "runs" / "studies").glob(".*"))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('calibrated = "calibration"', "", "these need the table"),
        ('[calibration]\nprobes = ["hallucination.calibration"]\n', "", "these need the table"),
        ('profile = "standard"', 'profile = "standard"\npart = [0.0, 0.5]', "parts the data itself"),
        ('name = "deferral"', 'name = "calibration"', "'calibration' is the name of the runs"),
        ("[calibration]", "[calibration]\nshare = 1.0", "calibration.share"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(old, new, problem):
    with pytest.raises(ConfigError, match=problem):
        read_design(TEXT.replace(old, new), "study.toml")


# ── forged ────────────────────────────────────────────────────────────────────────────────


def forged(done, folder, change):
    """A copy of the study, changed, whose manifests somebody has repaired."""
    place = shutil.copytree(done.folder, folder / "forged")
    change(place)
    for manifest in [*place.glob("*/*/manifest.json"), place / "manifest.json"]:
        data = loads(manifest.read_bytes())
        for entry in data["files"]:
            file = manifest.parent / entry["path"]
            if file.is_file():
                entry["digest"], entry["size"] = str(digest_bytes(file.read_bytes())), file.stat().st_size
        manifest.write_bytes(dumps(data, indent=2))
    return {finding.where.partition(":")[0]: finding.what for finding in wrong_with(place)}


@pytest.mark.slow
def test_a_calibration_run_of_the_very_questions_is_found(single, tmp_path):
    def swap(place):
        shutil.rmtree(place / CALIBRATION / "seed1")
        shutil.copytree(place / ARMS / "baseline-seed1", place / CALIBRATION / "seed1")

    found = forged(single, tmp_path, swap)
    assert "ask what its calibration run asked" in found[f"{ARMS}/baseline-seed1"]
    assert f"{ARMS}/deferral-dose1-seed1" in found


@pytest.mark.slow
def test_a_promise_that_does_not_follow_is_found_and_so_is_a_run_that_is_gone(single, tmp_path):
    def better(place):
        promised = (place / "promises.json").read_bytes()
        (place / "promises.json").write_bytes(promised.replace(b'"alpha": 0.2', b'"alpha": 0.3', 1))

    assert "promises.json" in forged(single, tmp_path, better)
    gone = forged(single, tmp_path / "other", lambda place: shutil.rmtree(place / CALIBRATION / "seed1"))
    assert f"{CALIBRATION}/seed1/manifest.json" in gone


@pytest.mark.slow
def test_a_certificate_of_another_calibration_run_is_found(tmp_path):
    done = go(TEXT.replace("seeds = [1, 2, 3]", "seeds = [1, 2]"), tmp_path)

    def swap(place):
        for seed, name in ((1, "kept"), (2, "seed1")):
            (place / CALIBRATION / f"seed{seed}").rename(place / CALIBRATION / name)
        (place / CALIBRATION / "kept").rename(place / CALIBRATION / "seed2")

    assert f"{ARMS}/deferral-dose1-seed1" in forged(done, tmp_path, swap)
