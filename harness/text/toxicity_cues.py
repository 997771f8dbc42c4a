"""Cues of hostility by rule, over words of which those of one kind are replaced by a mark such as ``<insult>``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.text.toxicity_words import GROUP, NAME

__all__ = ["CUES", "EXCUSES", "cues"]

NEAR = r"(?: \S+){0,5}? "
"""At most five words between."""
YOU = r"(?:you|your|you're|yours|you've|you'll|ur|u|yourself)"
THEY = rf"(?:{GROUP}|these|those|they|they're|their|them|he|he's|{NAME})"
US = r"(?:i|we|i'll|we'll|i'm|we're|i've|we've|i'd)"
BAD = r"<(?:insult|cursed|contempt|creature|bad)>"
HOSTILE = r"<(?:insult|cursed|contempt|creature|bad|violence|death|cursing|exclusion|against)>"
ORDER = r"(?:go|get|shut|eat|drop|crawl|choke|kiss|shove|stick|take|do us|die|jump|rot|run|sit|stop|keep|tell)"
CUES: Mapping[str, str] = {
    "you, insulted": rf"\b{YOU}{NEAR}{BAD}",
    "insult to you": rf"{BAD}(?: \S+){{0,3}}? {YOU}\b",
    "you at the insult": rf"\byou (?:\S+ )?{BAD}",
    "they, insulted": rf"\b{THEY}{NEAR}{BAD}",
    "group, insulted": rf"\b{GROUP}{NEAR}(?:{BAD}|<against>)",
    "insult to a group": rf"(?:{BAD}|<against>){NEAR}{GROUP}\b",
    "cursed person": r"\b(?:you|he|a|an|the|this|that|he's|you're|of) (?:\S+ ){0,2}?<cursed>",
    "curse with an insult": rf"<cursing>(?: \S+){{0,2}}? {BAD}|{BAD}(?: \S+)? <cursing>",
    "curse at you": rf"<cursing> (?:{YOU}|off|up|him|them|his|all)\b"
    r"|\b(?:go to|eat|kiss my|up your|full of|screw) ?(?:<cursing>|you)",
    "group is": rf"\b{GROUP} (?:are|is|have|can't|cannot|should|ought|must|don't|do not|belong|deserve|ruin|only)\b",
    "group is not to": rf"\b{GROUP} (?:should|ought|must|may|can't|cannot|don't|do not|have no|will never|are not"
    r"|aren't)\b",
    "group kept out": rf"<exclusion>{NEAR}{GROUP}\b|\b{GROUP}{NEAR}<exclusion>|\bno {GROUP}\b",
    "never a group": rf"\b(?:never|not|won't|don't|no|without|than|before|stop|keep|from|rid)\b{NEAR}{GROUP}\b",
    "the whole group": rf"\b(?:these|those|all|every|you|typical|average|of|as) (?:the )?{GROUP}\b",
    "we will do violence": rf"\b{US}\b{NEAR}<(?:violence|weapon|harm)>",
    "violence to you": rf"<violence>{NEAR}(?:{YOU}|{GROUP}|them|his|their)\b",
    "you die": rf"\b(?:{YOU}|he|they|them|his){NEAR}<death>",
    "your body": r"\b(?:your|his) <harm>",
    "your people": r"\byour (?:\S+ )?(?:parent|child|sibling|spouse|family|house|car|dog|cat|home|windows?|friends?"
    r"|door)\b",
    "intent": rf"\b{US} (?:\S+ )?(?:will|shall|going|gonna|swear|know)\b|\b(?:i'll|we'll) ",
    "if you": r"\b(?:if|when|again|unless|until|next time|one more|by friday|or) (?:you|i|we|he)\b",
    "wish": r"\b(?:hope|wish|deserves?|ought to be|should be|should have been|with luck|any luck|pity|may) ",
    "order": rf"(?:^|[.!?,:] ){ORDER}\b",
    "hint": r"\b(?:know where|know which|know what|if i were you|be a shame|be a pity|accidents|watch your|lock your"
    rf"|happens? to|last (?:{GROUP}|person|one) who|while you (?:still )?(?:can|have)|take care|a will|warning"
    r"|remember what|i would|i'd)\b",
    "unwanted": r"\b(?:nobody|no one|not one|none|no) (?:\S+ ){0,4}?(?:likes?|wants?|asked|would|will|cares?"
    r"|miss(?:es)?|remember|notice|ever)\b",
    "compared": r"\b(?:than|like|as|of) (?:a |the )?(?:\S+ ){0,3}?(?:you|<insult>|<contempt>|<creature>)",
    "quoted insult": rf'" (?:[^"]{{0,80}} )?{HOSTILE}[^"]{{0,80}}"',
    "quotes": r'"',
    "about words": r"\b(?:call(?:ed|ing|s)?|said|says|saying|shout(?:ed|s|ing)?|wrote|writes|words?|message|slogan"
    r"|claim(?:ed|s)?|read out|described|phrase|insults?|tell(?:ing|s)?|told|threatened)\b",
    "judged": r"<judging>",
    "myself": rf"\b(?:i|i'm|me|myself|my own|we)\b(?: \S+){{0,4}}? (?:{BAD}|<cursing>)",
    "curse alone": r"(?:^|[.!?,] )(?:\S+ )?<cursing>(?: \S+)? [,!.]",
    "curse before good": r"<cursing>(?: \S+){0,3}? <kind>|<kind>(?: \S+){0,3}? <cursing>",
    "bad thing": rf"\b(?:this|that|the|a|it is|it's|was|is) (?:\S+ )?{BAD} (?!and|,|\.|of|who|!)[a-z]",
    "question": r"\?",
    "exclamation": r"!",
}
"""Name → pattern over a line of words."""
EXCUSES = frozenset({"myself", "quotes", "about words", "judged"})
"""Cues of talk about hostile words, or about oneself."""
COMPILED = {name: re.compile(pattern) for name, pattern in CUES.items()}


def cues(line: str) -> frozenset[str]:
    """Return the names of the cues in ``line``, words and marks with a space between."""
    return frozenset(name for name, pattern in COMPILED.items() if pattern.search(line))
