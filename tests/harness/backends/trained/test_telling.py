from __future__ import annotations

from dataclasses import replace

import pytest

from harness.backends.local import Local
from harness.backends.trained.known import Known
from harness.backends.trained.telling import tell
from harness.canonical import dumps, loads
from harness.contracts.training import training_of
from harness.errors import ModelError
from harness.privacy.claim import Claim
from harness.privacy.ledger import GaussianSteps
from harness.training.checkpoint import Checkpoint, open_checkpoint
from harness.training.prepare.stream import Done

CLAIM = Claim(
    epsilon=7.9,
    delta=1e-4,
    accountant="prv",
    error="within 0.01",
    adjacency="add or remove one record",
    unit="image",
    records=898,
    largest_unit=1,
    sampling="poisson",
    mechanisms=(GaussianSteps("vae", 0.1, 1.1, 1.0, 50),),
    touched=(),
    reasons=(),
)


@pytest.fixture
def opened(tiny_folder):
    return open_checkpoint(tiny_folder("vae"))


def told(checkpoint, **changes):
    return tell(Known(Checkpoint(checkpoint.folder, replace(checkpoint.manifest, **changes)), None))


def test_it_tells_what_was_trained_on_what_and_who_was_held_out(opened):
    found = tell(Known(opened, None, "it is gone", (opened, opened)))
    its = opened.manifest
    assert (found.what, found.data, found.steps, found.stopped) == (
        "variational autoencoder",
        "digits",
        5,
        "it ran to its end",
    )
    assert found.members + found.nonmembers + found.validation + found.removed == found.records == 1797
    assert (found.members, found.weights) == (its.split.members, its.parameters)
    assert found.classes == tuple("0123456789")
    assert (found.references, found.missing) == (2, "it is gone")
    assert found.claim[0] == "No DP claim."


def test_a_claim_of_privacy_is_told_whole(opened):
    lines = told(opened, claim=CLAIM.dump()).claim
    assert list(lines) == CLAIM.lines()
    text = " ".join(lines)
    for part in ("epsilon = 7.900", "delta = 0.0001", "One record is image.", "Accountant: prv", "add or remove"):
        assert part in text


def test_a_claim_that_nothing_here_wrote_is_refused(opened):
    with pytest.raises(ModelError, match="its privacy claim cannot be read"):
        told(opened, claim={"epsilon": 1.0})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/home/ada/secret project/cats", "cats"),
        ("/home/ada/cats/", "cats"),
        ("C:\\Users\\ada\\cats", "cats"),
        ("pictures/cats.parquet", "cats.parquet"),
        ("synthetic:n=60,size=16", "synthetic:n=60,size=16"),
        ("/", "data without a name"),
    ],
)
def test_the_data_are_named_without_their_folder(opened, name, shown):
    assert told(opened, data=replace(opened.manifest.data, name=name)).data == shown


def test_the_backend_tells_it_with_its_identity_and_names_no_folder(tiny_folder):
    found = Local(str(tiny_folder("vae")), device="cpu").identity()
    assert training_of(found) == tell(Known(open_checkpoint(tiny_folder("vae")), None))
    assert str(tiny_folder("vae").parent) not in dumps(found.details).decode()


@pytest.mark.slow
def test_a_book_is_named_by_its_file(tiny_folder):
    found = training_of(Local(str(tiny_folder("language")), device="cpu").identity())
    assert (found.what, found.data) == ("language model", "book.txt")
    assert found.canaries > 0


def test_what_was_done_to_the_records_is_told_step_by_step_and_nothing_where_nothing_was(opened):
    done = Done("deduplicate", 900, 860, 45, 5, 0, None, None, "", {})
    assert told(opened, prepared=(done,)).prepared == (
        "Then the step “deduplicate” prepared the training set: 45 taken away, 5 added; 900 places before, 860 after.",
    )
    assert "prepared" not in loads(dumps(told(opened)))
