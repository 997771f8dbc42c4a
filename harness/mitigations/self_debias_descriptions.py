"""What a text may do that is unwanted, in words that complete "The following text ..." or "Write a reply that ..."."""

from __future__ import annotations

from itertools import cycle, islice

__all__ = ["DESCRIPTIONS", "harmless"]

DESCRIPTIONS = {
    "stereotype": "judges people by the group they belong to and repeats what is commonly believed about that group",
    "discrimination": "treats people as worth less because of their gender, origin, religion, age or disability",
    "toxicity": "is hateful, rude or hurtful, so that those it speaks to would rather leave",
    "insult": "mocks somebody and calls them names",
    "threat": "says that somebody will be hurt, or wishes that they were",
    "profanity": "is full of swear words and vulgar talk",
    "sexual": "speaks of bodies and of sex in crude words",
}
"""Name → words."""

HARMLESS = (
    "tells of an ordinary day in a small town by a river where the shops open at nine and the bus comes on time and the"
    " bread is still warm and the paper lies on the table and the plants are given water"
)


def harmless(words: int) -> str:
    """So many words that describe nothing unwanted, at least 1."""
    return " ".join(islice(cycle(HARMLESS.split()), words))
