"""What a design looks for among the effects: its goals, and everything beside them."""

from __future__ import annotations

from harness.config.schema import Goal
from harness.stats.multiplicity import holm
from harness.study.design import WATCHED, Design
from harness.study.records import Compared, Effect

__all__ = ["ALPHA", "is_goal", "of_goal", "side_effects"]

ALPHA = 0.05


def is_goal(effect: Effect, goal: Goal) -> bool:
    """Whether ``effect`` is over all items, and on the metric and a data set of ``goal``."""
    return effect.metric == goal.metric and not effect.slice and goal.dataset in (None, effect.cell.partition("@")[2])


def of_goal(compared: Compared, goal: Goal) -> list[Effect]:
    """Overall effects on the metric of ``goal``, on each data set that it speaks of."""
    return [effect for effect in compared.effects if is_goal(effect, goal)]


def side_effects(compared: Compared, design: Design) -> list[tuple[Effect, float]]:
    """Everything beside the goals that could get worse, each with its Holm-adjusted p-value that it did.

    Metrics with a direction count where they got worse, lengths where they changed. Tokens are the price of it all, and
    what else a utility's probe reports has its price in the margin already.
    """
    goals = {goal.metric for goal in (*design.risk, *design.utility)}
    priced = {goal.metric.rpartition("/")[0] for goal in design.utility} - {WATCHED}
    looked = [
        (effect, p)
        for effect in compared.effects
        if effect.metric != "panel/tokens" and effect.metric.rpartition("/")[0] not in priced
        if effect.slice or effect.metric not in goals
        for p in [effect.p_loss if effect.gain is not None else effect.p_change]
        if p is not None
    ]
    return [(effect, p) for (effect, _), p in zip(looked, holm([p for _, p in looked]), strict=True)] if looked else []
