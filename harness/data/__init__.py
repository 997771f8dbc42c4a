"""Data sets: cards, and the one way in which rows are found, verified and read.

cards    what a card says, ours or a third party's, as one frozen record
reading  bytes of a JSONL, JSON, CSV or Parquet file → rows, or an error with its line
load     a name → verified `harness.contracts.Dataset`
"""

from __future__ import annotations

from harness.data.cards import DataFile, DatasetCard, read_card
from harness.data.load import available, load

__all__ = ["DataFile", "DatasetCard", "available", "load", "read_card"]
