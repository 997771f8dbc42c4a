"""What the user sees while a run is under way: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from harness.cli.output import stderr, talk
from harness.forecast import Forecast
from harness.plan_records import Target
from harness.records import CellStatus

__all__ = ["Bars", "describe_forecast", "plan_lines"]

LINE_EVERY_S = 10.0
"""Where no one watches a terminal, one line at this interval shows a CI log that the run is alive."""


class Rate(ProgressColumn):
    """Cases a second of one bar."""

    def render(self, task: Task) -> Text:
        """Shows nothing until something was answered."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "", style="progress.data.speed")


class Bars:
    """One bar for each planned cell, on stderr.

    Args:
        quiet: Say nothing at all.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._progress: Progress | None = None
        self._download = TaskID(0)
        self._tasks: dict[str, tuple[TaskID, int]] = {}
        self._done: dict[str, int] = {}
        self._said = time.monotonic()

    def fetching(self, done: int, total: int) -> None:
        """Move the bar of a download, or say a line now and then."""
        if self._quiet:
            return
        if self._progress is None and sys.stderr.isatty():
            columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            self._progress = Progress(TextColumn("Downloading"), *columns, console=stderr())
            self._progress.start()
            self._download = self._progress.add_task("", total=total)
        if self._progress is not None:
            self._progress.update(self._download, completed=done, total=total)
        elif time.monotonic() - self._said >= LINE_EVERY_S:
            self._said = time.monotonic()
            talk(f"Downloading: {done / 2**20:.0f} of {total / 2**20:.0f} MiB")

    def note(self, text: str) -> None:
        """Say ``text``, once the bars are out of the way."""
        self.close()
        if not self._quiet:
            talk(text)

    def planned(self, target: Target, forecast: Forecast) -> None:
        """Say what will be done, then open the bars."""
        self.close()
        if self._quiet:
            return
        for line in plan_lines(target, forecast):
            talk(line)
        self._done = dict.fromkeys(target.cases, 0)
        sizes = {key: len(cases) for key, cases in target.cases.items()}
        if sys.stderr.isatty():
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                Rate(),
                TimeRemainingColumn(),
            )
            self._progress = Progress(*columns, console=stderr(), transient=False)
            self._progress.start()
            self._tasks = {key: (self._progress.add_task(key, total=size), size) for key, size in sizes.items()}
        else:
            self._tasks = {key: (TaskID(0), size) for key, size in sizes.items()}

    def answered(self, cells: Mapping[str, int]) -> None:
        """Move the bars, or say a line now and then."""
        if self._quiet:
            return
        for key, number in cells.items():
            self._done[key] += number
            if self._progress is not None:
                self._progress.advance(self._tasks[key][0], number)
        if self._progress is None and time.monotonic() - self._said >= LINE_EVERY_S:
            self._said = time.monotonic()
            parts = [f"{key} {done}/{self._tasks[key][1]}" for key, done in self._done.items()]
            talk("  ".join(parts))

    def done_asking(self) -> None:
        """Close the bars."""
        self.close()
        if not self._quiet:
            talk("Every reply is in. Judging and writing the evidence …")

    def close(self) -> None:
        """Close the bars, whatever happened; may be called twice."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def plan_lines(target: Target, forecast: Forecast) -> list[str]:
    """The plan in words, one line each."""
    plan = target.plan
    lines = [f"Model: {plan.identity.name} ({plan.identity.backend}, {plan.identity.digest.short}). Seed {plan.seed}."]
    for cell in forecast.cells:
        finds = ""
        if cell.detectable is not None:
            null = f"from {cell.null * 100:.0f} of 100" if cell.null else "from any fixed share"
            name = cell.metric.rpartition("/")[2]
            finds = f" Finds a departure of {cell.detectable * 100:.0f} points or more {null} ({name})."
        work = f"about {cell.tokens:,} tokens" if cell.text else f"the work of about {cell.tokens:,} tokens"
        lines.append(f"  {cell.cell}: {cell.cases} cases, {work}.{finds}")
    lines += [
        f"  {cell.key}: not applicable: {cell.reason}"
        for cell in plan.cells
        if cell.status is CellStatus.NOT_APPLICABLE
    ]
    lines.append(describe_forecast(forecast))
    lines += [f"Warning: {warning}" for warning in forecast.warnings]
    return lines


def describe_forecast(forecast: Forecast) -> str:
    """Asks and minutes in one sentence."""
    text = f"{forecast.asks} asks, {forecast.answered} of them answered before."
    if forecast.minutes is None:
        return f"{text} The speed of this model is not known yet."
    if forecast.answered == forecast.asks:
        return f"{text} Nothing is left to ask."
    basis = "measured here before" if forecast.measured else "assumed until measured"
    minutes = forecast.minutes
    shown = f"{minutes:.0f}" if minutes >= 2 else f"{minutes:.1f}"
    return f"{text} About {shown} minutes for the rest ({forecast.rate:.0f} tokens/s, {basis})."
