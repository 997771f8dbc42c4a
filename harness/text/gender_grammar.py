"""What ``her`` and ``his`` are in a sentence, by the words beside them: of an object, of an owner, or nobody can tell.

Rules, no parser: they are asked both of a text and of what it is swapped to, so that what they get wrong one way alone
is seen (`harness.text.gender_swap`).
"""

from __future__ import annotations

import re
from enum import StrEnum

from harness.text.gender_words import KIN

__all__ = ["FUNCTION", "WORD", "Use", "use_of_her", "use_of_his"]

WORD = re.compile(r"[^\W\d_]+")
"""A word of letters; what stands behind an apostrophe is another."""


class Use(StrEnum):
    """What a pronoun is there for."""

    OBJECT = "object"
    """saw her, of his: him, hers."""
    OWNER = "owner"
    """her book, his book."""
    UNCLEAR = "unclear"


FUNCTION = frozenset(
    (
        *("about", "above", "across", "after", "against", "along", "among", "around", "as", "at", "before", "behind"),
        *("below", "beneath", "beside", "besides", "between", "beyond", "by", "despite", "during", "except", "for"),
        *("from", "in", "into", "near", "of", "off", "on", "onto", "out", "over", "since", "through", "throughout"),
        *("till", "to", "toward", "towards", "under", "until", "up", "upon", "via", "with", "within", "without"),
        *("and", "or", "but", "nor", "because", "if", "that", "than", "then", "when", "whenever", "where", "while"),
        *(
            "whether",
            "who",
            "whom",
            "whose",
            "which",
            "what",
            "why",
            "how",
            "so",
            "yet",
            "although",
            "though",
            "unless",
        ),
        *("a", "an", "the", "this", "these", "those", "some", "any", "each", "every", "another", "either", "neither"),
        *("i", "you", "he", "she", "it", "we", "they", "me", "him", "us", "them", "his", "her", "hers", "its", "their"),
        *("my", "your", "our", "mine", "yours", "ours", "theirs", "himself", "herself", "itself", "themselves"),
        *("is", "are", "was", "were", "am", "be", "been", "being", "has", "have", "had", "do", "does", "did", "would"),
        *("could", "should", "shall", "not", "again", "alone", "away", "here", "there", "now", "soon", "today"),
        *("tomorrow", "yesterday", "tonight", "later", "ever", "never", "always", "often", "sometimes", "too", "also"),
        *("already", "instead", "twice", "together", "forever", "anyway", "afterwards", "nothing", "something"),
        *("stood", "sat", "came", "went", "ran", "knew", "took", "gave", "spoke", "became", "began"),
    )
)
"""Words before which nothing is owned."""
EITHER = frozenset(
    (
        *(
            "back",
            "home",
            "past",
            "will",
            "might",
            "may",
            "can",
            "must",
            "like",
            "well",
            "still",
            "just",
            "even",
            "down",
        ),
        *("inside", "outside", "better", "more", "most", "less", "much", "right", "close", "one", "all", "both", "no"),
        *("once", "almost", "enough", "such", "round", "only", "first", "last"),
    )
)
"""Words before which ``her`` may be either."""
PREPOSITIONS = frozenset(
    (
        *("above", "across", "against", "around", "at", "before", "behind", "below", "beneath", "beside", "between"),
        *("beyond", "by", "for", "from", "in", "into", "near", "of", "on", "onto", "over", "past", "through", "to"),
        *("toward", "towards", "under", "upon", "with", "within", "without"),
    )
)
OWNED_BEHIND = frozenset({"back", "home", "past", "right", "will"})
"""Of these, what is owned behind a preposition: behind her back."""
OWNED_FIRST = frozenset({"only", "first", "last"})
"""Of these, what is owned unless a verb that takes two objects stands before."""
PERCEIVED = frozenset(
    (
        *("let", "lets", "letting", "help", "helps", "helped", "helping", "see", "sees", "saw", "seen", "seeing"),
        *("hear", "hears", "heard", "hearing", "watch", "watches", "watched", "watching", "feel", "feels", "felt"),
        *("notice", "notices", "noticed", "have", "had", "having", "has"),
    )
)
"""Verbs after whose object another verb may stand: saw her run, saw her friend."""
GIVING = frozenset(
    (
        *("make", "makes", "made", "making", "give", "gives", "gave", "given", "giving", "tell", "tells", "told"),
        *("telling", "show", "shows", "showed", "shown", "showing", "offer", "offers", "offered", "send", "sends"),
        *("sent", "sending", "bring", "brings", "brought", "buy", "buys", "bought", "teach", "teaches", "taught"),
        *("pay", "pays", "paid", "lend", "lends", "lent", "sell", "sold", "hand", "hands", "handed", "ask", "asks"),
        *("asked", "call", "calls", "called", "calling", "name", "named", "wish", "wishes", "wished", "owe", "owes"),
        *("owed", "cook", "cooked", "find", "finds", "found", "cost", "costs", "keep", "keeps", "kept", "leave"),
        *("leaves", "left", "drive", "drives", "drove", "get", "gets", "got", "think", "thought", "consider"),
        *("considered", "allow", "allowed", "promise", "promised", "deny", "denied", "read", "reads", "write"),
        *(
            "wrote",
            "serve",
            "served",
            "pass",
            "passed",
            "paint",
            "painted",
            "want",
            "wants",
            "wanted",
            "turn",
            "turned",
        ),
    )
)
"""Verbs after whose object something else may stand: gave her books, drove her mad."""
BARE_VERBS = frozenset(
    (
        *("go", "know", "believe", "understand", "become", "come", "think", "see", "say", "tell", "ask", "forget"),
        *("remember", "realise", "realize", "lose", "eat", "sing", "write", "learn", "live", "die", "sit", "suffer"),
        *("choose", "decide", "happen", "get", "give", "take", "bring", "begin", "agree", "appear", "arrive", "carry"),
    )
)
"""Verbs that are no nouns."""
OWNED_IN_LY = frozenset(
    (
        *("lovely", "early", "daily", "family", "friendly", "elderly", "lonely", "ugly", "lively", "holy", "ghostly"),
        *(
            "weekly",
            "monthly",
            "yearly",
            "silly",
            "kindly",
            "deadly",
            "costly",
            "belly",
            "bully",
            "ally",
            "lily",
            "fly",
        ),
        *("motherly", "fatherly", "sisterly", "brotherly", "womanly", "manly", "curly", "homely", "orderly", "likely"),
    )
)
"""Words in -ly that are no adverbs."""
OPENING = frozenset("\"'“‘«([*_")


def use_of_her(text: str, start: int, end: int) -> Use:
    """Tell what the ``her`` at ``start`` to ``end`` is there for."""
    word, after = _next(text, end)
    if word is None:
        return Use.UNCLEAR if after else Use.OBJECT
    before = _before(text, start)
    if word in EITHER:
        return _either(word, before)
    if word in FUNCTION:
        return Use.OBJECT
    if word.endswith("ly") and word not in OWNED_IN_LY:
        follower, _ = _next(text, after)
        return Use.OBJECT if follower is None or follower in FUNCTION else Use.UNCLEAR
    if word in KIN:
        return Use.OWNER
    if before in GIVING:
        return Use.OBJECT if word in BARE_VERBS else Use.UNCLEAR
    if before in PERCEIVED:
        return _perceived(word)
    # The man behind her laughed; the man behind her raised hand laughed.
    return Use.UNCLEAR if before in PREPOSITIONS and word.endswith("ed") else Use.OWNER


def use_of_his(text: str, end: int) -> Use:
    """Tell what the ``his`` that ends at ``end`` is there for; its object form is that of a thing owned (of his)."""
    word, after = _next(text, end)
    if word is None:
        return Use.UNCLEAR if after else Use.OBJECT
    return Use.OBJECT if word in FUNCTION else Use.OWNER


def _either(word: str, before: str) -> Use:
    owned = word in OWNED_FIRST and before not in PERCEIVED | GIVING
    return Use.OWNER if owned or (word in OWNED_BEHIND and before in PREPOSITIONS) else Use.UNCLEAR


def _perceived(word: str) -> Use:
    if word in BARE_VERBS:
        return Use.OBJECT
    # No verb that stands behind an object ends so, and few nouns that do not.
    return Use.OWNER if word.endswith("s") and not word.endswith("ss") else Use.UNCLEAR


def _next(text: str, end: int) -> tuple[str | None, int]:
    """The word that follows without a mark between, and where it ends.

    None and 0 where a mark or the end comes first; None and 1 where a quotation opens.
    """
    at = end
    while at < len(text) and text[at].isspace():
        at += 1
    if at == end or at == len(text):
        return None, 0
    if text[at] in OPENING:
        return None, 1
    found = re.compile(r"[^\W_]+").match(text, at)
    return (None, 0) if found is None else (found[0].lower(), found.end())


def _before(text: str, start: int) -> str:
    """The word before, without a mark between; empty where there is none."""
    found = re.search(r"([^\W\d_]+)\s+$", text[max(0, start - 40) : start])
    return "" if found is None else found[1].lower()
