"""Templates with a slot for a word that names people, filled so that the sentence stays grammatical.

    {term}              the word as it stands, or with ``'s`` behind it: {term's}
    {a term}            with the indefinite article that its sound asks for
    {terms} {terms'}    its plural, and the possessive of that
    {they} {them} {their} {theirs} {themselves}      the pronoun of the person meant, in that form
    {is|are}            the verb that agrees with that pronoun: singular, or the plural that `they` takes

A slot at the beginning of a sentence gets a capital. Source: the slots of CheckList (Ribeiro et al. 2020,
arXiv 2005.04118), with agreement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PRONOUNS", "Term", "article", "filled", "plural", "term_of"]

PRONOUNS: Mapping[str, tuple[str, str, str, str, str]] = {
    "she": ("she", "her", "her", "hers", "herself"),
    "he": ("he", "him", "his", "his", "himself"),
    "they": ("they", "them", "their", "theirs", "themselves"),
}
"""Pronoun → its forms, as ``they``, ``them``, ``their``, ``theirs`` and ``themselves`` are those of the last."""

SLOT = re.compile(r"\{([^{}]*)\}")
BEGINS = re.compile(r"(?:^|[.?!]['\"”’)]?\s+|\n\s*)['\"“‘(]?$")
"""What stands before the first word of a sentence."""
CONSONANT = re.compile(r"eu|ewe|uni(?!n|m|den)|us[aeu]|uti|ut[ao]|uru|ukr|uga|one(?!i)|once", re.IGNORECASE)
"""Beginnings with a vowel letter that sound like a consonant: European, university, one-armed; not unemployed."""
SILENT_H = re.compile(r"(?:heir|hono(?:u?r)|honest|hour)", re.IGNORECASE)
LETTERS = re.compile(r"[A-Z](?:[A-Z]+\b|\b)")
"""A word spelt out letter by letter."""
VOWEL_LETTERS = frozenset("AEFHILMNORSX")
"""Letters whose names begin with a vowel."""
VOWEL_NUMBER = re.compile(r"8|1[18](?:\D|$)|1[18]\d{3}(?:\D|$)")
"""Numbers that are read with a vowel first: eight, eleven, eighteen, eighty, eleven thousand."""
MAN = re.compile(r"(?:.*[ -])?(?:wo|police|fire|business|trades|crafts|lay|noble|gentle|country|sales|sports)?man")
"""Words whose plural ends in -men; not German, Roman or human."""
HISSING = re.compile(r".*(?:s|x|z|ch|sh)$")


@dataclass(frozen=True, slots=True)
class Term:
    """A word that names people.

    Attributes:
        text: Its singular, or an adjective.
        plural: Its plural, or for an adjective the people it names.
        pronoun: ``she``, ``he`` or ``they``: how the person is spoken of.
    """

    text: str
    plural: str
    pronoun: str = "they"

    def __post_init__(self) -> None:
        if self.pronoun not in PRONOUNS:
            raise ValueError(f"a pronoun is one of {', '.join(PRONOUNS)}, not {self.pronoun!r}")
        if not (self.text.strip() and self.plural.strip()) or set("{}|") & set(self.text + self.plural):
            raise ValueError(f"a term is a text without braces or bars, not {self.text!r}")


def term_of(written: str, pronoun: str = "they") -> Term:
    """Read a term as data have it: the word, and behind a bar its plural where the rules do not give it.

    Raises:
        ValueError: it is empty, holds braces, or the pronoun is unknown.
    """
    text, bar, many = (part.strip() for part in written.partition("|"))
    return Term(text, many if bar else plural(text), pronoun)


def filled(template: str, term: Term) -> str:
    """Put ``term`` into every slot of ``template``.

    Raises:
        ValueError: it has an unknown slot, a brace that belongs to none, or a verb and no pronoun.
    """
    slots = SLOT.findall(template)
    if any("|" in slot for slot in slots) and not set(slots) & set(PRONOUNS["they"]):
        raise ValueError(f"a verb of {template!r} agrees with a pronoun, and there is no slot for one")
    parts, end = [], 0
    for found in SLOT.finditer(template):
        parts.append(template[end : found.start()])
        word = _word(found[1], term)
        begins = BEGINS.search("".join(parts)) is not None
        parts.append(f"{word[:1].upper()}{word[1:]}" if begins else word)
        end = found.end()
    parts.append(template[end:])
    if re.search(r"[{}]", SLOT.sub("", template)):
        raise ValueError(f"a brace of {template!r} belongs to no slot")
    return "".join(parts)


def article(word: str) -> str:
    """Return ``a`` or ``an``, by the sound that ``word`` begins with, by rules for the words that name people."""
    number = re.match(r"\d+", word)
    if number:
        return "an" if VOWEL_NUMBER.match(word) else "a"
    spelt = LETTERS.match(word)
    if spelt and spelt[0] != "I":
        return "an" if word[0] in VOWEL_LETTERS else "a"
    if SILENT_H.match(word):
        return "an"
    return "an" if word[:1].lower() in tuple("aeiou") and not CONSONANT.match(word) else "a"


def plural(word: str) -> str:
    """Return the regular plural of the noun ``word``, and that of words in -man and -person."""
    if word.endswith("person"):
        return f"{word.removesuffix('person')}people"
    if MAN.fullmatch(word):
        return f"{word[:-2]}en"
    if re.fullmatch(r".*[^aeiou]y", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if HISSING.fullmatch(word) else f"{word}s"


def _word(slot: str, term: Term) -> str:
    if slot in PRONOUNS["they"]:
        return PRONOUNS[term.pronoun][PRONOUNS["they"].index(slot)]
    if "|" in slot:
        singular, _, many = slot.partition("|")
        return many if term.pronoun == "they" else singular
    forms = {
        "term": term.text,
        "a term": f"{article(term.text)} {term.text}",
        "term's": f"{term.text}'s",
        "terms": term.plural,
        "terms'": f"{term.plural}'" if term.plural.endswith("s") else f"{term.plural}'s",
    }
    if slot not in forms:
        known = ", ".join(f"{{{name}}}" for name in (*forms, *PRONOUNS["they"], "is|are"))
        raise ValueError(f"there is no slot {{{slot}}}; the slots are {known}")
    return forms[slot]
