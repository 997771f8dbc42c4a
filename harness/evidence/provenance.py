"""Where the numbers come from: Python, packages, hardware, and the project's commit with its dirty flag."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import harness
from harness.records import Value

__all__ = ["environment"]


def environment(project: Path) -> dict[str, Value]:
    """Describe this environment. Nothing in it names the user, the host or a path.

    Args:
        project: Folder whose git commit is recorded: where harness.toml lies.
    """
    return {
        "harness": harness.__version__,
        "python": {"version": platform.python_version(), "implementation": platform.python_implementation()},
        "system": {"name": platform.system(), "release": platform.release(), "machine": platform.machine()},
        "hardware": {"cpus": os.cpu_count() or 0, "cpu": _cpu(), "memory_bytes": _memory(), "accelerators": _gpus()},
        "git": _git(project),
        "packages": _packages(),
    }


def _packages() -> dict[str, Value]:
    # A distribution's name and its version each parse all of its metadata anew; here they are parsed once.
    read = (dist.metadata for dist in distributions())
    found = {meta["Name"]: meta["Version"] for meta in read if "Name" in meta}
    return {name: found[name] for name in sorted(found, key=str.lower)}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _gpus() -> list[Value]:
    """Names of CUDA devices, asked of torch only where a backend has loaded it: asking would load it."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]


def _git(project: Path) -> dict[str, Value]:
    git = shutil.which("git")
    if git is None:
        return {"commit": None, "dirty": None, "reason": "git is not installed"}
    try:
        commit = _output([git, "-C", str(project), "rev-parse", "HEAD"])
        dirty = bool(_output([git, "-C", str(project), "status", "--porcelain", "--untracked-files=no"]))
    except (subprocess.SubprocessError, OSError):
        return {"commit": None, "dirty": None, "reason": "not a git checkout"}
    return {"commit": commit, "dirty": dirty, "reason": None}


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603  fixed words
    return done.stdout.strip()
