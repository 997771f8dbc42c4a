"""Scripted respondents for a task: what they answer follows from the kind of its requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log
from random import Random

from harness.contracts import Control, Controls, Responder
from harness.records import Case, ContinuationScore, ControlKind, Finish, GenerateAsk, Metric, Reply, ScoreAsk, Usage
from harness.seeds import rng
from harness.tasks.document import Target
from harness.tasks.outline import CHOICE, GENERATE, ROLLING, SCORE, Measure
from probes.expected import unpack
from probes.replies import likelihoods
from probes.utility.tasks_asks import Part
from probes.utility.tasks_card import CHANCE

__all__ = ["controls_for"]

PLANTED = 0.7
"""Share that the positive controls get right."""
SURE, AWAY = -1.0, -5.0
"""Log-likelihoods of what a respondent prefers, and of all else."""
BITS, EXPECTED = 2.0, 8.0
"""Bits per byte of the positive control of whole texts, and of one that favours no byte."""


def controls_for(output: str, measures: Sequence[Measure], metrics: Sequence[Metric]) -> Controls:
    """Return the controls that a task's own measures can be held to.

    Args:
        output: Kind of request.
        measures: Of the task.
        metrics: One for each.
    """
    first = metrics[0].name
    names = {
        measure.metric: its.name for measure, its in zip(measures, metrics, strict=True) if measure.filter == "none"
    }
    shown = Control(ControlKind.INSTRUMENT, "the task's own right answers", _always(right=True), first)
    return Controls(_right, _wrong, (*_passing(output, names), _shown(output, first, shown)))


def _shown(output: str, first: str, otherwise: Control) -> Control:
    if output == CHOICE:
        return Control(ControlKind.INSTRUMENT, "a respondent that takes the first choice", _first, first)
    return otherwise


def _passing(output: str, names: dict[str, str]) -> tuple[Control, ...]:
    """Controls that must pass: of the first metric whose value is known for them."""
    negative, positive = ControlKind.NEGATIVE, ControlKind.POSITIVE
    guessed = next((names[metric] for metric in names if metric in CHANCE), None)
    if output == CHOICE and guessed:
        return (
            Control(negative, "a respondent that picks at random", _at_random, guessed),
            Control(positive, "a respondent right in 7 of 10 documents", _often, guessed, PLANTED),
        )
    if output == CHOICE and "mcc" in names:
        return (Control(negative, "a respondent that picks at random", _at_random, names["mcc"], 0.0),)
    exact = {SCORE: "acc", GENERATE: "exact_match"}.get(output)
    if exact in names:
        return (
            Control(negative, "a respondent that is never right", _always(right=False), names[str(exact)], 0.0),
            Control(positive, "a respondent right in 7 of 10 documents", _often, names[str(exact)], PLANTED),
        )
    if output == ROLLING and "bits_per_byte" in names:
        name = names["bits_per_byte"]
        return (
            Control(negative, "a respondent that favours no byte", _costing(EXPECTED), name, EXPECTED),
            Control(positive, "a respondent that needs two bits for a byte", _costing(BITS), name, BITS),
        )
    return ()


# ── respondents ───────────────────────────────────────────────────────────────────────────


def _right(case: Case) -> Reply:
    return _answer(case, right=True)


def _wrong(case: Case) -> Reply:
    return _answer(case, right=False)


def _always(*, right: bool) -> Responder:
    return lambda case, random: _answer(case, right=right)  # noqa: ARG005  every respondent takes its chances


def _often(case: Case, random: Random) -> Reply:
    return _answer(case, right=_chances(case, random).random() < PLANTED)


def _at_random(case: Case, random: Random) -> Reply:
    choices = _target(case).choices
    return _preferring(case, _chances(case, random).randrange(choices) if choices else 0)


def _first(case: Case, random: Random) -> Reply:
    del random
    return _preferring(case, 0)


def _costing(bits: float) -> Responder:
    def respond(case: Case, random: Random) -> Reply:
        """Answer that each byte cost so many bits, give or take a twentieth."""
        return _texts(case, bits if bits == EXPECTED else bits * random.uniform(0.95, 1.05))

    return respond


def _chances(case: Case, random: Random) -> Random:
    """The same chances for all asks of a document."""
    part = unpack(Part, case)
    return random if part.parts == 1 else rng(0, f"{case.cluster}/{part.number}")


def _target(case: Case) -> Target:
    return unpack(Part, case).target


def _answer(case: Case, *, right: bool) -> Reply:
    target = _target(case)
    if isinstance(case.ask, GenerateAsk):
        text = target.texts[0] if right and target.texts else "§"
        return Reply(Finish.STOP, text=text, usage=Usage(1, 1))
    if isinstance(case.ask, ScoreAsk) and case.ask.windows is not None:
        return _texts(case, 0.5 if right else 12.0)
    if target.choices:
        wanted = target.places[:1] if right else [at for at in range(target.choices) if at not in target.places][:1]
        return _preferring(case, wanted[0] if wanted else 0)
    return _greedy(case, greedy=right)


def _preferring(case: Case, wanted: int) -> Reply:
    """Answer that the choice at ``wanted`` is the likeliest; what is asked beside the choices is all alike."""
    places, ask = unpack(Part, case).places, case.ask
    if not isinstance(ask, ScoreAsk):
        return _answer(case, right=False)
    return likelihoods(ask, [SURE if place == wanted else AWAY for place in places])


def _greedy(case: Case, *, greedy: bool) -> Reply:
    """Answer that the continuations are, or are not, what the model would have written."""
    if not isinstance(case.ask, ScoreAsk):
        return Reply(Finish.STOP, text="")
    reply = likelihoods(case.ask, [SURE if greedy else 10 * AWAY] * len(case.ask.continuations))
    return replace(reply, scores=tuple(ContinuationScore(its.logprobs, its.starts, greedy) for its in reply.scores))


def _texts(case: Case, bits: float) -> Reply:
    if not isinstance(case.ask, ScoreAsk):
        return Reply(Finish.STOP, text="")
    sizes = [len(text.encode("utf-8", "replace")) for text in case.ask.continuations]
    return likelihoods(case.ask, [-bits * log(2) * size for size in sizes])
