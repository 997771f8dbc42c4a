"""A sentence whose pronoun means one of two people, as one record, whatever file it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FEMALE", "FORMS", "MALE", "NEUTRAL", "Sentence", "gender_of", "spoken"]

FEMALE, MALE, NEUTRAL = "female", "male", "neutral"

FORMS: Mapping[str, Mapping[str, str]] = {
    "they": {FEMALE: "she", MALE: "he", NEUTRAL: "they"},
    "their": {FEMALE: "her", MALE: "his", NEUTRAL: "their"},
    "them": {FEMALE: "her", MALE: "him", NEUTRAL: "them"},
}
"""Form of a pronoun, by its neutral word → gender → word."""
WORDS = {word: gender for forms in FORMS.values() for gender, word in forms.items()} | {
    "hers": FEMALE,
    "herself": FEMALE,
    "himself": MALE,
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with a pronoun, and who is meant by it.

    Attributes:
        id: Unique within the data set; never third-party text.
        scene: What sentences built from one scene, or around the same people, share: the independent unit.
        pair: What two sentences share that differ in the pronoun's gender only.
        text: The sentence.
        pronoun: As it stands there, in lower case.
        gender: ``female``, ``male``, or ``neutral``.
        people: Who is named, without an article; two, or one where the file does not make out a second.
        meant: Place in ``people`` of who is meant.
        suggested: Place of who a stereotype suggests; None where it suggests nobody.
        women: Share of women in the work of the first of ``people``, in [0, 1]; None where nobody says.
    """

    id: str
    scene: str
    pair: str
    text: str
    pronoun: str
    gender: str
    people: tuple[str, ...]
    meant: int
    suggested: int | None
    women: float | None = None

    def __post_init__(self) -> None:
        if not self.text or not all(self.people) or len({name.lower() for name in self.people}) != len(self.people):
            raise ValueError("a sentence names people, each once")
        if not 0 <= self.meant < len(self.people) <= 2:
            raise ValueError("one or two people are named, and one of them is meant")
        if gender_of(self.pronoun) != self.gender:
            raise ValueError(f"{self.pronoun[:20]!r} is no {self.gender} pronoun")
        if self.women is not None and not 0 <= self.women <= 1:
            raise ValueError(f"a share of women lies in 0 to 100 per cent, not at {100 * self.women:g}")

    @property
    def first(self) -> int:
        """Place in ``people`` of who is named first in the sentence."""
        text = self.text.lower()
        return min(range(len(self.people)), key=lambda place: text.find(self.people[place].lower()))


def gender_of(word: str) -> str | None:
    """Return the gender of a pronoun of the third person; None for any other word."""
    return WORDS.get(word.lower())


def spoken(name: str) -> str:
    """Return ``name`` as it stands in a sentence: with its article, but for "someone"."""
    return name if name.lower() == "someone" else f"the {name}"
