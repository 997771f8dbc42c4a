"""`train`: a generator of one's own, with privacy or without."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import ConfigPath, JsonFlag, SeedOption, read_config
from harness.cli.output import show, show_json, talk
from harness.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from harness.training.checkpoint import Checkpoint
    from harness.training.recipe import Recipe

__all__ = ["register", "train_to"]

Number = Annotated[float | None, typer.Option()]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="language, vae, gan, diffusion or text_to_image.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="digits, fashion-mnist, synthetic, people, a folder of images, or a text file."),
    ] = None,
    epsilon: Annotated[
        float | None, typer.Option("--epsilon", help="Train with differential privacy, to this.")
    ] = None,
    delta: Annotated[float | None, typer.Option("--delta", help="Default: 1 / (10 n) for n training records.")] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help="Shipped recipe to start from: smoke, gpu; of language also private."),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Rounds of training.")] = None,
    records: Annotated[int | None, typer.Option("--records", help="Use only so many records.")] = None,
    coins: Annotated[
        int | None, typer.Option("--coins", help="Plant so many canaries by fair coin, for `harness audit`.")
    ] = None,
    references: Annotated[
        int,
        typer.Option("--references", min=0, help="Train so many reference models too: same records, other coins."),
    ] = 0,
    seed: SeedOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the checkpoint. Default: models/<kind>-<data>-<recipe>.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is unfinished in --out.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Print the complete recipe and stop.")] = False,
    config: ConfigPath = None,
    json: JsonFlag = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a generator and leave a checkpoint that `harness run` audits.

    Starts from a shipped recipe; the table train in harness.toml changes it, options here change it again. Stopped or
    killed, the same command goes on where it was.
    """
    given = {
        "train.data": data,
        "train.recipe": recipe,
        "train.steps": steps,
        "train.records": records,
        "train.seed": seed,
        "train.canaries.coins": coins,
        "train.privacy.epsilon": epsilon,
        "train.privacy.delta": delta,
    }
    made = _under_way(out, kind, given) if resume else _recipe(kind, config, given)
    if plan:
        show_json({"recipe": made.model_dump(mode="json")})
        return
    folder = out or Path("models") / _name(made)
    checkpoint = train_to(made, folder, device=device, quiet=quiet)
    others = []
    for toss in range(1, references + 1):
        if _speaks():
            talk(f"Reference model {toss} of {references}: the same records, other coins.")
        reference = made.model_copy(update={"toss": toss})
        others.append(
            train_to(reference, folder.with_name(f"{folder.name}-reference-{toss}"), device=device, quiet=quiet)
        )
    if _speaks():
        _report(checkpoint, others, json=json)


def _speaks() -> bool:
    """Whether this process tells the user what came of it: of several that train together, the first does."""
    return os.environ.get("RANK", "0") == "0"


def _recipe(kind: str | None, config: Path | None, given: dict[str, Any]) -> Recipe:
    from harness.training.recipe_files import KINDS, complete

    asked = read_config(config, given).train
    kind = kind or asked.kind
    if kind is None:
        raise UsageError(
            f"Say what to train: `harness train KIND`, one of {', '.join(KINDS)}, or `kind` under [train]."
        )
    return complete(kind, asked.recipe if "recipe" in asked.model_fields_set else None, asked.changes)


def _under_way(out: Path | None, kind: str | None, given: dict[str, Any]) -> Recipe:
    from harness.training.job import recipe_under_way

    if out is None:
        raise UsageError("--resume needs --out: the folder of the unfinished training.")
    changed = sorted(key.removeprefix("train.") for key, value in given.items() if value is not None)
    if kind is not None or changed:
        raise UsageError(f"--resume goes on with the recipe that is there: leave out {', '.join(changed) or 'KIND'}.")
    found = recipe_under_way(out)
    if found is None:
        raise UsageError(f"No training is unfinished in {out}. Start one: `harness train KIND --out {out}`.")
    return found


def _name(recipe: Recipe) -> str:
    """A folder's name that is the same for the same recipe, so that the same command finds its own work again."""
    from harness.canonical import digest
    from harness.evidence.store import slug

    data = Path(recipe.data.partition(":")[0]).stem
    return f"{recipe.kind}-{slug(data)}-{digest(recipe.model_dump(mode='json')).short}"


def train_to(recipe: Recipe, folder: Path, *, device: str = "auto", quiet: bool) -> Checkpoint:
    """Train ``recipe`` to ``folder``, watched; what is there by the same recipe is used as it is."""
    from harness.cli.interrupts import interrupts
    from harness.cli.training_progress import TrainingBar
    from harness.execute import Stop

    try:
        from harness.training.checkpoint import open_checkpoint
        from harness.training.job import run
        from harness.training.trouble import TrainingStoppedError
    except ModuleNotFoundError as error:
        raise MissingExtraError("Training", str(error.name), "train") from error

    if (folder / "manifest.json").is_file():
        checkpoint = open_checkpoint(folder)
        if checkpoint.manifest.recipe == recipe.model_dump(mode="json"):
            talk(f"{folder}: trained before by the same recipe; nothing to do.")
            return checkpoint
    stop = Stop()
    try:
        with TrainingBar(quiet=quiet) as watch, interrupts(stop):
            return run(recipe, folder, watch=watch, device=device, stop=lambda: stop.due)
    except TrainingStoppedError as stopped:
        talk(str(stopped))
        raise typer.Exit(130) from stopped


def _report(checkpoint: Checkpoint, references: list[Checkpoint], *, json: bool) -> None:
    from harness.canonical import to_json

    manifest = checkpoint.manifest
    if json:
        folders = [str(reference.folder) for reference in references]
        show_json({"checkpoint": str(checkpoint.folder), "references": folders, "manifest": to_json(manifest)})
        return
    split = manifest.split
    show(f"Trained on {split.members} records, {manifest.steps} steps ({manifest.stopped}).")
    show(f"Kept out: {split.nonmembers} records for audits, {split.validation} for validation.")
    for line in checkpoint.claim_lines():
        show(line)
    show(f"\nCheckpoint: {checkpoint.folder}")
    for reference in references:
        show(f"Reference: {reference.folder}")
    talk(f"Audit it: harness run --model {checkpoint.folder}")
    canaries = manifest.read_recipe().canaries
    if canaries is not None and canaries.coins:
        talk(f"Hold its privacy claim against what it remembers: harness audit {checkpoint.folder}")
