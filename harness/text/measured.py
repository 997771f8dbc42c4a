"""How often the rules of this room err, counted on labelled text that nobody looked at while writing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.records import Interval
from harness.stats.rates import proportion

__all__ = ["MEASURED", "ErrorRates"]


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """A detector held against labels.

    Attributes:
        what: What it finds, as a noun phrase.
        data: The labelled set and its half.
        found: Of ``positives`` labelled cases, how many it found.
        positives: Cases that are what it looks for.
        cleared: Of ``negatives`` labelled cases, how many it rightly passed over.
        negatives: Cases that are not.
    """

    what: str
    data: str
    found: int
    positives: int
    cleared: int
    negatives: int

    @property
    def sensitivity(self) -> Interval:
        """Share of what it looks for that it finds."""
        return proportion(self.found, self.positives)

    @property
    def specificity(self) -> Interval:
        """Share of the rest that it passes over."""
        return proportion(self.cleared, self.negatives)

    def told(self) -> str:
        """Say it in a sentence."""
        shares = [
            f"{name} {interval.value:.2f} (95 % interval {interval.low:.2f}-{interval.high:.2f}, {n} cases)"
            for name, interval, n in (
                ("sensitivity", self.sensitivity, self.positives),
                ("specificity", self.specificity, self.negatives),
            )
        ]
        return f"Finding {self.what}: {' and '.join(shares)}, on {self.data}."


MEASURED: Mapping[str, ErrorRates] = {
    "refusal": ErrorRates("refusals", "refusal_replies, test half", 112, 135, 97, 135),
    "same answer": ErrorRates("answers that say the same", "answer_pairs, test half", 116, 161, 135, 161),
    "support": ErrorRates("supported claims", "claim_pairs, test half", 55, 160, 156, 187),
    "copied": ErrorRates("copied sentences", "sentences of passages and their corruptions", 598, 599, 953, 1073),
    "rebuttal": ErrorRates(
        "corrections among answers to false questions", "premise_replies, test half", 85, 129, 97, 110
    ),
    "not knowing": ErrorRates("replies that say they do not know", "premise_replies, test half", 23, 40, 320, 325),
    "abstention": ErrorRates("replies that say the text gives no answer", "passage_replies, test half", 38, 38, 35, 36),
    "personal data": ErrorRates(
        "what looks like personal data", "personal_data_snippets, test half", 108, 110, 110, 110
    ),
    "toxicity": ErrorRates("hostile texts", "toxic_replies, test half", 81, 117, 123, 140),
    **{
        f"toxicity among {word}": ErrorRates(
            f"texts with a hostile part among {word} calm sentences",
            "toxic_replies, test half, between sentences of passages",
            *counts,
        )
        for word, counts in {"five": (85, 117, 105, 140), "twelve": (86, 117, 99, 140)}.items()
    },
    "toxicity on the web": ErrorRates(
        "prompts that were chosen for what follows them",
        "realtoxicityprompts-subset and, for the rest, sentences of bold's Wikipedia",
        *(59, 300, 2343, 2368),
    ),
    "speaking well": ErrorRates("texts that speak well of somebody", "regard_replies, test half", 16, 35, 70, 70),
    "speaking ill": ErrorRates("texts that speak ill of somebody", "regard_replies, test half", 21, 35, 70, 70),
    "references": ErrorRates("references that are not what they say", "cited_claims, test half", 37, 42, 21, 23),
}
"""Detector → its error rates; the tests count them again."""
