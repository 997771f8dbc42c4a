"""`audit`: a claimed epsilon beside what the trained model gives away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import JsonFlag
from harness.cli.output import show, show_json, talk
from harness.errors import MissingExtraError

if TYPE_CHECKING:
    from harness.privacy.report import PrivacyReport

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit)


def audit(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A folder that `harness train` wrote.")],
    confidence: Annotated[float, typer.Option("--confidence", help="Of the ruling, between 0 and 1.")] = 0.95,
    reference: Annotated[
        list[Path] | None,
        typer.Option("--reference", help="A model of the same recipe with other coins; may be given several times."),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="Where the training data are now, if they were moved.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Hold a checkpoint's claimed epsilon against a lower bound from its coin canaries.

    Exits with 1 where the claim is refuted, or void by what the checkpoint itself records.
    """
    report = _examine(checkpoint, reference or [], confidence=confidence, data=data)
    if json:
        show_json({"checkpoint": str(checkpoint), **report.dump()})
    else:
        for line in report.lines():
            show(line, style="bold red" if line.startswith(("Refuted", "Reason: void")) else "")
    if report.fails:
        raise typer.Exit(1)


def _examine(folder: Path, references: list[Path], *, confidence: float, data: str | None) -> PrivacyReport:
    try:
        from harness.privacy.report import examine
        from harness.training.checkpoint import open_checkpoint
    except ModuleNotFoundError as error:
        raise MissingExtraError("An audit of a trained model", str(error.name), "train") from error
    opened: list[Any] = [open_checkpoint(each) for each in (folder, *references)]
    talk("Scoring the canaries by the losses that the model gives them …")
    return examine(opened[0], references=opened[1:], confidence=confidence, data=data)
