from __future__ import annotations

import pytest

from harness.forecast import cost, total_cost
from harness.records import DrawAsk, GenerateAsk, LossAsk, RecordAsk, ScoreAsk


def test_an_image_costs_more_than_a_loss_and_a_loss_more_than_a_look():
    assert cost(DrawAsk(0)) > cost(LossAsk("a")) > cost(RecordAsk("a")) > 0


def test_what_a_prompt_says_does_not_change_what_its_image_costs():
    assert cost(DrawAsk(0, prompt="a cat")) == cost(DrawAsk(1, label=3))


def test_costs_of_different_asks_add_up():
    asks = [DrawAsk(0), LossAsk("a"), ScoreAsk("context", ("one", "two")), GenerateAsk("p", max_tokens=3)]
    assert total_cost(asks) == pytest.approx(sum(map(cost, asks)))
