from __future__ import annotations

import pytest

from harness.canonical import digest, from_json, to_json
from harness.contracts import Identity
from harness.contracts.training import HOW_TRAINED, Training, training_of

TOLD = Training(
    "diffusion model", 10, "digits", 9, 4, 3, 2, 0, 1, ("0", "1"), 7, "it ran to its end", ("No DP claim.",), 2, ""
)


def identity(told):
    return Identity("b", "m", digest(0), {HOW_TRAINED: told, "kind": "x"})


def test_what_a_backend_tells_is_read_back_from_the_evidence():
    stored = from_json(Identity, to_json(identity(to_json(TOLD))))
    assert training_of(stored) == TOLD


def test_an_identity_that_tells_nothing_of_its_training_is_no_trained_one():
    assert training_of(Identity("b", "m", digest(0), {})) is None


@pytest.mark.parametrize(
    "change",
    [
        {"members": "4"},
        {"members": None},
        {"members": 4.5},
        {"classes": [0, 1]},
        {"classes": "01"},
        {"claim": []},
        {"data": ["digits"]},
    ],
)
def test_something_else_by_that_name_is_not_taken_for_it(change):
    assert training_of(identity({**to_json(TOLD), **change})) is None


@pytest.mark.parametrize("told", [None, True, "yes", ["vae"], {}, {"what": "vae"}, {"nan": float("nan")}])
def test_anything_may_stand_there(told):
    assert training_of(identity(told)) is None
