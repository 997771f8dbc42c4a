"""Does a source support a claim? By rules: names and numbers it must hold, denials and opposites, words in common.

The rules look for the passage of the source, up to three sentences, that shares most with the claim. They are a
baseline in the sense of Laban et al. 2021 (SummaC, arXiv 2111.09525): they see what is copied, swapped or changed in
number; what is said in other words or merely added in common words escapes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.text.facts import MOST, Facts, facts, stems
from harness.text.normalise import fold
from harness.text.perturb.lexicon import ANTONYMS

__all__ = ["Support", "sentences_of", "support"]

SENTENCE = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]?[A-Z0-9])|\n+")
ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|No|vs|approx|ca|e\.g|i\.e|[A-Z])\.$")
OPPOSITES = {
    **{word: {other} for word, other in ANTONYMS.items()},
    "all": {"most", "some", "few", "none"},
    "most": {"all", "few", "some", "least"},
    "only": {"both", "all"},
    "both": {"only", "one"},
    "always": {"never", "sometimes", "rarely"},
    "never": {"always", "often"},
    "wet": {"dry"},
    "dry": {"wet"},
    "fewer": {"more"},
    "fewest": {"most"},
    "western": {"eastern"},
    "eastern": {"western"},
    "wide": {"narrow"},
    "open": {"closed", "shut"},
}
"""Words of which one denies the other."""
NEEDED = 0.8
"""Share of a claim's content words that the passage must hold."""
ASKED = 0.8
"""Share of the question's content words that the passage must hold for a short answer from it to be an answer."""
RELATED = 0.5
"""Share from which claim and passage speak of one thing, so that a difference is a contradiction."""
WINDOW = 3
"""Most sentences of a passage."""
MOST_SENTENCES = 1000
"""Sentences of a source that are looked at, so that a hostile one costs no more than a second."""


@dataclass(frozen=True, slots=True)
class Support:
    """What a source says of a claim.

    Attributes:
        supported: Whether it bears the claim out.
        contradicted: Whether it says otherwise. Neither: it says nothing of it.
        rule: Name of the rule that decided.
        recall: Share of the claim's own content words that the best passage holds, in [0, 1].
    """

    supported: bool
    contradicted: bool
    rule: str
    recall: float


def sentences_of(text: str) -> list[str]:
    """Cut ``text`` at full stops, question and exclamation marks before a capital or a digit, and at line breaks.

    A quotation mark or bracket that closes behind the mark is left out.
    """
    found: list[str] = []
    for part in SENTENCE.split(text.strip()):
        if found and ABBREVIATION.search(found[-1][-12:]):
            found[-1] = f"{found[-1]} {part}"
        elif part and part.strip():
            found.append(part.strip())
    return found


def support(source: str, claim: str, *, question: str = "") -> Support:
    """Hold ``claim`` against ``source``.

    Args:
        source: What is taken as given; of a long one the first 1,000 sentences.
        claim: One statement, or a short answer to ``question``; of a long one the first 4,000 characters.
        question: What the claim answers; its words help to find the passage, and need no support.
    """
    claim = claim[:MOST]
    wanted, asked = facts(claim), facts(question)
    own = wanted.words - asked.words
    if not (own or wanted.numbers or wanted.words):
        return Support(supported=False, contradicted=False, rule="empty", recall=0.0)
    about = wanted.words | asked.words
    passages = _passages(source)
    here, text = max(passages, key=lambda part: _nearness(part[0], about, wanted))
    recall = len(own & here.words) / len(own) if own else 1.0
    reach = len(about & here.words) / len(about) if about else 1.0
    if fold(claim) in fold(source) and not question:
        return Support(supported=True, contradicted=False, rule="verbatim", recall=1.0)
    if wanted.numbers.difference(*(part.numbers for part, _ in passages)):
        conflict = reach >= RELATED and bool(here.numbers - asked.numbers)
        return Support(supported=False, contradicted=conflict, rule="numbers", recall=recall)
    if wanted.numbers - here.numbers:
        return Support(supported=False, contradicted=reach >= RELATED, rule="numbers elsewhere", recall=recall)
    if wanted.names.difference(asked.words, *(part.words for part, _ in passages)):
        conflict = reach >= RELATED and bool(here.names - about)
        return Support(supported=False, contradicted=conflict, rule="names", recall=recall)
    opposed = _opposed(claim, text)
    if opposed and reach >= RELATED:
        return Support(supported=False, contradicted=True, rule="opposites", recall=recall)
    if reach >= RELATED and recall >= NEEDED - 0.2 and _denies_otherwise(claim, text, question):
        return Support(supported=False, contradicted=True, rule="denial", recall=recall)
    answers = not asked.words or len(asked.words & here.words) >= ASKED * len(asked.words)
    return Support(supported=recall >= NEEDED and answers, contradicted=False, rule="words", recall=recall)


@lru_cache(maxsize=1024)
def _passages(source: str) -> tuple[tuple[Facts, str], ...]:
    """Return every run of up to `WINDOW` sentences, shorter ones first."""
    parts = (sentences_of(source) or [source])[:MOST_SENTENCES]
    runs = [" ".join(parts[at : at + size]) for size in range(1, WINDOW + 1) for at in range(len(parts) - size + 1)]
    return tuple((facts(run), run) for run in runs or [source])


def _nearness(here: Facts, about: frozenset[str], wanted: Facts) -> tuple[float, float]:
    """Rank a passage: what it holds of the claim, less a little for each word that it has besides."""
    held = len(about & here.words) + 1.5 * len(wanted.numbers & here.numbers)
    return (held - 0.02 * len(here.words), -float(len(here.words)))


def _opposed(claim: str, passage: str) -> bool:
    """Whether a word of the claim has its opposite, and not itself, in the passage."""
    said, there = (set(re.findall(r"[a-z]+", text.casefold())) for text in (claim, passage))
    return any(word not in there and OPPOSITES[word] & there for word in said & OPPOSITES.keys())


def _denies_otherwise(claim: str, passage: str, question: str) -> bool:
    """Whether the claim denies what the nearest sentence of the passage says, or the other way round."""
    about = set(stems(claim)) | set(stems(question))
    nearest = max(sentences_of(passage) or [passage], key=lambda part: len(about & set(stems(part))))
    clause = _nearest_clause(nearest, about)
    return (facts(claim).denials + facts(clause).denials) % 2 == 1


def _nearest_clause(sentence: str, about: set[str]) -> str:
    clauses: Sequence[str] = re.split(r"[,;:]|\bbut\b|\balthough\b|\bwhile\b|\bwhich\b|\bwho\b", sentence)
    return max(clauses, key=lambda part: len(about & set(stems(part))))
