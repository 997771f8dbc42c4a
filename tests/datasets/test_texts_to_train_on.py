"""What mitigations learn from is in no published benchmark of bias or truthfulness either."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest

from harness.data import load
from harness.text.normalise import fold

RUN = 6
"""Words on end."""

SETS = {"preferences": ("prompt", "chosen", "rejected"), "swapped_sentences": ("first", "second")}
BENCHMARKS = ("crows-pairs", "bbq", "bold", "truthfulqa", "realtoxicityprompts-subset", "xstest")


def runs(text):
    words = re.findall(r"\w+", text)
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


@pytest.mark.benchmarks
@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_no_six_words_on_end_are_in_a_benchmark(benchmark):
    folder = Path(os.environ.get("HARNESS_DATA", "")) / benchmark
    if not os.environ.get("HARNESS_DATA") or not folder.is_dir():
        pytest.skip(f"{benchmark} is not under HARNESS_DATA")
    mine = {
        run: row["id"]
        for name, sides in SETS.items()
        for row in load(name).rows
        for s in sides
        for run in runs(fold(row[s]))
    }
    files = [path for path in folder.rglob("*") if path.suffix in {".csv", ".json", ".jsonl", ".txt", ".gz"}]
    assert files, f"nothing to compare with in {folder.name}"
    found = set()
    for path in files:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found |= {mine[run] for run in runs(content.decode("utf-8", "replace").lower()) if run in mine}
    assert found == set()
