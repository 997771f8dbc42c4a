"""A stranger whose every text would harm the page that reads it as markup: a model, probes, data and a mitigation.

Each text carries the address in the variable ACME_CANARY, as a picture, a link, a style and a script: whoever asks for
that address has read one of them as more than text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from harness.canonical import digest
from harness.contracts import Backend, Budget, Control, Controls, Dataset, Identity, ProbeCard, Readings
from harness.contracts.mitigations import MitigationCard, MitigationKind, Steps
from harness.mitigations.layer import Layer
from harness.records import (
    Absence,
    Ask,
    Better,
    Capability,
    Case,
    ControlKind,
    Counts,
    Estimate,
    Finish,
    GenerateAsk,
    Judged,
    Metric,
    Outcome,
    Reply,
    Score,
    Usage,
    Value,
)
from harness.stats.rates import share

CANARY = os.environ.get("ACME_CANARY", "http://127.0.0.1:9")
FAMILIES = ("hallucination", "robustness", "bias", "memorisation", "watermark", "utility")


def poison(what: str) -> str:
    """A text named ``what``, with everything that a page could be made to run, fetch or lay out."""
    return (
        f"{what} ![x]({CANARY}/{what}.png)<img src={CANARY}/tag onerror=alert(1)><script>alert(2)</script>"
        f"<style>*{{background:url({CANARY}/css)}}</style>[a]({CANARY}/a) :red[x] :material/home: $x^2$ \u202e*b*"
    )


def clean(case: Case, random: Random | None = None) -> Reply:
    """A reply that harms nobody."""
    del case, random
    return Reply(Finish.STOP, text="clean")


def sent(case: Case | None = None) -> Reply:
    """The reply of the model, whatever it is asked."""
    del case
    return Reply(Finish.STOP, text=f"{poison('reply')}\n# {poison('heading')}\n```\njavascript:alert(3)")


@dataclass(frozen=True)
class Poisoner:
    """Answers everything alike, and fails in each fourth ask with an error that is no better."""

    batch_tokens: int = 4096
    note: str = ""

    capabilities = frozenset({Capability.GENERATE})

    def identity(self) -> Identity:
        details = {"version": poison("details"), poison("key"): "value", "note": self.note}
        return Identity("acme.poisoner", poison("model"), digest(details), details)

    def length(self, ask: Ask) -> int:
        return 1

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        return [self._answer(ask) for ask in asks]

    def _answer(self, ask: Ask) -> Reply:
        if digest(ask).hex[0] in "048c":
            return Reply(Finish.FAILED, error=poison("error"))
        return replace(sent(), usage=Usage(3, 5))

    def close(self) -> None:
        """Nothing to let go of."""


def metric(family: str, name: str, unit: str) -> Metric:
    return Metric(
        name=f"acme.poison_{family}/{name}",
        title=poison("metric"),
        phrase=poison("phrase"),
        unit=unit,
        n_unit=poison("units"),
        better=Better.LOWER,
        null=0.0,
    )


class Poison:
    """Asks what no page should read, and finds it in half of the replies."""

    family = "utility"

    def __init__(self) -> None:
        self._share = metric(self.family, "share", "share")
        self._other = metric(self.family, "other", poison("unit"))
        self._none = metric(self.family, "none", "share")

    @property
    def card(self) -> ProbeCard:
        return ProbeCard(
            id=f"acme.poison_{self.family}",
            version=poison("version"),
            title=poison("title"),
            question=poison("question"),
            family=self.family,
            needs=(Capability.GENERATE,),
            datasets=("facts_mc",),
            metrics=(self._share, self._other, self._none),
            limits=(poison("limit"),),
            references=(poison("reference"),),
            frameworks={},
        )

    @property
    def controls(self) -> Controls:
        name = self._share.name
        told = (ControlKind.NEGATIVE, ControlKind.POSITIVE, ControlKind.INSTRUMENT)
        return Controls(
            best=clean,
            worst=sent,
            controls=tuple(Control(kind, poison("control"), clean, name, 0.0) for kind in told),
        )

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        for number, row in enumerate(data.rows[: budget.items]):
            ask = GenerateAsk(f"{self.family} {number} {poison('prompt')} {row}", system=poison("system"), max_tokens=8)
            groups = {poison("kind"): poison(f"group{number % 2}")}
            yield Case(
                f"{number} {poison('case')}", ask, {poison("expected"): poison("value")}, groups, f"{number} cluster"
            )

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        if reply.finish is Finish.FAILED:
            return Score(Outcome.FAILED, note=poison("note"))
        return Score(Outcome.SCORED, {poison("score"): float("<script" in (reply.text or ""))}, poison("note"))

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        yield from self._shares(scores, {})
        for group in sorted({(kind, its) for one in scores for kind, its in one.case.groups.items()}):
            kind, its = group
            yield from self._shares([one for one in scores if one.case.groups[kind] == its], {kind: its})
        yield self._none.absent(poison("absent"), self._counts(scores))

    def _shares(self, scores: Sequence[Judged], group: Mapping[str, str]) -> Iterable[Estimate | Absence]:
        found = [value for one in scores for value in one.score.values.values()]
        for its in (self._share, self._other):
            if found:
                yield its.estimate(share(found), self._counts(scores), slice=group)
            else:
                yield its.absent(poison("empty"), self._counts(scores), slice=group)

    def _counts(self, scores: Sequence[Judged]) -> Counts:
        outcomes = [one.score.outcome for one in scores]
        return Counts(len(outcomes), **{outcome.value: outcomes.count(outcome) for outcome in Outcome})


class Hallucination(Poison):
    family = "hallucination"


class Robustness(Poison):
    family = "robustness"


class Bias(Poison):
    family = "bias"


class Memorisation(Poison):
    family = "memorisation"


class Watermark(Poison):
    family = "watermark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Potion:
    """Passes every ask on; where it ``breaks``, its error is no better than the rest."""

    inert: bool = False
    breaks: bool = False
    card = MitigationCard(
        id="acme.potion",
        version="1",
        title=poison("potion"),
        kind=MitigationKind.DECODING,
        does=poison("does"),
        cost=poison("cost"),
        limits=(poison("limit"),),
        references=(poison("reference"),),
        frameworks={},
    )

    @property
    def placebo(self) -> Mapping[str, Value] | None:
        return {"inert": True}

    def material(self) -> Sequence[str]:
        return ()

    def misfit(self, target: Backend) -> str | None:
        return None

    def apply(self, target: Backend, work: Path) -> Backend:
        return Layer(target, self)

    def details(self) -> Mapping[str, Value]:
        return {"breaks": self.breaks}

    def steps(self, ask: Ask) -> Steps:
        [reply] = yield [ask]
        if self.breaks:
            raise RuntimeError(poison("broken"))
        return reply
