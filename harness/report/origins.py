"""Where the numbers come from: the run's record as rows that the page can lay out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.plan import Plan
from harness.records import Value
from harness.report.figures import flatten, moment

__all__ = ["Origins", "Rows", "origins"]

Rows = tuple[tuple[str, str], ...]
"""Names and texts."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Provenance.

    Attributes:
        model: The model's identity, its details last.
        plan: What names the run: digests, seed, profile, times.
        totals: What was asked and used.
        energy: Joules, or why there is no number.
        environment: Python, system, hardware and commit.
        packages: Installed distributions and their versions.
    """

    model: Rows
    plan: Rows
    totals: Rows
    energy: str
    environment: Rows
    packages: Rows


def origins(run: Mapping[str, Value], plan: Plan) -> Origins:
    """Lay out the content of ``run.json``."""
    record: Any = run
    environment = {name: value for name, value in record["environment"].items() if name != "packages"}
    identity = plan.identity
    return Origins(
        model=(
            ("name", identity.name),
            ("backend", identity.backend),
            ("digest", str(identity.digest)),
            *flatten(dict(identity.details)),
            *((f"asked for as {name}", text) for name, text in flatten(dict(plan.model))),
        ),
        plan=(
            ("run", record["id"]),
            ("plan digest", record["plan_digest"]),
            ("digest of all cases", str(plan.cases)),
            ("profile", plan.profile),
            ("seed", str(plan.seed)),
            *((f"changed on the command line: {name}", text) for name, text in flatten(record["overrides"])),
            ("started", moment(record["timing"]["started"])),
            ("finished", moment(record["timing"]["finished"])),
            ("judged on", record["judged_on"]),
            ("reproducibility", record["reproducibility"]),
        ),
        totals=_totals(record["totals"], record["timing"]["asking_seconds"]),
        energy=_energy(record["energy"]),
        environment=tuple(flatten(environment)),
        packages=tuple(flatten(record["environment"]["packages"])),
    )


def _totals(totals: Mapping[str, int], seconds: float) -> Rows:
    names = {
        "asks": "distinct asks",
        "from_journal": "answered by the journal of an earlier run",
        "failed": "failed",
        "retries": "asked again",
        "prompt_tokens": "tokens read",
        "output_tokens": "tokens written",
    }
    counted = [(words, f"{totals[name]:,}") for name, words in names.items()]
    return (*counted, ("seconds spent asking", f"{seconds:,.1f}"))


def _energy(energy: Mapping[str, Any]) -> str:
    if energy["joules"] is None:
        return f"No number for energy: {energy['reason']}."
    return f"{energy['joules']:,.0f} J"
