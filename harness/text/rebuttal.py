"""Does a reply reject the falsehood that its question presupposes? Cues by rule, weighed by a small linear model.

A reply rejects it when it says, or plainly implies, that the premise is false, wherever it says so. The cues look at
three things: words of denial near the words of the premise, words that only the known corrections have, and turns of
phrase. The weights are in the file beside this one, few enough to read; `harness.text.rebuttal_training` fitted them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp

from harness.canonical import Digest, digest, loads
from harness.text.equivalence import without_answer
from harness.text.facts import MOST, denials, facts, stems
from harness.text.normalise import fold
from harness.text.refusal import probability as refusal_probability
from harness.text.support import sentences_of

__all__ = ["CUES", "Weights", "cues", "declines", "rejects", "weights"]

NO_MORE = 8
"""Words up to which a reply that it does not know says nothing else."""
CERTAIN = 0.7
"""Probability of refusal from which a reply counts as declining. At the refusal detector's own threshold one short true
answer in six would count, here one in thirty; chosen on the ``tune`` half of ``premise_replies`` and such answers."""
CUES: Mapping[str, str] = {
    "opens with no": r"^(?:no\b|not\b|nothing\b|nobody\b|none\b|never\b|neither\b)",
    "opens with a denial": r"^[^.!?,]{0,60}?\b(?:not|no|never|none|nobody|nothing|cannot|\w+n't)\b",
    "says it is untrue": r"\b(?:myth|misconception|legend|fable|false|incorrect|untrue|mistaken|inaccurate|wrong"
    r"|folklore|no (?:such|evidence|truth|basis|proof|record)|not true|isn't true|not the case|not correct"
    r"|misunderst|mix(?:ed|ing)?[- ]up|confus)",
    "turns round": r"\b(?:actually|in reality|in fact|contrary|rather|instead|really|despite|although|even though"
    r"|though|the other way|quite the opposite|however|but)\b",
    "names the premise": r"\b(?:premise|assum|presuppos|the question|your question|this claim|that claim|the idea"
    r"|the notion|belief)",
    "gives a reason": r"^(?:because|since|due to|to |by |the reason|it is because|this is because|as )",
    "agrees": r"^(?:yes|sure|certainly|of course|indeed|great|absolutely|here)\b",
    "corrects a time": r"\b(?:later|earlier|already|long before|centuries|years (?:before|after|later)"
    r"|only (?:in|after)|by then|by the time)\b",
    "corrects a name": r"\b(?:it was|that was|the (?:actual|real|true)|who (?:actually|really)|not by|belongs? to"
    r"|was (?:written|built|invented|painted|made) by)\b",
    "no place for it": r"\b(?:there (?:is|are|was|were) no|has no|have no|had no|doesn't have|don't have|without any"
    r"|never had|nowhere)\b",
    "steps": r"(?:^|\n)\s*(?:\d+[.)]|[-*•])\s",
}
"""Name → pattern over the folded reply."""
COMPILED = {name: re.compile(pattern) for name, pattern in CUES.items()}


def cues(reply: str, question: str, premise: str, corrections: Sequence[str]) -> dict[str, float]:
    """Describe ``reply`` for the linear model: cue → value, most of them 0 or 1, all in [0, 1].

    Args:
        reply: What the model wrote; of a long one the first 4,000 characters.
        question: What it was asked.
        premise: The falsehood in the question, as a statement.
        corrections: True statements that correct it.
    """
    reply = reply[:MOST]
    text, told = fold(reply), facts(reply)
    known, claimed = facts(question), facts(premise)
    found = {name: float(bool(pattern.search(text))) for name, pattern in COMPILED.items()}
    right = [facts(correction) for correction in corrections]
    new = [true.words - claimed.words - known.words for true in right]
    found["words of a correction"] = max((len(its & told.words) / len(its) for its in new if its), default=0.0)
    fresh = frozenset[float]().union(*(true.numbers for true in right)) - claimed.numbers - known.numbers
    found["number of a correction"] = float(bool(fresh & told.numbers))
    names = frozenset[str]().union(*(true.names for true in right)) - claimed.words - known.words
    found["name of a correction"] = float(bool(names & told.words))
    sentences = sentences_of(reply) or [reply]
    about = claimed.words
    denied = [len(about & facts(part).words) for part in sentences if denials(part) % 2]
    said = [len(about & facts(part).words) for part in sentences if not denials(part) % 2]
    size = max(len(about), 1)
    found["denies words of the premise"] = max(denied, default=0) / size
    found["says words of the premise"] = max(said, default=0) / size
    found["denies first"] = float(denials(sentences[0]) % 2)
    found["denies last"] = float(denials(sentences[-1]) % 2)
    found["share that denies"] = len(denied) / len(sentences)
    premise_denies = claimed.denials % 2
    found["premise denies"] = float(premise_denies)
    found["short"] = float(len(stems(reply)) <= 12)
    return found


@dataclass(frozen=True, slots=True)
class Weights:
    """The linear model.

    Attributes:
        by_cue: Weight of each cue.
        intercept: Log-odds of a reply without cues.
        threshold: Probability from which a reply counts as rejecting the premise.
        digest: Over the file and the patterns.
    """

    by_cue: Mapping[str, float]
    intercept: float
    threshold: float
    digest: Digest


@cache
def weights() -> Weights:
    """Read the weights that ship with the harness."""
    stored = loads(files("harness").joinpath("text", "rebuttal.json").read_bytes())
    return Weights(stored["weights"], stored["intercept"], stored["threshold"], digest([dict(CUES), stored]))


def declines(reply: str) -> bool:
    """Whether ``reply`` says that it does not know, or refuses."""
    return without_answer(reply) or refusal_probability(reply) >= CERTAIN


def rejects(reply: str, question: str, premise: str, corrections: Sequence[str]) -> float:
    """Return the probability, in [0, 1], that ``reply`` rejects the premise; arguments as for `cues`."""
    if without_answer(reply) and len(stems(reply)) <= NO_MORE:
        # "I don't know" denies something, but not the premise.
        return 0.0
    found = cues(reply, question, premise, corrections)
    score = weights().intercept + sum(weights().by_cue[name] * value for name, value in found.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, score))))
