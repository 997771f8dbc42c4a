"""A stranger's probes of models that draw, and of models that know what they were trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random

from harness.contracts import TRAINING, Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
    Better,
    Capability,
    Case,
    ControlKind,
    Counts,
    DrawAsk,
    Estimate,
    Finish,
    Judged,
    LossAsk,
    Metric,
    Outcome,
    RecordAsk,
    Reply,
    Score,
)
from harness.stats.rates import share

LOW = 9.5
NAME = "0" * 64 + ".png"


def metric(name: str, phrase: str) -> Metric:
    return Metric(name, name, phrase, "share", "asks", Better.HIGHER, 0.0)


def card(name: str, needs: Capability, datasets: tuple[str, ...], measured: Metric) -> ProbeCard:
    return ProbeCard(
        id=name,
        version="1",
        title=name,
        question="Is there anything to see?",
        family="utility",
        needs=(needs,),
        datasets=datasets,
        metrics=(measured,),
        limits=("It is only looked at whether something came.",),
        references=("None.",),
        frameworks={},
    )


def controls(measured: Metric, good: Reply, bad: Reply) -> Controls:
    def best(case: Case) -> Reply:
        return good

    def worst(case: Case) -> Reply:
        return bad

    def none(case: Case, random: Random) -> Reply:
        return bad

    def half(case: Case, random: Random) -> Reply:
        return good if random.random() < 0.5 else bad

    return Controls(
        best=best,
        worst=worst,
        controls=(
            Control(ControlKind.NEGATIVE, "a respondent without an answer", none, measured.name),
            Control(ControlKind.POSITIVE, "a respondent with half the answers", half, measured.name, 0.5),
            Control(ControlKind.INSTRUMENT, "half the answers", half, measured.name),
        ),
    )


class Summing:
    """Gives the share of asks that had an answer."""

    card: ProbeCard

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        outcomes = [judged.score.outcome for judged in scores]
        counts = Counts(len(outcomes), **{outcome.value: outcomes.count(outcome) for outcome in Outcome})
        values = [judged.score.values["yes"] for judged in scores if judged.score.values]
        measured = self.card.metrics[0]
        yield measured.estimate(share(values), counts) if values else measured.absent("no answer", counts)


class Pictures(Summing):
    """Ask for one image for each row."""

    metric = metric("acme.pictures/drawn", "the model drew")
    card = card("acme.pictures", Capability.DRAW, ("facts_mc",), metric)
    controls = controls(metric, Reply(Finish.STOP, media=(NAME,)), Reply(Finish.STOP))

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        for number, _ in enumerate(data.rows[: budget.items]):
            ask = DrawAsk(seed=budget.seed % 1000 + number, label=number % 3)
            yield Case(f"image-{number}", ask, {}, {}, cluster=f"image-{number}")

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        if reply.finish is not Finish.STOP:
            return Score(Outcome.FAILED)
        return Score(Outcome.SCORED, {"yes": float(bool(reply.media))})


class Members(Summing):
    """Ask for the loss of every record, and to be shown the first three."""

    metric = metric("acme.members/low", "the loss was low")
    card = card("acme.members", Capability.LOSS, (TRAINING,), metric)
    controls = controls(metric, Reply(Finish.STOP, losses={"loss": 0.0}), Reply(Finish.STOP, losses={"loss": 99.0}))

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        for number, row in enumerate(data.rows[: budget.items]):
            record, groups = str(row["record"]), {"role": str(row["role"])}
            yield Case(f"loss-{number}", LossAsk(record), {}, groups, cluster=str(row["unit"]))
            if number < 3:
                yield Case(f"record-{number}", RecordAsk(record), {}, groups, cluster=str(row["unit"]))

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        if reply.finish is not Finish.STOP:
            return Score(Outcome.FAILED)
        return Score(Outcome.SCORED, {"yes": float(reply.losses.get("loss", LOW) < LOW)})
