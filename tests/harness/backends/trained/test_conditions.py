from __future__ import annotations

import pytest

from harness.backends.trained.conditions import unmet
from harness.records import DrawAsk


@pytest.mark.parametrize(
    ("ask", "prompted", "classes"),
    [
        (DrawAsk(0), False, 0),
        (DrawAsk(2**63 - 1), False, 0),
        (DrawAsk(1, label=0), False, 10),
        (DrawAsk(1, label=9), False, 10),
        (DrawAsk(1, prompt=""), True, 0),
        (DrawAsk(1, prompt="a shirt"), True, 10),
    ],
)
def test_what_a_model_can_honour_has_no_problem(ask, prompted, classes):
    assert unmet(ask, prompted=prompted, classes=classes) == ""


@pytest.mark.parametrize(
    ("ask", "prompted", "classes", "problem"),
    [
        (DrawAsk(-1), False, 0, "the seed -1 is not from 0"),
        (DrawAsk(2**63), False, 0, "is not from 0 to below 2**63"),
        (DrawAsk(1), True, 0, "draws from prompts, and the ask has none"),
        (DrawAsk(1, label=1), True, 10, "draws from prompts, and the ask has none"),
        (DrawAsk(1, prompt="a", label=1), True, 10, "takes no label"),
        (DrawAsk(1, prompt="a"), False, 10, "takes no prompt"),
        (DrawAsk(1, label=0), False, 0, "knows no classes"),
        (DrawAsk(1), False, 10, "has no label: it takes 0 to 9"),
        (DrawAsk(1, label=10), False, 10, "the label 10 is none of the model's 10 classes, 0 to 9"),
        (DrawAsk(1, label=-1), False, 10, "the label -1 is none"),
    ],
)
def test_what_a_model_cannot_honour_is_said(ask, prompted, classes, problem):
    assert problem in unmet(ask, prompted=prompted, classes=classes)
