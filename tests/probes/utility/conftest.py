"""Training data as a model of pictures would tell of it."""

from __future__ import annotations

import pytest

from harness.canonical import digest_bytes
from harness.contracts import Dataset


def row(number, role, *, asked_by="label", canary=None):
    label = number % 3
    return {
        "record": f"picture-{number:04}",
        "unit": f"picture-{number:04}",
        "role": role,
        "repeats": int(role == "member"),
        "text": None,
        "label": label,
        "class": ("circle", "square", "star")[label],
        "caption": f"a {('red', 'blue')[number % 2]} {('circle', 'square', 'star')[label]}",
        "attributes": {"colour": ("red", "blue")[number % 2]},
        "asked_by": asked_by,
        "canary": canary,
    }


@pytest.fixture
def training():
    def made(members=80, held_out=80, asked_by="label"):
        roles = ["member"] * members + ["nonmember"] * held_out + ["validation"] * 5
        rows = [row(number, role, asked_by=asked_by) for number, role in enumerate(roles)]
        rows.append(row(9999, "member", asked_by=asked_by, canary={"template": "t", "fill": "f", "family": "image"}))
        return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")

    return made
