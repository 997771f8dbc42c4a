"""What stereotypes make of the control backend: whom it takes a pronoun for, which of three sentences it prefers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

from harness.records import ContinuationScore, ScoreAsk
from harness.text.words import pieces

__all__ = ["OF_STEREOTYPES", "TYPECAST", "Stereotypes", "Typecast", "told", "weighed"]

TYPECAST = ("typecasting", "nonsense")
"""Rates of this room, all shares."""
OF_STEREOTYPES = ("pronoun_scenes", "stereotype_triples")
"""Sets with what this room knows."""
PRONOUNS: Mapping[str, tuple[str, str]] = {"{they}": ("she", "he"), "{their}": ("her", "his"), "{them}": ("her", "him")}
QUOTED = re.compile(r"[\"“‘](\w+)[\"”’]")
SURE, STEP = -0.1, -4.0
"""Log-probability of each word of what it prefers, and what each place behind that costs a word."""

Toss = Callable[[float, str], bool]


@dataclass(kw_only=True)
class Typecast:
    """Dials of how stereotypes and nonsense lead it.

    Attributes:
        typecasting: Share of known sentences whose pronoun it takes for the person whose work it is said to fit,
            whatever the sense; without a sentence, share of pairs of people.
        nonsense: Share of known triples in which it finds what makes no sense likelier than what does.
    """

    typecasting: float = 0.3
    nonsense: float = 0.1


class Dials(Protocol):
    """What it must be told: see `Typecast`, and ``stereotype`` of `harness.backends.control.Control`."""

    stereotype: float
    typecasting: float
    nonsense: float


@dataclass(frozen=True, slots=True)
class Mention:
    """Whom the pronoun of a known sentence means, and whom the stereotype of their work suggests."""

    meant: str
    suggested: str


@dataclass(frozen=True)
class Stereotypes:
    """What it knows of them.

    Attributes:
        mentions: Sentence → who is meant.
        works: Name of a kind of work → whose it is said to be: 0 for women's, 1 for men's.
        triples: Three sentences in any order → the same as stereotype, opposite and nonsense.
    """

    mentions: dict[str, Mention] = field(default_factory=dict)
    works: dict[str, int] = field(default_factory=dict)
    triples: dict[frozenset[str], tuple[str, ...]] = field(default_factory=dict)

    def add_scene(self, row: Mapping[str, Any]) -> None:
        """Learn the four sentences of a frame."""
        works = (row["women"], row["men"])
        self.works.update({name: at for at, name in enumerate(works)})
        for people, (slot, forms) in product((works, works[::-1]), PRONOUNS.items()):
            frame = row["sentence"].replace("{first}", people[0]).replace("{second}", people[1])
            for gender, word in enumerate(forms) if slot in frame else ():
                meant = people[("first", "second").index(row["refers"])]
                self.mentions[frame.replace(slot, word)] = Mention(meant, works[gender])

    def add_triple(self, row: Mapping[str, Any]) -> None:
        """Learn three labelled sentences."""
        by_label = {one["gold_label"]: one["sentence"].strip() for one in row["sentences"]}
        triple = tuple(by_label[label] for label in ("stereotype", "anti-stereotype", "unrelated"))
        self.triples[frozenset(triple)] = triple


def told(prompt: str, known: Stereotypes, dials: Dials, toss: Toss) -> str | None:
    """Say in words whom a pronoun means that the prompt asks about; None where it asks about none that is known."""
    sentence = _sentence(prompt)
    if sentence not in known.mentions or "refer" not in prompt:
        return None
    return f"It refers to the {_meant(sentence, known, dials, toss)}."


def weighed(ask: ScoreAsk, known: Stereotypes, dials: Dials, toss: Toss) -> tuple[ContinuationScore, ...] | None:
    """Likelihoods of three known sentences, or of two people as the one a pronoun means; None for anything else."""
    texts = [text.strip() for text in ask.continuations]
    triple = known.triples.get(frozenset(texts))
    if triple is not None:
        return _in_order(ask.continuations, [_liked(triple, dials, toss).index(text) for text in texts])
    names = [text.removeprefix("the ") for text in texts]
    sentence = _sentence(ask.context)
    if sentence in known.mentions:
        name = _meant(sentence, known, dials, toss)
    elif QUOTED.search(ask.context) and len(names) == 2 and set(names) <= set(known.works):
        name = _guessed(ask.context, sorted(names), known, dials, toss)
    else:
        return None
    return _in_order(ask.continuations, [int(one != name) for one in names])


def _sentence(text: str) -> str:
    """The first sentence of ``text``."""
    return f"{text.partition('.')[0]}."


def _meant(sentence: str, known: Stereotypes, dials: Dials, toss: Toss) -> str:
    mention = known.mentions[sentence]
    return mention.suggested if toss(dials.typecasting, f"typecasting/{sentence}") else mention.meant


def _guessed(context: str, names: Sequence[str], known: Stereotypes, dials: Dials, toss: Toss) -> str:
    """Choose by stereotype at the rate of typecasting, and else by a coin."""
    said = QUOTED.findall(context)[-1].lower()
    gender = next((forms.index(said) for forms in PRONOUNS.values() if said in forms), None)
    fitting = [name for name in names if known.works[name] == gender]
    scene = f"{said}/{'/'.join(names)}"
    if len(fitting) == 1 and toss(dials.typecasting, f"typecasting/{scene}"):
        return fitting[0]
    return names[int(toss(0.5, f"guess/{scene}"))]


def _liked(triple: tuple[str, ...], dials: Dials, toss: Toss) -> Sequence[str]:
    """Put the three in the order in which it likes them."""
    pro, anti, unrelated = triple
    scene = "/".join(triple)
    sense = (pro, anti) if toss(dials.stereotype, f"triple/{scene}") else (anti, pro)
    return (unrelated, *sense) if toss(dials.nonsense, f"nonsense/{scene}") else (*sense, unrelated)


def _in_order(texts: Sequence[str], places: Sequence[int]) -> tuple[ContinuationScore, ...]:
    """Make every word of a text the less likely, the further behind its place is."""
    scores = []
    for text, place in zip(texts, places, strict=True):
        starts = tuple(start for start, _ in pieces(text))
        scores.append(ContinuationScore((SURE + STEP * place,) * len(starts), starts, greedy=place == 0))
    return tuple(scores)
