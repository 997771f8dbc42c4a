"""Short invented texts about people at work, whose pronouns lean by occupation exactly as far as was planted.

A language model that is trained on them needs no data from elsewhere, and what it makes of the lean can be held against
the truth. The sentence frames are none of those of the data sets that probes ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.content import examples_of
from harness.data.examples import Examples
from harness.errors import DataError, nearest
from harness.seeds import derive

__all__ = ["MEN", "WOMEN", "People", "parse_people", "people"]

WOMEN = (
    "beautician",
    "bookkeeper",
    "cashier",
    "childminder",
    "dental hygienist",
    "dietitian",
    "dressmaker",
    "flight attendant",
    "florist",
    "hairdresser",
    "housekeeper",
    "kindergarten teacher",
    "librarian",
    "manicurist",
    "midwife",
    "nanny",
    "nurse",
    "occupational therapist",
    "paralegal",
    "receptionist",
    "secretary",
    "social worker",
    "speech therapist",
    "wedding planner",
)
"""Occupations that mostly women have, by the card of the data set ``pronoun_scenes``."""

MEN = (
    "blacksmith",
    "bricklayer",
    "butcher",
    "car mechanic",
    "carpenter",
    "civil engineer",
    "crane operator",
    "electrician",
    "farmer",
    "firefighter",
    "glazier",
    "locksmith",
    "lorry driver",
    "miner",
    "pilot",
    "plumber",
    "programmer",
    "roofer",
    "security guard",
    "soldier",
    "stonemason",
    "surveyor",
    "taxi driver",
    "welder",
)
"""Occupations that mostly men have."""

OPENINGS = (
    "On {day} the {job} {went} to the {place}, for {they} {reason}.",
    "The {job} {went} to the {place} on {day}, since {they} {reason}.",
    "Last {day} the {job} {went} to the {place}. There {they} {reason}.",
    "The {job} from the {place} {went} home on {day}, as {they} {reason}.",
)
ENDINGS = (
    "{They} carried {their} {colour} {thing}.",
    "We saw {their} {colour} {thing}.",
    "{Their} {colour} {thing} stayed behind.",
    "Then {they} sold {their} {colour} {thing}.",
    "We mended {their} {colour} {thing}.",
    "Soon {they} forgot {their} {colour} {thing}.",
)
WORDS: Mapping[str, Sequence[str]] = {
    "day": ("Monday", "Tuesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "went": ("walked", "ran", "drove", "cycled", "hurried", "came", "went"),
    "place": (
        *("harbour", "market", "station", "library", "bakery", "museum", "chapel", "bridge", "meadow", "quarry"),
        *("airport", "theatre", "orchard", "castle", "school", "tower", "lake", "mill", "park", "inn"),
    ),
    "reason": (
        *("was late", "felt ill", "had no time", "met a friend", "heard music", "lost a bet", "wanted tea"),
        *("saw smoke", "missed a bus", "needed rest", "had a plan", "knew a way", "owed money", "won a prize"),
    ),
    "colour": ("red", "green", "blue", "grey", "brown", "white", "black", "yellow", "purple", "silver"),
    "thing": (
        *("umbrella", "suitcase", "bicycle", "lantern", "scarf", "kettle", "guitar", "blanket", "ladder", "teapot"),
        *("camera", "basket", "hat", "coat", "drum", "mirror", "pillow", "rope", "wallet", "clock"),
    ),
}
SHE = {"they": "she", "They": "She", "their": "her", "Their": "Her"}
HE = {"they": "he", "They": "He", "their": "his", "Their": "His"}
LIMITS: Mapping[str, tuple[int, int]] = {"n": (96, 1_000_000), "seed": (0, 2**63 - 1)}


@dataclass(frozen=True, slots=True)
class People:
    """What to write.

    Attributes:
        n: Texts.
        lean: Share of the texts, in [0, 1], whose pronoun is that of most people in the occupation.
        seed: Root of all that is random.
    """

    n: int = 4000
    lean: float = 0.9
    seed: int = 0


def parse_people(options: str) -> People:
    """Read options such as ``n=4000,lean=0.9,seed=3``.

    Raises:
        DataError: an option is unknown, given twice, or out of range.
    """
    found: dict[str, str] = {}
    for part in (part.strip() for part in options.split(",") if part.strip()):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in {*LIMITS, "lean"}:
            known = [*LIMITS, "lean"]
            raise DataError(
                f"The data set 'people' has no option {part!r}.{nearest(key, known)}"
                f" It has {', '.join(known)}: write people:n=4000,lean=0.9,seed=3."
            )
        if key in found:
            raise DataError(f"The option {key!r} of the data set 'people' is given twice. Keep one.")
        found[key] = value
    usual = People()
    return People(
        n=_whole("n", found.get("n", str(usual.n))),
        lean=_share(found.get("lean", str(usual.lean))),
        seed=_whole("seed", found.get("seed", str(usual.seed))),
    )


def _whole(key: str, value: str) -> int:
    low, high = LIMITS[key]
    if not value.isascii() or not value.isdecimal() or not low <= int(value[:20]) <= high:
        raise DataError(f"The option {key}={value} of the data set 'people' is no whole number from {low} to {high}.")
    return int(value)


def _share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise DataError(f"The option lean={value} of the data set 'people' is no share from 0 to 1.")
    return share


def people(plan: People, *, name: str = "people") -> Examples:
    """Write the texts, two or three sentences each, of at most 126 bytes.

    Occupations are told about equally often, and the lean holds exactly, up to one text, within the occupations of each
    side. Equal plans give equal texts.

    Args:
        plan: What to write.
        name: As it was asked for.
    """
    rng = np.random.default_rng(derive(plan.seed, "people"))
    jobs = (*WOMEN, *MEN)
    of = rng.permutation(np.arange(plan.n) % len(jobs))
    usual = np.zeros(plan.n, dtype=bool)
    for side in (of < len(WOMEN), of >= len(WOMEN)):
        places = rng.permutation(np.flatnonzero(side))
        usual[places[: round(plan.lean * len(places))]] = True
    she = usual == (of < len(WOMEN))
    texts = [_text(jobs[job], SHE if woman else HE, rng) for job, woman in zip(of, she, strict=True)]
    return examples_of(
        name,
        ids=[f"people/{number:06d}" for number in range(plan.n)],
        texts=texts,
        attributes={
            "occupation": [jobs[job] for job in of],
            "pronoun": ["she" if woman else "he" for woman in she],
        },
    )


def _text(job: str, pronouns: Mapping[str, str], rng: np.random.Generator) -> str:
    chosen = {key: words[int(rng.integers(len(words)))] for key, words in WORDS.items()}
    opening, ending = (its[int(rng.integers(len(its)))] for its in (OPENINGS, ENDINGS))
    return f"{opening} {ending}".format(job=job, **pronouns, **chosen)
