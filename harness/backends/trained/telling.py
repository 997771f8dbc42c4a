"""How a checkpoint came to be, for people: told from its manifest, without a folder of this or any other machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from harness.contracts.training import Training

if TYPE_CHECKING:
    from harness.backends.trained.known import Known
    from harness.training.manifest import Manifest
    from harness.training.prepare.stream import Done

__all__ = ["tell"]

KINDS: Mapping[str, str] = {
    "language": "language model",
    "vae": "variational autoencoder",
    "gan": "generative adversarial network",
    "diffusion": "diffusion model",
    "text_to_image": "text-to-image diffusion model",
}
ENDINGS: Mapping[str, str] = {
    "complete": "it ran to its end",
    "early": "it ended early, for want of improvement",
    "budget": "it ended when its privacy budget was spent",
}


def tell(known: Known) -> Training:
    """Put the manifest of a checkpoint into words and numbers.

    Raises:
        ModelError: the manifest holds a claim of privacy that nothing here wrote.
    """
    manifest = known.checkpoint.manifest
    split = manifest.split
    return Training(
        what=_what(manifest),
        weights=manifest.parameters,
        # Data may be named by a folder; a Windows path is parted at both kinds of slashes.
        data=PureWindowsPath(manifest.data.name).name or "data without a name",
        records=manifest.data.records,
        members=split.members,
        nonmembers=split.nonmembers,
        validation=split.validation,
        removed=split.removed,
        canaries=split.canaries,
        classes=manifest.data.classes,
        steps=manifest.steps,
        stopped=ENDINGS.get(manifest.stopped, manifest.stopped),
        claim=tuple(known.checkpoint.claim_lines()),
        references=len(known.references),
        missing=known.missing,
        prepared=tuple(_prepared(done) for done in manifest.prepared),
    )


def _prepared(done: Done) -> str:
    """Say what one step did, in places of the training set, of which a record that is trained on twice has two."""
    # By its key alone: a placebo of a step has that key too, and takes away what is no copy.
    numbers = (("taken away", done.removed), ("added", done.added), ("changed", done.changed))
    told = ", ".join(f"{number:,} {word}" for word, number in numbers if number) or "nothing to do"
    return (
        f"Then the step “{done.step}” prepared the training set: {told}; {done.records_before:,} places before,"
        f" {done.records_after:,} after."
    )


def _what(manifest: Manifest) -> str:
    """The kind of model; what it began with is another training, of which the rest says nothing."""
    kind = KINDS.get(manifest.kind, manifest.kind)
    return f"{kind} (begun with the weights of another training)" if "start" in (manifest.sources or {}) else kind
