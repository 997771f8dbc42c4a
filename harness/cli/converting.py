"""`instruments convert`: a classifier's pickled checkpoint becomes safetensors, once, without running what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import JsonFlag
from harness.cli.output import show, show_json, talk

__all__ = ["convert_checkpoint"]

WHY = (
    "A checkpoint of Detoxify is a pickle, and opening a pickle can run any code that is in it. This one is opened"
    " once, by torch's restricted unpickler, which knows tensors, texts, numbers and lists and calls nothing else; what"
    " it holds is written as safetensors and JSON, which can hold no code."
)


def convert_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A .ckpt file of Detoxify's release.")],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where safetensors and description go.")],
    json: JsonFlag = False,
) -> None:
    """Convert a checkpoint of Detoxify to safetensors, once, and print the settings that pin it."""
    from harness.canonical import dumps
    from harness.instruments.detoxify_checkpoint import PUBLISHED
    from harness.instruments.detoxify_conversion import convert

    talk(WHY)
    converted, pin = convert(checkpoint, to)
    if converted.name not in PUBLISHED.values():
        talk(
            f"warning: the SHA-256 of {checkpoint} is of none of the {len(PUBLISHED)} checkpoints that Detoxify"
            " published, so results name it by its digest.",
            style="yellow",
        )
    settings = {"path": str(to.resolve()), "sha256": pin.hex}
    if json:
        told = {"name": converted.name, "labels": list(converted.labels), "source": str(converted.source)}
        show_json({"checkpoint": told, "settings": settings})
        return
    base = converted.architecture.base
    show(f"Wrote {to}: checkpoint {converted.name}, which tells {', '.join(converted.labels)}. In harness.toml:\n")
    show('[instrument."toxicity.detoxify"]')
    for key, value in settings.items():
        show(f"{key} = {dumps(value).decode()}")
    show(f'config = "…"  # the folder of {base}\'s config.json and tokenizer')
