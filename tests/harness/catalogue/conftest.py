"""A catalogue of one tiny model, a wheel that holds it, and tools that need neither network nor torch."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.catalogue.convert import Conversion
from harness.catalogue.entries import Entry, HubSource, WheelSource, find
from harness.catalogue.fetch import Progress
from harness.catalogue.locate import Tools
from harness.errors import ModelError

CONTENT = b"GGUF" + bytes(range(256)) * 64
CONFIG = b'{"model_type": "tiny"}'
WEIGHTS = b"weights of the hub" * 100

TOML = """
[models.tiny-model]
title = "Tiny"
licence = "Apache-2.0"
parameters = 10
context = 64

[[models.tiny-model.sources]]
kind = "hub"
weights = "bf16"
repo = "someone/tiny"
revision = "0123456789abcdef0123456789abcdef01234567"
files = [
    {{ name = "config.json", size = {config_size}, sha256 = "{config}" }},
    {{ name = "model.safetensors", size = {weights_size}, sha256 = "{weights}" }},
]

[[models.tiny-model.sources]]
kind = "wheel"
weights = "q4_1"
distribution = "tiny-model"
version = "1.0"
wheel_size = 20000
member = "tiny_model/tiny.gguf"
size = {size}
sha256 = "{digest}"
"""


@pytest.fixture
def content() -> bytes:
    """What the tiny GGUF file holds."""
    return CONTENT


@pytest.fixture
def hub_files() -> dict[str, bytes]:
    """What the tiny repository holds."""
    return {"config.json": CONFIG, "model.safetensors": WEIGHTS}


@pytest.fixture
def models_toml(tmp_path: Path) -> Path:
    """A catalogue file with one model that has both kinds of source."""
    path = tmp_path / "models.toml"
    path.write_text(
        TOML.format(
            size=len(CONTENT),
            digest=hashlib.sha256(CONTENT).hexdigest(),
            config_size=len(CONFIG),
            config=hashlib.sha256(CONFIG).hexdigest(),
            weights_size=len(WEIGHTS),
            weights=hashlib.sha256(WEIGHTS).hexdigest(),
        )
    )
    return path


@pytest.fixture
def entry(models_toml: Path) -> Entry:
    """The tiny model."""
    return find("tiny-model", models_toml)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty cache."""
    return tmp_path / "cache"


@pytest.fixture
def make_wheel() -> Callable[..., Path]:
    """Writes a wheel that pip accepts, with the given bytes as its GGUF file."""

    def make(folder: Path, content: bytes = CONTENT) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "tiny_model-1.0-py3-none-any.whl"
        info = "tiny_model-1.0.dist-info"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("tiny_model/tiny.gguf", content)
            archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        return path

    return make


def no_hub(source: HubSource, folder: Path, progress: Progress | None) -> None:
    """A hub that nobody can reach."""
    raise ModelError("the hub cannot be reached: no such host")


def fake_convert(gguf: Path, folder: Path) -> Conversion:
    """A conversion that copies."""
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(gguf.read_bytes())
    return Conversion("q4_1", ("copied",), {"nothing": "1.0"})


@pytest.fixture
def tools(make_wheel: Callable[..., Path]) -> Tools:
    """No hub; an index that serves the right wheel; nothing installed; a conversion that copies."""

    def wheel(source: WheelSource, folder: Path, progress: Progress | None) -> Path:
        return make_wheel(folder)

    def installed(source: WheelSource) -> None:
        return None

    return Tools(hub=no_hub, wheel=wheel, installed=installed, convert=fake_convert)


@pytest.fixture
def peak() -> str:
    """Code of a function ``peak()``: the most bytes of memory that its process has held.

    On Linux ``ru_maxrss`` of a child begins with what its parent held, and the kernel tells the child's own beside it.
    """
    return """
import resource, sys
from pathlib import Path
def peak():
    if sys.platform == "linux":
        return 1024 * int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""
