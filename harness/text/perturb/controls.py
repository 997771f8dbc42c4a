"""Label-changing controls: small edits after which another answer is right, so that a model that stays is caught.

After the contrast sets of Gardner et al. (2020, arXiv 2004.02709) and the false presuppositions of CREPE
(Yu et al. 2022, arXiv 2211.17257). Each makes one edit in correct English, or none.
"""

from __future__ import annotations

import re
from random import Random

from harness.text.perturb.change import ONCE, Edit, Operator, rewritten
from harness.text.perturb.guard import TOKEN, literals, matched_case
from harness.text.perturb.lexicon import ANTONYMS, CARDINALS, ENTITIES
from harness.text.perturb.negation import denied, undenied
from harness.text.perturb.templates import AUXILIARY, NO_INVERSION, NOMINAL, SUBJECT_VERBS, WHICH

__all__ = ["CONTROLS"]

NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w]|[.,]\d)|(?<![\w.,-])\d{4}(?=s\b)")

PLURAL = CARDINALS.split()[2:]
"""Number words that stand with a plural, so that one can stand for another."""

FIRST_OR_LAST = re.compile(r"(?:\bthe|\bits|\bhis|\bher|\btheir|\bour|\bmy|\byour|['’]s)\s\Z", re.IGNORECASE)
ARTICLE = re.compile(r"\b(?P<article>an?)\s\Z", re.IGNORECASE)

UNREAL: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), wording)
    for pattern, wording in (
        (
            rf"Which of (?P<x>(?:these|the following)(?: \w+)?) {NO_INVERSION}(?P<y>(?:is|was|has|usually) [^?]+)\?",
            r"Why is it that none of \g<x> \g<y>?",
        ),
        (
            rf"Which {NO_INVERSION}(?!of\b)(?P<x>{WHICH}) (?P<y>(?:is|was|has) (?:the|an?) {NOMINAL}[^?]+)\?",
            r"Why is it that no \g<x> \g<y>?",
        ),
        (
            rf"Who (?P<y>(?:can be|was (?:in|on|at)|(?!{AUXILIARY}\b|else\b|usually\b)[a-z]+) [^?]+)\?",
            r"Why is it that nobody \g<y>?",
        ),
        (
            rf"What (?P<y>{SUBJECT_VERBS} [^?]+)\?",
            r"Why is it that nothing \g<y>?",
        ),
        (rf"What (?P<v>is|was) {NOMINAL}(?P<x>(?:the|an?) [^?,;]+)\?", r"Why \g<v> there no such thing as \g<x>?"),
    )
)
"""Questions, and what takes for granted that there is no answer."""


MEASURED = re.compile(
    r"\s(?:common|\w+(?:ous|ful|al|ive|able|ible|ant|ent|ed|ing|ic|ly|y))\b|\s(?:than|from|in|on|at|to|for|if|when)\b|\W*\Z|[.,;?!]"
)
"""What follows a "more" or "most" of degree, by its ending or because nothing does."""


def _within(text: str, match: re.Match[str]) -> bool:
    return any(start < match.end() and match.start() < end for start, end in literals(text))


def _one(edits: list[Edit], random: Random) -> list[Edit]:
    return [random.choice(edits)] if edits else []


def _negated(text: str, random: Random, strength: float) -> list[Edit]:
    del random, strength
    return denied(text)


def _affirmed(text: str, random: Random, strength: float) -> list[Edit]:
    del random, strength
    return undenied(text)


def _renumbered(text: str, random: Random, strength: float) -> list[Edit]:
    """Change one number, everywhere it stands: one digit of it, or the word for another."""
    del strength
    found = [match for match in NUMBER.finditer(text) if not _within(text, match)]
    words = [match for match in TOKEN.finditer(text) if match[0].lower() in PLURAL and not _within(text, match)]
    values = sorted({match[0].lower() for match in (*found, *words)})
    if not values:
        return []
    value = random.choice(values)
    if value in PLURAL:
        other = random.choice([word for word in PLURAL if word != value])
    else:
        other = _other_number(value, random)
    return [
        Edit(*match.span(), match[0], matched_case(other, match[0]))
        for match in (*found, *words)
        if match[0].lower() == value
    ]


def _other_number(value: str, random: Random) -> str:
    """Change the last digit, or the last that is not 0; one digit stays above 1, as a plural does."""
    at = max((place for place, char in enumerate(value) if char.isdigit() and char != "0"), default=len(value) - 1)
    least = 2 if len(value) == 1 else 1
    digit = random.choice([char for char in "123456789"[least - 1 :] if char != value[at]])
    return f"{value[:at]}{digit}{value[at + 1 :]}"


def _swapped(text: str, random: Random, strength: float) -> list[Edit]:
    """Put the opposite for one word that compares or directs, with the article that it takes."""
    del strength
    found = []
    for match in TOKEN.finditer(text):
        other = _opposite(text, match)
        if other is None or _within(text, match):
            continue
        start = match.start()
        article = ARTICLE.search(text, 0, start)
        wanted = "an" if other[0] in "aeiou" else "a"
        if article is not None and article["article"].lower() != wanted:
            start = article.start()
            other = f"{matched_case(wanted, article['article'])} {other}"
        found.append(Edit(start, match.end(), text[start : match.end()], matched_case(other, text[start])))
    return _one([edit for edit in found if edit.before[-1:].islower()], random)


def _opposite(text: str, match: re.Match[str]) -> str | None:
    """Return what says the other way in this place, or None where the word has another sense."""
    word = match[0].lower()
    before, after = text[: match.start()], text[match.end() :]
    last = re.search(r"(\w+)\W*\Z", before)
    previous = last[1].lower() if last else ""
    if word not in ANTONYMS or (
        previous in {"no", "any", "once", "what", "ever", "not"} and word in {"more", "longer"}
    ):
        return None
    if word in {"first", "last"} and (not FIRST_OR_LAST.search(before) or after.startswith(" aid")):
        return None
    if word in {"more", "most"} and previous != "at":
        return _fewer_or_less(word, previous, after)
    if word == "after" and re.search(r"\b(?:named|called|look\w*|tak\w+|took|ask\w*|day|year)\b", text, re.IGNORECASE):
        return None
    # Before a court, to lower the price, the wider world.
    if word in {"before", "wider"} and re.match(r"\s(?:the )?[A-Z]", after):
        return None
    if word in {"lower", "increase", "decrease"} and re.match(r"\s(?:the|an?|his|her|its|their)\b", after):
        return None
    if word in {"top", "bottom"} and previous != "the":
        return None
    return ANTONYMS[word]


def _fewer_or_less(word: str, previous: str, after: str) -> str | None:
    """Return "fewer" or "fewest" before what is counted, "less" or "least" otherwise, None where that is not plain."""
    few, little = {"more": ("fewer", "less"), "most": ("fewest", "least")}[word]
    if word == "most" and (previous != "the" or after.startswith(" of")):
        return None
    if re.match(r"\s(?:people|children|men|women|\w+[^\Ws]s)\b", after):
        return few
    return little if MEASURED.match(after) else None


def _renamed(text: str, random: Random, strength: float) -> list[Edit]:
    """Put another name of the same kind, one that the text does not hold, for a name everywhere it stands."""
    del strength
    words = {match[0].removesuffix("'s").removesuffix("’s") for match in TOKEN.finditer(text)}
    choices = [(name, kind) for kind in ENTITIES for name in kind if name in words]
    if not choices:
        return []
    name, kind = random.choice(choices)
    # After "a" or "an" the other name must begin alike.
    alike = re.search(rf"\ban? {name}\b", text) is not None
    others = [one for one in kind if one not in words and not (alike and (one[0] in "AEIO") != (name[0] in "AEIO"))]
    other = random.choice(others or [name])
    found = re.finditer(rf"(?<![\w-]){name}(?![\w-])", text)
    return [Edit(*match.span(), name, other) for match in found if not _within(text, match)]


def _presupposed(text: str, random: Random, strength: float) -> list[Edit]:
    del random, strength
    for pattern, wording in UNREAL:
        match = pattern.fullmatch(text)
        if match:
            return rewritten(text, match.expand(wording))
    return []


CONTROLS: tuple[Operator, ...] = (
    Operator("negation_added", "semantic", "Denies what was affirmed.", False, ONCE, _negated),
    Operator("negation_removed", "semantic", "Affirms what was denied.", False, ONCE, _affirmed),
    Operator("number_changed", "semantic", "Puts another number.", False, ONCE, _renumbered),
    Operator("antonym_swap", "semantic", "Compares or directs the other way.", False, ONCE, _swapped),
    Operator("entity_swap", "semantic", "Puts another name of the same kind.", False, ONCE, _renamed),
    Operator("false_premise", "semantic", "Takes for granted that there is no answer.", False, ONCE, _presupposed),
)
