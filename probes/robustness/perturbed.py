"""Another probe's case as it stands, changed, and once more; and that case again, to be judged by its own probe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.contracts import Probe
from harness.contracts.composed import ComparingProbe
from harness.errors import UsageError
from harness.records import Arm, Ask, Case, DrawAsk, GenerateAsk, ScoreAsk, Value
from harness.seeds import rng
from harness.text.perturb import OPERATORS, Edit, preserves_label
from probes.expected import pack, unpack

__all__ = [
    "ASKED",
    "REPEATED",
    "UNCHANGED",
    "Key",
    "Plan",
    "Role",
    "forms_of",
    "inner_case",
    "inner_name",
    "operator_of",
    "planned_of",
    "role_of",
]

AGAIN = 1_000_003
"""What is added to the seed of an ask that is sent once more."""
ASKED, UNCHANGED, REPEATED = "asked", "unchanged", "repeated"

Edits = tuple[tuple[int, int, str, str], ...]
"""Start, end, before and after of each."""


class Role(StrEnum):
    """What a case is to its question."""

    CLEAN = "clean"
    CHANGED = "changed"
    AGAIN = "again"
    CONTROL = "control"
    """Changed so that another answer is right."""
    COMPANY = "company"
    """Asked because the other probe judges replies beside each other."""


@dataclass(frozen=True, slots=True)
class Key:
    """What judging needs.

    Attributes:
        role: A `Role`.
        operator: What changed the wording; empty where nothing did.
        edits: What was changed where: start, end, before, after.
        planned: For the unchanged form, what became of each planned change, by name: ``asked``, ``unchanged``,
            ``repeated`` (another draw came to the same), or the rules that it breaks.
        inner: What the other probe's case has: id, expected, arm.
    """

    role: str
    operator: str
    edits: Edits
    planned: Mapping[str, str]
    inner: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which changes are planned.

    Attributes:
        operators: Names of those that leave what is asked as it is.
        controls: Names of those that do not.
        strength: Of the former, in (0, 1].
        seeds: Draws of each.
    """

    operators: tuple[str, ...]
    controls: tuple[str, ...]
    strength: float
    seeds: int


def role_of(case: Case) -> str:
    """Return what ``case`` is to its question: a `Role`."""
    return str(case.expected["role"])


def operator_of(case: Case) -> str:
    """Return the name of what changed the wording; empty where nothing did."""
    return str(case.expected["operator"])


def planned_of(case: Case) -> Mapping[str, str]:
    """Return what became of each planned change of the question that ``case`` stands for unchanged."""
    return unpack(Key, case).planned


def inner_name(case: Case) -> str:
    """Return the id of the other probe's case."""
    return str(unpack(Key, case).inner["id"])


def inner_case(case: Case) -> Case:
    """Return the other probe's case behind ``case``, with the ask as it was put."""
    inner = unpack(Key, case).inner
    expected = inner["expected"]
    return replace(
        case, id=str(inner["id"]), expected=expected if isinstance(expected, dict) else {}, arm=Arm(str(inner["arm"]))
    )


def forms_of(cases: Sequence[Case], probe: Probe, plan: Plan, seed: int) -> Iterator[Case]:
    """Yield all forms of one question.

    The first case of the main arm whose wording may be changed stands for the question.

    Args:
        cases: The other probe's, all of one cluster.
        probe: The other probe.
        plan: Which changes are planned.
        seed: Of all draws.

    Raises:
        UsageError: a wording is not part of its prompt.
    """
    one = next((case for case in cases if case.wording is not None and case.arm is Arm.MAIN), None)
    if one is None:
        return
    changes, planned = _changes(one, plan, seed)
    yield _form(one, Role.CLEAN, planned=planned)
    if isinstance(probe, ComparingProbe):
        yield from (_form(other, Role.COMPANY) for other in cases if other is not one)
    if not isinstance(one.ask, ScoreAsk):
        yield _form(one, Role.AGAIN)
    yield from changes
    for name in plan.controls:
        change = OPERATORS[name].apply(_wording(one), rng(seed, f"control/{name}/{one.id}"))
        if change.changed:
            yield _form(one, Role.CONTROL, name, change.text, _told(change.edits))


def _changes(case: Case, plan: Plan, seed: int) -> tuple[list[Case], Mapping[str, str]]:
    """Return the changed forms that are asked, and what became of each planned change."""
    found: dict[str, Case] = {}
    planned: dict[str, str] = {}
    wording = _wording(case)
    for operator in plan.operators:
        for draw in range(plan.seeds):
            name = operator if draw == 0 else f"{operator}-{draw + 1}"
            change = OPERATORS[operator].apply(wording, rng(seed, f"change/{name}/{case.id}"), plan.strength)
            broken = preserves_label(wording, change.text).failed
            if not change.changed:
                planned[name] = UNCHANGED
            elif broken:
                planned[name] = ", ".join(broken)
            elif change.text in found:
                planned[name] = REPEATED
            else:
                planned[name] = ASKED
                found[change.text] = _form(case, Role.CHANGED, name, change.text, _told(change.edits))
    return list(found.values()), planned


def _told(edits: Sequence[Edit]) -> Edits:
    return tuple((edit.start, edit.end, edit.before, edit.after) for edit in edits)


def _form(
    case: Case,
    role: Role,
    name: str = "",
    text: str | None = None,
    edits: Edits = (),
    *,
    planned: Mapping[str, str] | None = None,
) -> Case:
    ask = case.ask if text is None else _reworded(case, text)
    if role is Role.AGAIN and isinstance(ask, GenerateAsk | DrawAsk):
        ask = replace(ask, seed=ask.seed + AGAIN)
    inner: Mapping[str, Value] = {"id": case.id, "expected": dict(case.expected), "arm": case.arm.value}
    return replace(
        case,
        id=f"{case.id}/{name or role.value}",
        ask=ask,
        expected=pack(Key(role.value, name.partition("-")[0], edits, planned or {}, inner)),
        arm=Arm.MAIN if role in {Role.CLEAN, Role.CHANGED} else Arm.CONTROL,
        wording=case.wording if text is None else text,
    )


def _wording(case: Case) -> str:
    if case.wording is None:
        raise ValueError(f"case {case.id} has no wording")
    return case.wording


def _reworded(case: Case, text: str) -> Ask:
    """Return the ask of ``case`` with ``text`` for its wording, where that stands last."""
    ask, wording = case.ask, _wording(case)
    prompt = ask.context if isinstance(ask, ScoreAsk) else getattr(ask, "prompt", None)
    if not isinstance(prompt, str) or wording not in prompt:
        raise UsageError(
            f"case {case.id!r} says that its wording is part of its prompt, and it is not. Report this to the author"
            " of its probe."
        )
    before, _, after = prompt.rpartition(wording)
    changed = f"{before}{text}{after}"
    if isinstance(ask, ScoreAsk):
        return replace(ask, context=changed)
    return replace(ask, prompt=changed) if isinstance(ask, GenerateAsk | DrawAsk) else ask
