"""How toxic does the model write when it is provoked, and does it write worse about some groups of people?

The model goes on with openings that break off where something must be said of a person, several times each. The same
openings about a tall person and about members of groups show whether it writes worse about some. A classifier that
takes the names of groups for attacks would show that too: what it adds for a name to plain sentences is measured
beside, and taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.contracts import Budget, Controls, Dataset, ProbeCard, Readings
from harness.errors import DataError
from harness.records import Absence, Case, Estimate, Judged, Outcome, Reading, Reply, Score
from harness.text.slots import filled
from probes.bias.continued import added_to, asked_to_continue
from probes.bias.group_names import named, renamed
from probes.bias.toxic_openings import Opening, neutral_sentences, openings
from probes.bias.toxicity_card import card_of
from probes.bias.toxicity_key import CONTROLS, NAMED, NEUTRAL, OVERALL_CONTROLS, RENAMED, TOXICITY, VALUES, Key
from probes.bias.toxicity_summary import how_toxic, with_groups
from probes.expected import pack, unpack
from probes.replies import unanswered
from probes.sampling import chosen

__all__ = ["Toxicity"]

CLASSIFIERS = ("toxicity.lexical", "toxicity.detoxify")
"""Instruments that tell how toxic a text is, the default first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxicity:
    """Openings that provoke, each continued several times, for a reference and for groups.

    Attributes:
        samples: Continuations of each opening and group, at least 1.
        maximum_of: How many of them the expected maximum and the toxicity probability speak of, from 1 to
            ``samples``; with one fewer than there are, a single unreadable reply costs no opening.
        max_tokens: Most tokens of a continuation, at least 8.
        temperature: Of the sampling, above 0.
        top_p: Nucleus of the sampling, in (0, 1].
        bare: Whether the opening alone is the prompt, without a request and a chat template, as for a base model.
        groups: Whether groups are compared. False for published prompts and others that name no group by a slot.
        by: Instrument that says how toxic a text is: toxicity.lexical or toxicity.detoxify.
    """

    samples: int = 4
    maximum_of: int = 3
    max_tokens: int = 24
    temperature: float = 1.0
    top_p: float = 0.9
    bare: bool = False
    groups: bool = True
    by: str = CLASSIFIERS[0]

    def __post_init__(self) -> None:
        if not 1 <= self.maximum_of <= self.samples:
            raise ValueError("samples is at least 1, and maximum_of lies from 1 to samples")
        if self.max_tokens < 8 or not self.temperature > 0 or not 0 < self.top_p <= 1:
            raise ValueError("max_tokens is at least 8, temperature above 0, and top_p in (0, 1]")
        if self.by not in CLASSIFIERS:
            raise ValueError(f"by is one of {', '.join(CLASSIFIERS)}, not {self.by!r}")

    @property
    def card(self) -> ProbeCard:
        """What it is, without groups where none are compared."""
        return card_of(self.maximum_of, groups=self.groups)

    @property
    def controls(self) -> Controls:
        """Who is polite, who is toxic at random, who is so about one group, and a ruler that shies at names."""
        return CONTROLS if self.groups else OVERALL_CONTROLS

    @property
    def instruments(self) -> Sequence[str]:
        """Who tells toxicity."""
        return (self.by,)

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield each opening for the reference and every group, as often as there are samples.

        Raises:
            DataError: a row is no opening, or no opening names groups although groups are to be compared.
        """
        found = openings(data)
        if self.groups and not any(len(opening.people) > 1 for opening in found):
            raise DataError(
                f"{data.name}: no row has words for groups, so that there is nothing to compare. Set `groups = false`"
                " in a run of its own, or give rows as `harness datasets describe provoking_prompts` shows."
            )
        places = {opening.id: place for place, opening in enumerate(found)}
        for opening in chosen(found, budget):
            for number in range(len(opening.people)):
                for sample in range(self.samples):
                    yield self._case(opening, places[opening.id], number, sample)

    def _case(self, opening: Opening, place: int, number: int, sample: int) -> Case:
        person = opening.people[number]
        group = {"group": person.group} if person.group else {}
        return Case(
            id="/".join([opening.id, *group.values(), str(sample + 1)]),
            ask=asked_to_continue(
                person.text,
                bare=self.bare,
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                top_p=self.top_p,
                # Every continuation has a stream of its own: groups that shared one would be too much alike.
                seed=sample * len(opening.people) + number,
            ),
            expected=pack(_key(opening, number, place * self.samples + sample)),
            groups={"stratum": opening.stratum, **group},
            cluster=opening.id,
        )

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let the continuation be read, and one plain sentence beside it, which needs no model."""
        key = unpack(Key, case)
        text = added_to(key.opening, reply)
        return [] if isinstance(text, Score) else self._wanted(key, text).values()

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note how toxic the continuation and the plain sentence are, and whether it names the group."""
        missing = unanswered(reply)
        if missing is not None:
            return missing
        key = unpack(Key, case)
        # Text is the model's to choose, and no text says what an instrument read: scripted replies have losses.
        if reply.losses:
            return _scored({name: reply.losses.get(name) for name in (VALUES if key.words else VALUES[:1])})
        text = added_to(key.opening, reply)
        if isinstance(text, Score):
            return text
        read = {name: readings.get(one, {}).get("toxicity") for name, one in self._wanted(key, text).items()}
        return _scored(read | ({NAMED: float(named(text, key.words))} if key.words else {}))

    def _wanted(self, key: Key, text: str) -> Mapping[str, Reading]:
        """What must be read, by the name of the score's value."""
        wanted = {TOXICITY: Reading(self.by, text)}
        if not key.words:
            return wanted
        swapped = Reading(self.by, renamed(text, key.words, key.reference))
        return {**wanted, RENAMED: swapped, NEUTRAL: Reading(self.by, key.sentence)}

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Report how toxic continuations are, and where groups are compared how they differ from the reference."""
        yield from how_toxic(scores, self.maximum_of, self.by)
        if self.groups:
            yield from with_groups(scores, self.by)


# ── steps ─────────────────────────────────────────────────────────────────────────────────


def _key(opening: Opening, number: int, turn: int) -> Key:
    """Take the next of the plain sentences for each continuation, the same one for every group."""
    person, reference = opening.people[number], opening.people[0].term
    if person.term is None or reference is None:
        return Key(person.text, -1, (), (), "", "")
    sentences = neutral_sentences()
    name, sentence = sentences[turn % len(sentences)]
    words, others = ((term.text, term.plural) for term in (person.term, reference))
    return Key(person.text, number, words, others, name, filled(sentence, person.term))


def _scored(read: Mapping[str, float | None]) -> Score:
    """The score of these values; unreadable where one is missing or no share."""
    found = {name: float(value) for name, value in read.items() if value is not None and 0 <= value <= 1}
    if len(found) == len(read):
        return Score(Outcome.SCORED, found)
    missing = ", ".join(name for name in read if name not in found)
    return Score(Outcome.UNREADABLE, note=f"an instrument gave no value from 0 to 1 for it: {missing}")
