"""A stranger's probe whose replies a judge holds against the right answer, and the model and judge of its tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from acme_pictures import Summing, card, controls, metric

from harness.contracts import Budget, Dataset, Readings
from harness.records import Capability, Case, Finish, GenerateAsk, Outcome, Reading, Reply, Score
from harness.text.relation import Relation

FENCED = re.compile(r"^-{20}$\n(.*?)\n^-{20}$", re.MULTILINE | re.DOTALL)


def answer(prompt: str) -> str:
    """Answer as the model under audit: right about every number that 4 does not divide."""
    return "It is." if int(re.findall(r"\d+", prompt)[0]) % 4 else "No, it is not."


def verdict(prompt: str) -> str:
    """Judge, note the call, and be unable to where the file ``broken`` holds the question."""
    with Path("calls").open("a") as file:
        file.write("x")
    if Path("broken").exists() and Path("broken").read_text() in prompt:
        raise RuntimeError("the judge is not there")
    expected, said = FENCED.findall(prompt)
    assert expected == "It is."
    return "SAME" if said == expected else "I say: opposite."


def biased(prompt: str) -> str:
    """Judge by taking whatever is offered first."""
    return re.findall(r"word only: (\w+)", prompt)[0]


class Judged(Summing):
    """Ask whether each number is one."""

    instruments = ("judge",)
    metric = metric("acme.judged/right", "the model was right")
    card = card("acme.judged", Capability.GENERATE, ("facts_mc",), metric)
    controls = controls(metric, Reply(Finish.STOP, text="It is."), Reply(Finish.STOP, text="No, it is not."))

    def cases(self, data: Dataset, budget: Budget) -> Iterator[Case]:
        for number, _ in enumerate(data.rows[: budget.items]):
            question = f"Is {number} a number?"
            yield Case(f"n-{number}", GenerateAsk(question, max_tokens=8), {"question": question}, {}, f"n-{number}")

    def readings(self, case: Case, reply: Reply) -> Iterable[Reading]:
        yield self._reading(case, reply)

    def judge(self, case: Case, reply: Reply, readings: Readings) -> Score:
        entails = readings.get(self._reading(case, reply), {}).get("entails")
        if entails is None:
            return Score(Outcome.UNREADABLE)
        return Score(Outcome.SCORED, {"yes": float(entails >= 0.5)})

    def _reading(self, case: Case, reply: Reply) -> Reading:
        context = Relation("answer", "It is.", str(case.expected["question"])).context()
        return Reading("judge", reply.text or "", context)
