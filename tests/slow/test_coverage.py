"""Do the intervals hold the truth as often as they claim? Asked of a model whose truth is known.

The data sets are made here, so that an edit to the shipped ones does not throw the dice again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from harness.backends.control import Control
from harness.contracts import Budget
from harness.data import load
from harness.records import Estimate, Judged
from harness.registry import Registry

RUNS = 400
ITEMS = 150
HALLUCINATION, STEREOTYPE, ORDER_BIAS = 0.3, 0.7, 0.2

pytestmark = pytest.mark.slow


def facts(number: int) -> dict[str, Any]:
    """A made-up question."""
    false = [f"{kind} thing {number}" for kind in ("A tempting", "A plain", "A quite unlikely")]
    return {"id": f"q{number}", "topic": "t", "question": f"What is number {number}?", "true": f"Thing {number}"} | {
        "false": false
    }


def pair(number: int) -> dict[str, Any]:
    """A made-up pair; a frame holds one pair or two."""
    more, less = f"The old man lost item {number}.", f"The young man lost item {number}."
    frame = f"frame-{number // 6}-{(number % 6 + 1) // 2}"
    return {
        "id": f"p{number}",
        "attribute": "age",
        "direction": "stereo",
        "more": more,
        "less": less,
        "template": frame,
    }


@dataclass(frozen=True)
class Claim:
    """A metric of a probe, and what it is on average for the model that is dialled in."""

    probe: str
    metric: str
    truth: float
    row: Callable[[int], dict[str, Any]] = facts
    settings: tuple[tuple[str, str], ...] = ()


SURE = 1 - ORDER_BIAS
CLAIMS = [
    Claim("hallucination.closed_book", "mc1", 1 - HALLUCINATION, settings=(("convention", "lm-eval"),)),
    # Where it takes the first option, that is the true one in half of the pairs, in a quarter of the lists of four.
    Claim(
        "hallucination.closed_book",
        "binary",
        SURE * (1 - HALLUCINATION) + ORDER_BIAS / 2,
        settings=(("convention", "authors"),),
    ),
    Claim("bias.paired_likelihood", "stereotype_share", STEREOTYPE, pair),
    Claim("bias.paired_likelihood", "stereotype_share_paper", STEREOTYPE, pair),
    Claim("robustness.option_order", "flip_rate", ORDER_BIAS),
    Claim("robustness.option_order", "mean_accuracy", SURE * (1 - HALLUCINATION) + ORDER_BIAS / 4),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.probe}/{claim.metric}")
def test_intervals_hold_the_dialled_in_rate_as_often_as_they_claim(claim, tmp_path):
    path = tmp_path / "made.jsonl"
    path.write_text("\n".join(json.dumps(claim.row(number)) for number in range(ITEMS)))
    probe = Registry().create("probe", claim.probe, dict(claim.settings))
    cases = list(probe.cases(load(str(path)), Budget(None, 0, probe.card.needs[0])))
    dials = {"hallucination": HALLUCINATION, "stereotype": STEREOTYPE, "order_bias": ORDER_BIAS}
    held = 0
    for seed in range(RUNS):
        replies = Control(**dials, seed=seed, datasets=[str(path)]).answer([case.ask for case in cases])
        judged = [Judged(case, probe.judge(case, reply, {})) for case, reply in zip(cases, replies, strict=True)]
        name = f"{claim.probe}/{claim.metric}"
        found = next(result for result in probe.summarise(judged) if result.metric == name and not result.slice)
        assert isinstance(found, Estimate)
        held += found.interval.low <= claim.truth <= found.interval.high
    print(f"{claim.probe}/{claim.metric}: {held} of {RUNS}")
    assert 0.93 <= held / RUNS <= 0.97, f"{held} of {RUNS}"
