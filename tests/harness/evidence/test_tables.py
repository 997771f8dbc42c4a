"""Tables that older versions wrote are still read."""

from __future__ import annotations

from io import BytesIO

import pyarrow.parquet as pq

from harness.canonical import digest
from harness.evidence.tables import cases_from, cases_table
from harness.records import Case, GenerateAsk

BARE = Case("a/1", GenerateAsk("Who?"), {"x": [1]}, {"topic": "t"}, "a")
WORDED = Case("a/2", GenerateAsk("Q: Who\ud800?"), {}, {}, "a", wording="Who\ud800?")


def test_wordings_are_written_and_read_back_even_when_they_are_broken_unicode():
    cases = {"probe@data": (BARE, WORDED)}
    assert cases_from(cases_table(cases)) == cases


def test_a_table_from_before_there_were_wordings_is_read_and_its_digest_stands():
    table = pq.read_table(BytesIO(cases_table({"probe@data": (BARE,)}))).drop_columns(["wording"])
    sink = BytesIO()
    pq.write_table(table, sink)
    (case,) = cases_from(sink.getvalue())["probe@data"]
    assert case == BARE
    assert digest(case) == digest(
        {"id": "a/1", "ask": BARE.ask, "expected": {"x": [1]}, "groups": {"topic": "t"}, "cluster": "a", "arm": "main"}
    )
