"""A stranger's mitigation, which turns one dial of the scripted model, and a model of its own that cannot be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.contracts import Backend
from harness.contracts.mitigations import MitigationCard, MitigationKind, Steps
from harness.mitigations.layer import Layer
from harness.records import Ask, Value

CARD = MitigationCard(
    id="acme.dial",
    version="1",
    title="Turning a dial",
    kind=MitigationKind.DECODING,
    does="Turns a dial of the scripted model.",
    cost="Nothing.",
    limits=("It works on the scripted model alone.",),
    references=(),
    frameworks={},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Turns ``dial`` to ``to``; inert, it turns nothing."""

    dial: str = "stereotype"
    to: float = 0.5
    inert: bool = False
    shows: Sequence[str] = ()
    breaks: bool = False
    card = CARD

    @property
    def placebo(self) -> Mapping[str, Value] | None:
        return {"inert": True}

    def material(self) -> Sequence[str]:
        return self.shows

    def misfit(self, target: Backend) -> str | None:
        return None if hasattr(target, self.dial) else f"this model has no dial {self.dial!r}"

    def apply(self, target: Backend, work: Path) -> Backend:
        if self.breaks:
            return Layer(target, self)
        return target if self.inert else replace(target, **{self.dial: self.to})

    def details(self) -> Mapping[str, Value]:
        return {"breaks": self.breaks}

    def steps(self, ask: Ask) -> Steps:
        yield [ask]
        raise RuntimeError("the dial came off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Costly:
    """Turns stereotypes down by ``much``, and hallucination up twice as far."""

    much: float = 0.1
    card = replace(CARD, id="acme.costly", title="A costly dial")
    placebo = None

    def material(self) -> Sequence[str]:
        return ()

    def misfit(self, target: Backend) -> str | None:
        return None if hasattr(target, "stereotype") else "this model has no dials"

    def apply(self, target: Backend, work: Path) -> Backend:
        changed = {"stereotype": target.stereotype - self.much, "hallucination": target.hallucination + 2 * self.much}
        return replace(target, **changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """Passes every ask on as it is."""

    card = replace(CARD, id="acme.passing", title="Passing on")
    placebo = None

    def material(self) -> Sequence[str]:
        return ()

    def misfit(self, target: Backend) -> str | None:
        return None

    def apply(self, target: Backend, work: Path) -> Backend:
        return Layer(target, self)

    def details(self) -> Mapping[str, Value]:
        return {}

    def steps(self, ask: Ask) -> Steps:
        [reply] = yield [ask]
        return reply
