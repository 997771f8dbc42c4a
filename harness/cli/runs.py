"""`runs list|show|verify|compare`, `verify` and `gate`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.comparing import compare_runs
from harness.cli.options import ConfigPath, JsonFlag, StoreOption, open_store
from harness.cli.output import show, show_json, talk
from harness.errors import HarnessError, UsageError

__all__ = ["register"]

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A bundle's folder, a run's name or its beginning, or `latest`.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Finished runs and their evidence.", no_args_is_help=True)
    group.command("list")(list_runs)
    group.command("show")(show_run)
    group.command("verify")(verify)
    group.command("compare")(compare_runs)
    app.add_typer(group, name="runs")
    app.command("verify")(verify)
    app.command("gate")(gate)


def list_runs(store: StoreOption = None, json: JsonFlag = False) -> None:
    """List finished runs, newest first."""
    from harness.evidence.bundle import read_json, read_verdict

    place = open_store(store)
    rows: list[dict[str, Any]] = []
    for folder in place.bundles():
        try:
            record = read_json(folder, "run.json")
            verdict = read_verdict(folder)
            row = {
                "model": record["plan"]["identity"]["name"],
                "profile": record["plan"]["profile"],
                "finished": record["timing"]["finished"],
                "verdict": verdict.ruling.value if verdict else None,
            }
        except (HarnessError, KeyError, TypeError, AttributeError) as error:
            talk(
                f"warning: {folder.name} cannot be read; `harness verify` says what is wrong ({error}).", style="yellow"
            )
            continue
        rows.append({"run": folder.name, **row})
    if json:
        show_json({"runs": rows})
        return
    for row in rows:
        show(f"{row['run']}  {row['finished']}  {row['model']}  {row['profile']}  {row['verdict'] or 'no policy'}")
    if not rows:
        show(f"No finished run in {place.root}. Start one with `harness run`, or try `harness demo`.")


def show_run(run: RunArgument, store: StoreOption = None, json: JsonFlag = False) -> None:
    """Show what a run found, in sentences."""
    from harness.evidence.bundle import read_bundle
    from harness.registry import Registry
    from harness.report.frames import count_pictures
    from harness.report.table import findings, lines, metrics_of

    folder = open_store(store).find(run)
    evidence = read_bundle(folder)
    if json:
        show_json({"bundle": str(folder), **findings(evidence), "pictures_in_report": count_pictures(folder)})
        return
    for line in lines(evidence, metrics_of(evidence, Registry()), detail=True):
        show(line)
    show(f"\nEvidence: {folder}")
    pictures = count_pictures(folder)
    if pictures:
        show(f"Pictures: {pictures:,}, of what was drawn and what probes have to show, are in {folder / 'report.html'}")


def verify(run: RunArgument, store: StoreOption = None, json: JsonFlag = False) -> None:
    """Prove a bundle offline, without the model: re-hash, re-judge, re-summarise. Exits with 1 if anything differs."""
    from harness.canonical import to_json
    from harness.evidence.verify import verify as check
    from harness.registry import Registry
    from harness.study.bundle import verify_study
    from harness.study.reading import find_study, is_study

    place = open_store(store)
    folder = Path(run) if Path(run).is_dir() else find_study(place.root, run) or place.find(run)
    found = (verify_study if is_study(folder) else check)(folder, Registry())
    fatal = [finding for finding in found if finding.fatal]
    if json:
        show_json({"bundle": str(folder), "verified": not fatal, "findings": to_json(found)})
    else:
        for finding in found:
            show(f"{'DIFFERS' if finding.fatal else 'note'}: {finding.where}: {finding.what}")
        if fatal:
            show(
                f"Not verified: {folder} has {len(fatal)} {'difference' if len(fatal) == 1 else 'differences'}.",
                style="bold red",
            )
        else:
            show(f"Verified: every file of {folder} is as it was written, and every number follows from the replies.")
    if fatal:
        raise typer.Exit(1)


def gate(
    run: RunArgument,
    config: ConfigPath = None,
    store: StoreOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Not enough evidence exits with 3 instead of 0.")] = False,
    json: JsonFlag = False,
) -> None:
    """Judge a finished run by a policy: the one it was run with, or that of --config. The verdict is the exit code."""
    from harness.canonical import from_json, to_json
    from harness.config import load
    from harness.evidence.bundle import read_bundle
    from harness.evidence.verify import verify as check
    from harness.gate import Policy, exit_code, judge
    from harness.records import Cell
    from harness.registry import Registry
    from harness.report.table import gate_lines, metrics_of

    folder = open_store(store, config).find(run)
    registry = Registry()
    broken = [finding for finding in check(folder, registry) if finding.fatal]
    if broken:
        talk(f"{folder} does not verify, so it cannot be judged: {broken[0].where}: {broken[0].what}", style="bold red")
        raise typer.Exit(4)
    evidence = read_bundle(folder)
    recorded: Any = evidence.run["policy"]
    if config is None and recorded is None:
        raise UsageError(f"{folder} was run without a [[gate]]. Name a policy with --config harness.toml.")
    policy = Policy.of(load(config)) if config is not None else Policy.restore(recorded)
    plan: Any = evidence.run["plan"]
    cells: list[Cell] = [from_json(Cell, cell) for cell in plan["cells"]]
    verdict = judge(policy, cells, evidence.results, metrics_of(evidence, registry), date.today())
    if json:
        show_json({"bundle": str(folder), "verdict": to_json(verdict)})
    else:
        for line in gate_lines(verdict):
            show(line)
    raise typer.Exit(exit_code(verdict, strict=strict))
