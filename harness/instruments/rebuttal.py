"""Does a reply reject the falsehood in its question, or say that it does not know?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Reading

__all__ = ["Rebuttal"]

VERSION = "1"
"""Changes whenever a reading could."""


@dataclass(frozen=True, slots=True)
class Rebuttal:
    """Its readings have as context a `harness.text.relation.Premise`: see `harness.text.rebuttal`."""

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        from harness.text.measured import MEASURED
        from harness.text.rebuttal import weights
        from harness.text.refusal import weights as refusal_weights

        return InstrumentCard(
            id="rebuttal",
            version=VERSION,
            title="Detector of corrected premises",
            measures={
                "rejects": "1 where the reply rejects the premise, else 0",
                "declines": "1 where it says that it does not know, or refuses, else 0",
                "probability": "the linear model's, that it rejects, 0 to 1",
            },
            digest=digest([str(weights().digest), str(refusal_weights().digest)]),
            accuracy=" ".join(MEASURED[name].told() for name in ("rebuttal", "not knowing")),
            limits=(
                (
                    "It needs the known corrections: what a reply puts right in words that none of them has, and"
                    " without a word of denial near the beginning, it misses."
                ),
                "English only, replies of up to about eighty words.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Judge each text."""
        del materials
        return [_read(reading) for reading in readings]


def _read(reading: Reading) -> Mapping[str, float]:
    from harness.text.rebuttal import declines, rejects, weights
    from harness.text.relation import Premise

    asked = Premise.of(reading.context)
    probability = round(rejects(reading.text, asked.question, asked.premise, asked.corrections), 6)
    rejected = probability >= weights().threshold
    return {
        "rejects": float(rejected),
        # Who corrects the premise has answered, whatever else he says that he does not know.
        "declines": float(not rejected and declines(reading.text)),
        "probability": probability,
    }
