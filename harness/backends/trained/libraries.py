"""What computes the images and losses of trained models."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["versions"]

LIBRARIES = ("torch", "transformers", "diffusers", "numpy", "pillow")
"""Another version of one may change an image's or a loss's last bits, or a PNG's bytes."""


def versions() -> dict[str, str]:
    """Version of each library that is installed, by distribution."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
