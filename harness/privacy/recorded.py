"""What voids the claim of a private training, as far as its traces show: one small check for each way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.privacy.accounting import SAMPLING, epsilon
from harness.privacy.findings import Finding, of_accountant, of_delta, of_rate
from harness.privacy.ledger import GaussianSteps, Ledger

__all__ = ["AFTER", "Trained"]

DRAWN = re.compile(r"noise|steps?|batch|sampl|poisson", re.IGNORECASE)
"""Names of seeds that privacy needs nobody to know."""
SEEDED = re.compile(r'"?\b(noise_seed|sampling_seed|generator_state|rng_state)\b"?', re.IGNORECASE)
SINGLE = re.compile(
    r"\b(?:per[_-]?(?:sample|record|example)|grad(?:ient)?)[_-]?(?:loss(?:es)?|norms?|grads?|gradients?)\b",
    re.IGNORECASE,
)
READABLE = frozenset({".json", ".jsonl", ".csv", ".tsv", ".txt", ".log", ".md"})
LARGEST = 2**24


@dataclass(frozen=True, slots=True)
class Trained:
    """What a private training left behind.

    Attributes:
        manifest: JSON of manifest.json.
        ledger: Of all private steps.
        folder: Of the checkpoint; None: files are not looked through.
        counts: Records in the training of each unit, repetitions counted; None where the split is not there.
        copies: Most training records with the same content, repetitions counted; None where data are not there.
        earlier: Ledgers of earlier trainings on the same records that this one goes on from or chose by.
    """

    manifest: Mapping[str, Any]
    ledger: Ledger
    folder: Path | None = None
    counts: Mapping[str, int] | None = None
    copies: int | None = None
    earlier: Sequence[Ledger] = ()

    @property
    def own(self) -> tuple[GaussianSteps, ...]:
        """The events of this training alone."""
        before = Counter(event for ledger in self.earlier for event in ledger.gaussian)
        return tuple((Counter(self.ledger.gaussian) - before).elements())


def batches_were_poisson(trained: Trained) -> Iterator[Finding]:
    """Item 1."""
    if trained.ledger.sampling != SAMPLING:
        yield Finding(
            1, f"The ledger says batches were drawn by {trained.ledger.sampling!r}, which no accountant covers."
        )


def nothing_else_touched(trained: Trained) -> Iterator[Finding]:
    """Item 3: what the ledger names, and a learned vocabulary that it does not name."""
    for item in trained.ledger.touched:
        yield Finding(3, f"The records were seen without privacy: {item}.")
    if trained.manifest.get("settings", {}).get("tokenizer") == "bpe" and not trained.ledger.touched:
        yield Finding(3, "The vocabulary was learned from the records, which the ledger does not say.")


def nothing_was_chosen(trained: Trained) -> Iterator[Finding]:
    """Item 4: early stopping and the best of several states choose on records that no epsilon covers."""
    manifest = trained.manifest
    steps = manifest.get("steps")
    if manifest.get("stopped") == "early" or manifest.get("weights_of", steps) != steps:
        yield Finding(4, "The step whose weights were kept was chosen by the loss of records that no epsilon covers.")


def no_noise_seed_is_kept(trained: Trained) -> Iterator[Finding]:
    """Item 5: in the manifest, or in a file beside it."""
    seeds = trained.manifest.get("seeds", {})
    kept = [name for name in seeds if DRAWN.search(name) and isinstance(seeds[name], int)]
    kept += [f"{where} of {name}" for name, text in _texts(trained) for where in set(SEEDED.findall(text))]
    if kept:
        yield Finding(5, f"What the noise or the batches were drawn from is kept: {', '.join(sorted(kept)[:5])}.")


def no_record_is_in_logs(trained: Trained) -> Iterator[Finding]:
    """Item 6: training losses are means over few records without noise; single ones are worse."""
    if any(point.get("loss") is not None for point in trained.manifest.get("curve", ())):
        yield Finding(6, "The training curve holds losses of training records, which nothing has noised.")
    for name, text in _texts(trained):
        if found := SINGLE.search(text):
            yield Finding(6, f"{name} holds what was computed for single records: {found[0]!r}.")


def trainings_are_composed(trained: Trained) -> Iterator[Finding]:
    """Item 7: earlier trainings on the same records count too, and one account is of one data set."""
    missing = sum((Counter(ledger.gaussian) - Counter(trained.ledger.gaussian)).total() for ledger in trained.earlier)
    if missing:
        yield Finding(7, f"{missing} events of earlier trainings on these records are not in the ledger: they add up.")
    if len({event.sample_rate for event in trained.own}) > 1:
        yield Finding(7, "Steps of one training have several sampling rates: several data sets are under one account.")


def groups_are_named(trained: Trained) -> Iterator[Finding]:
    """Item 8: the claim is about single records; a unit of k records has k times the epsilon."""
    largest = trained.ledger.largest_unit
    for what, count in (("the largest unit has", _largest(trained)), ("the same content is in", trained.copies or 1)):
        if count > largest:
            yield Finding(8, f"{what.capitalize()} {count} training records; the ledger says at most {largest}.")


def accountant_was_an_upper_bound(trained: Trained) -> Iterator[Finding]:
    """Item 10."""
    name = (trained.manifest.get("claim") or {}).get("accountant")
    if name is not None:
        yield from of_accountant(str(name))


def delta_was_small(trained: Trained) -> Iterator[Finding]:
    """Item 11."""
    delta = (trained.manifest.get("claim") or {}).get("delta")
    if delta is not None:
        yield from of_delta(float(delta), trained.ledger.records)


def steps_are_counted(trained: Trained) -> Iterator[Finding]:
    """Item 12: every round of the manifest is in the ledger, at the rate of its batch."""
    manifest = trained.manifest
    turns = manifest.get("settings", {}).get("turns", 1)
    taken: Counter[str] = Counter()
    for event in trained.own:
        taken[event.player] += event.steps
    expected = manifest.get("steps", 0) * turns
    for name, steps in taken.items() or {"anyone": 0}.items():
        if steps != expected:
            yield Finding(12, f"The ledger has {steps} steps of {name!r}; the training took {expected}.")
    batch = manifest.get("recipe", {}).get("batch")
    if batch is not None:
        for rate in sorted({event.sample_rate for event in trained.own}):
            yield from of_rate(rate, batch, trained.ledger.records)


def epsilon_is_that_of_the_ledger(trained: Trained) -> Iterator[Finding]:
    """Item 12: a claim below what its own ledger costs."""
    claimed = trained.manifest.get("claim") or {}
    if claimed.get("epsilon") is None:
        return
    try:
        spent = epsilon(trained.ledger, delta=float(claimed["delta"]), accountant="prv").epsilon
    except UsageError as error:
        yield Finding(12, f"The ledger supports no epsilon at all. {error}")
        return
    if float(claimed["epsilon"]) < spent - 1e-6:
        yield Finding(12, f"The claim is epsilon = {claimed['epsilon']:.4g}; the steps of the ledger cost {spent:.4g}.")


AFTER: tuple[Callable[[Trained], Iterator[Finding]], ...] = (
    batches_were_poisson,
    nothing_else_touched,
    nothing_was_chosen,
    no_noise_seed_is_kept,
    no_record_is_in_logs,
    trainings_are_composed,
    groups_are_named,
    accountant_was_an_upper_bound,
    delta_was_small,
    steps_are_counted,
    epsilon_is_that_of_the_ledger,
)


def _texts(trained: Trained) -> Iterator[tuple[str, str]]:
    """Every readable file outside of the model's own: a vocabulary may hold any word."""
    if trained.folder is None:
        return
    for path in sorted(trained.folder.rglob("*")):
        name = path.relative_to(trained.folder).as_posix()
        if path.suffix.lower() in READABLE and not name.startswith("model/") and path.stat().st_size <= LARGEST:
            yield name, path.read_text("utf-8", "replace")


def _largest(trained: Trained) -> int:
    return max(trained.counts.values(), default=1) if trained.counts is not None else 1
