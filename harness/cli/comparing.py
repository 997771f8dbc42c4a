"""`runs compare`: what changed between two finished runs, in pairs of the items that both have."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import JsonFlag, StoreOption, open_store
from harness.cli.output import show, show_json
from harness.errors import MissingExtraError, UsageError

__all__ = ["compare_runs"]

NAMED = "A run's folder name or its beginning, or `latest`."


def compare_runs(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=f"The baseline. {NAMED}")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=f"What is held against it. {NAMED}")],
    margin: Annotated[
        float | None,
        typer.Option("--margin", min=0.0, max=1.0, help="Largest difference of shares that makes none, such as 0.02."),
    ] = None,
    all_numbers: Annotated[
        bool, typer.Option("--all", help="Every number, not the headline of each probe alone.")
    ] = False,
    store: StoreOption = None,
    json: JsonFlag = False,
) -> None:
    """Compare two runs of a store, number by number, on what both were asked alike. It reads evidence alone."""
    from harness.canonical import to_json

    try:
        from harness.query import Role, compare, open_library
    except ImportError as error:
        raise MissingExtraError("Comparing runs", "duckdb", "dashboards") from error
    place = open_store(store)
    early, late = (place.find(run).name for run in (before, after))
    if early == late:
        raise UsageError(f"Both are the run {early}. Name two, the earlier one first: `harness runs list` shows them.")
    found = compare(open_library(place.root, Role.POLICY), early, late, margin)
    if json:
        show_json({"before": early, "after": late, "comparison": to_json(found)})
        return
    show(f"{late} held against {early}")
    for remark in found.pairing.remarks:
        show(f"  {remark}")
    show(f"\n{found.summary}", style="bold")
    told = None
    for line in found.lines:
        if line.headline or all_numbers:
            if line.pair is not told:
                told = line.pair
                show(f"\n{told.title} ({told.both:,} cases in both, {told.apart:,} in one alone)", style="bold")
            show(f"  {line.sentence}")
    for pair, why in found.refused:
        show(f"\n{pair.title}", style="bold")
        show(f"  Not compared: {why}")
    show(f"\n{found.note}")
