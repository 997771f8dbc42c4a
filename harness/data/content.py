"""One digest over everything that records hold, so that two loads of one data set can be told to be the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.canonical import Digest, dumps
from harness.data.examples import Examples
from harness.text.safe import printable

__all__ = ["content_digest", "examples_of", "join", "named"]


def examples_of(
    name: str,
    *,
    ids: Sequence[str],
    units: Sequence[str] | None = None,
    images: NDArray[np.uint8] | None = None,
    texts: Sequence[str] | None = None,
    labels: NDArray[np.int64] | None = None,
    classes: Sequence[str] = (),
    attributes: Mapping[str, Sequence[str]] | None = None,
) -> Examples:
    """Put records together and digest them; the arguments are the fields of `Examples`.

    The name is not part of the digest, so that a moved folder keeps its own. Without ``units``, each record is one.
    """
    columns = {
        "ids": tuple(ids),
        "units": tuple(ids if units is None else units),
        "texts": None if texts is None else tuple(texts),
        "classes": tuple(classes),
        "attributes": {key: tuple(values) for key, values in (attributes or {}).items()},
    }
    digest = content_digest(columns, images=images, labels=labels)
    return Examples(name=name, digest=digest, images=images, labels=labels, **columns)  # type: ignore[arg-type]


def content_digest(
    columns: Mapping[str, object], *, images: NDArray[np.uint8] | None, labels: NDArray[np.int64] | None
) -> Digest:
    """SHA-256 over ids, units, texts, classes, attributes, then pixels and labels with their shapes, in order."""
    whole = hashlib.sha256(dumps(columns))
    for array, kind in ((images, "u1"), (labels, "<i8")):
        whole.update(dumps(None if array is None else list(array.shape)))
        if array is not None:
            whole.update(np.ascontiguousarray(array, dtype=kind).data)
    return Digest("sha256", whole.hexdigest())


def join(parts: Sequence[Examples]) -> Examples:
    """All records of ``parts``, in order; they are alike in what they hold. Name and digest are those of the first."""
    first = parts[0]
    if len(parts) == 1:
        return first
    labels = [part.labels for part in parts if part.labels is not None]
    images = [part.images for part in parts if part.images is not None]
    return replace(
        first,
        ids=tuple(name for part in parts for name in part.ids),
        units=tuple(unit for part in parts for unit in part.units),
        images=np.concatenate(images) if images else None,
        texts=None if first.texts is None else tuple(text for part in parts for text in part.texts or ()),
        labels=np.concatenate(labels) if labels else None,
        attributes={name: tuple(v for part in parts for v in part.attributes[name]) for name in first.attributes},
    )


def named(names: Sequence[str], *, most: int = 5) -> str:
    """List the first few names for a message, made fit for a terminal: ``a, b and 7 more``."""
    shown = ", ".join(printable(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
