"""How a model was trained, as readers are told it: what is there, for whom, and why the rest is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.canonical import digest_bytes, dumps, loads
from harness.errors import UsageError
from harness.evidence.store import Store
from harness.images.pictures import from_png
from harness.privacy.claim import Claim
from harness.privacy.ledger import Ledger
from harness.query.access import Role
from harness.query.energy import How, training_figures
from harness.query.library import Library
from harness.query.training import CurvePoint, TrainingRecord, Untold, training_record
from harness.query.training_words import curve_lines, how_lines, loss_words
from harness.registry import Registry


def read(store, role=Role.AUDITOR, name=None):
    library = Library(Store(store), Registry(), role)
    return training_record(library, name or library.runs()[0].name)


def in_manifest(change):
    def go(files):
        manifest = loads(files["manifest.json"])
        change(manifest)
        files["manifest.json"] = dumps(manifest, indent=2)

    return go


def test_a_record_has_what_the_checkpoint_says(store_of, small_model):
    record, manifest = read(store_of("plain")), small_model("plain").manifest
    assert record.missing == record.hidden == ""
    assert record.curve == tuple(CurvePoint(its.step, its.seconds, its.loss, its.validation) for its in manifest.curve)
    assert (record.kind, record.weights_of, record.told.steps) == ("vae", 6, 6)
    assert record.recipe == manifest.recipe
    assert record.timing.seconds == manifest.timing.seconds
    assert (record.energy.joules, record.energy.reason) == (manifest.energy.joules, manifest.energy.absent)
    assert record.hardware.name == manifest.hardware.name
    assert (record.claim, record.ledger, record.private) == (None, None, False)
    assert record.claim_lines[0] == "No DP claim."


def test_pictures_are_those_of_the_checkpoint_by_step(store_of, small_model):
    record, folder = read(store_of("plain")), small_model("plain").folder
    assert [grid.step for grid in record.grids] == [1, 3, 6]
    for grid in record.grids:
        content = (folder / "samples" / f"{grid.step}.png").read_bytes()
        assert (from_png(grid.png) == from_png(content)).all()
    assert (from_png(record.samples.png) == from_png((folder / "samples.png").read_bytes())).all()


def test_a_private_training_shows_epsilon_and_no_loss_of_training_records(store_of, small_model):
    record = read(store_of("private"))
    checkpoint = small_model("private")
    assert record.private
    assert all(point.loss is None for point in record.curve)
    spent = [point.epsilon for point in record.curve]
    assert spent == sorted(spent)
    assert spent[0] > 0
    assert Claim.parse(record.claim) == checkpoint.stated_claim()
    assert Ledger.parse(record.ledger) == checkpoint.ledger()
    assert any("withheld" in line for line in curve_lines(record))
    assert "on average, each drawn by itself" in how_lines(record)[0]


def test_a_policy_reader_sees_aggregates_and_neither_pictures_nor_seeds(store_of):
    store = store_of("plain")
    record = read(store, Role.POLICY)
    assert record.curve == read(store).curve
    assert (record.grids, record.samples) == ((), None)
    assert "shown to auditors" in record.hidden
    assert {"seed", "toss"} <= set(read(store).recipe) - set(record.recipe)


def test_a_model_that_was_not_trained_here_is_untold_with_its_reason(quick_run):
    found = read(quick_run.folder.parent)
    assert isinstance(found, Untold)
    assert "'control', which does not tell how it was trained" in found.reason
    library = Library(Store(quick_run.folder.parent), Registry(), Role.POLICY)
    assert training_figures(library, quick_run.folder.name) == found


def test_an_older_bundle_tells_what_its_identity_tells_and_why_no_more(store_of):
    record = read(store_of("private", lambda files: files.clear()))
    assert isinstance(record, TrainingRecord)
    assert "written before bundles kept one" in record.missing
    assert "trained on" in record.facts[0]
    assert record.claim_lines[0].startswith("(epsilon, delta)-differential privacy")
    assert (record.curve, record.claim, record.timing, record.weights_of) == ((), None, None, None)


def test_no_run_by_that_name(store_of):
    with pytest.raises(UsageError, match="There is no run"):
        read(store_of("plain"), name="../../etc")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(curve="x"),
        lambda m: m.update(curve=[{"step": 1}]),
        lambda m: m["curve"][0].update(loss="high"),
        lambda m: m.update(timing=None),
        lambda m: m.pop("hardware"),
        lambda m: m.update(energy=7),
        lambda m: m.update(recipe=[1]),
        lambda m: m.update(weights_of="last"),
    ],
)
def test_a_record_of_another_form_is_told_and_breaks_nothing(store_of, change):
    record = read(store_of("plain", in_manifest(change)))
    assert "cannot be read" in record.missing
    assert record.curve == ()
    assert record.facts


def test_a_number_too_large_for_any_number_is_no_number(store_of):
    def huge(files):
        files["manifest.json"] = files["manifest.json"].replace(b'"loss": ', b'"loss": 1e999', 1)

    assert "cannot be read" in read(store_of("plain", huge)).missing


def test_a_picture_that_is_not_the_one_that_was_recorded_is_not_shown(store_of):
    def swap(files):
        files["samples/3.png"] = files["samples/1.png"]

    first, second, last = read(store_of("plain", swap)).grids
    assert (bool(first.png), second.png, bool(last.png)) == (True, b"", True)
    assert "not the one that was recorded" in second.missing


def test_a_damaged_picture_is_told(store_of):
    def damage(files):
        files["samples/3.png"] = files["samples/3.png"][:60] + b"\0" * 20
        manifest = loads(files["manifest.json"])
        manifest["files"]["samples/3.png"] = digest_bytes(files["samples/3.png"]).hex
        files["manifest.json"] = dumps(manifest)

    assert "cannot be read" in read(store_of("plain", damage)).grids[1].missing


# ── words ─────────────────────────────────────────────────────────────────────────────────


def curve(record, *values):
    points = tuple(CurvePoint(step, float(step), loss, held) for step, loss, held in values)
    return replace(record, curve=points)


def test_the_course_of_the_losses_is_told_with_its_lowest_point(store_of):
    record = curve(read(store_of("plain")), (1, 9.0, None), (2, 5.0, 6.0), (4, 3.0, 2.5), (6, 2.0, 3.0))
    held, seen = curve_lines(record)
    assert held == (
        "The validation loss, in nats per picture, fell from 6 after step 2 to 3 after step 6; it was lowest, 2.5,"
        " after step 4."
    )
    assert seen == "The training loss, in nats per picture, fell from 9 after step 1 to 2 after step 6."
    rising = curve_lines(curve(record, (1, 1.0, None), (6, 2.0, None)))
    assert rising[0] == "No validation loss: no record was held out for it."
    assert "rose from 1 after step 1 to 2 after step 6" in rising[1]
    assert curve_lines(replace(record, curve=())) == ()


def test_losses_that_are_not_alike_share_no_axis(store_of):
    record = read(store_of("plain"))
    assert loss_words(record).alike
    assert not loss_words(replace(record, kind="gan")).alike
    assert not loss_words(replace(record, kind="unheard of")).alike
    text = replace(record, kind="language")
    assert loss_words(text).alike
    assert not loss_words(replace(text, recipe={"objective": {"name": "fairness"}})).alike


def test_whose_weights_were_kept_is_told(store_of):
    record = read(store_of("plain"))
    assert "The weights are those after the last step, 6." in how_lines(record)
    early = how_lines(replace(record, weights_of=3))
    assert "The weights are those after step 3 of 6: the best validation loss." in early


def test_what_a_training_cost_is_told_or_why_not(store_of):
    library = Library(Store(store_of("plain")), Registry(), Role.POLICY)
    found = {one.key: one for one in training_figures(library, library.runs()[0].name)}
    assert found["steps"].value == 6
    assert found["training_seconds"].value > 0
    assert (found["training_energy"].value is None) == (found["training_energy"].how is How.NONE)
    assert found["training_energy"].value != 0


def test_what_a_training_cost_in_energy_is_in_watt_hours(store_of):
    def counted(manifest):
        manifest["energy"] = {"joules": 7200.0, "source": "NVML Test", "how": "measured", "absent": ""}

    library = Library(Store(store_of("plain", in_manifest(counted))), Registry(), Role.POLICY)
    found = {one.key: one for one in training_figures(library, library.runs()[0].name)}
    assert (found["training_energy"].value, found["training_energy"].how) == (2.0, How.MEASURED)
    assert found["energy_per_steps"].value == pytest.approx(2000 / 6)


def test_an_older_bundle_has_steps_and_no_time(store_of):
    library = Library(Store(store_of("plain", lambda files: files.clear())), Registry(), Role.POLICY)
    found = {one.key: one for one in training_figures(library, library.runs()[0].name)}
    assert found["steps"].value == 6
    assert found["training_seconds"].value is None
    assert "written before" in found["training_seconds"].reason
