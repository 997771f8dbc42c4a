"""Do two answers to one question say the same? By rules: written alike, numbers with units, yes or no, names, denial.

The rules are strict where a single word decides (a number, a unit, a denial, a yes) and lenient about everything around
it. What they cannot see is meaning in other words; `docs` of the instrument that uses them tell how often that matters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from harness.text.facts import MOST, Facts, codes, facts, stems
from harness.text.normalise import fold

__all__ = ["Likeness", "asserts", "likeness", "without_answer"]

NO_ANSWER = re.compile(
    r"\b(?:don't|do not|didn't|doesn't|couldn't|could not|can't|cannot|can not|unable to|hard to"
    r"|difficult (?:for me )?to|impossible to|no way (?:for me )?to|not able to|not sure|unsure|no idea|not certain"
    r"|haven't|not enough|without more)"
    r"\b[^.]{0,30}(?:know|say|tell|answer|help|sure|determine|find|recall|remember|work|idea|information|certain|context)"
    r"|\b(?:i|we) (?:don't|do not) know\b|\bno idea\b|\bunknown\b|\bi'm not (?:sure|certain)\b|\boutside what i\b"
    r"|\b(?:it is|it's) (?:not (?:stated|mentioned|given|known|clear|specified)|unclear|unknown)\b"
    r"|\b(?:not|n't) (?:stated|mentioned|given|specified|provided|say|contain)\b",
)
ASKS_YES_OR_NO = re.compile(
    r"^(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|should|may|might|must|am)\b", re.IGNORECASE
)
YES = re.compile(r"^(?:yes|yeah|yep|indeed|correct|right|true|certainly|of course|absolutely)\b")
NO = re.compile(r"^(?:no|nope|not|never|false|incorrect|wrong)\b(?! one\b| other\b)")
HEDGE = re.compile(r"\b(?:maybe|perhaps|might|may be|could be|possibly|some say|it depends|not entirely|partly)\b")
REJECTED = (
    r"(?:\bnot|n't|\bnever|\bno longer|\binstead of|\brather than|\bunlike|\bother than|\bthan|\bused to be|\bformerly"
    r"|\bbeaten|\bafter|\b(?:some|many|most|people|they|textbooks) (?:\w+ )?(?:say|think|thought|believe|claim|guess)"
    r"|\bonly in)\s(?:(?!but\b)\w+\s){0,3}?$"
)
TURNED = re.compile(
    r"^\W{0,3}(?:is|was|are|were)?\s?(?:but|however|is wrong|is not|isn't|wasn't|was not|which is wrong)\b"
)
CONTRAST = re.compile(
    r"^[^.;]{0,80}?\b(?:but|however|in reality|in fact|whereas|is wrong|only in)\b(?! (?:the exact|it varies|not all))|"
    r"^[^.;]{0,12}\b(?:, on the other hand|planned|only (?:holds|appears))"
)
CONCEDED = re.compile(
    r"\b(?:although|though|whereas|since|beats|unlike|never|could play|wasn't|isn't|by contrast)\b[^.;:]{0,40}$"
)
ENOUGH = 0.7
"""Share of content words that two long answers must have in common."""
SLIP, SURE = 0.88, 7
"""Likeness of letters from which two words are one with a slip of the pen, and letters they need to have for that."""
BARE = 3
"""Content words up to which an answer counts as a bare name."""
SHORT = 6
"""Content words up to which an answer counts as short: it must then be found whole in the other."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two answers compare.

    Attributes:
        same: Whether they say the same.
        contradict: Whether they exclude each other, as far as the rules see: the rest is merely different.
        rule: Name of the rule that decided.
    """

    same: bool
    contradict: bool
    rule: str


def without_answer(answer: str) -> bool:
    """Whether ``answer`` says that there is none: "I don't know", "it is not stated"."""
    return bool(NO_ANSWER.search(fold(answer)[:300]))


def likeness(left: str, right: str, *, question: str = "", aliases: Sequence[str] = ()) -> Likeness:
    """Compare two answers to ``question``.

    Args:
        left: One answer; of a long one the first 4,000 characters.
        right: The other; the order does not matter.
        question: What was asked; its own words count for nothing.
        aliases: Forms of one right answer: two answers that assert any of them say the same.
    """
    # Ties are broken by the text, so that both orders come to the same.
    left, right = sorted((left[:MOST], right[:MOST]))
    if _written_alike(left, right):
        return Likeness(same=True, contradict=False, rule="written alike")
    silent = without_answer(left), without_answer(right)
    if any(silent):
        return Likeness(same=all(silent), contradict=False, rule="no answer")
    if ASKS_YES_OR_NO.match(question.strip()):
        decided = _by_polarity(left, right, question)
        if decided is not None:
            return decided
    if aliases:
        known = [any(asserts(answer, alias) for alias in aliases) for answer in (left, right)]
        if any(known):
            return Likeness(same=all(known), contradict=not all(known), rule="aliases")
    return _by_content(left, right, question)


def asserts(answer: str, claim: str) -> bool:
    """Whether ``answer`` holds ``claim``, a short answer, and neither rejects nor corrects it.

    Words are compared by their stems, numbers by value, whatever stands around them; an empty claim is never held.
    """
    answer, claim = answer[:MOST], claim[:MOST]
    if not fold(claim):
        return False
    wanted, told = facts(claim), facts(answer)
    if wanted.numbers - told.numbers or (wanted.units and told.units and wanted.units - told.units):
        return False
    if not wanted.words:
        return (bool(wanted.numbers) or fold(claim) in fold(answer)) and not _contrasted(answer, claim)
    if not wanted.words <= told.words:
        return False
    either = re.search(rf"\beither\b.{{0,30}}{re.escape(fold(claim))}|{re.escape(fold(claim))},? or\b", fold(answer))
    return not (either or _rejected(answer, claim) or _contrasted(answer, claim))


def _rejected(answer: str, claim: str) -> bool:
    """Whether every place where the claim's last content word stands is denied or corrected."""
    text, keys = fold(answer), [word for word in fold(claim).split() if facts(word).words]
    places = list(re.finditer(re.escape(keys[-1]), text)) if keys else []
    if not places:
        return False
    first = re.escape(keys[0])
    return all(
        re.search(REJECTED, re.sub(rf"\b{first}\b.*$", "", text[: place.end()])) or TURNED.match(text[place.end() :])
        for place in places
    )


def _written_alike(left: str, right: str) -> bool:
    """Whether they are one text but for case, marks, hyphens, spaces, endings, or a slip of the pen in a long word."""
    if fold(left) == fold(right):
        return True
    ours, theirs = facts(left), facts(right)
    if (ours.numbers, ours.units, ours.denials) != (theirs.numbers, theirs.units, theirs.denials):
        return False
    if not ours.words or not theirs.words or codes(left) != codes(right):
        return False
    one, other = ("".join(stem for stem in stems(text) if facts(stem).words) for text in (left, right))
    return one == other or (min(len(one), len(other)) >= SURE and _ratio(one, other) >= SLIP)


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() if len(one) < 40 else 0.0


def _by_polarity(left: str, right: str, question: str) -> Likeness | None:
    """Compare what two answers to a yes-or-no question come to; None where one of them cannot be told."""
    ours, theirs = _polarity(left, question), _polarity(right, question)
    if ours is None or theirs is None:
        return None
    hedged = bool(HEDGE.search(fold(left))) != bool(HEDGE.search(fold(right)))
    same = ours == theirs and not hedged
    return Likeness(same=same, contradict=ours != theirs, rule="yes or no")


def _polarity(answer: str, question: str) -> bool | None:
    text = fold(answer)
    if YES.match(text):
        return True
    if NO.match(text) and facts(answer).denials % 2:
        return False
    if NO.match(text):
        return False if text.startswith(("no,", "no ", "no.")) or text == "no" else None
    shared = facts(answer).words & facts(question).words
    short = len(facts(answer).words - facts(question).words) == 0
    if shared or short:
        return (facts(answer).denials + facts(question).denials) % 2 == 0
    return None


def _by_content(left: str, right: str, question: str) -> Likeness:
    ours, theirs = facts(left), facts(right)
    if _numbers_differ(ours, theirs):
        return Likeness(same=False, contradict=True, rule="numbers")
    if ours.units and theirs.units and not ours.units & theirs.units:
        return Likeness(same=False, contradict=True, rule="units")
    named = _named(left, right, question)
    if named is not None:
        return named
    if (ours.denials + theirs.denials) % 2 and len(ours.words & theirs.words) >= ENOUGH * min(
        len(ours.words), len(theirs.words)
    ):
        return Likeness(same=False, contradict=True, rule="denial")
    asked = facts(question).words
    new_ours, new_theirs = ours.words - asked, theirs.words - asked
    short, long = sorted((new_ours, new_theirs), key=len)
    holder, held = (left, right) if long is new_ours else (right, left)
    if ours.numbers & theirs.numbers and len(short) <= 1:
        turned = _contrasted(holder, held)
        return Likeness(same=not turned, contradict=turned, rule="numbers")
    overlap = len(short & long)
    kept = _kept(held, short) if short and len(short) <= SHORT and overlap == len(short) else []
    if kept:
        if _listed(holder, kept):
            return Likeness(same=False, contradict=False, rule="one of several")
        turned = _rejected(holder, " ".join(kept)) or _contrasted(holder, kept[-1])
        return Likeness(same=not turned, contradict=turned, rule="contained")
    together = len(short) + len(long)
    alike = bool(together) and 2 * overlap / together >= ENOUGH
    swapped = alike and bool(short - long) and bool(long - short)
    return Likeness(same=alike and not swapped, contradict=swapped, rule="words in common")


def _named(left: str, right: str, question: str) -> Likeness | None:
    """Compare where one answer is a bare name or phrase and the other says something of it; None where that is not so.

    "It is Sydney, not Canberra" denies one city and names the other: counting denials would not tell which.
    """
    short, long = sorted((left, right), key=lambda text: len(facts(text).words))
    bare, told = facts(short), facts(long)
    words = bare.words - facts(question).words
    if not 1 <= len(words) <= BARE or bare.denials or not told.denials or not words <= told.words:
        return None
    kept = _kept(short, words)
    if not kept:
        return None
    turned = _rejected(long, " ".join(kept)) or _contrasted(long, kept[-1])
    return Likeness(same=not turned, contradict=turned, rule="named")


def _listed(holder: str, kept: Sequence[str]) -> bool:
    """Whether the words ``kept`` are one item of a longer list in ``holder``: joined to another by "and" or "or"."""
    text, known = fold(holder), {stem for word in kept for stem in stems(word)}
    first, last = re.escape(kept[0]), re.escape(kept[-1])
    around = [
        *re.findall(rf"([\w']+),?\s(?:and|or|nor)\s(?:the |a |an |perhaps |maybe |even )*{first}", text),
        *re.findall(rf"{last},?\s(?:and|or|nor)\s(?:the |a |an |perhaps |maybe |even )*([\w']+)", text),
    ]
    return any(facts(word).words - known for word in around)


def _contrasted(holder: str, held: str) -> bool:
    """Whether what follows ``held`` in ``holder`` takes it back: "..., but in fact ...", "... only in films"."""
    text, key = fold(holder), (fold(held).split() or [""])[-1]
    place = text.rfind(key)
    if not key or place < 0:
        return False
    before, behind = text[:place], text[place + len(key) :]
    return bool(CONTRAST.search(behind)) or bool(CONCEDED.search(before[-60:]))


def _kept(answer: str, words: frozenset[str]) -> list[str]:
    """Return the words of ``answer`` whose stems are among ``words``, as written."""
    return [word for word in fold(answer).split() if facts(word).words & words]


def _numbers_differ(ours: Facts, theirs: Facts) -> bool:
    """Whether both name numbers and the one with fewer has one that the other lacks."""
    few, many = sorted((ours.numbers, theirs.numbers), key=len)
    return bool(few) and not few <= many
