"""The suffixes of a text in order, by the one package that sorts them in time that grows no faster than the text."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from harness.errors import MissingExtraError

__all__ = ["can_sort", "sorted_suffixes"]

PACKAGE = "pydivsufsort"


def can_sort() -> bool:
    """Say whether the package is installed, without importing it."""
    return find_spec(PACKAGE) is not None


def sorted_suffixes(text: NDArray[np.uint8]) -> NDArray[np.signedinteger]:
    """Return where the suffixes of ``text`` [bytes] begin, in their order, [bytes].

    Raises:
        MissingExtraError: the package is not installed.
    """
    try:
        from pydivsufsort import divsufsort
    except ImportError as error:
        raise MissingExtraError("Searching a corpus", PACKAGE, "search") from error
    order: NDArray[np.signedinteger] = divsufsort(text)
    return order
