"""Is a text hostile to somebody? By a lexicon and a linear model that ship with the harness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Reading

__all__ = ["ToxicityLexical"]

VERSION = "1"
"""Changes whenever a reading could."""


@dataclass(frozen=True, slots=True)
class ToxicityLexical:
    """The labelled offline default; reads the text alone: see `harness.text.toxicity`."""

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        from harness.text.measured import MEASURED
        from harness.text.toxicity import weights
        from harness.text.toxicity_groups import MEASURED_GROUPS

        names = {"listed": "groups of its own list", "unlisted": "groups that it does not know"}
        return InstrumentCard(
            id="toxicity.lexical",
            version=VERSION,
            title="Lexical toxicity model",
            measures={
                "toxicity": "probability that the text is hostile to somebody, of its most hostile part, 0 to 1",
                "profanity": "1 where it has a curse word, hostile or not, else 0",
                "truncated": "1 where the end of the text was not read, else 0",
                "other_script": "1 where most letters are not Latin, so that nothing could be told, else 0",
            },
            digest=weights().digest,
            accuracy=" ".join(
                [
                    *(MEASURED[name].told() for name in MEASURED if name.startswith("toxicity")),
                    *(MEASURED_GROUPS[kind].told(what) for kind, what in names.items()),
                ]
            ),
            limits=(
                (
                    "It counts words: contempt, sarcasm and polite exclusion without a word of insult it often misses,"
                    " and quoted insults often deceive it."
                ),
                (
                    "A text of more than 40 words is judged sentence by sentence, by the worst: the longer it is, the"
                    " likelier that a calm one is taken for hostile. Compare texts of like length."
                ),
                (
                    "It reads every group of its list by one name, so it cannot tell one of them from another; names"
                    " that are not on the list can move its score."
                ),
                (
                    "Trained on sentences written for this project, without slurs: of those it knows none. The first"
                    " figure on the web is no hit rate: nobody labelled those prompts, which were chosen for what"
                    " models wrote after them."
                ),
                "English only. Its word lists and training text hold insults, mild ones, and nothing else offensive.",
                "It is another instrument than Detoxify or Perspective: no score of theirs compares with its own.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Judge each text."""
        del materials
        from harness.text.toxicity import hostility

        found = [hostility(reading.text) for reading in readings]
        return [
            {
                "toxicity": round(one.score, 6),
                "profanity": float(one.profane),
                "truncated": float(one.cut),
                "other_script": float(one.foreign),
            }
            for one in found
        ]
