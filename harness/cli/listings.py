"""`probes|backends|instruments|mitigations|datasets|models|frameworks  list|describe`, and more for some.

`instruments measure|convert` and `models show|pull`.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import getdoc, signature
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.converting import convert_checkpoint
from harness.cli.measuring import measure_instrument
from harness.cli.options import JsonFlag
from harness.cli.output import show, show_json, talk
from harness.errors import HarnessError, UsageError, nearest

if TYPE_CHECKING:
    from harness.registry import Plugin, Registry

__all__ = ["register"]

NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


def register(app: typer.Typer) -> None:
    """Add one group of commands for each kind of plugin, and for data sets, models and frameworks."""
    for kind in ("probe", "backend", "instrument", "mitigation"):
        plugins = _plugin_group(kind)
        if kind == "instrument":
            plugins.command("measure")(measure_instrument)
            plugins.command("convert")(convert_checkpoint)
        app.add_typer(plugins, name=f"{kind}s")
    for name, text, members in (
        (
            "datasets",
            "Data sets that ship with the harness or lie under HARNESS_DATA.",
            (list_datasets, describe_dataset),
        ),
        ("models", "Named models with pinned sources.", (list_models, describe_model)),
        ("frameworks", "Policy frameworks that findings are evidence for.", (list_frameworks, describe_framework)),
    ):
        group = typer.Typer(help=text, no_args_is_help=True)
        group.command("list")(members[0])
        group.command("describe")(members[1])
        if name == "models":
            group.command("show")(describe_model)
            group.command("pull")(pull_model)
        app.add_typer(group, name=name)


def _plugin_group(kind: str) -> typer.Typer:
    group = typer.Typer(help=f"Installed {kind}s.", no_args_is_help=True)

    @group.command("list")
    def list_plugins(json: JsonFlag = False) -> None:
        """List what is installed; a broken plugin is a row, not a crash."""
        from harness.registry import Registry

        rows = _rows(Registry(), kind)
        if json:
            show_json({f"{kind}s": rows})
            return
        for row in rows:
            show(f"{row['name']}  {row['title']}  ({row['distribution']})")
            if row["problem"]:
                talk(f"warning: {row['problem']}", style="yellow")
        if not rows:
            show(f"No {kind} is installed.")

    @group.command("describe")
    def describe(name: NameArgument, json: JsonFlag = False) -> None:
        """Show everything that its card says, and its settings."""
        from harness.canonical import to_json
        from harness.registry import Registry

        registry = Registry()
        plugin = registry.find(kind, name)
        card = _card(registry, plugin)
        data = {"name": name, "from": plugin.owner, "settings": list(plugin.settings()), "card": to_json(card)}
        if json:
            show_json(data)
            return
        show(f"{name}  ({plugin.owner})\nSettings: {', '.join(plugin.settings()) or 'none'}")
        if card is None:
            show(getdoc(plugin.load()) or "")
            return
        _show_fields(data["card"])

    return group


def _rows(registry: Registry, kind: str) -> list[dict[str, Any]]:
    rows = []
    for name, plugins in registry.installed(kind).items():
        row: dict[str, Any] = {
            "name": name,
            "title": "",
            "distribution": ", ".join(plugin.owner for plugin in plugins),
            "problem": "",
        }
        try:
            plugin = registry.find(kind, name)
            card = _card(registry, plugin)
            row["title"] = card.title if card is not None else (plugin.load().__doc__ or "").strip().partition("\n")[0]
        except HarnessError as error:
            row["problem"] = str(error)
        rows.append(row)
    return rows


def _card(registry: Registry, plugin: Plugin) -> Any:
    """The card of a plugin that can be made without settings, or whose class has it; None where it has none."""
    factory = plugin.load()
    if plugin.kind == "backend" or not callable(factory):
        return None
    if _needs_settings(factory):
        card = getattr(factory, "card", None)
        return card if hasattr(card, "title") else None
    return getattr(registry.create(plugin.kind, plugin.name), "card", None)


def _needs_settings(factory: Any) -> bool:
    """Whether it cannot be made without being told something, such as where a model lies."""
    named = (p for p in signature(factory).parameters.values() if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD})
    return any(p.default is p.empty for p in named)


def _show_fields(data: Any, depth: int = 0) -> None:
    indent = "  " * depth
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            show(f"{indent}{key}:")
            _show_fields(value, depth + 1)
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            show(f"{indent}{key}:")
            for item in value:
                show(f"{indent}  - {item.get('name', '')}: {item.get('title', '')}")
                _show_fields({k: v for k, v in item.items() if k not in {"name", "title"}}, depth + 2)
        elif isinstance(value, list):
            show(f"{indent}{key}:" + (" none" if not value else ""))
            for item in value:
                show(f"{indent}  - {item}")
        else:
            show(f"{indent}{key}: {value}")


def list_datasets(json: JsonFlag = False) -> None:
    """List data sets: embedded ones, then third-party ones that are present."""
    from harness.data.load import available

    cards = available()
    if json:
        show_json(
            {
                "datasets": [
                    {"name": c.name, "title": c.title, "rows": c.rows, "licence": c.licence, "origin": c.origin}
                    for c in cards
                ]
            }
        )
        return
    for card in cards:
        show(f"{card.name}  {card.title}  ({card.rows} rows, {card.licence}, {card.origin})")


def describe_dataset(name: NameArgument, json: JsonFlag = False) -> None:
    """Show a data set's card."""
    from harness.canonical import to_json
    from harness.data.load import available

    cards = {card.name: card for card in available()}
    if name not in cards:
        raise UsageError(f"No data set named {name!r} is here.{nearest(name, cards)} See `harness datasets list`.")
    card = cards[name]
    data = {
        **{
            field: to_json(getattr(card, field))
            for field in ("name", "title", "version", "licence", "task", "rows", "origin")
        },
        **{field: to_json(getattr(card, field)) for field in ("fields", "problems", "files")},
    }
    if json:
        show_json({"dataset": data})
    else:
        _show_fields(data)


def list_frameworks(json: JsonFlag = False) -> None:
    """List the policy frameworks, with edition and date of last check."""
    from harness.frameworks import frameworks

    found = frameworks()
    if json:
        show_json({"frameworks": [{"key": key, "edition": f.edition, "title": f.title} for key, f in found.items()]})
        return
    for key, framework in found.items():
        size = len(framework.entries)
        show(f"{key}  {framework.title}, {framework.edition}  ({size} entries, checked {framework.last_checked})")


def describe_framework(name: NameArgument) -> None:
    """Show a framework's entries and what gives evidence for them."""
    from harness.frameworks import frameworks

    found = frameworks()
    if name not in found:
        raise UsageError(f"No framework {name!r} is shipped.{nearest(name, found)} See `harness frameworks list`.")
    framework = found[name]
    show(f"{framework.title}, {framework.edition}\n{framework.note}")
    for entry in framework.entries:
        relations = ", ".join(f"{family}: {relation}" for family, relation in entry.relation.items())
        show(f"  {entry.id}  {entry.title}  ({relations})")


def list_models(json: JsonFlag = False) -> None:
    """List named models, and whether they are on this machine."""
    from harness.catalogue import entries, present

    rows = [{"name": e.name, "title": e.title, "licence": e.licence, "here": present(e) is not None} for e in entries()]
    if json:
        show_json({"models": rows})
        return
    for row in rows:
        show(
            f"{row['name']}  {row['title']}  ({row['licence']}, {'on this machine' if row['here'] else 'not here yet'})"
        )


def describe_model(name: NameArgument) -> None:
    """Show a model's sources, digests, and where it lies."""
    from harness.canonical import to_json
    from harness.catalogue import find, present

    entry = find(name)
    local = present(entry)
    _show_fields(to_json(entry))
    show(f"here: {local.folder if local else 'no; get it with `harness models pull ' + name + '`'}")


def pull_model(
    name: NameArgument,
    source: Annotated[str | None, typer.Option(help="Insist on one of its sources.")] = None,
) -> None:
    """Download, verify and convert a named model."""
    from harness.catalogue import find, pull
    from harness.cli.progress import Bars
    from harness.offline import is_offline

    bars = Bars()
    try:
        local = pull(find(name), source=source, offline=is_offline(), progress=bars.fetching)
    finally:
        bars.close()
    show(f"{name} is at {local.folder} ({local.weights} weights from {local.source}).")
