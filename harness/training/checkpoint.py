"""A trained generator as a folder that can be verified: weights as safetensors, and a manifest of every file.

manifest.json      written last; names every other file with its SHA-256
model/             what the generator saved, in the format of its ecosystem
records.parquet    who is a member: for whoever audits; a released private model leaves it out
ledger.json        what a private training spent
samples.png        of generators that draw: samples of the weights that were kept
samples/           the first of these seeds after a few steps, <step>.png; absent from older checkpoints
underway/          only while training is unfinished
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.canonical import digest_file, loads
from harness.data.examples import Examples
from harness.errors import DataError, ModelError, UsageError
from harness.models import kinds
from harness.models.generator import Generator
from harness.privacy.claim import Claim
from harness.privacy.ledger import Ledger
from harness.training.layout import LEDGER, MANIFEST, MODEL, RECORDS, UNDERWAY, list_files
from harness.training.manifest import Manifest, split_digest
from harness.training.records import gather
from harness.training.split import Split

__all__ = ["LEDGER", "RECORDS", "Checkpoint", "Manifest", "open_checkpoint"]

REFERENCES = "Train references beside a model: `harness train ... --references 4`."

PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A verified checkpoint; nothing of its model is in memory yet.

    Attributes:
        folder: Where it is.
        manifest: What it says of itself.
    """

    folder: Path
    manifest: Manifest

    def generator(self) -> Generator:
        """Open the model, on the CPU, in evaluation mode.

        Raises:
            ModelError: it is not what its kind needs.
        """
        return kinds.open_generator(self.manifest.kind, self.folder / MODEL)

    def split(self) -> Split | None:
        """Who is a member; None where records.parquet was left out.

        Raises:
            ModelError: it is not the split of this training.
        """
        path = self.folder / RECORDS
        if not path.is_file():
            return None
        split = Split.read(path)
        if split_digest(split) != self.manifest.split.records_digest:
            raise ModelError(f"{path} is not the split that this model was trained with. Restore the original file.")
        return split

    def examples(self, *, data: str | None = None, root: Path | None = None) -> Examples:
        """The records that were trained, validated and held out, planted canaries included.

        Args:
            data: Where they are now, if elsewhere than the recipe says.
            root: Folder of third-party data; None for that of the environment.

        Raises:
            DataError: they cannot be found, or are no longer those.
        """
        recipe, its = self.manifest.read_recipe(), self.manifest.data
        moved = recipe if data is None else recipe.model_copy(update={"data": data})
        try:
            examples, _ = gather(moved, passage_bytes=its.passage_bytes, root=root)
        except DataError as error:
            raise DataError(
                f"{error} Where the records of {self.folder.name} have moved, name the place with `data` under [model],"
                " or with --data of `harness audit`."
            ) from error
        if str(examples.digest) != its.digest:
            raise DataError(
                f"{moved.data}: these are not the records that {self.folder} was trained with: their digest is"
                f" {examples.digest.short}…, not {its.digest.removeprefix('sha256:')[:12]}…. Restore the original data."
            )
        return examples

    def ledger(self) -> Ledger | None:
        """What the training spent; None without privacy.

        Raises:
            ModelError: the file does not hold a ledger.
        """
        path = self.folder / LEDGER
        if not path.is_file():
            return None
        try:
            return Ledger.parse(loads(path.read_bytes()))
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(f"{path} does not hold a privacy ledger: {error}. Restore the original file.") from error

    def refuse_stranger(self, reference: Checkpoint) -> None:
        """Hold ``reference`` to what a reference model of this one is: its kind, the same records, coins of its own.

        Raises:
            UsageError: it is of another kind, was trained on other records, or with the same coins.
        """
        mine, its = self.manifest, reference.manifest
        if its.kind != mine.kind:
            raise UsageError(
                f"{reference.folder} is of kind {its.kind}, the model of kind {mine.kind}: it is no reference."
                f" {REFERENCES}"
            )
        if its.data.digest != mine.data.digest:
            raise UsageError(
                f"{reference.folder} was trained on other records or canaries: it is no reference. {REFERENCES}"
            )
        if its.split.records_digest == mine.split.records_digest or its.read_recipe().toss == mine.read_recipe().toss:
            raise UsageError(f"{reference.folder} was trained with the same coins: it is no reference. {REFERENCES}")

    def stated_claim(self) -> Claim | None:
        """The claim that the manifest states; None where it was trained without privacy.

        Raises:
            ModelError: the manifest holds a claim that nothing here wrote.
        """
        if self.manifest.claim is None:
            return None
        try:
            return Claim.parse(self.manifest.claim)
        except ValueError as error:
            raise ModelError(
                f"{self.folder / MANIFEST}: its privacy claim cannot be read: {error}. Restore the original file."
            ) from error

    def claim_lines(self) -> list[str]:
        """What may be claimed of its privacy, whole, in sentences.

        Raises:
            ModelError: as for `stated_claim`.
        """
        stated = self.stated_claim()
        if stated is None:
            return ["No DP claim.", "Reason: it was trained without differential privacy."]
        return stated.lines()


def open_checkpoint(folder: Path) -> Checkpoint:
    """Verify every file of the checkpoint in ``folder``.

    Raises:
        ModelError: it is no checkpoint, unfinished, or a file is missing, changed, unknown or a pickle.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: there is no such folder. Make a checkpoint with `harness train`.")
    _refuse_pickles(folder)
    if (folder / UNDERWAY).exists():
        raise ModelError(
            f"{folder} is the checkpoint of an unfinished training. Finish it with"
            f" `harness train --resume --out {folder}`."
        )
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelError(
            f"{folder} is not a checkpoint: it has no {MANIFEST}. Name a folder that `harness train` wrote."
        )
    try:
        manifest = Manifest.parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}. Restore the original checkpoint.") from error
    _verify(folder, manifest.files)
    return Checkpoint(folder, manifest)


def _refuse_pickles(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICKLES:
            raise ModelError(
                f"{folder}: {path.relative_to(folder)} is in a format that can hold a pickle: opening it could run any"
                " code. Convert its weights to safetensors where you trust them, and remove the file."
            )


def _verify(folder: Path, declared: Mapping[str, str]) -> None:
    """Compare what is there with what the manifest declares, every digest included."""
    there = list_files(folder)
    # A released model may leave out who its members are; whoever has that file must have the right one.
    missing = sorted(declared.keys() - there.keys() - {RECORDS})
    extra = sorted(there.keys() - declared.keys())
    changed = [
        name for name in sorted(there.keys() & declared.keys()) if digest_file(there[name]).hex != declared[name]
    ]
    faults = {"missing": missing, "not in the manifest": extra, "changed since training": changed}
    told = [
        f"{', '.join(names[:5])}{' and more' * (len(names) > 5)}: {fault}" for fault, names in faults.items() if names
    ]
    if told:
        raise ModelError(f"{folder} is not what its manifest says: {'; '.join(told)}. Restore the original checkpoint.")
