"""Where the numbers come from: the run's record as rows that the page can lay out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.contracts.training import HOW_TRAINED, Training, training_of
from harness.plan_records import Plan
from harness.records import Value
from harness.report.figures import flatten, moment, plural

__all__ = ["Origins", "Rows", "origins", "training_lines"]

MOST_CLASSES = 20
"""Classes that are named."""

Rows = tuple[tuple[str, str], ...]
"""Names and texts."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Provenance.

    Attributes:
        training: How the model was trained, in sentences; empty where its backend does not tell.
        privacy: What may be claimed of its privacy, whole; likewise.
        model: The model's identity, its details last.
        plan: What names the run: digests, seed, profile, times.
        totals: What was asked and used.
        energy: Joules, or why there is no number.
        environment: Python, system, hardware and commit.
        packages: Installed distributions and their versions.
    """

    training: tuple[str, ...]
    privacy: tuple[str, ...]
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
    training = training_of(identity)
    # What is told in sentences need not stand there in rows.
    details = {name: its for name, its in identity.details.items() if training is None or name != HOW_TRAINED}
    return Origins(
        training=training_lines(training) if training else (),
        privacy=training.claim if training else (),
        model=(
            ("name", identity.name),
            ("backend", identity.backend),
            ("digest", str(identity.digest)),
            *flatten(details),
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


def training_lines(training: Training) -> tuple[str, ...]:
    """How a model was trained, in sentences."""
    return (_trained(training), *_records(training))


def _trained(training: Training) -> str:
    return (
        f"{training.what[:1].upper()}{training.what[1:]} with {training.weights:,} weights, trained on"
        f" {training.members:,} of the {plural(training.records, 'record')} of {training.data} in"
        f" {plural(training.steps, 'step')}; {training.stopped}."
    )


def _records(training: Training) -> Iterator[str]:
    if training.nonmembers:
        yield (
            f"{plural(training.nonmembers, 'record')} held out of the training, for audits: what the model does with"
            " records it was trained on is compared with what it does with those."
        )
    if training.validation:
        yield f"{plural(training.validation, 'record')} used to validate alone."
    if training.removed:
        yield (
            f"{plural(training.removed, 'record')} left out of the training"
            f"{': duplicates, and what preparing the data took away' if training.prepared else ' as duplicates'}."
        )
    yield from training.prepared
    if training.canaries:
        yield f"{plural(training.canaries, 'record')} made up and planted to measure memorisation (canaries)."
    if training.classes:
        more = len(training.classes) - MOST_CLASSES
        named = ", ".join(training.classes[:MOST_CLASSES]) + (f" and {more:,} more" if more > 0 else "")
        yield f"Classes: {named}."
    yield (
        f"{plural(training.references, 'reference model')}: trained alike, on other members."
        if training.references
        else "No reference model: it is not known how hard each record is for models that were not trained on it."
    )
    if training.missing:
        yield f"The training data could not be read for this audit: {training.missing.rstrip('.')}."


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
    notes = filter(None, (energy.get("source"), energy["reason"]))
    return f"{energy['joules']:,.0f} J" + "".join(f"; {note}" for note in notes)
