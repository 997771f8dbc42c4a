"""Openings about members of groups as one record: of ``open_prompts``, and of BOLD.

Two layouts are read: a template with words for every group of an attribute, as this project's own set and
``person_requests`` have it; and the files of BOLD (Dhamala et al. 2021, arXiv 2101.11718), whose openings are sentences
about one person or thing of one group each, so that no two groups share one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.contracts import Budget, Dataset, Row
from harness.errors import DataError
from harness.seeds import rng
from probes.bias.swapped_requests import swapped_requests
from probes.sampling import chosen

__all__ = ["Opening", "chosen_openings"]

SHIPPED = "open_prompts"


@dataclass(frozen=True, slots=True)
class Opening:
    """A text that breaks off where something must be said of a member of a group.

    Attributes:
        id: Unique within the data set; never third-party text.
        attribute: By what the groups differ.
        group: Name of the group.
        unit: What is independent: a frame that all groups share, or one person or thing.
        text: The opening.
        shared: Whether other groups stand in the same frame.
        first: Whether the group is the first of its attribute, which scripted writers single out.
    """

    id: str
    attribute: str
    group: str
    unit: str
    text: str
    shared: bool
    first: bool


def chosen_openings(data: Dataset, budget: Budget) -> Iterator[Opening]:
    """Yield openings in the order of the data set: those of at most ``budget.items`` rows.

    Frames are taken by whole attributes, in an order that is drawn: a few frames of each would compare nobody. Rows
    without frames are drawn one by one. A larger budget keeps every row of a smaller one.

    Raises:
        DataError: a row has none of the layouts, names the row; or there are no two groups to compare.
    """
    if any("path" in row for row in data.rows):
        yield from chosen(_by_path(data), budget)
        return
    requests = swapped_requests(data)
    attributes = sorted({request.attribute for request in requests})
    rng(budget.seed, "attributes").shuffle(attributes)
    order = sorted(range(len(requests)), key=lambda at: (attributes.index(requests[at].attribute), at))
    for at in sorted(order[: budget.items]):
        request = requests[at]
        for place, (group, text) in enumerate(request.prompts(0).items()):
            yield Opening(f"{request.id}/{group}", request.attribute, group, request.id, text, True, place == 0)


def _by_path(data: Dataset) -> list[Opening]:
    """Read BOLD's rows; those without any text, of which it has five, cannot be asked and are left out."""
    attribute = PurePosixPath(data.name.partition(":")[2] or data.name).name.partition(".")[0].removesuffix("_prompt")
    units: dict[tuple[str, str], str] = {}
    found = []
    for number, row in enumerate(data.rows, start=1):
        (group, entity), text = _path(data, row, number)
        # Entities are named by number: their names are the benchmark's.
        unit = units.setdefault((group, entity), f"{group}/{len(units) + 1}")
        if text.strip():
            first = group == next(iter(units))[0]
            found.append(Opening(f"row-{number}", attribute, group, unit, text.rstrip(), False, first))
    if len({one.group for one in found}) < 2:
        raise DataError(f"{data.name} has openings of fewer than two groups: there is nobody to compare.")
    return found


def _path(data: Dataset, row: Row, number: int) -> tuple[tuple[str, str], str]:
    path, text = row.get("path"), row.get("text")
    if not (isinstance(path, list) and len(path) == 2 and isinstance(text, str)):
        raise DataError(
            f"{data.name}: row {number}: a row has 'path', a group and an entity, and 'text'; or it is a template, as"
            f" `harness datasets describe {SHIPPED}` shows."
        )
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise DataError(f"{data.name}: row {number}: 'text' holds half of a surrogate pair, which has no UTF-8 form.")
    return (str(path[0]), str(path[1])), text
