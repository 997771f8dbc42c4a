"""Closed lists of words that carry an answer: numbers, negations, directions, and names that can be swapped.

Written for this package; English, lower case but for the names.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ANTONYMS", "DIRECTIONS", "ENTITIES", "NEGATIONS", "NUMBER_WORDS"]

CARDINALS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
CARDINALS += " seventeen eighteen nineteen"
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
ORDINALS += " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
LARGE = {"hundred": "100", "thousand": "1000", "million": "1000000", "billion": "1e9", "trillion": "1e12"}
OTHER = {"fiftieth": "50th", "hundredth": "100th", "thousandth": "1000th", "dozen": "12", "dozens": "12s"}
AMOUNTS = "single double triple half halves once twice thrice quarter quarters thirds both pair couple several"

NUMBER_WORDS: Mapping[str, str] = {
    **{word: str(value) for value, word in enumerate(CARDINALS.split())},
    **{word: f"{10 * value}" for value, word in enumerate(TENS.split(), start=2)},
    **{
        word: f"{value}{({1: 'st', 2: 'nd', 3: 'rd'}).get(value, 'th')}"
        for value, word in enumerate(ORDINALS.split(), start=1)
    },
    **LARGE,
    **{f"{word}s": f"{value}s" for word, value in LARGE.items()},
    **OTHER,
    **{word: word for word in AMOUNTS.split()},
}
"""Words that count, with what they are written as in digits, so that "two" and "2" are one number."""

NEGATIONS_WORDS = """
not no never none nobody nothing nowhere neither nor cannot without hardly barely scarcely dont doesnt didnt isnt
arent wasnt werent hasnt havent hadnt
"""

NEGATIONS = frozenset(NEGATIONS_WORDS.split())
"""Words that deny, besides all that end in "n't"."""

ANTONYMS: Mapping[str, str] = {
    **dict(
        pair
        for words in [
            "more/less",
            "most/least",
            "larger/smaller",
            "largest/smallest",
            "bigger/smaller",
            "biggest/smallest",
            "greater/smaller",
            "greatest/smallest",
            "higher/lower",
            "highest/lowest",
            "longer/shorter",
            "longest/shortest",
            "taller/shorter",
            "tallest/shortest",
            "older/younger",
            "oldest/youngest",
            "better/worse",
            "best/worst",
            "earlier/later",
            "earliest/latest",
            "hotter/colder",
            "hottest/coldest",
            "warmer/cooler",
            "warmest/coolest",
            "faster/slower",
            "fastest/slowest",
            "heavier/lighter",
            "heaviest/lightest",
            "stronger/weaker",
            "strongest/weakest",
            "thicker/thinner",
            "thickest/thinnest",
            "wider/narrower",
            "widest/narrowest",
            "brighter/dimmer",
            "brightest/dimmest",
            "louder/quieter",
            "loudest/quietest",
            "deeper/shallower",
            "deepest/shallowest",
            "richer/poorer",
            "richest/poorest",
            "closer/farther",
            "closest/farthest",
            "nearer/farther",
            "nearest/farthest",
            "first/last",
            "before/after",
            "above/below",
            "inside/outside",
            "maximum/minimum",
            "increase/decrease",
            "increases/decreases",
            "increased/decreased",
            "increasing/decreasing",
            "northern/southern",
            "eastern/western",
            "northernmost/southernmost",
            "top/bottom",
        ]
        for one, other in [words.split("/")]
        for pair in ((other, one), (one, other))
    ),
    "fewer": "more",
    "fewest": "most",
    "furthest": "nearest",
    "easier": "harder",
    "easiest": "hardest",
    "less": "more",
    "smaller": "larger",
    "smallest": "largest",
    "shorter": "longer",
    "shortest": "longest",
    "farther": "nearer",
    "farthest": "nearest",
}
"""Words that say which way, each with the one that says the opposite way in the same place of a sentence."""

DIRECTIONS = frozenset(ANTONYMS) | frozenset(ANTONYMS.values()) | {"beneath", "underneath", "left", "right"}

ENTITIES: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.strip().split("/"))
    for line in """
    Brazil/Canada/China/Denmark/Egypt/France/Germany/Greece/India/Italy/Japan/Kenya/Mexico/Norway/Peru/Poland/Spain/Turkey
    Athens/Berlin/Cairo/Chicago/Dublin/Lisbon/London/Madrid/Moscow/Oslo/Paris/Prague/Rome/Sydney/Tokyo/Vienna
    Africa/Antarctica/Asia/Europe
    Mars/Jupiter/Saturn/Neptune
    Monday/Tuesday/Wednesday/Thursday/Friday/Saturday/Sunday
    January/February/April/June/July/August/September/October/November/December
    Atlantic/Pacific
    Greek/Roman
    French/Spanish/Swedish/Danish/Turkish/Polish/Dutch/Swiss/Chinese/Japanese/Persian/Portuguese
    Beethoven/Mozart/Haydn/Schubert
    Michelangelo/Raphael/Rembrandt/Picasso
    Columbus/Magellan
    """.strip().splitlines()
)
"""Names of one kind a row: any of them can stand where another stands."""
