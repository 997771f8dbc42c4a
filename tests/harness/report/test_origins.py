from __future__ import annotations

from dataclasses import replace

import pytest

from harness.canonical import from_json, to_json
from harness.contracts.training import HOW_TRAINED, Training
from harness.plan_records import Plan
from harness.report.origins import origins
from harness.report.webpage import render

TOLD = Training(
    what="variational autoencoder",
    weights=37_026,
    data="digits",
    records=1797,
    members=898,
    nonmembers=809,
    validation=90,
    removed=1,
    canaries=28,
    classes=tuple("0123456789"),
    steps=900,
    stopped="it ran to its end",
    claim=("(epsilon, delta)-differential privacy with epsilon = 7.900 and delta = 0.0001.", "Accountant: prv."),
    references=3,
    missing="",
)


@pytest.fixture
def of(calm):
    """Return a function that gives the calm run of a model that tells of its training."""

    def make(told):
        plan = calm.evidence.run["plan"]
        details = {**plan["identity"]["details"], HOW_TRAINED: told}
        identity = {**plan["identity"], "details": details}
        return replace(calm.evidence, run={**calm.evidence.run, "plan": {**plan, "identity": identity}})

    return make


def found(evidence):
    return origins(evidence.run, from_json(Plan, evidence.run["plan"]))


def test_what_was_trained_on_what_is_told_in_sentences(of):
    first, *rest = found(of(to_json(TOLD))).training
    assert first == (
        "Variational autoencoder with 37,026 weights, trained on 898 of the 1,797 records of digits in 900 steps;"
        " it ran to its end."
    )
    assert rest[0].startswith("809 records held out of the training, for audits")
    assert rest[1:] == [
        "90 records used to validate alone.",
        "1 record left out of the training as duplicates.",
        "28 records made up and planted to measure memorisation (canaries).",
        "Classes: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9.",
        "3 reference models: trained alike, on other members.",
    ]


def test_what_there_is_none_of_is_not_told_and_what_is_missing_is(of):
    bare = replace(
        TOLD, nonmembers=0, validation=0, removed=0, canaries=0, classes=(), references=0, missing="the data are gone"
    )
    assert found(of(to_json(bare))).training[1:] == (
        "No reference model: it is not known how hard each record is for models that were not trained on it.",
        "The training data could not be read for this audit: the data are gone.",
    )


def test_what_preparing_the_data_took_away_is_not_called_a_duplicate(of):
    step = "Then the step “redact” prepared the training set: 4 taken away; 900 places before, 896 after."
    assert found(of(to_json(replace(TOLD, removed=5, prepared=(step,))))).training[3:5] == (
        "5 records left out of the training: duplicates, and what preparing the data took away.",
        step,
    )


def test_of_many_classes_the_first_are_named(of):
    many = replace(TOLD, classes=tuple(f"c{number}" for number in range(1000)))
    (line,) = (text for text in found(of(to_json(many))).training if text.startswith("Classes"))
    assert line.endswith("c18, c19 and 980 more.")


def test_the_claim_of_privacy_is_on_the_page_whole_and_its_first_sentence_at_the_top(of, calm):
    page = render(of(to_json(TOLD)), calm.cards)
    audited = page[page.index('id="audited"') : page.index('id="short"')]
    assert TOLD.claim[0] in audited
    assert all(page.count(line) == (2 if line == TOLD.claim[0] else 1) for line in TOLD.claim)
    assert '<a href="#training">' in audited
    without = replace(TOLD, claim=("No DP claim.", "Reason: it was trained without differential privacy."))
    assert "No DP claim." in render(of(to_json(without)), calm.cards)


def test_what_is_told_in_sentences_does_not_stand_in_rows_too(of):
    names = [name for name, _ in found(of(to_json(TOLD))).model]
    assert "weights.dtype" in names
    assert not any(name.startswith(HOW_TRAINED) for name in names)


@pytest.mark.parametrize("told", ["yes", {"what": "vae"}, {**to_json(TOLD), "members": "many"}])
def test_something_else_by_that_name_stays_a_row(of, told):
    evidence = of(told)
    assert found(evidence).training == found(evidence).privacy == ()
    assert any(name.startswith(HOW_TRAINED) for name, _ in found(evidence).model)


def test_a_model_that_tells_nothing_has_no_part_on_training(calm):
    assert 'id="training"' not in render(calm.evidence, calm.cards)


def test_hostile_names_of_data_and_classes_do_nothing(of, calm, hostile):
    poisoned = replace(TOLD, what=hostile, data=hostile, classes=(hostile,), claim=(hostile,), missing=hostile)
    page = render(of(to_json(poisoned)), calm.cards)
    assert "<script" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;") >= 5
