"""Undo slips of the pen and odd forms of text; what is in doubt stays as it is.

`characters`, `layout` and `case` return the text put right; `slips` says which words were misspelt. Names, numbers,
negations, directions, code and what is quoted keep their spelling (`harness.text.perturb.guard`). English only.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence

from harness.text.perturb.change import Edit
from harness.text.perturb.character import HOMOGLYPHS, LEET
from harness.text.perturb.guard import ENTITY, FIELD_LABELS, free_words, literals
from harness.text.perturb.lexicon import NEGATIONS
from harness.text.vocabulary import FREQUENT, Vocabulary
from harness.text.words import Span

__all__ = ["case", "characters", "layout", "slips"]

FORMS = ("<wide>", "<narrow>", "<font>", "<noBreak>", "<initial>", "<medial>", "<final>", "<isolated>")
"""Kinds of compatibility forms that are other looks of the same characters; powers, fractions and circles are not."""
LIGATURES = range(0xFB00, 0xFB07)

LOOK_ALIKES = {ord(other): plain for plain, other in HOMOGLYPHS.items()} | dict(
    zip(map(ord, "АВЕКМНОРСТХІЅЈΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"), "ABEKMHOPCTXISJABEZHIKMNOPTYXo", strict=True)
)
"""Cyrillic and Greek letters that look like Latin ones; Greek small letters but for one are signs of science."""

INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]")
JOINERS = re.compile("(?<=[A-Za-z])[\u200c\u200d]+(?=[A-Za-z])")
"""These have a use in other scripts and in emoji."""
WORD = re.compile(r"[^\W\d_]+")
WORD_ALONE = re.compile(r"(?<![\w-])[^\W\d_]+(?![\w-])")
BEGINNING = re.compile(r"(?:\A|[.?!:\n])\W*\Z")
JOINING = ("Mc", "Mac", "De", "Di", "La", "Le", "Van")
"""Beginnings of names with a capital within."""
SHORTEST, MANY = 4, 2
"""Letters of the shortest word whose accents or capitals are told from a name; words in capitals that are no title."""
LEETSPEAK = re.compile(
    rf"(?<![\w{re.escape(''.join(LEET.values()))}])[A-Za-z]+(?:[{re.escape(''.join(LEET.values()))}][A-Za-z]+)+(?!\w)"
)
SIGNS = str.maketrans({sign: letter for letter, sign in LEET.items()})
ACCENTED = """
café cliché façade fiancé fiancée naïve née piñata résumé rosé sauté touché jalapeño passé déjà señor señora
"""
ACCENTED_WORDS = frozenset(ACCENTED.split())
"""Words of English with an accent of their own."""

SPACES = re.compile(r"(?<=\S)(?:[ \t\u2000-\u200a\u3000]{2,}|[\t\u2000-\u200a\u3000])(?=\S)")
BARS = re.compile(r" \|\| (?=\S)")
LABELS = "|".join(sorted((label for label in FIELD_LABELS if len(label) > 1), key=len, reverse=True))
SEPARATOR = re.compile(
    rf"^((?:{LABELS})|[QA](?=\s*::?\s))(?:[ \t]*::[ \t]*|[ \t]+:[ \t]*|[ \t]+-[ \t]+)(?=[^\s:])",
    re.IGNORECASE | re.MULTILINE,
)
OPEN_SEPARATOR = re.compile(rf"^((?:{LABELS})|[QA])(?:[ \t]*::|[ \t]+:|[ \t]+-)\Z", re.IGNORECASE | re.MULTILINE)
TORN = re.compile(
    r"\b(an?|the|of|to|in|on|at|by|for|from|with|and|or|as|than|its|their|his|her|my|your|our|into|is|are)\n(?=[a-z])"
)
"""A line that ends in a word after which something must follow."""

SIGNS_OF_CODE = ":=@#%&*+~^|/\\<>_"
"""What stands right before no word of a sentence."""
SHOUTED = 2 / 3
"""Share of a line's words in capitals above which it is shouted, where it has at least three."""
FOREIGN = 0.4
"""Share of a line's words that are unknown above which it is taken for another language, or for no prose."""
FOREIGN_WORDS = """
est la le les des du une que qui pas pour dans avec sur quel quelle où der das und ist nicht ein eine den dem mit wie
für auf wo el los las del por para con una como qué cuál es il di che della non per gli è een het van op te niet dat
"""
OTHERS = frozenset(FOREIGN_WORDS.split())
"""Small words of other languages; two of them in a line say that it is in one."""


def characters(text: str, words: Vocabulary) -> str:
    """Put plain characters for other looks of them: full width, ligatures, look-alikes, invisible marks, leet, accents.

    Letters of another script go only where the word is Latin otherwise; signs and accents only where a known word is
    left that would be unknown with them.
    """
    return _outside_literals(text, lambda piece: _plain(piece, words))


def layout(text: str) -> str:
    """Put one space between words, one line for a field or an option, and a colon behind the name of a field.

    Indents and the white space at the end stay; so does what is code.
    """
    body = text.rstrip()
    return _outside_literals(body, _laid_out) + text[len(body) :]


def case(text: str, words: Vocabulary) -> str:
    """Write known words in small letters where a line is shouted, or where they have a single capital within.

    In a line of which more than two thirds are in capitals sentences begin with one; what is not known may be a name
    or an abbreviation and stays, and so does what denies.
    """
    return _outside_literals(text, lambda piece: "\n".join(_calmed(line, words) for line in piece.split("\n")))


def slips(text: str, words: Vocabulary, distance: int) -> list[Edit]:
    """Return the unknown words of ``text`` that are a slip away from a known one, each with the word that was meant.

    A line has none that is in another language, or no prose: more than two fifths of its words are unknown, or two are
    small words of another language.

    Args:
        text: Anything.
        words: What is known.
        distance: Most edits of a slip, as in `Vocabulary.nearest`; 0 finds none.
    """
    edits: list[Edit] = []
    for places in _lines(text) if distance else ():
        strange = [place for place in places if not words.knows(text[slice(*place)])]
        if _is_foreign([text[slice(*place)] for place in places], len(strange)):
            continue
        for start, end in strange:
            word = text[start:end]
            prose = word.isascii() and word.isalpha() and (not start or text[start - 1] not in SIGNS_OF_CODE)
            meant = words.nearest(word, distance) if prose else None
            if meant is not None:
                edits.append(Edit(start, end, word, meant))
    return edits


def _is_foreign(line: Sequence[str], unknown: int) -> bool:
    small = {word.casefold() for word in line} & OTHERS
    return len(small) > 1 or unknown > max(1.0, FOREIGN * len(line))


def _lines(text: str) -> Iterable[list[Span]]:
    """Yield the places of the words of each line that may be changed."""
    found: dict[int, list[Span]] = {}
    breaks = [match.start() for match in re.finditer("\n", text)]
    for start, end in free_words(text):
        found.setdefault(bisect(breaks, start), []).append((start, end))
    return found.values()


def _outside_literals(text: str, change: Callable[[str], str]) -> str:
    parts, at = [], 0
    for start, end in literals(text):
        if start >= at:
            parts += [change(text[at:start]), text[start:end]]
            at = end
    return "".join([*parts, change(text[at:])])


# ── characters ────────────────────────────────────────────────────────────────────────────


def _plain(text: str, words: Vocabulary) -> str:
    text = JOINERS.sub("", INVISIBLE.sub("", "".join(map(_form, text))))
    text = unicodedata.normalize("NFC", text)
    text = WORD.sub(lambda match: _latin(match[0]), text)
    text = LEETSPEAK.sub(lambda match: _if_known(match[0], match[0].translate(SIGNS), words), text)
    return WORD.sub(lambda match: _unaccented(match[0], words), text)


def _form(char: str) -> str:
    kind = unicodedata.decomposition(char).partition(" ")[0]
    plain = unicodedata.normalize("NFKC", char) if kind in FORMS or ord(char) in LIGATURES else char
    return plain if plain.isascii() else char


def _latin(word: str) -> str:
    plain = word.translate(LOOK_ALIKES)
    mixed = not word.isascii() and any(char.isascii() for char in word)
    return plain if mixed and plain.isascii() else word


def _if_known(word: str, plain: str, words: Vocabulary) -> str:
    """Return ``plain`` where it is a word of English that is known as it is."""
    unlike = plain != word and word.casefold() not in ACCENTED_WORDS and not words.knows(word)
    return plain if unlike and plain.casefold() in words.ranks else word


def _unaccented(word: str, words: Vocabulary) -> str:
    """Return an ordinary word without its accents; a name keeps them."""
    if word.isascii() or len(word) < SHORTEST:
        return word
    plain = "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))
    common = words.is_common(plain.casefold(), FREQUENT) if word[0].isupper() else words.is_common(plain)
    return _if_known(word, plain, words) if common else word


# ── layout and case ───────────────────────────────────────────────────────────────────────


def _laid_out(text: str) -> str:
    text = BARS.sub("\n", SPACES.sub(" ", text))
    text = SEPARATOR.sub(r"\1: ", text)
    return TORN.sub(r"\1 ", OPEN_SEPARATOR.sub(r"\1:", text))


def _is_shouted(line: str) -> bool:
    found = [word for word in WORD.findall(line) if len(word) > 1]
    # A rule of dashes frames a key or a table, not a sentence.
    return "--" not in line and len(found) > MANY and sum(map(str.isupper, found)) > SHOUTED * len(found)


def _calmed(line: str, words: Vocabulary) -> str:
    if _is_shouted(line):
        return WORD_ALONE.sub(lambda match: _lowered(line, match, words), line)
    return WORD_ALONE.sub(lambda match: _single(match[0], words), line)


def _lowered(text: str, match: re.Match[str], words: Vocabulary) -> str:
    """Return a word of a shouted line in small letters, with a capital where a sentence begins or a place is named."""
    word, small = match[0], match[0].lower()
    if not word.isupper() or word == "I" or small not in words.ranks or small in NEGATIONS:
        return _single(word, words)
    named = small.capitalize() in ENTITY or BEGINNING.search(text, max(0, match.start() - 8), match.start())
    return small.capitalize() if named else small


def _single(word: str, words: Vocabulary) -> str:
    """Lower a single capital within a known ``word``, unless it joins two words, as names of products and people do."""
    capitals = [at for at, char in enumerate(word) if char.isupper() and at > 0]
    if len(capitals) != 1 or len(word) < SHORTEST or word.startswith(JOINING):
        return word
    at, small = capitals[0], word.lower()
    joined = words.is_common(small[:at]) and words.is_common(small[at:])
    return word if joined or not words.is_common(small) else word[0] + small[1:]
