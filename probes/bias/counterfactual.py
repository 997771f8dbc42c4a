"""Does the model answer the same request otherwise when the person in it belongs to another group?

A request is made once for each group, with articles, pronouns and verbs that fit, and once more for each from another
random stream: how two replies to the very same prompt differ is the floor, beyond which differences between groups
count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from harness.contracts import Budget, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Arm,
    Case,
    Estimate,
    GenerateAsk,
    Judged,
    Outcome,
    Reading,
    Reply,
    Score,
)
from harness.seeds import rng
from harness.stats.entropy import groups
from harness.text.equivalence import asserts
from probes.bias.counterfactual_card import ANSWER, CARD, MEASURES, REFUSED, SENTIMENT, TOXICITY, WITH_SENTIMENT
from probes.bias.counterfactual_key import CONTROLS, Key
from probes.bias.counterfactual_summary import told_of
from probes.bias.swapped_requests import SwappedRequest, swapped_requests
from probes.expected import pack, unpack
from probes.meaning import EQUIVALENCE, REFUSAL, check_meaning, same_answer, told
from probes.replies import read_text
from probes.sampling import chosen

__all__ = ["Counterfactual"]

TOXIC, TONE = "toxicity.lexical", "sentiment"
"""Names of instruments."""
VALUES = {REFUSAL: "refuses", TOXIC: "toxicity", TONE: "compound"}
"""Instrument that reads a reply by itself → the value of its reading that is kept."""
NAMED = {REFUSAL: REFUSED.compared, TOXIC: TOXICITY.compared, TONE: SENTIMENT.compared}
"""Instrument → what that value is called in a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """Everyday requests about a person, made once for each group and once more for each.

    Attributes:
        temperature: Of the replies. At 1 they are drawn as the model has them, so that what asking twice changes can
            be taken off what another group changes; at 0 asking twice changes nothing, and every change of words,
            harmless or not, counts.
        sentiment: Whether VADER reads the replies too; it comes with ``pip install 'rai-harness[sentiment]'``.
        by: Instrument that says whether two answers say the same: equivalence, entailment or judge.
        max_tokens: Most tokens of a reply, at least 16.
    """

    temperature: float = 1.0
    sentiment: bool = False
    by: str = EQUIVALENCE
    max_tokens: int = 64

    def __post_init__(self) -> None:
        if self.max_tokens < 16 or not self.temperature >= 0:
            raise ValueError("max_tokens is at least 16 and temperature at least 0")
        check_meaning(self.by)

    @property
    def card(self) -> ProbeCard:
        """What it is, with sentiment where that is asked for."""
        return WITH_SENTIMENT if self.sentiment else CARD

    @property
    def controls(self) -> Controls:
        """Who refuses at random, who refuses half of the groups, who never says the same twice, and who echoes."""
        return CONTROLS

    @property
    def instruments(self) -> Sequence[str]:
        """Who tells refusals, toxicity and meaning, and sentiment where that is asked for."""
        return (REFUSAL, TOXIC, self.by, *((TONE,) if self.sentiment else ()))

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each request for every group, with words drawn for it, and each of these prompts once more."""
        for request in chosen(swapped_requests(data), budget):
            place = rng(budget.seed, f"word/{request.id}").randrange(request.places)
            prompts = request.prompts(place)
            for number in range(len(prompts)):
                yield self._case(request, prompts, number, again=False)
                yield self._case(request, prompts, number, again=True)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the reply be read by itself."""
        del case
        text = read_text(reply)
        return [] if isinstance(text, Score) else [Reading(name, text) for name in self._alone]

    def compared(self, cases: Sequence[Case], replies: Sequence[Reply]) -> Iterable[Reading]:
        """Let every answer to a question be held against the right one, and against every other."""
        keys = [unpack(Key, case) for case in cases]
        yield from self._pairs(keys, _answers(keys, replies)).values()

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Judge the reply by itself."""
        return self.judge_together([case], [reply], readings)[0]

    def judge_together(self, cases: Sequence[Case], replies: Sequence[Reply], readings: Readings) -> Sequence[Score]:
        """Note of each reply what was read of it; of answers, whether they are right and which say the same."""
        keys = [unpack(Key, case) for case in cases]
        meanings = self._meanings(keys, _answers(keys, replies), readings)
        return [
            self._score(key, reply, readings, meanings.get(at))
            for at, (key, reply) in enumerate(zip(keys, replies, strict=True))
        ]

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report for each measure the gap, the floor, the farthest effect and its p-value, by attribute and group."""
        asked = [one for one in scores if unpack(Key, one.case).answers]
        for measure in MEASURES:
            if measure is ANSWER:
                yield from told_of(replace(measure, instrument=self.by), asked)
            elif measure is not SENTIMENT or self.sentiment:
                yield from told_of(measure, scores)

    # ── steps ─────────────────────────────────────────────────────────────────────────────

    @property
    def _alone(self) -> Sequence[str]:
        """Instruments that read a reply by itself."""
        return tuple(name for name in self.instruments if name != self.by)

    def _case(self, request: SwappedRequest, prompts: Mapping[str, str], number: int, *, again: bool) -> Case:
        group = list(prompts)[number]
        asked = " ".join(prompts.values()) if request.answers else ""
        return Case(
            id=f"{request.id}/{group}/{'again' if again else 'once'}",
            # Every reply has a stream of its own: groups that shared one would be more alike than the floor.
            ask=GenerateAsk(
                prompts[group],
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                seed=2 * number + again,
            ),
            expected=pack(Key(number, len(prompts), asked, request.answers, request.false)),
            groups={"attribute": request.attribute, "group": group, **({"kind": request.kind} if request.kind else {})},
            cluster=request.id,
            arm=Arm.CONTROL if again else Arm.MAIN,
            wording=prompts[group],
        )

    def _pairs(self, keys: Sequence[Key], texts: Mapping[int, str]) -> Mapping[tuple[int, int], Reading]:
        """Return what is read of two answers beside each other, by their places; the right one is behind the last."""
        held = {at: (text, keys[at]) for at, text in texts.items()}
        found = {
            (at, len(keys)): same_answer(self.by, key.asked, text, key.answers[0], key.answers)
            for at, (text, key) in held.items()
        }
        for one, other in combinations(held, 2):
            text, key = held[one]
            found[one, other] = same_answer(self.by, key.asked, text, texts[other], key.answers)
        return found

    def _meanings(self, keys: Sequence[Key], texts: Mapping[int, str], readings: Readings) -> Mapping[int, int]:
        """Number the meanings of answers, by place; without those that were not read beside all others."""
        found = {pair: told(readings, reading, "entails") for pair, reading in self._pairs(keys, texts).items()}
        unread = {at for pair, same in found.items() if same is None for at in pair}
        # What holds the right answer says the same as the right answer, whatever the instrument makes of it.
        right = [(at, len(keys)) for at, text in texts.items() if _holds(text, keys[at])]
        numbers = groups(len(keys) + 1, [*right, *(pair for pair, same in found.items() if same)])
        return {at: numbers[at] for at in texts if at not in unread}

    def _score(self, key: Key, reply: Reply, readings: Readings, meaning: int | None) -> Score:
        text = read_text(reply)
        if isinstance(text, Score):
            return text
        read = {name: readings.get(Reading(name, text), {}).get(VALUES[name]) for name in self._alone}
        if key.answers:
            read[self.by] = None if meaning is None else float(meaning)
        found = {name: value for name, value in read.items() if value is not None}
        if len(found) < len(read):
            unread = ", ".join(name for name, value in read.items() if value is None)
            return Score(Outcome.UNREADABLE, note=f"{unread} did not read the reply")
        values = {NAMED.get(name, "meaning"): value for name, value in found.items()}
        values["words"] = float(len(text.split()))
        return Score(Outcome.SCORED, {**values, **({"right": float(_holds(text, key))} if key.answers else {})})


def _answers(keys: Sequence[Key], replies: Sequence[Reply]) -> Mapping[int, str]:
    """Return the replies to questions that can be read, by place."""
    read = {at: read_text(reply) for at, (key, reply) in enumerate(zip(keys, replies, strict=True)) if key.answers}
    return {at: text for at, text in read.items() if isinstance(text, str)}


def _holds(text: str, key: Key) -> bool:
    return any(asserts(text, form) for form in key.answers)
