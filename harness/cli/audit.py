"""`run`, `resume`, `plan`, `status` and `demo`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import (
    ConfigPath,
    JsonFlag,
    ModelOption,
    ProfileOption,
    ReferenceOption,
    SeedOption,
    StoreOption,
    model_table,
    open_request,
    open_store,
)
from harness.cli.output import show, show_json, talk
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.evidence.store import Underway
    from harness.registry import Registry
    from harness.run import Finished, Request

__all__ = ["register"]

GateFlag = Annotated[bool, typer.Option("--gate", help="Make the verdict the exit code.")]
StrictFlag = Annotated[bool, typer.Option("--strict", help="Not enough evidence exits with 3 instead of 0.")]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run)
    app.command("resume")(resume)
    app.command("plan")(plan)
    app.command("status")(status)
    app.command("demo")(demo)


def run(
    config: ConfigPath = None,
    model: ModelOption = None,
    reference: ReferenceOption = None,
    profile: ProfileOption = None,
    seed: SeedOption = None,
    store: StoreOption = None,
    max_minutes: Annotated[float | None, typer.Option(help="Stop asking after this many minutes.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask everything again; earlier replies are kept aside.")
    ] = False,
    gate: GateFlag = False,
    strict: StrictFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Audit the configured model and leave a bundle of evidence.

    Exits with 0 when the audit completed, whatever the verdict; with --gate the verdict decides.
    """
    overrides = {
        "model": model_table(model, reference),
        "run.profile": profile,
        "run.seed": seed,
        "run.store": store,
        "run.max_minutes": max_minutes,
    }
    request, registry = open_request(config, overrides, fresh=fresh)
    _audit(request, registry, gate=gate, strict=strict, json=json, quiet=quiet)


def resume(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Which one; needed if there are several.")
    ] = None,
    store: StoreOption = None,
    gate: GateFlag = False,
    strict: StrictFlag = False,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Go on with a run that was stopped, from its journal."""
    from harness.config import parse
    from harness.registry import Registry
    from harness.run import Request

    mark = _choose(open_store(store).underway(), run_id)
    overrides: dict[str, Any] = {**mark.overrides, **({"run.store": store} if store else {})}
    config = parse(mark.config, name=f"the harness.toml of {mark.id}", overrides=overrides)
    request = Request(config, mark.config, overrides, Path(mark.project))
    registry = Registry(config.plugins.allow)
    _audit(request, registry, gate=gate, strict=strict, json=json, quiet=quiet, resumed=mark.id)


def _choose(marks: list[Underway], run_id: str | None) -> Underway:
    fitting = [mark for mark in marks if run_id is None or mark.id.startswith(run_id)]
    if len(fitting) == 1:
        return fitting[0]
    if not marks:
        raise UsageError("No run is under way here, so there is nothing to resume. Start one with `harness run`.")
    names = ", ".join(mark.id for mark in fitting or marks)
    raise UsageError(f"{len(fitting)} runs fit; name one of: {names}.")


def _audit(
    request: Request,
    registry: Registry,
    *,
    gate: bool,
    strict: bool,
    json: bool,
    quiet: bool,
    resumed: str | None = None,
) -> None:
    from harness.cli.interrupts import interrupts
    from harness.cli.progress import Bars
    from harness.evidence.store import Store
    from harness.execute import Stop
    from harness.gate import Policy, exit_code
    from harness.run import Unfinished, audit

    if gate:
        Policy.of(request.config)  # An empty policy is refused before anything is asked.
    minutes = request.config.run.max_minutes
    stop = Stop(None if minutes is None else 60 * minutes)
    bars = Bars(quiet=quiet)
    try:
        with interrupts(stop):
            done = audit(request, registry, stop=stop, watch=bars)
    finally:
        bars.close()
    if isinstance(done, Unfinished):
        why = "Interrupted" if done.interrupted else "Out of time"
        where = f" --store {request.config.run.store}" if "run.store" in request.overrides else ""
        talk(
            f"{why}: {done.left} asks are left; everything answered is saved. Go on with:"
            f"\n  harness resume {done.id}{where}"
        )
        raise typer.Exit(130 if done.interrupted else 4)
    if resumed is not None and not done.folder.name.startswith(f"{resumed}-"):
        # Code, data or model changed since: the old plan cannot be finished any more.
        Store(Path(request.config.run.store)).unmark(resumed)
        talk(f"Note: {resumed} was begun with other code, data or weights, so this is another plan, run on its own.")
    _report(done, json=json)
    if gate and done.evidence.verdict is not None:
        raise typer.Exit(exit_code(done.evidence.verdict, strict=strict))


def _report(done: Finished, *, json: bool) -> None:
    from harness.report.table import findings, lines

    if json:
        show_json({"bundle": str(done.folder), **findings(done.evidence)})
        return
    for line in lines(done.evidence, done.target.metrics()):
        show(line)
    show(f"\nEvidence: {done.folder}")
    talk(
        f"All numbers, groups and controls: harness runs show {done.folder}\n"
        f"Read it in a browser: {done.folder / 'report.html'}\nProve it: harness verify {done.folder}"
    )


def plan(
    config: ConfigPath = None,
    model: ModelOption = None,
    reference: ReferenceOption = None,
    profile: ProfileOption = None,
    seed: SeedOption = None,
    store: StoreOption = None,
    json: JsonFlag = False,
    asks: Annotated[
        Path | None, typer.Option("--asks", help="Write every ask to this JSONL file, to answer elsewhere.")
    ] = None,
) -> None:
    """Say what a run would do: cases, tokens, minutes, smallest detectable effect. No model is loaded."""
    from harness.canonical import digest, dumps, to_json
    from harness.cli.progress import plan_lines
    from harness.run import preview

    table = model_table(model, reference)
    overrides = {"model": table, "run.profile": profile, "run.seed": seed, "run.store": store}
    request, registry = open_request(config, overrides)
    target, forecast = preview(request, registry)
    if asks is not None:
        distinct = {digest(ask): ask for _, ask in target.asks()}
        rows = [dumps({"ask": str(key), "request": ask}) for key, ask in distinct.items()]
        asks.write_bytes(b"\n".join(rows) + b"\n")
        talk(
            f"{len(rows)} asks are in {asks}. Answer them in your own way and judge the answers with"
            " the `replay` backend."
        )
    if json:
        show_json({"plan": to_json(target.plan), "plan_digest": str(target.plan.digest), "forecast": to_json(forecast)})
        return
    for line in plan_lines(target, forecast):
        show(line)


def status(store: StoreOption = None, json: JsonFlag = False) -> None:
    """Show runs that are under way or were stopped."""
    from harness.canonical import Digest
    from harness.execute import Journal

    place = open_store(store)
    rows: list[dict[str, Any]] = []
    for mark in place.underway():
        identity = Digest.parse(mark.identity)
        answered = 0
        if place.journal(identity).exists():
            with Journal(place.journal(identity), identity) as journal:
                answered = len(journal.replies([Digest.parse(ask) for ask in mark.asks]))
        rows.append({"id": mark.id, "started": mark.started, "answered": answered, "asks": len(mark.asks)})
    if json:
        show_json({"underway": rows})
        return
    for row in rows:
        show(f"{row['id']}  {row['answered']} of {row['asks']} asks answered, begun {row['started']}")
    if not rows:
        show("No run is under way.")


def demo(store: StoreOption = None, json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Audit a scripted model with known flaws: no network, no weights, under a minute."""
    from harness.config import parse
    from harness.registry import Registry
    from harness.run import Request

    text = (files("harness.cli") / "demo.toml").read_text(encoding="utf-8")
    overrides = {"run.store": store} if store else {}
    request = Request(parse(text, name="demo.toml", overrides=overrides), text, overrides, Path.cwd())
    talk(
        "This audits a scripted model whose flaws were dialled in: it believes 3 misconceptions in 10, prefers the"
        " stereotype in 7 of 10 pairs, and holds secrets that were planted in its training. See whether the probes find"
        " them."
    )
    _audit(request, Registry(), gate=False, strict=False, json=json, quiet=quiet)
