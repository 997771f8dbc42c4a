"""What is seen of a training: how far it is, how long it still takes, and its loss or what of the privacy is spent."""

from __future__ import annotations

import io
import re
import sys
from contextlib import suppress

import pytest

import harness.cli.training_progress
from harness.cli.training_progress import TrainingBar


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    encoding = "utf-8"

    def isatty(self):
        return True


def go(bar, *, losses=(2.5, 2.25), epsilon=None, first=0):
    """Train so many steps of four under ``bar``."""
    with bar as watch:
        watch.started(kind="vae", device="cpu", records=898, parameters=36_000, step=first, of=4)
        for step, loss in enumerate(losses, first + 1):
            watch.step(step, 4, loss, float(step), epsilon)
            watch.validated(step, 1.5)


@pytest.fixture
def at_once(monkeypatch):
    """Lines are said at every step, not now and then."""
    monkeypatch.setattr(harness.cli.training_progress, "LINE_EVERY_S", 0)


def test_where_nobody_watches_lines_tell_step_loss_validation_and_minutes_left(at_once, capsys):
    go(TrainingBar())
    begun, first, second = capsys.readouterr().err.splitlines()
    assert begun == "Training: vae, 36,000 weights, 898 records, 4 steps, on cpu."
    assert re.fullmatch(r"step 1 of 4  loss 2\.5  about \d+\.\d minutes left", first)
    assert re.fullmatch(r"step 2 of 4  loss 2\.25  validation 1\.5  about \d+\.\d minutes left", second)


def test_with_privacy_no_loss_is_told_but_what_is_spent(at_once, capsys):
    go(TrainingBar(), losses=(None,), epsilon=1.234567)
    assert "step 1 of 4  ε spent 1.23  about" in capsys.readouterr().err


def test_a_resumed_training_says_where_it_goes_on(at_once, capsys):
    go(TrainingBar(), first=2)
    told = capsys.readouterr().err
    assert "Going on after step 2." in told
    assert "step 4 of 4" in told


def test_lines_come_now_and_then_and_quiet_says_only_what_must_be_said(capsys):
    go(TrainingBar())
    assert len(capsys.readouterr().err.splitlines()) == 1
    with TrainingBar(quiet=True) as watch:
        watch.started(kind="vae", device="cpu", records=1, parameters=1, step=0, of=1)
        watch.step(1, 1, 0.5, 1.0, None)
        watch.note("Out of memory; the physical batch is halved to 4.")
    assert capsys.readouterr().err == "Out of memory; the physical batch is halved to 4.\n"


def test_on_a_terminal_one_bar_tells_steps_loss_and_time_left_and_is_closed_by_an_error(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = TrainingBar()
    with suppress(RuntimeError), bar:
        bar.started(kind="gan", device="cpu", records=1, parameters=1, step=0, of=4)
        bar.step(2, 4, 0.75, 1.0, None)
        raise RuntimeError
    assert bar._bar is None
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert "2/4" in shown
    assert "loss 0.75" in shown
    assert re.search(r"\d:\d\d:\d\d|-:--:--", shown)
