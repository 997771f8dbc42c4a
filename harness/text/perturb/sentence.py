"""Sentence level: what can be said before, behind and between without asking for anything else.

The tautology and its repetition are those of StressTest (Naik et al. 2018, arXiv 1806.00692).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from random import Random

from harness.text.perturb.change import GRADED, ONCE, Edit, Operator, fits, rewritten
from harness.text.perturb.guard import TOKEN, literals

__all__ = ["SENTENCE", "sentences"]

TAUTOLOGY = " and true is true"
MOST_TAUTOLOGIES = 5

END = re.compile(r"[.?!]*\s*\Z")

IRRELEVANT = (
    "The bus was late.",
    "The kettle is on.",
    "My sister plays chess.",
    "The curtains are new.",
    "A door was open.",
    "The soup was salty.",
    "My shoes are wet.",
    "Someone sang a song.",
    "The lamp is lit.",
    "Lunch was good.",
    "The clock is ticking.",
    "A choir is rehearsing.",
)
"""Sentences that are beside any point: no number, no name, no negation."""

MOST_IRRELEVANT = 4

GREETINGS = (
    "Hello! ",
    "Hi there! ",
    "Good day! ",
    "If you please: ",
    "Please help me with this: ",
    "Would you please help me? ",
    "I hope you are well. ",
)

THANKS = (" Thank you.", " Thanks in advance.", " Many thanks.", " Thank you very much.")
THANKS_WITHIN = (", please", ", thank you", ", thanks")
"""What can follow a text that has no full stop."""

BOUNDARY = re.compile(r"(?<=[.?!])\s+(?=[A-Z\"“])")

ABBREVIATION = re.compile(r"\b(?:[A-Z]|Mrs?|Ms|Dr|St|Prof|Sir|vs|etc|e\.g|i\.e|No)\.\Z")

ANAPHORIC_WORDS = """
it its they them their theirs he him his she her hers this these those such here former latter
"""

ANAPHORIC = frozenset(ANAPHORIC_WORDS.split())
"""Words that may point to a sentence before."""

CONNECTIVE_WORDS = """
then so thus therefore however also there and but or yet now meanwhile instead later still another again that
"""

CONNECTIVE = frozenset(CONNECTIVE_WORDS.split())
"""Words that point to the sentence before when they begin one."""

EXPLETIVE = re.compile(
    r"\b(?:is it (?:that|likely that|true that)|how (?:likely|probable) is it that)\b", re.IGNORECASE
)
"""Words of that kind where they point nowhere."""


def sentences(text: str) -> list[str]:
    """Cut ``text`` into sentences, without the space between them; a full stop after an abbreviation ends none."""
    quoted = literals(text)
    parts, start = [], 0
    for match in BOUNDARY.finditer(text):
        within = any(left < match.start() < right for left, right in quoted)
        if not within and not ABBREVIATION.search(text, start, match.start()):
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def _steps(strength: float, most: int) -> int:
    return max(1, int(strength * most))


def _tautologies(text: str, random: Random, strength: float) -> list[Edit]:
    del random
    room = len(text) // len(TAUTOLOGY)
    match = END.search(text)
    if not text.strip() or match is None:
        return []
    added = TAUTOLOGY * min(room, _steps(strength, MOST_TAUTOLOGIES))
    return [Edit(match.start(), match.start(), "", added)]


def _without_tautologies(text: str) -> str:
    return re.sub(rf"(?:{TAUTOLOGY})+(?=[.?!]*\s*\Z)", "", text)


def _irrelevant(text: str, random: Random, strength: float) -> list[Edit]:
    """Put sentences before the text that share no word of content with it."""
    if not text.strip():
        return []
    words = {match[0].casefold() for match in TOKEN.finditer(text)}
    apart = [
        one
        for one in IRRELEVANT
        if not words & {word.casefold() for word in TOKEN.findall(one)[1:] if word not in {"is", "are", "was"}}
    ]
    order = random.sample(apart, len(apart))
    lengths = accumulate(len(one) + 1 for one in order)
    fitting = [one for one, length in zip(order, lengths, strict=True) if fits(text, length)]
    return [Edit(0, 0, "", "".join(f"{one} " for one in fitting[: _steps(strength, MOST_IRRELEVANT)]))]


def _without_irrelevant(text: str) -> str:
    return re.sub(rf"\A(?:(?:{'|'.join(map(re.escape, IRRELEVANT))}) )+", "", text)


def _prefixed(text: str, random: Random, strength: float) -> list[Edit]:
    del strength
    fitting = [one for one in GREETINGS if fits(text, len(one))]
    return [Edit(0, 0, "", random.choice(fitting))] if fitting and text.strip() else []


def _without_prefix(text: str) -> str:
    return next((text[len(one) :] for one in GREETINGS if text.startswith(one)), text)


def _suffixed(text: str, random: Random, strength: float) -> list[Edit]:
    del strength
    if not text.strip() or text != text.rstrip():
        return []
    choice = THANKS if text.endswith((".", "?", "!")) else THANKS_WITHIN if text[-1].isalnum() else ()
    fitting = [one for one in choice if fits(text, len(one))]
    return [Edit(len(text), len(text), "", random.choice(fitting))] if fitting else []


def _without_suffix(text: str) -> str:
    return next((text.removesuffix(one) for one in (*THANKS, *THANKS_WITHIN) if text.endswith(one)), text)


def _reordered(text: str, random: Random, strength: float) -> list[Edit]:
    """Put the sentences in another order if none points to another, a question in front of what it builds on."""
    del strength
    parts = sentences(text)
    if len(parts) < 2 or any(_points_back(part) for part in parts) or parts[-1][-1:] not in {".", "?", "!"}:
        return []
    if parts[-1].endswith("?") and not any(part.endswith("?") for part in parts[:-1]):
        return rewritten(text, " ".join([parts[-1], *parts[:-1]]))
    order = _other_order(parts, random)
    return rewritten(text, " ".join(order)) if order else []


def _points_back(sentence: str) -> bool:
    words = [word.casefold() for word in TOKEN.findall(EXPLETIVE.sub("", sentence))]
    return not ANAPHORIC.isdisjoint(words) or not CONNECTIVE.isdisjoint(words[:1])


def _other_order(parts: Sequence[str], random: Random) -> list[str]:
    for _ in range(8):
        order = random.sample(list(parts), len(parts))
        if order != list(parts):
            return order
    return []


SENTENCE: tuple[Operator, ...] = (
    Operator(
        "tautology",
        "sentence",
        "Says at the end that true is true, up to five times.",
        True,
        (0.2, 0.4, 0.6, 0.8, 1.0),
        _tautologies,
        _without_tautologies,
    ),
    Operator(
        "irrelevant_sentence",
        "sentence",
        "Puts up to four sentences in front that are beside the point.",
        True,
        GRADED,
        _irrelevant,
        _without_irrelevant,
    ),
    Operator("polite_prefix", "sentence", "Begins with a polite phrase.", True, ONCE, _prefixed, _without_prefix),
    Operator("polite_suffix", "sentence", "Ends with a polite phrase.", True, ONCE, _suffixed, _without_suffix),
    Operator(
        "sentence_order",
        "sentence",
        "Puts sentences that do not build on each other in another order.",
        True,
        ONCE,
        _reordered,
    ),
)
