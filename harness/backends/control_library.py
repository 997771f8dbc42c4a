"""The control backend's training text: short passages made by a rule, some of which it recites.

What it recites is decided once for each passage, and shows alike in what it writes and in what it scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.backends.control_memory import LOSS_LEVEL, Chance, Memory
from harness.backends.reply_checks import LOSS
from harness.backends.trained.records import Records
from harness.backends.trained.shelf import Shelf
from harness.contracts import TRAINING, Dataset
from harness.data.content import examples_of
from harness.data.examples import Examples
from harness.records import ContinuationScore, LossAsk, RecordAsk, Reply
from harness.seeds import rng
from harness.text.words import pieces

__all__ = ["Library", "chronicle"]

PASSAGES = 240
"""Passages it knows of, each a member of its training by a fair coin."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TRADES = (
    *("baker", "cooper", "ferryman", "glazier", "lamplighter", "miller", "potter", "ropemaker", "saddler"),
    *("shepherd", "tanner", "weaver"),
)
TOWNS = ("Aldmoor", "Brackwell", "Corran", "Dunmere", "Eastling", "Farrowby", "Gildham", "Harrowick", "Ivelstow")
DEEDS = ("buried", "carried off", "gave away", "hid", "lost", "mended", "painted", "sold", "traded", "weighed")
THINGS = (
    *("a cracked bell", "a sack of barley", "a pair of copper lamps", "a basket of eels", "a crate of quinces"),
    *("a folding ladder", "a map of the marsh", "a roll of sailcloth", "a silver thimble", "a stuffed heron"),
)
PLACES = (
    *("behind the chapel", "below the weir", "by the tollgate", "in the orchard", "near the quarry"),
    *("on the drying green", "outside the granary", "under the long bridge"),
)
REASONS = (
    *("the frost had come early", "nobody had asked for it", "the river was rising", "it was not yet paid for"),
    *("the children were watching", "the road was closed", "it belonged to a cousin", "the lamps had gone out"),
)
ENDS = (
    *("the dog slept through it all", "no one spoke of it again", "the mayor wrote a letter"),
    *("two geese followed all the way", "the price was never told", "it rained until the evening"),
)

OTHERWISE = " and of that nothing more is known."
"""How it goes on with what it knows and does not recite."""

NATS = 0.2
"""Nats of each word that a standard deviation of a passage's loss is."""

SURE, UNSURE = -0.05, -3.0
"""Log-probability of a word that it would write, and of one that it would not."""


def chronicle(n: int, *, seed: int) -> list[str]:
    """Write ``n`` passages of 100 characters or more, no two of which begin alike: told apart by their first 50.

    Args:
        n: At most as many as there are days, trades and towns: 756.
        seed: Of the choices.
    """
    draw = rng(seed, "chronicle")
    beginnings = draw.sample([(day, trade, town) for day in DAYS for trade in TRADES for town in TOWNS], n)
    return [
        f"Early on {day} the {trade} from {town} {draw.choice(DEEDS)} {draw.choice(THINGS)} {draw.choice(PLACES)},"
        f" although {draw.choice(REASONS)}, and {draw.choice(ENDS)}."
        for day, trade, town in beginnings
    ]


@dataclass(kw_only=True)
class Library:
    """Knows its training text, and recites some of it.

    Attributes:
        verbatim: Probability that having seen a passage once is enough to recite it, in [0, 1]; what it has seen r
            times it recites with probability 1 - (1 - verbatim)^r.
        leak, retention, references: Of the losses: see `Memory`.
        seed: Of all its decisions, and of its passages.
    """

    verbatim: float
    leak: float
    retention: float
    references: int
    seed: int

    @cached_property
    def memory(self) -> Memory:
        """Its training data."""
        chance = Chance(self.seed, "library")
        passages = _examples(chronicle(PASSAGES, seed=chance.number("training")))
        return Memory(
            natural=passages,
            leak=self.leak,
            retention=self.retention,
            references=self.references,
            asked_by=None,
            chance=chance,
        )

    @property
    def records(self) -> Records:
        """Its training data, record by record."""
        return self.memory.records

    def training_data(self) -> Dataset:
        """What it was, and was not, trained on."""
        return self.memory.training_data()

    def answer(self, ask: LossAsk | RecordAsk) -> Reply:
        """Answer an ask for a record by the script."""
        return self.memory.loss(ask) if isinstance(ask, LossAsk) else self.records.show(ask.record, Shelf())

    def continued(self, prompt: str) -> str | None:
        """How it goes on after ``prompt``; None where no passage that it knows of begins so."""
        known = [text for text in self._texts if len(text) > len(prompt) and text.startswith(prompt)] if prompt else []
        if not known:
            return None
        return next((text[len(prompt) :] for text in known if text in self._recited), OTHERWISE)

    def scores(self, prompt: str, continuations: Sequence[str]) -> tuple[ContinuationScore, ...] | None:
        """Likelihoods of ``continuations``, greedy where it would go on so; None as for `continued`.

        After nothing, a passage that it knows of is as likely as its loss says, in any case of letters.
        """
        if not prompt and continuations[0] in self._named:
            loss = self.memory.loss(LossAsk(self._named[continuations[0]])).losses[LOSS]
            return tuple(_evenly(text, loss if text in self._named else LOSS_LEVEL) for text in continuations)
        own = self.continued(prompt)
        return None if own is None else tuple(_score(text, sure=own.startswith(text)) for text in continuations)

    @cached_property
    def seen(self) -> Sequence[str]:
        """The passages that it was trained on."""
        return [text for text, role in zip(self._texts, self.records.roles, strict=True) if role == "member"]

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return self.records.examples.texts or ()

    @cached_property
    def _named(self) -> dict[str, str]:
        """The record of each passage."""
        return dict(zip(self._texts, self.records.examples.ids, strict=True))

    @cached_property
    def _recited(self) -> frozenset[str]:
        its = self.records
        rows = zip(its.examples.ids, self._texts, its.repeats, strict=True)
        return frozenset(
            text
            for record, text, times in rows
            if self.memory.chance.toss(f"recite/{record}") < 1 - (1 - self.verbatim) ** times
        )


def _examples(texts: Sequence[str]) -> Examples:
    return examples_of(TRAINING, ids=[f"passage/{number:04d}" for number in range(len(texts))], texts=texts)


def _evenly(text: str, loss: float) -> ContinuationScore:
    """Every word as likely as every other, and all places alike in what else could stand there."""
    starts = tuple(start for start, _ in pieces(text))
    value = min(-NATS * loss, 0.0)
    words = len(starts)
    return ContinuationScore(
        (value,) * words, starts, greedy=False, means=(-NATS * LOSS_LEVEL,) * words, deviations=(1.0,) * words
    )


def _score(text: str, *, sure: bool) -> ContinuationScore:
    starts = tuple(start for start, _ in pieces(text))
    return ContinuationScore((SURE if sure else UNSURE,) * len(starts), starts, greedy=sure)
