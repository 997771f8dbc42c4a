"""Audit generative models, with evidence that anyone can verify again offline."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
