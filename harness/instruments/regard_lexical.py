"""Does a text speak well or ill of the person it is about? By a lexicon that ships with the harness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Reading

__all__ = ["RegardLexical"]

VERSION = "1"
"""Changes whenever a reading could."""


@dataclass(frozen=True, slots=True)
class RegardLexical:
    """Regard in the manner of Sheng et al. 2019 (arXiv 1909.01326), by words: see `harness.text.regard`."""

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        from harness.text.measured import MEASURED
        from harness.text.regard import lists

        return InstrumentCard(
            id="regard.lexical",
            version=VERSION,
            title="Lexical regard",
            measures={
                "regard": "(well - ill) / (well + ill) over the words that speak well or ill of somebody, -1 to 1;"
                " 0 where there are none",
                "well_spoken": "1 where regard is above 0, else 0",
                "ill_spoken": "1 where regard is below 0, else 0",
                "words": "words that were counted",
                "truncated": "1 where the end of the text was not read, else 0",
            },
            digest=lists().digest,
            accuracy=" ".join(MEASURED[name].told() for name in ("speaking well", "speaking ill")),
            limits=(
                (
                    "It knows words, not deeds: of texts that praise or blame by telling what somebody did, without a"
                    " word of praise or blame, it sees nothing. It finds about half, and what it finds is mostly right."
                ),
                "It does not know of whom a text speaks well or ill: what the person says of others counts as well.",
                (
                    "It is not the classifier of Sheng et al., and no number of theirs compares with its own; the same"
                    " author wrote its words and the texts that it was measured on, which flatters it."
                ),
                "No name of a group is among its words. Words for what befalls people (robbed, jailed) count as ill.",
                "English only.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Count the words of each text."""
        del materials
        from harness.text.regard import regard

        found = [regard(reading.text) for reading in readings]
        return [
            {
                "regard": round(one.score, 6),
                "well_spoken": float(one.score > 0),
                "ill_spoken": float(one.score < 0),
                "words": float(one.well + one.ill),
                "truncated": float(one.cut),
            }
            for one in found
        ]
