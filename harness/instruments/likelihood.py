"""How likely does another model find a text?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Capability, Finish, Interval, Reading, Reply, ScoreAsk, Value

__all__ = ["Likelihood"]

VERSION = "1"
"""Changes whenever a reading could."""


@dataclass(slots=True)
class Likelihood:
    """Off unless the table ``[instrument.likelihood]`` names a backend.

    Attributes:
        backend: The model that is asked, as the table ``[model]`` has it; its name alone where it needs no settings.
    """

    backend: Mapping[str, Value] | str = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.backend, str):
            self.backend = {"backend": self.backend}
        if not isinstance(self.backend, Mapping):
            raise TypeError("backend is a table, as [model] is")

    @property
    def needs(self) -> Capability:
        """It asks for likelihoods."""
        return Capability.SCORE

    @property
    def card(self) -> InstrumentCard:
        """What it is."""
        return InstrumentCard(
            id="likelihood",
            version=VERSION,
            title="Likelihood of a text by another model",
            measures={
                "nats": "natural log-likelihood of the whole text from the start of a text; at most 0",
                "tokens": "tokens that the model sees in it",
                "unscored": "1 where the model gave no likelihood, and nothing else is told; else 0",
            },
            digest=digest(["likelihood", VERSION]),
            accuracy=(
                "It measures nothing but the named model: a likelihood of another model, or with another tokenizer, is"
                " another number."
            ),
            limits=(
                "Likelihoods of models with unlike tokenizers are to be compared by byte, not by token.",
                "A text that is longer than the model reads at once has none.",
            ),
        )

    def read(self, readings: Sequence[Reading], materials: Materials) -> list[Mapping[str, float]]:
        """Let the model score each text; an empty one has likelihood 1."""
        texts = [reading.text for reading in readings if reading.text]
        replies = iter(materials.ask([ScoreAsk("", (text,)) for text in texts]))
        nothing = {"nats": 0.0, "tokens": 0.0, "unscored": 0.0}
        return [_told(next(replies)) if reading.text else nothing for reading in readings]

    def agreement(self, read: Sequence[Mapping[str, float]]) -> Interval | None:
        """Asked again it would say the same: there is nothing to agree on."""
        del read
        return None


def _told(reply: Reply) -> Mapping[str, float]:
    if reply.finish is not Finish.STOP or len(reply.scores) != 1:
        return {"unscored": 1.0}
    score = reply.scores[0]
    return {"nats": score.total, "tokens": float(len(score.logprobs)), "unscored": 0.0}
