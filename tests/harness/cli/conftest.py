"""The command line in this process."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from harness.cli import main


@pytest.fixture
def harness_cli(capsys, monkeypatch, tmp_path):
    """Return a function that runs a command in tmp_path and gives its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def go(*words):
        assert "--offline" not in words, "it forbids the network to this process for good: use network_forbidden()"
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(code=caught.value.code or 0, out=out, err=err)

    return go
