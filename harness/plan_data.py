"""Name of a data set → its rows: from a file, from the model, or from the probe that asks."""

from __future__ import annotations

from harness.contracts import TRAINING, Backend, Dataset, Probe, TrainedBackend
from harness.contracts.composed import OWN, SupplyingProbe
from harness.contracts.mitigations import beneath
from harness.data.load import load
from harness.errors import DataError
from harness.records import Cell

__all__ = ["data_of"]


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
