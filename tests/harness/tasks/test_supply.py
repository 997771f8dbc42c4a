"""Documents that a task brings itself."""

from __future__ import annotations

import json

import pytest

from harness.contracts.composed import OWN
from harness.errors import DataError
from harness.offline import network_forbidden
from harness.tasks.document import PART
from harness.tasks.names import find
from harness.tasks.outline import read_outline
from harness.tasks.supply import needs_network, supply

ROWS = [{"sentence1": f"One {n}.", "sentence2": f"Two {n}.", "label": n % 2} for n in range(3)]


@pytest.fixture
def local(tmp_path):
    """A task of GLUE's schema whose rows lie beside its file."""
    for part in ("train", "validation"):
        (tmp_path / f"{part}.json").write_text("\n".join(map(json.dumps, ROWS)))
    include = find("rte")
    data = {"train": "train.json", "validation": "validation.json"}
    text = f"include: {include}\ntask: mine\ndataset_path: json\ndataset_name: null\n"
    (tmp_path / "mine.yaml").write_text(f"{text}dataset_kwargs: {json.dumps({'data_files': data})}\n")
    return read_outline(tmp_path / "mine.yaml")


# `datasets` warns about its own future.
pytestmark = pytest.mark.filterwarnings("default")


def test_local_rows_are_loaded_with_the_network_forbidden(local):
    with network_forbidden():
        data = supply(local, shots=0)
    assert data.name == OWN
    assert data.origin == "file: json"
    assert list(data.rows) == [{**row, PART: "validation"} for row in ROWS]
    assert len(supply(local, shots=2).rows) == 6
    assert not needs_network(local)


def test_data_of_the_hub_are_refused_offline_with_what_would_be_downloaded_and_what_to_do():
    outline = read_outline(find("rte"))
    assert needs_network(outline)
    with network_forbidden(), pytest.raises(DataError) as refused:
        supply(outline, shots=0)
    text = str(refused.value)
    assert "would download nyu-mll/glue (rte) from the Hugging Face hub, and the network is forbidden" in text
    assert 'datasets = ["rows.jsonl"]' in text


def test_local_rows_that_cannot_be_read_are_told_with_the_file(tmp_path, local):
    (tmp_path / "validation.json").write_text("{not json")
    with pytest.raises(DataError, match="The data of 'mine' cannot be read"):
        supply(local, shots=0)


def test_a_task_that_makes_its_data_by_a_function_is_refused(tmp_path):
    (tmp_path / "made.yaml").write_text("task: made\ntest_split: test\ncustom_dataset: !function utils.make\n")
    with pytest.raises(DataError, match="makes its data by a function of its own"):
        supply(read_outline(tmp_path / "made.yaml"), shots=0)
