"""`init`, `doctor` and `config validate|show|schema`."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import ConfigPath, JsonFlag, default_text, open_request
from harness.cli.output import show, show_json, talk
from harness.errors import UsageError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The configuration file.", no_args_is_help=True)
    group.command("validate")(validate)
    group.command("show")(show_config)
    group.command("schema")(schema)
    app.add_typer(group, name="config")
    app.command("init")(init)
    app.command("doctor")(doctor)


def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("harness.toml"),
    backend: Annotated[str | None, typer.Option(help="Backend of the model, if not the shipped one.")] = None,
    model: Annotated[str | None, typer.Option(help="Model, as the backend names it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a harness.toml to edit: every key with its unit, its default and one comment."""
    import tomlkit

    if path.exists() and not force:
        raise UsageError(f"{path} exists. Edit it, choose another path, or overwrite it with --force.")
    document = tomlkit.parse(default_text())
    table = document["model"]
    for key, value in (("backend", backend), ("model", model)):
        if value is not None:
            table[key] = value
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    show(f"Wrote {path}. See what it would do with `harness plan`, then `harness run`.")


def validate(config: ConfigPath = None, json: JsonFlag = False) -> None:
    """Check the configuration against what is installed; all mistakes at once, each with its line."""
    from harness.plan import check

    request, registry = open_request(config, {})
    check(request.config, registry)
    if json:
        show_json({"valid": True})
    else:
        show("The configuration is valid.")


def show_config(config: ConfigPath = None, json: JsonFlag = False) -> None:
    """Show every value in force, and whether the file or a default set it."""
    import tomlkit

    request, _ = open_request(config, {})
    values = request.config.model_dump(mode="json", by_alias=True)
    # What is not given here is by recipe: the fields' own defaults are not in force.
    values["train"] = request.config.train.model_dump(mode="json", exclude_unset=True)
    given = tomlkit.parse(request.text).unwrap()
    if json:
        show_json({"config": values})
        return
    for table in ("model", "run", "plugins"):
        for key, value in values[table].items():
            origin = "file" if key in given.get(table, {}) else "default"
            show(f"{table}.{key} = {jsonlib.dumps(value)}  ({origin})")
    for table in ("train", "probe", "gate", "waiver"):
        show(f"{table} = {jsonlib.dumps(values[table])}  ({'file' if table in given else 'default'})")


def schema() -> None:
    """Print the JSON Schema of harness.toml, for editors."""
    from harness.config import Config

    sys.stdout.write(jsonlib.dumps(Config.model_json_schema(by_alias=True), indent=2, sort_keys=True) + "\n")


def doctor(json: JsonFlag = False) -> None:
    """Say what this environment has and lacks: packages, devices, data, caches, broken plugins."""
    from harness.cli.checkup import checkup

    rows = checkup()
    if json:
        show_json({"checks": [{"name": r.name, "ok": r.ok, "finding": r.finding, "advice": r.advice} for r in rows]})
    else:
        for row in rows:
            show(f"{'ok  ' if row.ok else 'LACK'} {row.name}: {row.finding}")
            if row.advice:
                show(f"       {row.advice}")
    if not all(row.ok for row in rows if row.needed):
        talk("Something that every audit needs is missing; see above.")
        raise typer.Exit(2)
