"""A name → training records: the one way in which generators come by what they are trained on.

digits                      1,797 handwritten digits, 8 by 8 pixels (scikit-learn)
fashion-mnist               60,000 garments, 28 by 28 pixels
synthetic:n=500,red=0.7     coloured shapes with planted attributes, drawn here
people:n=4000,lean=0.9      short texts whose pronouns lean by occupation as planted, written here
tinyshakespeare             a text set with a card under HARNESS_DATA
my/pictures                 a folder of images
my/book.txt                 a text file, JSONL or Parquet
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.data.cards import VARIABLE
from harness.data.documents import document_file, documents, is_document_file
from harness.data.download import Say
from harness.data.examples import Examples
from harness.data.image_folder import image_folder
from harness.data.images import digits, fashion_mnist
from harness.data.load import available
from harness.data.people import parse_people, people
from harness.data.synthetic import coloured_shapes, parse_plan
from harness.data.third_party import find_card, verified
from harness.errors import DataError, nearest

__all__ = ["BUILT_IN", "load_examples"]

BUILT_IN = ("digits", "fashion-mnist", "synthetic", "people")
"""Sets that need no path; a folder of the same name is asked for as ``./digits``."""


def load_examples(
    name: str, *, root: Path | None = None, passage_bytes: int | None = None, say: Say | None = None
) -> Examples:
    """Read the training records that ``name`` stands for.

    Args:
        name: One of `BUILT_IN`, ``synthetic:`` or ``people:`` with options, the path of a folder of images or of a
            text file, or ``folder`` or ``folder:file`` of a text set with a card under HARNESS_DATA.
        root: Folder of third-party data; None reads it from the environment variable HARNESS_DATA.
        passage_bytes: Longest passage of text in bytes; None means 254. Images have no use for it.
        say: Told before public data that is not here is fetched; None: nothing is.

    Raises:
        DataError: there is no such data, or it is malformed; names files, lines and the next step.
        UsageError: ``passage_bytes`` is too small.
        MissingExtraError: an optional package is needed to read it.
    """
    kind, colon, options = name.partition(":")
    if kind == "synthetic":
        return coloured_shapes(parse_plan(options), name=name)
    if kind == "people":
        return people(parse_people(options), name=name)
    if name == "digits":
        return digits()
    if name == "fashion-mnist":
        return fashion_mnist(root=root, say=say)
    path = Path(name).expanduser()
    if path.is_dir():
        return image_folder(path, name=name)
    if path.is_file():
        if not is_document_file(name):
            raise DataError(f"{name} is no text file, JSONL or Parquet file. Name one, or a folder of images.")
        return document_file(path, name=name, passage_bytes=passage_bytes)
    card = find_card(kind, root=root) if "/" not in kind and "\\" not in kind else None
    if card is None:
        raise _unknown(name, kind, root)
    listed = [file.path for file in card.files if file.role == "data" and is_document_file(file.path)]
    file = options if colon else next(iter(listed), "")
    if file not in listed:
        has = f" Its text files: {', '.join(listed)}." if listed else " It holds no text files to train on."
        raise DataError(f"The card of {card.name!r} lists no text file {file!r}.{nearest(file, listed)}{has}")
    content = verified(card, file)
    return documents(content, str(card.folder / file), name=name, passage_bytes=passage_bytes)


def _unknown(name: str, kind: str, root: Path | None) -> DataError:
    known = [*BUILT_IN, *(card.name for card in available(root=root) if card.origin != "embedded")]
    return DataError(
        f"No training data is named {name!r}, and there is no such folder or file (looked in {Path.cwd()})."
        f"{nearest(kind, known)} Give {', '.join(BUILT_IN)}, a folder of images, a text file, or the name of a text"
        f" set under {VARIABLE}{'' if root or os.environ.get(VARIABLE) else ', which is not set'}."
    )
