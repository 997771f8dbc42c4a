"""Name of a data set → its rows: from a file, from the model, or from the probe that asks; or a part of them."""

from __future__ import annotations

from dataclasses import replace

from harness.canonical import digest
from harness.contracts import TRAINING, Backend, Dataset, Probe, TrainedBackend
from harness.contracts.composed import OWN, SupplyingProbe
from harness.contracts.mitigations import beneath
from harness.data.load import load
from harness.errors import DataError
from harness.records import Cell
from harness.seeds import derive

__all__ = ["data_of", "parted"]


def data_of(known: dict[str, Dataset], cell: Cell, probe: Probe, backend: Backend) -> Dataset:
    """Return the data of ``cell``, from those that are ``known`` or into them.

    Raises:
        DataError: they cannot be had; says what to do.
    """
    # Two probes may each bring a set of their own.
    key = cell.key if cell.dataset == OWN else cell.dataset
    if key not in known:
        known[key] = _read(cell.dataset, probe, backend)
    return known[key]


def _read(dataset: str, probe: Probe, backend: Backend) -> Dataset:
    if dataset == OWN:
        if not isinstance(probe, SupplyingProbe):
            raise DataError(f"{probe.card.id} brings no data of its own. Name a data set that it reads.")
        return probe.supply()
    if dataset != TRAINING:
        return load(dataset)
    model = beneath(backend)
    if not isinstance(model, TrainedBackend):
        raise DataError("The backend says that it knows its training data, and has no training_data(). Repair it.")
    return model.training_data()


def parted(data: Dataset, part: tuple[float, float] | None, seed: int) -> Dataset:
    """Return the rows of ``data`` that lie in ``part``.

    Each row has a place from 0 to below 1, by its content and ``seed`` alone, and lies in the part that holds it: parts
    that do not overlap share no row, whatever else the data hold.

    Args:
        data: All rows.
        part: From which place, and to below which; None for all.
        seed: Root seed of the run; another one deals the rows out anew.

    Raises:
        DataError: no row lies there, or rows cannot be told apart by their content.
    """
    if part is None:
        return data
    low, high = part
    try:
        rows = [row for row in data.rows if low <= derive(seed, f"part/{digest(row)}") / 2**63 < high]
    except (TypeError, ValueError) as error:
        raise DataError(f"{data.name}: rows cannot be dealt out to parts: {error}. Ask all of it.") from error
    if not rows:
        raise DataError(f"{data.name}: none of {len(data.rows)} rows lies from {low:g} to {high:g}. Widen `part`.")
    return replace(data, rows=rows)
