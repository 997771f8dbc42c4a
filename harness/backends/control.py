"""A scripted generator whose flaws are dialled in, so that probes can be held to the truth about it.

It writes, scores and draws; what it draws is in `harness.backends.control_painter`, what it recites in
`harness.backends.control_library`, and how its losses give its training away in `harness.backends.control_memory`.

It sees asks and nothing else, as any model does. It knows some data sets by heart, finds in a prompt the question
and the options that are shown, and decides once per question whether it errs, so that its flaws are the same to
every probe. Each decision is an independent toss at the rate that is set; the same seed tosses alike.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from harness.backends.control_knowledge import Knowledge, learned
from harness.backends.control_leaks import LEAKS, Leaky, given_away
from harness.backends.control_library import Library
from harness.backends.control_marks import MARKING, Marked, strung
from harness.backends.control_painter import Painter
from harness.backends.control_partiality import PARTIAL, Partial, served
from harness.backends.control_reading import Prompt, listed, read
from harness.backends.control_replies import count, read_tokens, safe, scores_of, within_limits
from harness.backends.control_stereotypes import OF_STEREOTYPES, TYPECAST, Typecast, told, weighed
from harness.backends.control_sway import Swayed
from harness.backends.control_writer import DIALS, Writer
from harness.canonical import digest, to_json
from harness.contracts import Dataset, Identity
from harness.data import load
from harness.records import (
    Ask,
    Capability,
    DrawAsk,
    Finish,
    GenerateAsk,
    LossAsk,
    RecordAsk,
    Reply,
    ScoreAsk,
    Usage,
)
from harness.seeds import derive
from harness.text.normalise import fold

__all__ = ["Control"]

VERSION = "4"
"""Part of the identity: changes whenever a reply could."""

PAINTED = ("red", "copying", "heedless", "entangled", "jumpy", "marks")
BELIEFS = ("hallucination", "stereotype", "order_bias", "refusal", "empty", "verbatim")
RATES = (*BELIEFS, *DIALS, *TYPECAST, *LEAKS, *PAINTED, *MARKING, *PARTIAL)
KNOWN = (
    "facts_mc",
    "minimal_pairs",
    "false_premises",
    "wordings",
    "passages",
    "distractions",
    "lookalike_requests",
    "works",
    "code_requests",
    "group_questions",
    *OF_STEREOTYPES,
)
"""Sets that it knows by heart unless told otherwise."""
TRAINED_ON = ("pictures", "text")
REMEMBERED = ("leak", "retention", "references")
ASKED_BY = ("label", "prompt", "nothing")

FORMS = ("{letter}", "({letter})", "{letter}. {option}", "The answer is {letter}.")
"""How it words the choice of a letter."""


@dataclass(kw_only=True)
class Control(Swayed, Typecast, Leaky, Marked, Partial):
    """A model with known faults; needs no weights and no network.

    Attributes:
        hallucination: Share of questions whose most tempting falsehood it believes, in [0, 1].
        stereotype: Probability of preferring the stereotyped sentence of a pair; one half in neutral pairs.
        order_bias: Share of questions in which it picks whatever option is shown first.
        refusal: Share of asks that a content filter answers in its place.
        empty: Share of asks for text that it answers with nothing.
        credulity: Share of questions with a falsehood in them whose falsehood it takes for granted.
        fabrication: Share of questions that a passage does not answer to which it makes an answer up.
        fickleness: Share of other wordings of a known question that make it answer otherwise.
        wavering: Share of the falsehoods it believes that come out differently in each sample at temperatures above 0.
        obedience: Share of instructions hidden in a text that it follows.
        squeamishness: Share of requests that only look dangerous which it refuses in words.
        invention: Share of requests for a source, or for a package, that it answers with one that does not exist.
        overconfidence: Share of its errors of which it states that it is sure, and of which its likelihoods of listed
            options show no doubt.
        red: Share of red among images of which no colour is asked; the other two colours share the rest.
        copying: Share of images that are copies of a training image.
        heedless: Share of prompts and labels of images that it does not follow.
        entangled: Share of squares that it draws red, whatever colour is asked for.
        jumpy: Share of images that any jitter turns into others; the rest it turns as often as the jitter is strong.
        marks: Share of images that carry a spread-spectrum watermark with the public test key.
        asked_by: How images are to be asked for: ``label``, ``prompt``, or ``nothing``. Told to probes; it takes any.
        trained_on: ``pictures`` of coloured shapes, or ``text``: short passages. On text it draws nothing.
        leak: By how many standard deviations the losses of what it was trained on lie lower than of what it was not.
        retention: By how many each doubling of a canary's repeats, from one, lowers its loss.
        verbatim: Share of its training passages that it recites, and the more often the more often they are repeated.
        references: How many reference models its losses are told beside: alike, with coins of their own.
        seed: Of all its decisions.
        delay_s: Seconds that each ask takes, for trying out interruption.
        pace: Tokens that it says it writes, or else reads, in a second, on average; at 0 it does not say.
        datasets: Names of the data sets it knows, in the layouts of those that it knows by default.
        batch_tokens: Most tokens in one batch.
    """

    hallucination: float = 0.3
    stereotype: float = 0.7
    order_bias: float = 0.2
    refusal: float = 0.0
    empty: float = 0.0
    credulity: float = 0.4
    fabrication: float = 0.3
    fickleness: float = 0.0
    wavering: float = 0.5
    obedience: float = 0.2
    squeamishness: float = 0.1
    overconfidence: float = 0.5
    invention: float = 0.3
    red: float = 0.6
    copying: float = 0.1
    heedless: float = 0.1
    entangled: float = 0.0
    jumpy: float = 0.0
    marks: float = 0.0
    trained_on: str = "pictures"
    leak: float = 1.0
    retention: float = 0.5
    verbatim: float = 0.1
    references: int = 0
    asked_by: str = "label"
    seed: int = 0
    delay_s: float = 0.0
    pace: float = 0.0
    datasets: Sequence[str] = KNOWN
    batch_tokens: int = 4096

    def __post_init__(self) -> None:
        for name in RATES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share in 0 to 1, not {getattr(self, name)}")
        if self.asked_by not in ASKED_BY:
            raise ValueError(f"asked_by is one of {', '.join(ASKED_BY)}, not {self.asked_by!r}")
        if self.trained_on not in TRAINED_ON:
            raise ValueError(f"trained_on is one of {', '.join(TRAINED_ON)}, not {self.trained_on!r}")
        if min(self.delay_s, self.pace, self.references) < 0 or self.batch_tokens < 1:
            raise ValueError("delay_s, pace and references are at least 0, batch_tokens at least 1")
        if not (isfinite(self.leak) and isfinite(self.retention)):
            raise ValueError("leak and retention are finite")

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All there are; but for drawing, where it was trained on text."""
        drawing = {Capability.DRAW, Capability.TEXT_TO_IMAGE}
        return frozenset(Capability) - (drawing if self.trained_on == "text" else set())

    def identity(self) -> Identity:
        """Name the settings and the data sets it knows; how fast it answers is no part of it."""
        names = (*RATES, *REMEMBERED, "trained_on", "asked_by", "pace", "seed")
        settings = {name: to_json(getattr(self, name)) for name in names}
        known = {data.name: str(data.digest) for data in self._sets}
        details = to_json({"version": VERSION, "settings": settings, "datasets": known})
        return Identity("control", "scripted control", digest(details), details if isinstance(details, dict) else {})

    def length(self, ask: Ask) -> int:
        """Words of the ask, continuations included."""
        if isinstance(ask, GenerateAsk):
            return count(ask.prompt) + ask.max_tokens
        return read_tokens(ask) if isinstance(ask, ScoreAsk) else 1

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """Answer every ask by the script."""
        self._painter.shelf.clear()
        replies = []
        for ask in asks:
            if self.delay_s:
                time.sleep(self.delay_s)
            replies.append(self._timed(ask))
        return replies

    def media(self, name: str) -> bytes:
        """An image that a reply to the last asks named.

        Raises:
            KeyError: none of them did.
        """
        return self._painter.shelf.media(name)

    def training_data(self) -> Dataset:
        """The coloured shapes, or the passages, that it was, and was not, trained on."""
        return self._trained.training_data()

    def members(self) -> tuple[Sequence[str], NDArray[np.uint8]]:
        """Names and images of those it was trained on.

        Raises:
            ModelError: it was trained on text.
        """
        return self._trained.records.members()

    def close(self) -> None:
        """Nothing to let go of."""

    # ── the script ────────────────────────────────────────────────────────────────────────

    @cached_property
    def _sets(self) -> Sequence[Dataset]:
        return [load(name) for name in self.datasets]

    @cached_property
    def _knowledge(self) -> Knowledge:
        return learned(self._sets)

    @cached_property
    def _writer(self) -> Writer:
        dials = {name: getattr(self, name) for name in ("hallucination", "stereotype", *DIALS)}
        return Writer(self._knowledge, self._happens, self._draw, **dials)

    @cached_property
    def _painter(self) -> Painter:
        asked_by = None if self.asked_by == "nothing" else self.asked_by
        dials = {name: getattr(self, name) for name in (*PAINTED, *REMEMBERED)}
        return Painter(**dials, asked_by=asked_by, seed=self.seed)

    @cached_property
    def _library(self) -> Library | None:
        """Its passages; None where it was trained on pictures."""
        if self.trained_on != "text":
            return None
        dials = {name: getattr(self, name) for name in REMEMBERED}
        return Library(**dials, verbatim=self.verbatim, seed=self.seed)

    @property
    def _trained(self) -> Painter | Library:
        return self._library or self._painter

    def _happens(self, rate: float, what: str) -> bool:
        """Toss for ``what``: always the same result for the same seed."""
        return rate > 0 and self._draw(what) < rate * 2**63

    def _draw(self, what: str) -> int:
        """A number below 2**63 for ``what``."""
        return derive(self.seed, safe(what))

    def _timed(self, ask: Ask) -> Reply:
        """Answer, and say how long that took: from a half to one and a half times what its pace would make it."""
        reply = self._answer(ask)
        tokens = reply.usage.output_tokens or reply.usage.prompt_tokens
        share = 0.5 + self._draw(f"pace/{digest(ask)}") / 2**63
        return replace(reply, seconds=tokens / self.pace * share) if self.pace else reply

    def _answer(self, ask: Ask) -> Reply:
        if isinstance(ask, LossAsk | RecordAsk):
            return self._trained.answer(ask)
        key = _key(ask)
        if self._happens(self.refusal, f"refusal/{key}"):
            return Reply(Finish.REFUSED)
        if isinstance(ask, DrawAsk):
            return self._draws(ask)
        if self._happens(self.empty, f"empty/{key}"):
            return Reply(Finish.STOP, text="" if isinstance(ask, GenerateAsk) else None)
        return self._generate(ask) if isinstance(ask, GenerateAsk) else self._score(ask)

    def _draws(self, ask: DrawAsk) -> Reply:
        if self._library is not None:
            return Reply(Finish.FAILED, error="the model was trained on text, and draws no images")
        return self._painter.answer(ask)

    def _score(self, ask: ScoreAsk) -> Reply:
        scores = self._library.scores(ask.context, ask.continuations) if self._library else None
        scores = scores or weighed(ask, self._knowledge.stereotypes, self, self._happens)
        if scores is None:
            prompt, _ = listed(ask.context, ask.continuations)
            sure = not prompt.options or self._writer.sure(prompt)
            scores = scores_of(ask.continuations, self._likeliest(ask), sure=sure)
        return Reply(Finish.STOP, scores=scores, usage=Usage(prompt_tokens=read_tokens(ask)))

    def _likeliest(self, ask: ScoreAsk) -> int:
        """Return the place of the continuation it prefers."""
        pair = self._knowledge.pair(ask.continuations)
        if pair is not None:
            rate = 0.5 if pair.neutral else self.stereotype
            wanted = pair.more if self._happens(rate, f"pair/{pair.more}/{pair.less}") else pair.less
            return [text.strip() for text in ask.continuations].index(wanted)
        prompt, named = listed(ask.context, ask.continuations)
        if named:
            # The first option is the one that stands first in the prompt, in whatever order its marks are scored.
            places = sorted(named)
            return named.index(places[self._pick(prompt, [prompt.options[at] for at in places], shown=True)])
        return self._pick(prompt, ask.continuations, shown=False)

    def _pick(self, prompt: Prompt, options: Sequence[str], *, shown: bool) -> int:
        """Return the place of the option it holds to be true; where it sees the list, it may just take the first."""
        fact, _ = self._writer.found(prompt)
        question = fact.question if fact else "\n".join(prompt.lines)
        if shown and self._happens(self.order_bias, f"order/{question}"):
            return 0
        folded = [fold(option) for option in options]
        for belief in self._writer.beliefs(prompt):
            if fold(belief) in folded:
                return folded.index(fold(belief))
        # What it does not know it guesses, by the texts alone: their order must not matter.
        scene = "/".join((question, *sorted(folded)))
        return max(range(len(folded)), key=lambda at: self._draw(f"guess/{scene}/{folded[at]}"))

    def _generate(self, ask: GenerateAsk) -> Reply:
        prompt = read(ask.prompt)
        text = self._library.continued(ask.prompt) if self._library else None
        text = served(ask, self, self._happens) if text is None else text
        if text is None and prompt.options:
            place = self._pick(prompt, prompt.options, shown=True)
            form = FORMS[self._draw(f"form/{ask.prompt}") % len(FORMS)]
            text = form.format(letter=chr(ord("A") + place), option=prompt.options[place])
            text = self._writer.with_confidence(ask, prompt, text)
        elif text is None:
            text = told(ask.prompt, self._knowledge.stereotypes, self, self._happens) or self._writer.write(ask)
        text = given_away(ask, text, self, self._happens, self._library)
        return within_limits(ask, strung(ask, text, self, self._happens))


def _key(ask: GenerateAsk | ScoreAsk | DrawAsk) -> str:
    """What names an ask when a filter refuses it."""
    if isinstance(ask, DrawAsk):
        return f"{ask.seed}/{ask.label}/{ask.prompt}"
    return "\n".join((ask.context, *ask.continuations)) if isinstance(ask, ScoreAsk) else ask.prompt
