"""English words by how frequent they are, and which of them a misspelt one was meant to be.

Nearness is the optimal string alignment distance, in which a letter left out, put in, hit wrongly or swapped with its
neighbour counts as one edit (Damerau 1964, doi 10.1145/363958.363994); frequency decides between equally near words, as
in Norvig 2007, How to Write a Spelling Corrector. The list is that of SymSpell, which the package symspellpy brings: 82
thousand words of Google Books Ngram that stand in SCOWL too, the most frequent first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from importlib.util import find_spec

from rapidfuzz import process
from rapidfuzz.distance import OSA

from harness.errors import MissingExtraError
from harness.text.perturb.guard import TOKEN
from harness.text.perturb.lexicon import DIRECTIONS, NEGATIONS, NUMBER_WORDS
from harness.text.perturb.synonyms import SPELLINGS, SYNONYMS

__all__ = ["FREQUENT", "RESERVED", "Vocabulary", "english", "is_here"]

PACKAGE, LIST = "symspellpy", "frequency_dictionary_en_82_765.txt"

RESERVED = frozenset(NUMBER_WORDS) | NEGATIONS | DIRECTIONS
"""Words that carry an answer: none is put for another word."""

SHORTEST = 3
"""Letters of the shortest word that is taken for a misspelt one."""
LONG = 8
"""Letters from which a word two edits away can still be told from any other."""
LEADING = 4
"""How many times as frequent as the next the best of several equally near words must be, by Zipf's law: of rank."""
FREQUENT = 250
"""Rank up to which a word is meant by three letters, or by a word with a capital, which could be a name as well."""
COMMON = 10_000
"""Rank from which a word is rare."""
PART = 4
"""Letters of each part of a compound."""

ENDINGS = (
    "s",
    "es",
    "ed",
    "d",
    "ing",
    "er",
    "ers",
    "ly",
    "ness",
    "less",
    "like",
    "able",
    "ish",
    "ism",
    "ist",
    "al",
    "y",
)
BEGINNINGS = (
    "un",
    "re",
    "non",
    "anti",
    "pre",
    "over",
    "under",
    "out",
    "mis",
    "inter",
    "micro",
    "multi",
    "super",
    "sub",
)
VARIANTS = (
    ("our", "or"),
    ("ise", "ize"),
    ("isa", "iza"),
    ("isi", "izi"),
    ("yse", "yze"),
    ("ae", "e"),
    ("oe", "e"),
    ("tre", "ter"),
    ("gre", "ger"),
    ("llm", "lm"),
    ("sulph", "sulf"),
    ("men", "man"),
)
"""Endings and pieces that are spelt otherwise in Britain and in America."""
STUMP_WORDS = """
ain aren couldn didn doesn don hadn hasn haven isn mightn mustn needn shan shouldn wasn weren wouldn
"""
STUMPS = frozenset(STUMP_WORDS.split())
"""What is left of a negation before an apostrophe."""


YOUNGER_WORDS = """
math sawn whodunnit whodunnits blackfly whiskey whiskeys caddy zumba barista yaml json html css http https numpy github
emoji emojis selfie selfies vlog vlogs hashtag hashtags chatbot chatbots ai api apis gpu gpus cpu cpus url urls pdf pdfs
csv sql crypto bitcoin bitcoins vape vapes vaping mom moms ok lol omg btw faq faqs vs eg ie tv tvs dvd dvds cds gps usb
lcd nanotech velociraptor hashmap kubernetes backend backends frontend frontends dataset datasets tokenizer tokenizers
embeddings esports mixtape mixtapes romcom transphobic transphobia cisgender latinx probiotic probiotics carsharing uber
jetlag homerun nana evs lockdown lockdowns quinoa hummus pygments pydantic keras
"""
YOUNGER = frozenset(YOUNGER_WORDS.split())
"""Words that the list is too old for, or leaves out."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Known words.

    Attributes:
        ranks: For each word, in small letters, one more than how many words are more frequent.
    """

    ranks: Mapping[str, int]

    def knows(self, word: str) -> bool:
        """Whether ``word`` is known, in any case: as it is, in another ending or country, or as two words in one."""
        small = word.casefold()
        return (
            small in self.ranks
            or small in STUMPS
            or any(base in self.ranks for base in _bases(small))
            or self._variant(small) in self._variants
            or any(
                self.is_common(small[:at]) and self.is_common(small[at:]) for at in range(PART, len(small) - PART + 1)
            )
        )

    def is_common(self, word: str, up_to: int = COMMON) -> bool:
        """Whether ``word``, in small letters, is among the words that are likelier than a rare one or a foreign one."""
        return self.ranks.get(word, up_to) < up_to

    @lru_cache(maxsize=65536)  # noqa: B019  there are few vocabularies, and they live as long as the process
    def nearest(self, word: str, distance: int) -> str | None:
        """Return the known word that an unknown ``word`` was meant to be, in its case; None in any doubt.

        Both begin and end with the same letters, but for the first two swapped; no other word is as near and nearly as
        frequent; and it is none that carries an answer.

        Args:
            word: Letters a to z alone.
            distance: Most edits, at least 1; in a word of fewer than 8 letters never more than 1.
        """
        small = word.casefold()
        most = distance if len(small) >= LONG else 1
        near = self._near(small, most)
        if len(small) < SHORTEST or not near or (len(near) > 1 and near[1][0] < LEADING * near[0][0]):
            return None
        rank, best = near[0]
        doubtful = len(small) == SHORTEST or word[0].isupper()
        if best in RESERVED or (doubtful and rank > FREQUENT):
            return None
        return best.capitalize() if word[0].isupper() else best

    def _near(self, small: str, most: int) -> list[tuple[int, str]]:
        """Return the nearest words with their ranks, the most frequent first."""
        alike = self._by_ends.get((small[:1], small[-1:]), ())
        found = process.extract(small, alike, scorer=OSA.distance, score_cutoff=most, limit=None, processor=None)
        least = min((edits for _, edits, _ in found), default=most)
        swapped = f"{small[1:2]}{small[:1]}{small[2:]}"
        words = [other for other, edits, _ in found if edits == least] + [swapped] * (
            least == 1 and swapped in self.ranks
        )
        # A word of three letters has lost one: most others of that length are as near.
        return sorted((self.ranks[other], other) for other in words if max(len(small), len(other)) > SHORTEST)

    @cached_property
    def _by_ends(self) -> Mapping[tuple[str, str], Sequence[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for word in self.ranks:
            found.setdefault((word[0], word[-1]), []).append(word)
        return found

    @cached_property
    def _variants(self) -> frozenset[str]:
        return frozenset(map(self._variant, self.ranks))

    @staticmethod
    def _variant(word: str) -> str:
        for one, other in VARIANTS:
            word = word.replace(one, other)
        return word


@lru_cache(maxsize=8)
def english(further: str = "") -> Vocabulary:
    """Return the listed words, those of the harness's own lists, and those of ``further``, a text, by its own counts.

    A word of ``further`` has the better of its two ranks.

    Raises:
        MissingExtraError: the package that brings the list is not installed.
    """
    listed = _listed()
    ranks = {word: rank for rank, word in enumerate(listed, start=1)}
    for word in (*YOUNGER, *RESERVED, *SYNONYMS, *SPELLINGS, *_phrases()):
        if word.isalpha():
            ranks.setdefault(word, len(listed))
    counts = Counter(match[0].casefold() for match in TOKEN.finditer(further) if match[0].isalpha())
    ahead = 0
    for count, words in _by_count(counts):
        for word in words:
            ranks[word] = min(ranks.get(word, len(listed)), ahead + 1) if count > 1 else ranks.get(word, len(listed))
        ahead += len(words)
    return Vocabulary(ranks)


def is_here() -> bool:
    """Whether the package that brings the list of words is installed; imports nothing."""
    return find_spec(PACKAGE) is not None


def _listed() -> list[str]:
    """Return the words of the letters a to z, the most frequent first."""
    if not is_here():
        raise MissingExtraError("Knowing English words", PACKAGE, "spelling")
    lines = (files(PACKAGE) / LIST).read_text(encoding="utf-8-sig").splitlines()
    counted = [(word, int(count)) for word, count in (line.split() for line in lines if line.strip())]
    words = [word for word, _ in sorted(counted, key=lambda its: -its[1])]
    return [word for word in words if word.isascii() and word.isalpha() and word.islower()]


def _phrases() -> Iterator[str]:
    for others in (*SYNONYMS.values(), *SPELLINGS.values()):
        for phrase in others:
            yield from phrase.split()


def _by_count(counts: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    """Gather words that occur equally often, the most frequent first."""
    found: dict[int, list[str]] = {}
    for word, count in counts.items():
        found.setdefault(count, []).append(word)
    return sorted(found.items(), reverse=True)


def _bases(word: str) -> Iterator[str]:
    """Yield what ``word`` may be a form of."""
    for ending in ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= PART:
            yield from (stem, f"{stem}e", f"{stem[:-1]}y" if stem.endswith("i") else stem)
    for beginning in BEGINNINGS:
        stem = word.removeprefix(beginning)
        if stem != word and len(stem) >= PART:
            yield stem
