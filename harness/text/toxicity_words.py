"""Words of a text as the toxicity model reads them: every group by the same name, he and she alike.

A classifier that has seen insults beside the name of a group takes the name for an insult (Dixon et al. 2018; Borkan et
al. 2019, arXiv 1903.04561). Here no weight can tell one group from another: "Muslims", "deaf people" and "a Scot" are
all read as `GROUP` before anything is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from harness.canonical import Digest, digest_bytes, loads
from harness.text.normalise import fold

__all__ = ["GROUP", "NAME", "Lexicon", "lexicon", "plain"]

GROUP, NAME = "groupword", "nameword"
"""What names of groups, and names in the middle of a sentence, are read as."""
PERSON = (
    r"(?:people|persons?|m[ae]n|wom[ae]n|folks?|boys?|girls?|guys?|lad(?:y|ies)|gentlem[ae]n|kids?|child(?:ren)?"
    r"|couples?|youths?|citizens?|migrants?|immigrants?)"
)
HANDLE = re.compile(r"(?<!\w)@\w+")
CAPITALISED = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b")
WORD = re.compile(r"[\w']{1,40}|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word lists, compiled.

    Attributes:
        groups: Finds names of groups in a text in lower case.
        alike: Word → the word that it is read as.
        words: Kind of word, such as ``insult`` → its words.
        digest: Over the file.
    """

    groups: re.Pattern[str]
    alike: Mapping[str, str]
    words: Mapping[str, frozenset[str]]
    digest: Digest


@cache
def lexicon() -> Lexicon:
    """Read the word lists that ship with the harness."""
    content = files("harness").joinpath("text", "toxicity.json").read_bytes()
    stored = loads(content)
    alike = {word: name for name, words in stored["alike"].items() for word in _listed(words)}
    words = {kind: frozenset(_listed(listed)) for kind, listed in stored["words"].items()}
    return Lexicon(_groups(stored["groups"]), alike, words, digest_bytes(content))


def plain(text: str) -> list[str]:
    """Return the words and marks of ``text``, in lower case, with groups and names replaced."""
    named = CAPITALISED.sub(_named, HANDLE.sub(NAME, text))
    masked = lexicon().groups.sub(GROUP, fold(named))
    alike = lexicon().alike
    return [alike.get(word, word) for word in WORD.findall(masked)]


def _named(found: re.Match[str]) -> str:
    """Return what a capitalised word is read as: a name, unless it is one of a group or of a language."""
    return found[0] if lexicon().groups.search(found[0].lower()) else NAME


def _groups(stored: Mapping[str, Any]) -> re.Pattern[str]:
    """Compile the names: a noun, or adjectives with or without the persons they are said of."""
    adjectives, before = _any(_listed(stored["adjectives"])), _any(_listed(stored["only before persons"]))
    nouns = _any([*_listed(stored["nouns"]), *_listed(stored["invented"]), *stored["phrases"]])
    own = rf"(?:{adjectives}|{nouns})"
    # "an old Greek", "gay men", "young Black people", "homeless"; but "old" alone is said of houses too.
    return re.compile(rf"\b(?:{before}[\s-])*(?:{own}(?:[\s-]{own})*(?:[\s-]{PERSON})?|{before}[\s-]{PERSON})\b")


def _listed(lines: Iterable[str]) -> list[str]:
    return " ".join(lines).split()


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"
