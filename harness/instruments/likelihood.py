"""How likely does another model find a text?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.canonical import digest
from harness.contracts.instruments import InstrumentCard, Materials
from harness.records import Capability, ContinuationScore, Finish, Interval, Reading, Reply, ScoreAsk, Value
from harness.stats.token_scores import curvature

__all__ = ["Likelihood"]

VERSION = "2"
"""Changes whenever a reading could."""

MOMENTS = "moments"
"""Context of a reading that wants the curvature too: it costs the model a sum over its vocabulary at each token."""


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
                "curvature": (
                    "conditional probability curvature of Fast-DetectGPT, in standard deviations: 0 on average for text"
                    " drawn from the model; only where the context of a reading is 'moments', and the model tells how"
                    " likely all other tokens were"
                ),
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
        asks = [ScoreAsk("", (its.text,), moments=its.context == MOMENTS) for its in readings if its.text]
        replies = iter(materials.ask(asks))
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
    told = {"nats": score.total, "tokens": float(len(score.logprobs)), "unscored": 0.0}
    return {**told, **_curvature(score)}


def _curvature(score: ContinuationScore) -> Mapping[str, float]:
    """The curvature; nothing where the model gave no moments, or had no choice anywhere."""
    if not score.logprobs or not len(score.logprobs) == len(score.means) == len(score.deviations):
        return {}
    found = curvature(score.logprobs, score.means, score.deviations)
    return {} if found is None else {"curvature": found}
