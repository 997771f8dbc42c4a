"""Training data as a model of pictures would tell of it."""

from __future__ import annotations

import pytest

from harness.canonical import digest_bytes
from harness.contracts import Dataset


@pytest.fixture
def training():
    def made(held_out=80, **more):
        roles = ["member"] * 20 + ["nonmember"] * held_out
        rows = [
            {
                "record": f"picture-{number:04}",
                "unit": f"picture-{number:04}",
                "role": role,
                "label": number % 3,
                "class": ("circle", "square", "star")[number % 3],
                "asked_by": "label",
                "canary": None,
                **more,
            }
            for number, role in enumerate(roles)
        ]
        return Dataset("training", "1", digest_bytes(b""), "unknown", rows, "model")

    return made
