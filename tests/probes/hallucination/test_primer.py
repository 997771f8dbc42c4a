from __future__ import annotations

import re

import pytest

from harness.data import load
from harness.errors import DataError
from probes.hallucination.primer import OWN_PRIMER, primer


def test_our_primer_has_six_pairs_and_touches_no_question_of_the_set():
    asked = re.findall(r"^Q: (.*)$", OWN_PRIMER, re.MULTILINE)
    assert len(asked) == len(re.findall(r"^A: .+$", OWN_PRIMER, re.MULTILINE)) == 6
    assert not set(asked) & {row["question"] for row in load("facts_mc").rows}


def test_a_file_takes_its_place_without_trailing_space(tmp_path):
    path = tmp_path / "primer.txt"
    path.write_text("Q: One?\nA: One.\n\n")
    assert primer(str(path)) == "Q: One?\nA: One."


@pytest.mark.parametrize("data", [None, b"", b" \n", b"\xff"])
def test_a_file_that_holds_no_text_is_refused(tmp_path, data):
    path = tmp_path / "primer.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=r"primer\.txt"):
        primer(str(path))
