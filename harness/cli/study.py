"""`mitigate` and `study`: with and without, compared in pairs; and `studies list`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import (
    ConfigPath,
    JsonFlag,
    ModelOption,
    ProfileOption,
    StoreOption,
    model_table,
    open_request,
    open_store,
)
from harness.cli.output import show, show_json, talk
from harness.errors import UsageError, nearest

if TYPE_CHECKING:
    from harness.config import Config
    from harness.config.schema import Margin, Model
    from harness.registry import Registry
    from harness.run import Watch
    from harness.study.conduct import Conducted
    from harness.study.design import Design
    from harness.study.records import Arm

__all__ = ["register"]

SeedsOption = Annotated[int | None, typer.Option("--seeds", min=1, help="How many seeds; three or more convince.")]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("study")(study)
    app.command("mitigate")(mitigate)
    group = typer.Typer(help="Finished studies, and those that ship.", no_args_is_help=True)
    group.command("list")(list_studies)
    app.add_typer(group, name="studies")


def study(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A study's TOML file, or the name of one that ships.")],
    model: ModelOption = None,
    profile: ProfileOption = None,
    seeds: SeedsOption = None,
    store: StoreOption = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Try treatments and doses against a baseline and placebos, and rule on each. Stopped, the same command goes on."""
    from harness.study.design import read_design

    path = _find(file)
    text = path.read_text(encoding="utf-8")
    overrides = {"model": model_table(model), "run.profile": profile, "run.store": store}
    design = read_design(text, str(file), {key: value for key, value in overrides.items() if value is not None})
    _conduct(_seeded(design, seeds), text, path.resolve().parent, json=json, quiet=quiet)


def mitigate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A mitigation: `harness mitigations list`.")],
    model: ModelOption = None,
    probes: Annotated[
        list[str] | None, typer.Option("--probes", help="Probes whose headline metrics are the risks; repeatable.")
    ] = None,
    utility: Annotated[
        list[str] | None,
        typer.Option("--utility", help="METRIC=MARGIN that it may not cost more than; repeatable."),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE of the mitigation, the value as in TOML; repeatable.")
    ] = None,
    profile: ProfileOption = None,
    seeds: SeedsOption = None,
    config: ConfigPath = None,
    store: StoreOption = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Run the same plan with and without a mitigation, and with its placebo: same items, seeds and budget."""
    import tomlkit

    from harness.study.design import read_design

    given = {"model": model_table(model), "run.profile": profile, "run.store": store}
    request, registry = open_request(config, given)
    read = request.config
    if not probes:
        raise UsageError("Name the probes whose risk it is to lower with --probes: see `harness probes list`.")
    margins = [_margin(one) for one in utility] if utility else _fitting(read, registry)
    text = tomlkit.dumps(
        _one_treatment(name, read, registry, probes, margins=margins, settings=_settings(setting or ()))
    )
    design = read_design(text, "the command line", {"run.store": read.run.store})
    _conduct(_seeded(design, seeds), text, Path.cwd(), json=json, quiet=quiet)


def list_studies(store: StoreOption = None, json: JsonFlag = False) -> None:
    """List finished studies, newest first, and those that ship."""
    from harness.evidence.bundle import read_json
    from harness.study.design import read_design, shipped_studies
    from harness.study.reading import studies

    place = open_store(store).root
    rows = [
        {"study": path.name, "verdicts": [one["sentence"] for one in read_json(path, "verdicts.json")["verdicts"]]}
        for path in studies(place)
    ]
    shipped = {
        name: read_design(path.read_text(encoding="utf-8"), name).question for name, path in shipped_studies().items()
    }
    if json:
        show_json({"studies": rows, "shipped": shipped})
        return
    for row in rows:
        show(str(row["study"]))
        for sentence in row["verdicts"]:
            show(f"  {sentence}")
    if not rows:
        show(f"No finished study in {place}.")
    for name, question in shipped.items():
        show(f"ships: {name}  {question}")


# ── steps ─────────────────────────────────────────────────────────────────────────────────


def _find(file: str) -> Path:
    from harness.study.design import shipped_studies

    shipped = shipped_studies()
    path = Path(file)
    if path.is_file():
        return path
    if file in shipped:
        return shipped[file]
    raise UsageError(
        f"{file!r} is no file here, and no study that ships.{nearest(file, shipped)} Those that ship:"
        f" {', '.join(shipped) or 'none'}."
    )


def _seeded(design: Design, seeds: int | None) -> Design:
    if seeds is None:
        return design
    first = design.seeds[0]
    return design.model_copy(update={"seeds": tuple(first + place for place in range(seeds))})


def _one_treatment(
    name: str,
    read: Config,
    registry: Registry,
    probes: Sequence[str],
    *,
    margins: Sequence[Margin],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The study of a single mitigation, as its file would have it."""
    from harness.contracts.mitigations import MitigationKind

    config = read.model_dump(mode="json", exclude_none=True)
    set_up = {probe: read.probe[probe].settings if probe in read.probe else {} for probe in probes}
    headlines = [registry.create("probe", probe, its).card.metrics[0].name for probe, its in set_up.items()]
    asked = [*probes, *(one.metric.rpartition("/")[0] for one in margins)]
    trains = registry.create("mitigation", name, settings).card.kind in {MitigationKind.DATA, MitigationKind.TRAINING}
    return {
        **({"reseed": config["mitigate"]["reseed"]} if trains and read.mitigate.reseed is not None else {}),
        "title": f"With and without {name}",
        "question": f"Does {name} lower the risk, and at what price?",
        "model": config["model"],
        "run": {**config["run"], "probes": list(dict.fromkeys(asked))},
        "probe": config["probe"],
        "instrument": config["instrument"],
        "risk": [{"metric": metric} for metric in headlines],
        "utility": [one.model_dump(mode="json", exclude_none=True) for one in margins],
        "treatment": [{"name": name.replace(".", "-"), "mitigation": name, "settings": settings}],
    }


def _fitting(read: Config, registry: Registry) -> list[Margin]:
    """Those of the configured margins whose probe fits the model."""
    backend = registry.create("backend", read.model.backend, read.model.settings)
    fitting = []
    for one in read.mitigate.utility:
        needs = registry.create("probe", one.metric.rpartition("/")[0]).card.needs
        if any(need in backend.capabilities for need in needs):
            fitting.append(one)
    if not fitting:
        raise UsageError(
            "Say what the mitigation may cost with --utility METRIC=MARGIN, or under [[mitigate.utility]] in"
            " harness.toml: without a price no mitigation is believed."
        )
    return fitting


def _margin(text: str) -> Margin:
    from harness.config.schema import Margin

    metric, _, margin = text.rpartition("=")
    try:
        value = float(margin)
    except ValueError:
        value = 0.0
    if "/" not in metric or not value > 0:
        raise UsageError(f"--utility {text}: give METRIC=MARGIN, the margin above 0.")
    given = {"metric": metric.strip(), "margin": value, "reason": "As given on the command line."}
    return Margin.model_validate(given)


def _settings(given: Sequence[str]) -> dict[str, Any]:
    import tomllib

    found: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {text}: give KEY=VALUE.")
        try:
            found |= tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            # A bare word is what people type.
            found[key.strip()] = value.strip()
    return found


def _conduct(design: Design, text: str, project: Path, *, json: bool, quiet: bool) -> None:
    from harness.cli.interrupts import interrupts
    from harness.execute import Stop
    from harness.registry import Registry
    from harness.study.conduct import Halted, conduct

    minutes = design.run.max_minutes
    stop = Stop(None if minutes is None else 60 * minutes)
    watch = _Told(quiet=quiet)
    with interrupts(stop):
        done = conduct(
            design, text, Registry(), project=project, stop=stop, watch=watch, train=partial(_trained, quiet=quiet)
        )
    if isinstance(done, Halted):
        why = "Interrupted" if done.interrupted else "Out of time"
        talk(
            f"{why} in {done.arm.name}: {done.left} asks are left. Everything answered is saved, and the same command"
            " goes on."
        )
        raise typer.Exit(130 if done.interrupted else 4)
    _report(done, json=json)


def _report(done: Conducted, *, json: bool) -> None:
    from harness.canonical import to_json
    from harness.study.promises import promises, told

    if json:
        verdicts, contrasts = (to_json(list(its)) for its in (done.results.verdicts, done.results.contrasts))
        show_json({"study": str(done.folder), "verdicts": verdicts, "contrasts": contrasts})
        return
    for ruled in done.results.verdicts:
        show(ruled.sentence)
    for sentence in told(promises(done.design, done.ran), {one.treatment: one.title for one in done.results.compared}):
        show(f"\n{sentence}")
    for one in done.results.contrasts:
        show(f"\n{one.sentence}")
    show(f"\nEvidence: {done.folder}")
    talk(f"Read it in a browser: {done.folder / 'report.html'}\nProve it: harness verify {done.folder}")


def _trained(design: Design, *, quiet: bool) -> Model:
    """Train the model of a study that brings its own recipe; one that is there already is used as it is."""
    from harness.canonical import digest, to_json
    from harness.cli.train import train_to
    from harness.config.schema import Model
    from harness.plan_mitigations import TRAINED
    from harness.training.recipe_files import complete

    asked = design.train
    if asked is None or asked.kind is None:
        raise UsageError("This study has no recipe to train.")
    recipe = complete(asked.kind, asked.recipe if "recipe" in asked.model_fields_set else None, asked.changes)
    name = f"{recipe.kind}-base-{digest(to_json(recipe.model_dump(mode='json'))).short}"
    folder = Path(design.run.store) / TRAINED / name
    train_to(recipe, folder, quiet=quiet)
    return Model(backend=design.model.backend, **{**design.model.settings, "checkpoint": str(folder)})


class _Told:
    """Says which run of a study is under way; its own progress is shown as that of any run."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def arm(self, arm: Arm, number: int, of: int) -> Watch:
        from harness.cli.progress import Bars

        if not self._quiet:
            talk(f"[{number} of {of}] {arm.name}")
        return Bars(quiet=self._quiet)

    def lost(self, arm: Arm, reason: str) -> None:
        talk(f"FAILED: {arm.name}: {reason}", style="yellow")

    def comparing(self) -> None:
        if not self._quiet:
            talk("All runs are in. Comparing …")
