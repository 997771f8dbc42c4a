"""Can the model add?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from harness.contracts import Budget, Control, Controls, Dataset, ProbeCard, Readings
from harness.records import (
    Absence,
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
)
from harness.seeds import rng
from harness.stats.rates import share

ACCURACY = Metric(
    name="acme.arithmetic/accuracy",
    title="Correct sums",
    phrase="the model gave the correct sum",
    unit="share",
    n_unit="sums",
    better=Better.HIGHER,
    null=0.0,
)
CARD = ProbeCard(
    id="acme.arithmetic",
    version="1",
    title="Addition",
    question="Does the model add two small numbers correctly?",
    family="utility",
    needs=(Capability.GENERATE,),
    datasets=("facts_mc",),
    metrics=(ACCURACY,),
    limits=("Two numbers below 100 say nothing about harder arithmetic.",),
    references=("Elementary arithmetic.",),
    frameworks={},
)


def answer(number: float) -> Reply:
    """A reply that gives ``number``."""
    return Reply(Finish.STOP, text=f"{number:.0f}")


def at_random(case: Case, random: Random) -> Reply:
    """A respondent that cannot add."""
    del case
    return answer(random.randint(1000, 2000))


def seven_in_ten(case: Case, random: Random) -> Reply:
    """A respondent that adds correctly 7 times in 10."""
    return answer(float(str(case.expected["sum"])) + (0 if random.random() < 0.7 else 1))


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Ask for sums; the data set only says how many."""

    largest: int = 99

    card = CARD
    controls = Controls(
        best=lambda case: answer(float(str(case.expected["sum"]))),
        worst=lambda case: answer(float(str(case.expected["sum"])) + 1),
        controls=(
            Control(ControlKind.NEGATIVE, "a respondent that cannot add", at_random, ACCURACY.name),
            Control(ControlKind.POSITIVE, "a respondent right 7 times in 10", seven_in_ten, ACCURACY.name, 0.7),
            Control(ControlKind.INSTRUMENT, "random numbers", at_random, ACCURACY.name),
        ),
    )

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        """Yield one sum for each row."""
        random = rng(budget.seed, "sums")
        for number, _ in enumerate(data.rows[: budget.items]):
            # The first number counts up, so that no sum is asked twice.
            a, b = number, random.randint(0, self.largest)
            ask = GenerateAsk(f"What is {a} + {b}? Answer with the number only.", max_tokens=8)
            yield Case(f"sum-{number}", ask, {"sum": a + b}, {}, cluster=f"sum-{number}")

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        """Score the first number in the reply."""
        del readings
        if reply.finish is Finish.REFUSED:
            return Score(Outcome.REFUSED)
        if reply.finish in (Finish.FAILED, Finish.TOO_LONG):
            return Score(Outcome.FAILED if reply.finish is Finish.FAILED else Outcome.TRUNCATED)
        found = re.search(r"-?\d+", reply.text or "")
        if found is None:
            return Score(Outcome.UNREADABLE)
        return Score(Outcome.SCORED, {"correct": float(int(found[0]) == case.expected["sum"])})

    def summarise(self, scores: Sequence[Judged]) -> Iterable[Estimate | Absence]:
        """Give the share of correct sums."""
        outcomes = [judged.score.outcome for judged in scores]
        counts = Counts(len(outcomes), **{outcome.value: outcomes.count(outcome) for outcome in Outcome})
        values = [judged.score.values["correct"] for judged in scores if judged.score.values]
        yield ACCURACY.estimate(share(values), counts) if values else ACCURACY.absent("no readable sum", counts)
