"""Does a picture show the class, or what the prompt says, that was asked for?

A classifier reads each attribute that the ask names off the drawn picture; its mistakes, counted on real pictures, are
corrected for. A model that takes no notice of what it is asked shows each of k values by chance, about one time in k.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.errors import NotApplicableError
from harness.records import Absence, Case, ControlKind, Estimate, Interval, Judged, Reading, Reply, Score
from harness.seeds import derive, rng
from harness.stats.multiplicity import each, smallest
from harness.stats.rates import share
from harness.stats.unmixing import matched_share
from probes.attributes import BLURRED, SHARP, asked_for, attributes_in, in_arm, painted, real_pictures
from probes.expected import pack, unpack
from probes.hallucination.prompt_fidelity_card import ACCURACY, ALL_SEEN, CARD, SHOWN, STRANGE
from probes.pictures import FEATURES, described, draws, natural, picture_readings
from probes.rulers import Ruler, accuracies, rulers, strangers
from probes.summaries import by_group, tally

__all__ = ["PromptFidelity"]

LEAST_IN_SLICE = 10
"""Pictures that a slice by value or prompt needs."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Asked:
    """What judging a drawn picture needs.

    Attributes:
        asked: For each attribute that the ask names, the value it asks for.
        values: For each of them, all values there are.
    """

    asked: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFidelity:
    """Compares what drawn pictures show with what was asked for.

    Attributes:
        images: Pictures to draw, at most.
        known: Real pictures to fit the classifier to, and as many others to count its mistakes on, at most.
    """

    images: int = 300
    known: int = 300

    def __post_init__(self) -> None:
        if self.images < 1 or self.known < 1:
            raise ValueError("images and known are at least 1")

    @property
    def card(self) -> ProbeCard:
        """What it is."""
        return CARD

    @property
    def controls(self) -> Controls:
        """Proof that it works."""
        return CONTROLS

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield the draws that ask for something, then real pictures.

        Raises:
            NotApplicableError: the model takes neither label nor prompt, these name nothing that is known of pictures,
                or no record was held out.
        """
        if data.rows[0].get("asked_by") is None:
            raise NotApplicableError("the model takes neither a label nor a prompt, so nothing is asked of a picture")
        attributes = attributes_in(data)
        asks = [
            (draw, asked_for(draw, attributes)) for draw in draws(data, min(self.images, budget.items or self.images))
        ]
        if not any(asked for _, asked in asks):
            raise NotApplicableError("no class or attribute of the pictures is known that the ask would fix")
        if not natural(data, "nonmember"):
            raise NotApplicableError("no record was held out of the training, to count the classifier's mistakes on")
        for draw, asked in asks:
            if asked:
                name, prompt = f"draw/{draw.ask.seed}", {} if draw.prompt is None else {"prompt": draw.prompt}
                key = Asked(asked, {attribute: attributes[attribute] for attribute in asked})
                yield Case(name, draw.ask, pack(key), {"arm": "drawn", **prompt}, name)
        looked_at = {name for _, asked in asks for name in asked}
        yield from real_pictures(data, looked_at, min(self.known, budget.items or self.known), most=self.known)

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        """Let every picture be described."""
        del case
        return picture_readings(reply, FEATURES)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Note the description."""
        del case
        return described(reply, readings)

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Shares of pictures that show what was asked for, and how far the classifier is to be trusted."""
        drawn = in_arm(scores, "drawn")
        values = {name: its for judged in drawn for name, its in _key(judged).values.items()}
        tools = rulers(scores, values)
        pictures = {name: [its for its in drawn if name in _key(its).asked] for name in tools}
        yield _least_followed(tools, pictures, drawn)
        yield _all_seen(tools, pictures, drawn)
        for name, ruler in tools.items():
            yield from _slices(ruler, pictures[name])
        yield from accuracies(ACCURACY, tools, scores)
        yield from strangers(STRANGE, tools, pictures)


def _key(judged: Judged) -> Asked:
    return unpack(Asked, judged.case)


# ── measuring ─────────────────────────────────────────────────────────────────────────────


def _shown(ruler: Ruler, pictures: Sequence[Judged], confidence: float = CONFIDENCE) -> Interval:
    found = [its for its in pictures if its.score.values]
    asked = [ruler.values.index(_key(its).asked[ruler.attribute]) for its in found]
    seen = np.zeros((len(ruler.values), len(ruler.values)), np.int64)
    np.add.at(seen, (asked, ruler.read(found)), 1)
    seed = derive(0, f"{SHOWN.name}/{ruler.attribute}")
    return matched_share(seen, ruler.confusion, seed=seed, confidence=confidence)


def _least_followed(
    tools: Mapping[str, Ruler], pictures: Mapping[str, Sequence[Judged]], drawn: Sequence[Judged]
) -> Estimate | Absence:
    able = [ruler for name, ruler in tools.items() if not ruler.silent(pictures[name])]
    if not able:
        reasons = [ruler.silent(pictures[name]) for name, ruler in tools.items()]
        return SHOWN.absent("; ".join(dict.fromkeys(reasons)) or "no case was asked for it", tally(drawn))
    level = each(CONFIDENCE, len(able))
    shares = [_shown(ruler, pictures[ruler.attribute], level) for ruler in able]
    least = able[min(range(len(able)), key=lambda place: shares[place].value)]
    # Whoever takes no notice of the ask follows least the attribute with the most values.
    null = min(1 / len(ruler.values) for ruler in able)
    overall = smallest(shares, confidence=CONFIDENCE)
    return SHOWN.estimate(overall, tally(pictures[least.attribute]), null=null, instrument=FEATURES)


def _all_seen(
    tools: Mapping[str, Ruler], pictures: Mapping[str, Sequence[Judged]], drawn: Sequence[Judged]
) -> Estimate | Absence:
    counts, found = tally(drawn), [its for its in drawn if its.score.values]
    reasons = [reason for name, ruler in tools.items() for reason in (ruler.silent(pictures[name]),) if reason]
    if reasons or not found:
        return ALL_SEEN.absent("; ".join(dict.fromkeys(reasons)) or "no case was asked for it", counts)
    read = {name: ruler.read(found) for name, ruler in tools.items()}
    right, chance = [], []
    for place, its in enumerate(found):
        asked = _key(its).asked
        right.append(float(all(tools[name].values[read[name][place]] == value for name, value in asked.items())))
        chance.append(float(np.prod([1 / len(tools[name].values) for name in asked])))
    return ALL_SEEN.estimate(share(right), counts, null=float(np.mean(chance)), instrument=FEATURES)


def _slices(ruler: Ruler, pictures: Sequence[Judged]) -> Iterator[Estimate | Absence]:
    """Each attribute, each value asked for, and each prompt."""
    group, null = {"attribute": ruler.attribute}, 1 / len(ruler.values)
    reason = ruler.silent(pictures)
    if reason:
        yield SHOWN.absent(reason, tally(pictures), slice=group)
        return
    values = {value: [its for its in pictures if _key(its).asked[ruler.attribute] == value] for value in ruler.values}
    parts = [(group, pictures)]
    parts += [({**group, "asked": value}, its) for value, its in values.items()]
    parts += [({**group, "prompt": prompt}, its) for prompt, its in by_group(pictures, "prompt").items()]
    for part, its in parts:
        if sum(1 for judged in its if judged.score.values) >= LEAST_IN_SLICE:
            yield SHOWN.estimate(_shown(ruler, its), tally(its), slice=part, null=null, instrument=FEATURES)


# ── controls ──────────────────────────────────────────────────────────────────────────────

FOLLOWED = 0.7
"""Share of pictures in which the positive control shows what is asked for, in each attribute."""


def _obedient(case: Case, random: Random, blur: float = SHARP, share: float = 1.0) -> Reply:
    """Show what is asked for at that rate, in each attribute by itself, and else something other."""

    def choose(case: Case) -> dict[str, str]:
        key, shows = unpack(Asked, case), {}
        for name, value in key.asked.items():
            others = [other for other in key.values[name] if other != value]
            shows[name] = value if random.random() < share else random.choice(others)
        return shows

    return painted(case, random, choose, blur=blur)


def _wilful(case: Case, random: Random) -> Reply:
    """Show whatever it likes."""
    return painted(
        case, random, lambda case: {name: random.choice(its) for name, its in unpack(Asked, case).values.items()}
    )


CONTROLS = Controls(
    best=lambda case: _obedient(case, rng(0, case.id)),
    worst=lambda case: _obedient(case, rng(0, case.id), share=0.0),
    controls=(
        Control(ControlKind.NEGATIVE, "a painter that takes no notice of what is asked for", _wilful, SHOWN.name),
        Control(
            ControlKind.POSITIVE,
            "a painter that shows what is asked for 7 times in 10",
            lambda case, random: _obedient(case, random, share=FOLLOWED),
            SHOWN.name,
            FOLLOWED,
        ),
        Control(
            ControlKind.INSTRUMENT,
            "an obedient painter whose pictures are too blurred to read",
            lambda case, random: _obedient(case, random, BLURRED),
            ALL_SEEN.name,
        ),
    ),
)
