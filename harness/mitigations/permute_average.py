"""The same question in several orders of its options, and what the orders say together.

Averaging over orders takes away what a model gives to a place or a letter instead of to what stands there: full
permutation of Zheng et al. 2023 (arXiv 2309.03882, section 4), over the cyclic shifts of Liu et al. 2023
(arXiv 2307.06281) alone, in which every option stands once in every place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, fsum, inf, isfinite, log
from pathlib import Path

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, Steps
from harness.mitigations.layer import Layer
from harness.mitigations.permute_average_card import CARD
from harness.records import Ask, Capability, ContinuationScore, Finish, GenerateAsk, Reply, ScoreAsk, Value
from harness.seeds import derive
from harness.text.normalise import fold
from harness.text.option_lists import OptionList, find

__all__ = ["PermuteAverage"]

APART = 7_000_003
"""What is added to the seed of an ask each time that the placebo sends it again."""
HAIR = 1e-9
"""Nats, at most, by which equal options are told apart: far less than models compute to."""

CALL = re.compile(
    r"\b(?:letters?|options?|choices?|choose|pick|select|alternatives|which of (?:these|the following))\b",
    re.IGNORECASE,
)
"""Words that want one of what is listed."""
OPEN_FIELD = re.compile(r"\b(?:a|answer|output)\b(?:\s*::?|\s+-)?\s*\Z", re.IGNORECASE)
POINTING = re.compile(
    r"\b(?:the (?:above|below|former|latter)|(?:first|last|previous|next|other) options?)\b", re.IGNORECASE
)
"""Words of an option that speaks of another one by its place."""

Order = tuple[int, ...]
"""For each place, the number of the option that stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermuteAverage:
    """A question with options, asked in cyclic shifts of them; likelihoods are averaged, written choices vote.

    Attributes:
        orders: Most orders in which a question is asked, at least 1, the one it came in first; None for all shifts.
            Never more than it has options.
        permuted: False for the placebo: the order that it came in, as many times.
    """

    orders: int | None = None
    permuted: bool = True

    def __post_init__(self) -> None:
        if self.orders is not None and self.orders < 1:
            raise ValueError(f"orders is at least 1, not {self.orders}; leave it out for all")

    @property
    def card(self) -> MitigationCard:
        """What it is."""
        return CARD

    @property
    def placebo(self) -> Mapping[str, Value]:
        """As many calls, all in the order asked."""
        return {"permuted": False} if self.orders is None else {"orders": self.orders, "permuted": False}

    def material(self) -> Sequence[str]:
        """None: it shows nothing."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """Only what can neither score nor write does not fit."""
        if target.capabilities & {Capability.SCORE, Capability.GENERATE}:
            return None
        return "it works on questions with options, and this backend neither scores nor writes text"

    def details(self) -> Mapping[str, Value]:
        """Both settings."""
        return {"orders": self.orders, "permuted": self.permuted}

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` with this over it."""
        del work
        return Layer(target, self)

    def steps(self, ask: Ask) -> Steps:
        """Ask in every order at once, and put together what comes back."""
        listed = _movable(ask)
        if listed is None or self.orders == 1:
            [reply] = yield [ask]
            return reply
        orders = _shifts(len(listed.options))[: self.orders]
        shown = orders if self.permuted else [orders[0]] * len(orders)
        replies = yield [_put(ask, listed, order, again=at * (not self.permuted)) for at, order in enumerate(shown)]
        unanswered = next((reply for reply in replies if reply.finish not in (Finish.STOP, Finish.LENGTH)), None)
        if unanswered is not None:
            return unanswered
        if isinstance(ask, ScoreAsk):
            return self._averaged(ask, listed, shown, replies)
        return self._voted(listed, shown, replies)

    # ── what the orders say together ──────────────────────────────────────────────────────

    def _averaged(self, ask: ScoreAsk, listed: OptionList, orders: Sequence[Order], replies: Sequence[Reply]) -> Reply:
        """Return the mean share of each option, of the mean probability that all marks have together."""
        tables = []
        for at, (order, reply) in enumerate(zip(orders, replies, strict=True)):
            totals = _totals(reply, len(ask.continuations))
            if totals is None:
                return reply
            marks = _turned(ask.continuations, at * (not self.permuted))
            places = [_place(listed, mark) for mark in marks]
            tables.append({order[place]: total for place, total in zip(places, totals, strict=True)})
        means = _means(tables)
        if self.permuted:
            means = {number: mean - HAIR * _draw(listed.options[number]) for number, mean in means.items()}
        best = max(means, key=means.__getitem__)
        numbers = [_place(listed, mark) for mark in ask.continuations]
        greedy = any(score.greedy for score in replies[0].scores)
        scores = tuple(ContinuationScore((means[at],), (0,), greedy=greedy and at == best) for at in numbers)
        return replace(replies[0], scores=scores)

    def _voted(self, listed: OptionList, orders: Sequence[Order], replies: Sequence[Reply]) -> Reply:
        """Return the first reply that names the option most replies name, in the letters that were asked."""
        votes = [listed.choice(reply.text or "", order) for reply, order in zip(replies, orders, strict=True)]
        counts = Counter(vote for vote in votes if vote is not None)
        if not counts:
            return replies[0]
        most = max(counts.values())
        tied = [number for number, count in counts.items() if count == most]
        winner = max(tied, key=lambda number: _draw(listed.options[number])) if self.permuted else tied[0]
        at = votes.index(winner)
        return replace(replies[at], text=listed.relettered(replies[at].text or "", orders[at]))


# ── asking ────────────────────────────────────────────────────────────────────────────────


def _movable(ask: Ask) -> OptionList | None:
    """Return the options that ``ask`` lists to choose from, where their order says nothing; None for any other ask."""
    if isinstance(ask, ScoreAsk):
        listed = find(ask.context)
        places = [] if listed is None else [listed.place(mark) for mark in ask.continuations]
        if listed is None or sorted(-1 if at is None else at for at in places) != list(range(len(listed.options))):
            return None
    elif isinstance(ask, GenerateAsk):
        listed = find(ask.prompt)
        if listed is None or not _calls(listed, ask.system or ""):
            return None
    else:
        return None
    folded = {fold(option) for option in listed.options}
    return None if len(folded) < len(listed.options) or _points(listed) else listed


def _calls(listed: OptionList, system: str) -> bool:
    """Say whether the prompt wants one of what it lists: steps or sources may be listed as well."""
    question = listed.before.rstrip().rpartition("\n\n")[2]
    said = f"{system}\n{question}\n{listed.after}"
    return bool(CALL.search(said)) or bool(OPEN_FIELD.search(listed.after))


def _points(listed: OptionList) -> bool:
    """Say whether an option or the question speaks of another option, by place or by mark."""
    mark = f"(?:{'|'.join(listed.names)})"
    pairs = re.compile(rf"\b{mark}\b[)\]]?\s*(?:,|/|&|\band\b|\bor\b|\bnor\b)\s*[(\[]?{mark}\b")
    named = re.compile(rf"\b(?:[Oo]ption|[Cc]hoice)s?\s+[(\[]?{mark}\b")
    question = listed.before.rstrip().rpartition("\n\n")[2]
    return any(POINTING.search(option) or pairs.search(option) for option in listed.options) or any(
        named.search(text) for text in (question, *listed.options, listed.after)
    )


def _shifts(count: int) -> list[Order]:
    """Return all cyclic shifts, the unshifted order first."""
    return [tuple((place + shift) % count for place in range(count)) for shift in range(count)]


def _put(ask: Ask, listed: OptionList, order: Order, *, again: int) -> Ask:
    """Return ``ask`` in another order; or, for the ``again``-th time, what costs as much and asks the same."""
    if isinstance(ask, ScoreAsk):
        return replace(ask, context=listed.text(order), continuations=_turned(ask.continuations, again))
    if isinstance(ask, GenerateAsk):
        return replace(ask, prompt=listed.text(order), seed=ask.seed + APART * again)
    return ask


def _turned(marks: tuple[str, ...], by: int) -> tuple[str, ...]:
    """Return ``marks``, each of which is scored by itself, from another one on: the same asked twice is asked once."""
    return marks[by:] + marks[:by]


# ── reading ───────────────────────────────────────────────────────────────────────────────


def _place(listed: OptionList, mark: str) -> int:
    place = listed.place(mark)
    if place is None:
        raise ValueError(f"{mark!r} names none of the options")
    return place


def _totals(reply: Reply, count: int) -> list[float] | None:
    """Return the log-probability of each continuation; None where the reply does not hold them."""
    totals = [fsum(score.logprobs) for score in reply.scores if score.logprobs]
    return totals if len(totals) == count and all(isfinite(one) and one <= 0 for one in totals) else None


def _means(tables: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Return the logarithm of the mean share of each option, plus that of the mean of what they share.

    Each order has an equal say in how the options share; so a model that goes by the mark alone leaves them equal, to
    the last bit, since `math.fsum` rounds once, whatever the order.

    Args:
        tables: Log-probabilities by option, one table for each order.
    """
    masses = [_log_sum(list(table.values())) for table in tables]
    together = _log_mean(masses)
    shares = {
        number: [table[number] - mass for table, mass in zip(tables, masses, strict=True)] for number in tables[0]
    }
    return {number: together + _log_mean(its) for number, its in shares.items()}


def _log_mean(values: Sequence[float]) -> float:
    """Return the logarithm of the mean of exponentials of values of at most 0."""
    return min(0.0, _log_sum(values) - log(len(values)))


def _log_sum(values: Sequence[float]) -> float:
    """Return the logarithm of the sum of exponentials."""
    top = max(values)
    return -inf if top == -inf else top + log(fsum(exp(value - top) for value in values))


def _draw(text: str) -> float:
    """Return a number in [0, 1) that stands for an option's text, wherever it is shown."""
    return derive(0, f"option/{fold(text)!a}") / 2**63
