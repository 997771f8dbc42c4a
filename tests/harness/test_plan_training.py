"""Probes of what a model was trained on: given its backend's data, or not applicable with the reason."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from harness.canonical import digest
from harness.contracts import TRAINING, Identity, TrainedBackend
from harness.errors import ConfigError, ModelError, NotApplicableError, NothingToRunError
from harness.records import Capability, CellStatus, Finish, LossAsk, RecordAsk, Reply


@dataclass(frozen=True)
class Forgetful:
    """A backend of a trained model that has lost its records, or its method."""

    capabilities = frozenset({Capability.LOSS})
    batch_tokens = 10

    def identity(self):
        return Identity("forgetful", "forgetful", digest({}), {})

    def length(self, ask):
        return 1

    def answer(self, asks):
        return [Reply(Finish.STOP, losses={"loss": 1.0})] * len(asks)

    def close(self):
        pass

    def training_data(self):
        raise ModelError("records.parquet is not there.")

    def members(self):
        raise ModelError("records.parquet is not there.")


def cells(done):
    return {cell.probe: cell for cell in done.target.plan.cells}


def test_a_probe_of_training_data_is_given_the_backends_own_and_shows_records_in_the_evidence(pictures_run):
    cases = pictures_run.target.cases[f"acme.members@{TRAINING}"]
    data = pictures_run.target.backend.training_data()
    assert [case.ask.record for case in cases if isinstance(case.ask, LossAsk)] == [r["record"] for r in data.rows[:30]]
    assert {case.groups["role"] for case in cases} == {"member", "nonmember"}
    (record,) = [one for one in pictures_run.target.plan.data if one.name == TRAINING]
    assert (record.digest, record.origin, record.rows) == (data.digest, "model", len(data.rows))
    run = json.loads((pictures_run.folder / "run.json").read_text())
    assert {"name": TRAINING, "origin": "model"}.items() <= run["plan"]["data"][1].items()
    shown = [ask for _, ask in pictures_run.target.asks() if isinstance(ask, RecordAsk)]
    assert len(shown) == 3
    for ask in shown:
        reply = pictures_run.evidence.replies[digest(ask)]
        assert reply.text.startswith("a ")
        assert (pictures_run.folder / "media" / reply.media[0]).is_file()


def test_a_model_without_training_data_is_not_applicable_and_the_reason_is_said(acme, acme_pictures, audit_text):
    text = '[model]\nbackend = "acme.calculator"\n[run]\nprobes = ["acme.arithmetic", "acme.members"]\n'
    cell = cells(audit_text(text))["acme.members"]
    assert cell.status is CellStatus.NOT_APPLICABLE
    assert cell.reason == (
        "the probe reads the model's training data, and this backend does not know what the model was trained on;"
        " it can generate"
    )


@pytest.fixture
def backend_named(install, acme_pictures, monkeypatch):
    """Return a function that installs a class of this file as a backend."""

    def put(made):
        module = "acme_forgetful"
        folder = install("acme-forgetful", {"harness.backends": {"acme.forgetful": f"{module}:Made"}})
        (folder / f"{module}.py").write_text("")
        __import__(module).Made = made

    return put


def test_a_backend_that_could_have_had_its_data_says_why_it_has_not(backend_named, audit_text):
    backend_named(Forgetful)
    assert isinstance(Forgetful(), TrainedBackend)
    with pytest.raises(NothingToRunError, match=r"training data, which is not to be had: records.parquet is not there"):
        audit_text('[model]\nbackend = "acme.forgetful"\n[run]\nprobes = ["acme.members"]\n')


def test_a_backend_that_knows_nothing_of_its_training_is_told_apart(backend_named, audit_text):
    class Ignorant(Forgetful):
        training_data = property()

    backend_named(Ignorant)
    assert not isinstance(Ignorant(), TrainedBackend)
    with pytest.raises(NothingToRunError, match="does not know what the model was trained on; it can tell the loss"):
        audit_text('[model]\nbackend = "acme.forgetful"\n[run]\nprobes = ["acme.members"]\n')


def test_a_backend_that_says_it_knows_and_cannot_tell_is_a_mistake_of_its_author(backend_named, audit_text):
    class Boastful(Forgetful):
        capabilities = frozenset({Capability.LOSS, Capability.TRAINING_DATA})
        training_data = property()

    backend_named(Boastful)
    with pytest.raises(ConfigError, match="says that it knows its training data, and has no training_data"):
        audit_text('[model]\nbackend = "acme.forgetful"\n[run]\nprobes = ["acme.members"]\n')


def test_a_probe_that_refuses_the_training_data_is_a_cell_with_its_reason(pictures_run, monkeypatch, audit_text):
    import acme_pictures

    def refuse(self, data, budget):
        raise NotApplicableError("the records have no names")
        yield

    monkeypatch.setattr(acme_pictures.Members, "cases", refuse)
    cell = cells(audit_text('[model]\nbackend = "control"\n[run]\nprobes = ["acme.members", "acme.pictures"]\n'))
    assert cell["acme.members"].status is CellStatus.NOT_APPLICABLE
    assert cell["acme.members"].reason == "the records have no names"
    assert cell["acme.pictures"].status is CellStatus.PLANNED


def test_a_model_that_knows_no_training_data_is_asked_about_the_next_set(acme_pictures, acme, monkeypatch, audit_text):
    import acme_pictures as module

    card = replace(module.Pictures.card, needs=(Capability.GENERATE,), datasets=(TRAINING, "facts_mc"))
    monkeypatch.setattr(module.Pictures, "card", card)
    text = '[model]\nbackend = "{}"\n[run]\nprobes = ["acme.pictures"]\n'
    for backend, dataset in (("acme.calculator", "facts_mc"), ("control", TRAINING)):
        assert [cell.dataset for cell in audit_text(text.format(backend)).target.plan.cells] == [dataset]


def test_a_limit_on_a_probe_that_does_not_fit_is_refused_unless_it_says_where_it_applies(
    acme, acme_pictures, audit_text
):
    text = """
[model]
backend = "acme.calculator"
[run]
probes = ["acme.arithmetic", "acme.members"]
[[gate]]
metric = "acme.members/low"
min = 0.5
reason = "It should be low."
"""
    with pytest.raises(ConfigError, match="no planned probe reports 'acme.members/low'"):
        audit_text(text)
    done = audit_text(text + "where_applicable = true\n")
    assert done.evidence.verdict.warnings[0].startswith(
        "The limit on acme.members/low was passed over: the probe reads"
    )
    with pytest.raises(ConfigError, match="limit it with `min`"):
        audit_text(text.replace("min", "max") + "where_applicable = true\n")
