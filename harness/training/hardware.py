"""Where a training runs: the device that is asked for, and what the manifest says of it."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import torch

from harness.errors import UsageError
from harness.training.plain_step import Precision
from harness.training.processes import Group
from harness.training.recipe import Recipe

__all__ = ["choose_device", "choose_precision", "describe", "versions"]

PACKAGES = ("torch", "numpy", "safetensors", "transformers", "diffusers", "peft", "opacus", "accelerate", "sklearn")
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def choose_device(setting: str) -> torch.device:
    """Turn ``auto`` into CUDA where there is one, else the CPU.

    Raises:
        UsageError: there is no such device here.
    """
    if setting == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(setting)
    except RuntimeError as error:
        raise UsageError(f"There is no device {setting!r}. Give auto, cpu, cuda or cuda:1.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"The device {setting!r} is not here: torch sees {torch.cuda.device_count()} CUDA devices."
            " Give --device auto or cpu."
        )
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"Training on {device.type!r} is not supported. Give --device auto, cpu or cuda.")
    return device


def choose_precision(recipe: Recipe, device: torch.device) -> tuple[Precision, str]:
    """The precision to train in, and a note where it is not the one that is asked for."""
    wanted = recipe.precision
    if wanted == "float32":
        return "float32", ""
    why = "with privacy" if recipe.privacy is not None else "" if device.type == "cuda" else "without a CUDA device"
    if not why:
        return "bfloat16", ""
    return "float32", f"Training is in float32: {why} there is no bfloat16." if wanted == "bfloat16" else ""


def describe(group: Group) -> str:
    """The name of the GPU, or of the processor."""
    if group.device.type == "cuda":
        return str(torch.cuda.get_device_name(group.device))
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def processors() -> int:
    """Logical processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Versions of Python, of the harness, and of the packages that took part, by distribution."""
    names = [DISTRIBUTIONS.get(name, name) for name in PACKAGES if name in sys.modules]
    return {"python": platform.python_version(), **{name: version(name) for name in ("rai-harness", *names)}}
