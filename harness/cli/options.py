"""Options that several commands share, and the request that they make up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.config import Config
    from harness.evidence.store import Store
    from harness.registry import Registry
    from harness.run import Request

__all__ = [
    "ConfigPath",
    "JsonFlag",
    "ModelOption",
    "ProfileOption",
    "ReferenceOption",
    "SeedOption",
    "StoreOption",
    "default_text",
    "model_table",
    "open_request",
    "open_store",
    "read_config",
]

ConfigPath = Annotated[
    Path | None, typer.Option("--config", "-c", help="Configuration file. Default: harness.toml here.")
]
StoreOption = Annotated[str | None, typer.Option("--store", help="Folder of runs. Default: `store` under [run].")]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="Audit this instead of [model]: a checkpoint, a pipeline, or a Hugging Face model."),
]
ReferenceOption = Annotated[
    list[str] | None,
    typer.Option("--reference", help="Reference model of the checkpoint; may be given several times."),
]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="smoke, standard or full.")]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Root of every random choice.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def model_table(model: str | None, references: Sequence[str] | None = None) -> dict[str, Any] | None:
    """The [model] table that ``--model`` stands for, told by what is in the folder; None where it was not given.

    Raises:
        UsageError: references are given and the model is no checkpoint.
    """
    if model is None:
        if references:
            raise UsageError("--reference belongs to a checkpoint: name it with --model.")
        return None
    folder = Path(model).expanduser()
    if (folder / "manifest.json").is_file() or (folder / "underway").is_dir():
        return {"backend": "local", "checkpoint": model, **({"references": list(references)} if references else {})}
    if references:
        raise UsageError(f"{model} is no checkpoint of `harness train`, so it has no reference models.")
    return {"backend": "diffusers" if (folder / "model_index.json").is_file() else "huggingface", "model": model}


def default_text() -> str:
    """The harness.toml that ships with the package, used where there is none."""
    package = Path(str(files("harness")))
    checkout = package.parent / "harness.toml"
    shipped = package / "_shipped_harness.toml"
    return (checkout if checkout.is_file() else shipped).read_text(encoding="utf-8")


def open_request(config: Path | None, overrides: Mapping[str, Any], *, fresh: bool = False) -> tuple[Request, Registry]:
    """Read the configuration and find the plugins that it allows.

    Without --config and without a harness.toml here, the shipped one is used, and that is said.
    """
    from harness.cli.output import talk
    from harness.config import load, parse
    from harness.registry import Registry
    from harness.run import Request

    given = {key: value for key, value in overrides.items() if value is not None}
    path = config or Path("harness.toml")
    if config is None and not path.exists():
        talk("No harness.toml here: using the one that ships with the harness. `harness init` writes a copy to edit.")
        text = default_text()
        parsed = parse(text, name="the shipped harness.toml", overrides=given)
    else:
        parsed = load(path, overrides=given)
        text = path.read_text(encoding="utf-8")
    request = Request(parsed, text, given, path.resolve().parent, fresh)
    return request, Registry(parsed.plugins.allow)


def read_config(config: Path | None, overrides: Mapping[str, Any]) -> Config:
    """The configuration named, or harness.toml here, or nothing but defaults; with ``overrides`` on top."""
    from harness.config import load, parse

    given = {key: value for key, value in overrides.items() if value is not None}
    if config is None and not Path("harness.toml").exists():
        return parse("", name="no harness.toml", overrides=given)
    return load(config or Path("harness.toml"), overrides=given)


def open_store(store: str | None, config: Path | None = None) -> Store:
    """The store named on the command line, else the configured one, else ``runs``."""
    from harness.config import load
    from harness.evidence.store import Store

    path = config or Path("harness.toml")
    if store is None and (config is not None or path.exists()):
        store = load(path).run.store
    return Store(Path(store or "runs"))
