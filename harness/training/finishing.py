"""From trained networks to a checkpoint: written beside, brought to disk, moved into place, the manifest last."""

from __future__ import annotations

import shutil
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import torch
from pydantic import JsonValue

from harness.canonical import digest_file, dumps, loads
from harness.errors import StoreError
from harness.privacy.checks import Trained, after
from harness.privacy.claim import claim
from harness.privacy.ledger import Ledger
from harness.training.budget import Budget, records_of_units, touched
from harness.training.durable import move, sync, sync_tree, write
from harness.training.hardware import choose_precision, describe, processors, versions
from harness.training.layout import GRIDS, LEDGER, MANIFEST, MODEL, RECORDS, SAMPLES, list_files
from harness.training.loop import Training
from harness.training.manifest import Data, Hardware, Manifest, Timing, membership
from harness.training.material import Material
from harness.training.samples import Sampler
from harness.training.split import Split
from harness.training.state import Progress, Stopped

__all__ = ["finish"]


def finish(training: Training, progress: Progress, material: Material) -> None:
    """Write the checkpoint; after this nothing of the states under way is needed.

    Raises:
        StoreError: the disk is full or cannot be written; the states are untouched.
    """
    aside, out = training.keeper.folder / "finished", training.keeper.out
    try:
        shutil.rmtree(aside, ignore_errors=True)
        (aside / MODEL).mkdir(parents=True)
        _write_pieces(training, progress, material, aside)
        sync_tree(aside)
        files = {name: digest_file(path).hex for name, path in list_files(aside).items()}
        for piece in sorted(aside.iterdir()):
            move(piece, out / piece.name)
        sync(out)
        manifest = _manifest(training, progress, material, files)
        if training.budget is not None:
            manifest = replace(manifest, claim=_claim(training.budget, material.split, manifest, out))
        write(out / MANIFEST, manifest.dump())
    except OSError as error:
        raise StoreError(
            f"{out}: the checkpoint cannot be written: {error}. Free some space or repair the folder, then"
            f" `harness train --resume --out {out}`: no step is lost."
        ) from error


def _write_pieces(training: Training, progress: Progress, material: Material, aside: Path) -> None:
    """Everything but the manifest."""
    generator = training.generator
    for network in generator.networks.values():
        network.eval()
    if training.sampler is not None:
        _write_samples(training.sampler, progress, aside)
    for network in generator.networks.values():
        network.cpu()
    generator.save(aside / MODEL)
    material.split.write(aside / RECORDS)
    if training.budget is not None:
        ledger = training.budget.ledger(progress.takes, touched(generator))
        (aside / LEDGER).write_bytes(dumps(ledger.dump(), indent=2))


def _write_samples(sampler: Sampler, progress: Progress, aside: Path) -> None:
    """What the weights that are kept draw, and what those of earlier steps drew from the same seeds."""
    pictures = sampler.draw()
    (aside / SAMPLES).write_bytes(sampler.whole(pictures))
    (aside / GRIDS).mkdir()
    for glimpse in progress.glimpses:
        (aside / GRIDS / f"{glimpse.step}.png").write_bytes(b64decode(glimpse.png))
    (aside / GRIDS / f"{_weights_of(progress)}.png").write_bytes(sampler.excerpt(pictures))


def _weights_of(progress: Progress) -> int:
    return progress.best_step or progress.step


def _claim(budget: Budget, split: Split, manifest: Manifest, out: Path) -> Mapping[str, JsonValue]:
    """What may be claimed, once everything that the training left behind was looked at."""
    ledger = Ledger.parse(loads((out / LEDGER).read_bytes()))
    left = Trained(
        manifest=loads(manifest.dump()),
        ledger=ledger,
        folder=out,
        counts=records_of_units(split),
    )
    return claim(ledger, delta=budget.delta, voided=[finding.what for finding in after(left)]).dump()


def _manifest(training: Training, progress: Progress, material: Material, files: Mapping[str, str]) -> Manifest:
    recipe, examples = training.recipe, material.examples
    return Manifest(
        kind=recipe.kind,
        recipe=recipe.model_dump(mode="json"),
        settings=training.generator.settings,
        data=Data(recipe.data, str(examples.digest), len(examples), examples.classes, material.passage_bytes),
        split=membership(material.split),
        steps=progress.step,
        weights_of=_weights_of(progress),
        stopped=cast("Stopped", progress.stopped),
        curve=tuple(progress.curve),
        timing=_timing(progress),
        energy=training.meter.energy(progress),
        hardware=_hardware(training, progress),
        versions=versions(),
        seeds=_seeds(training),
        files=files,
        claim=None,
        parameters=sum(parameter.numel() for parameter in training.learned.parameters.values()),
        prepared=() if material.stream is None else material.stream.done,
        sources=dict(training.sources) or None,
    )


def _timing(progress: Progress) -> Timing:
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    return Timing(progress.seconds, progress.seconds / progress.step, progress.resumed, finished)


def _hardware(training: Training, progress: Progress) -> Hardware:
    group = training.group
    return Hardware(
        device=group.device.type,
        name=describe(group),
        processors=processors(),
        threads=torch.get_num_threads(),
        processes=group.num_processes,
        precision=choose_precision(training.recipe, group.device)[0],
        physical_batch=progress.physical,
    )


def _seeds(training: Training) -> Mapping[str, JsonValue]:
    """Seeds by use. Who knows those of a private training's noise can take it off: nobody does."""
    root = training.recipe.root
    steps = root if training.budget is None else "drawn by the operating system, kept nowhere"
    return {"records": training.recipe.seed, "split": root, "weights": root, "batches": steps, "steps": steps}
