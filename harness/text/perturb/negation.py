"""Negation put in and taken out, in correct English for be, do, have and modal verbs, in questions and statements."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.text.perturb.change import Edit
from harness.text.perturb.guard import literals
from harness.text.perturb.lexicon import NEGATIONS

__all__ = ["denied", "undenied"]

BE = ("is", "are", "was", "were")
DO = ("do", "does", "did")
HAVE = ("has", "have", "had")
MODAL = ("can", "could", "would", "should", "will", "must")

SHORT: Mapping[str, str] = {
    **{verb: f"{verb}n't" for verb in (*BE, *DO, *HAVE, "could", "would", "should", "must")},
    "can": "can't",
    "will": "won't",
}

FULL: Mapping[str, str] = {
    **{verb: f"{verb} not" for verb in (*BE, *DO, *HAVE, *MODAL, "may", "might", "am")},
    "can": "cannot",
}

PARTICIPLE = (
    r"(?:(?:already|also|always|just|often|since|ever|long|recently)\s)?(?:been|become|begun|built|come|done|found|gone|got|given|had|held|kept|known"
    r"|left|led|lost|made|met|paid|put|read|said|seen|sent|set|shown|sold|spent|taken|told|thought|won|written|\w+ed)\b"
)

OWNED = r"(?:an?|the|its|his|her|their|our|my|your|some|many|much|more|two|three|four|five|six|seven|eight|nine|ten)\b"

VERB = re.compile(rf"\b(?P<verb>{'|'.join(FULL)})\b(?!['’])(?P<after>\s+(?=\w))", re.IGNORECASE)

CLAUSE = re.compile(r"[.?!;:,]\s*")

ASKING = re.compile(
    r"\A(?:(?:about|roughly|on|in|at|to|from|for|with|by|during|after|of)\s)*"
    r"(?P<word>what|which|who|whom|whose|why|where|when|how|if)?(?:\b|\Z)",
    re.IGNORECASE,
)

DENIALS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), wording)
    for pattern, wording in (
        (r"\b(?P<x>can)(?:not|['’]t)\b", r"\g<x>"),
        (r"\b(?P<x>w)on['’]t\b", r"\g<x>ill"),
        (r"\b(?P<x>is|are|was|were|do|does|did|has|have|had|could|would|should|must)n['’]t\b", r"\g<x>"),
        (
            r"\b(?P<x>is|are|was|were|am|do|does|did|has|have|had|can|could|would|should|will|must|may|might) not\b",
            r"\g<x>",
        ),
        (r"\b(?P<x>is|are|was|were|has|have|had|can|could|would|should|will|must|may|might) never\b", r"\g<x>"),
        (
            r"\b(?P<x>has|have|had|with|is|are|was|were) no (?!longer|more|one|matter|doubt|less|fewer|better|other)",
            r"\g<x> some ",
        ),
    )
)


def denied(text: str) -> list[Edit]:
    """Deny the first clause whose verb can be denied in its place, or none: one "not" or "n't" more than before."""
    quoted = literals(text)
    for match in VERB.finditer(text):
        within = any(start < match.end() and match.start() < end for start, end in quoted)
        wording = None if within else _denied_verb(text, match)
        if wording is not None:
            start, end = match.span("verb")
            return [Edit(start, end, match["verb"], wording)]
    return []


def undenied(text: str) -> list[Edit]:
    """Take the first negation out that can go without another word than its verb, or none."""
    quoted = literals(text)
    found = [
        Edit(*match.span(), match[0], match.expand(wording))
        for pattern, wording in DENIALS
        for match in pattern.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in quoted)
    ]
    return [min(found, key=lambda edit: edit.start)] if found else []


def _denied_verb(text: str, match: re.Match[str]) -> str | None:
    """Return the verb with its negation, or None where none fits."""
    verb, rest = match["verb"].lower(), text[match.end() :]
    asked, before = _clause(text, match)
    following = re.match(r"[\w'’]+", rest)
    if following is None or following[0].lower() in NEGATIONS:
        return None
    # "How tall isn't it" is no English, nor are "to haven't" and "What isn't it that burns".
    if asked == "how" or before.split()[-1:] == ["to"] or before.startswith("as far as") or rest.startswith("it that "):
        return None
    question = bool(asked) or (not before and _ends(text, match) == "?")
    if verb in HAVE and re.match(OWNED, rest, re.IGNORECASE) and asked in {"", "which", "who"} and before:
        return {"has": "does not have", "have": "do not have", "had": "did not have"}[verb]
    if verb in HAVE and not question and not re.match(PARTICIPLE, rest):
        return None
    if question:
        return _with_case(SHORT[verb], match["verb"]) if verb in SHORT else None
    if verb in DO and re.match(OWNED, rest, re.IGNORECASE):
        return f"{verb} not do"
    return FULL[verb]


def _clause(text: str, match: re.Match[str]) -> tuple[str, str]:
    """Return the word that asks in the clause, lower case or empty, and the words of the clause before the verb."""
    starts = [found.end() for found in CLAUSE.finditer(text, 0, match.start())]
    before = text[starts[-1] if starts else 0 : match.start()].strip().lower()
    asking = ASKING.match(before)
    word = (asking["word"] or "") if asking else ""
    return ("" if word == "if" or _ends(text, match) != "?" else word), before


def _ends(text: str, match: re.Match[str]) -> str:
    """Return the mark that ends the sentence of the verb."""
    found = re.compile(r"[.?!](?=\s|\Z)").search(text, match.end())
    return found[0] if found else ""


def _with_case(wording: str, like: str) -> str:
    return wording[:1].upper() + wording[1:] if like[:1].isupper() else wording
