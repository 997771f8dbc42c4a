"""Do two answers say the same, does a source support a claim? By rules, without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Reading

__all__ = ["Equivalence"]

VERSION = "1"
"""Changes whenever a reading could."""


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The labelled offline default of everything that asks for meaning.

    Its readings have as context a `harness.text.relation.Relation`.
    """

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        from harness.text.measured import MEASURED

        return InstrumentCard(
            id="equivalence",
            version=VERSION,
            title="Rules of equivalence and support",
            measures={
                "entails": "1 where both answers say the same, or the source bears the claim out; else 0",
                "contradicts": "1 where they exclude each other; else 0",
            },
            digest=digest(["equivalence", VERSION]),
            accuracy=" ".join(MEASURED[name].told() for name in ("same answer", "support", "copied")),
            limits=(
                (
                    "It compares words, numbers, names and denials, not meaning: what is said in other words it takes"
                    " for different, and what is false in common words for supported."
                ),
                "The labelled pairs were written to be hard; on short answers it errs less than these figures say.",
                "English only.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Hold each text against its relation."""
        del materials
        return [_read(reading) for reading in readings]


def _read(reading: Reading) -> Mapping[str, float]:
    from harness.text.equivalence import likeness
    from harness.text.relation import Relation
    from harness.text.support import support

    relation = Relation.of(reading.context)
    if relation.kind == "answer":
        found = likeness(reading.text, relation.other, question=relation.question, aliases=relation.aliases)
        return {"entails": float(found.same), "contradicts": float(found.contradict)}
    held = support(relation.other, reading.text, question=relation.question)
    return {"entails": float(held.supported), "contradicts": float(held.contradicted)}
