"""Whether a variant still asks the same: rules that need no model.

They are necessary, not sufficient: numbers, negation, names and length as in the rule stage of every equivalence
check, and directions (more or less, first or last), without which a swapped comparative would pass. A rewording that
says a relation the other way round ("above" for "below") fails although it asks the same; a changed noun passes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.text.perturb.character import HOMOGLYPHS, LEET
from harness.text.perturb.guard import FIELD_LABELS, TOKEN, is_name
from harness.text.perturb.lexicon import DIRECTIONS, NEGATIONS, NUMBER_WORDS

__all__ = ["RULES", "Check", "preserves_label"]

LEAST_RATIO, MOST_RATIO = 0.5, 2.0

NUMBER = re.compile(r"(?:(?<![^\s(])-)?\d+(?:[.,]\d+)*(?:st|nd|rd|th)?\b|(?:(?<![^\s(])-)?\d+(?:[.,]\d+)*")

SIGN = re.compile(rf"(?<=[^\W\d_])[{re.escape(''.join(LEET.values()))}](?=[^\W\d_])")

LETTERS = {other: plain for plain, other in LEET.items()}

LATIN = str.maketrans({other: plain for plain, other in HOMOGLYPHS.items()} | {"’": "'"})


@dataclass(frozen=True, slots=True)
class Check:
    """What the rules say of a text and its variant.

    Attributes:
        failed: Names of the rules that the variant breaks, in the order of `RULES`; empty if it keeps all.
    """

    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every rule is kept."""
        return not self.failed


def preserves_label(before: str, after: str) -> Check:
    """Check by rule whether ``after`` can have the same right answer as ``before``.

    Look-alike letters and invisible characters are read as what they look like.

    Args:
        before: The text as it was.
        after: A variant of it, ours or anyone's.
    """
    before, after = _plain(before), _plain(after)
    return Check(tuple(name for name, holds in RULES.items() if not holds(before, after)))


def _plain(text: str) -> str:
    """Read ``text`` as a human sees it: without invisible characters, look-alikes as the letters they look like."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    letters = SIGN.sub(lambda sign: LETTERS[sign[0]], visible)
    return unicodedata.normalize("NFKC", letters).translate(LATIN)


def _words(text: str) -> list[str]:
    return [match[0].casefold() for match in TOKEN.finditer(text)]


def _parts(text: str) -> list[str]:
    """Words, and the parts of those with a hyphen."""
    return [part for word in _words(text) for part in word.split("-")]


def _numbers(text: str) -> Counter[str]:
    written = [number[0].replace(",", "") for number in NUMBER.finditer(text)]
    return Counter([*written, *(NUMBER_WORDS[part] for part in _parts(text) if part in NUMBER_WORDS)])


def _negations(text: str) -> int:
    parts = _parts(text)
    # "Neither … nor" denies once.
    pairs = min(parts.count("neither"), parts.count("nor"))
    return sum(part in NEGATIONS or part.endswith("n't") for part in parts) - pairs


def _directions(text: str) -> Counter[str]:
    return Counter(part for part in _parts(text) if part in DIRECTIONS)


def _names(text: str) -> set[str]:
    found = (match for match in TOKEN.finditer(text) if is_name(text, match.start(), match[0]))
    return {match[0].casefold().removesuffix("'s") for match in found} - FIELD_LABELS


def _same_names(before: str, after: str) -> bool:
    # Another letter case makes no other name, and a name may stand at the beginning of a sentence in one of them.
    ours, theirs = ({word.removesuffix("'s") for word in _words(text)} for text in (before, after))
    return _names(before) <= theirs and _names(after) <= ours


def _similar_length(before: str, after: str) -> bool:
    return LEAST_RATIO * len(before) <= len(after) <= MOST_RATIO * len(before)


RULES: Mapping[str, Callable[[str, str], bool]] = {
    "numbers": lambda before, after: _numbers(before) == _numbers(after),
    "negation": lambda before, after: _negations(before) % 2 == _negations(after) % 2,
    "names": _same_names,
    "directions": lambda before, after: _directions(before) == _directions(after),
    "length": _similar_length,
}
"""By name; each says whether it holds between a text and its variant."""
