"""Does a reply say that the text it was to answer from holds no answer? By rules, without that text.

Two things decide: a turn of phrase that says so, and none behind or before it by which an answer is given all the
same. "It does not say, but it was probably twelve" answers.
"""

from __future__ import annotations

import re

from harness.text.equivalence import without_answer
from harness.text.normalise import fold
from harness.text.refusal import probability as refusal_probability

__all__ = ["abstains"]

MOST = 1000
"""Characters of a reply that are looked at."""
CERTAIN = 0.95
"""Probability of refusal from which a reply counts: the refusal detector's own threshold takes one short true answer in
six for a refusal, this one none of 549."""
TEXT = (
    r"(?:passage|text|article|source|document|context|story|account|author|writer|paragraph|extract|excerpt|recipe"
    r"|information|description|it|that|this|we|one)"
)
TELL = (
    r"(?:say|said|tell|told|mention|state|specif|giv|provid|contain|indicat|reveal|includ|explain|explicit|record|name"
    r"|identif|answer|disclos|describ|discuss|address|cover|list|count|clear|known|determin|work(?:ed)? out|find|found"
    r"|appear|stand)"
)
NOT = r"(?:not|n't|never|nowhere|no)"
SILENT = re.compile(
    # The text does not say. It is never mentioned. The figure isn't given.
    rf"\b{TEXT}\b[^.!?;,]{{0,40}}?(?:\b{NOT}|n't)\b[^.!?;,]{{0,30}}?\b{TELL}"
    rf"|\b(?:is|are|was|were|be|been)(?:n't| not| never)\b (?:\w+ ){{0,3}}?"
    r"(?:mentioned|stated|specified|given|said|told|provided|indicated|revealed|explained|identified|answered"
    r"|disclosed|described|clear|in the (?:passage|text))\b"
    rf"|\b(?:is|are|goes|go|left|remains?)\b (?:\w+ )?(?:unmentioned|unstated|unspecified|unsaid|unnamed|unclear|open"
    r"|missing from|not in the (?:passage|text))\b"
    r"|\bwe (?:are|were)(?:n't| not) told\b|\bnowhere (?:does|do|is|are)\b|\bdoes(?:n't| not) (?:appear|say)\b"
    # Nothing is said of it. There is no mention. No day is named.
    r"|\b(?:no|nothing|none|any) (?:\w+ ){0,3}?(?:mention(?:ed)?|information|indication|details?|figure|said|named"
    r"|given|stated|about|of the kind|in the (?:passage|text)|tells|says|recorded)\b"
    rf"|\b{TEXT} (?:gives|contains|names|has|offers|holds|records|states|provides) (?:no|nothing)\b"
    r"|\b(?:silent|quiet) (?:on|about|as to)\b|\bleaves? (?:\w+ ){1,3}(?:out|open|unsaid)\b|\bunclear from\b"
    # It says A but not B.
    r"|\b(?:says|gives|tells|mentions|states|names)\b[^.!?;]{0,80}\bbut not\b"
    # It cannot be answered from this.
    r"|\b(?:can't|cannot|can not|could not|couldn't|unable to|impossible to|not possible to)\b (?:be )?"
    r"(?:\w+ ){0,2}?(?:answer|answered|determine|determined|tell|told|say|said|know|known|find|found|infer|inferred"
    r"|work(?:ed)? out)\b"
    r"|\bnot (?:have )?enough (?:information|in the|context|detail)|\bn't enough\b"
)
BARE = re.compile(
    r"^(?:the )?(?:answer(?: is)?:? )?(?:not (?:stated|given|mentioned|specified|known|said|provided|answerable"
    r"|available|in the (?:passage|text))|unknown|unanswerable|unclear|unspecified|no (?:answer|information|mention)"
    r"|none given|n/?a|nothing)\b[^.!?;,]{0,40}$"
)
"""The whole reply."""
ALL_THE_SAME = re.compile(
    r"\b(?:probably|presumably|likely|perhaps|maybe|i (?:would |'d )?(?:guess|think|believe|assume|suppose)|my guess"
    r"|must (?:have|be)|may (?:have|be|last)|might (?:have|be)|(?:can|may) be (?:assumed|inferred)|usually|typically"
    r"|one (?:can|may) assume|but (?:the|it|they|he|she) (?:is|was|were|are) (?!not\b|never\b|un\w+)"
    r"|is no exact|exact (?:\w+ )?is unknown)\b"
)


def abstains(reply: str) -> bool:
    """Whether ``reply``, or the beginning of a long one, says that the text gives no answer, and gives none either."""
    text = fold(reply[:MOST]).strip("\"' ")
    if BARE.search(text):
        return True
    said = bool(SILENT.search(text)) or without_answer(text) or refusal_probability(text) >= CERTAIN
    return said and not ALL_THE_SAME.search(text)
