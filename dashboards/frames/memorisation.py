"""How far planted secrets are exposed, as a table."""

from __future__ import annotations

import pandas as pd

from harness.query import Exposures

__all__ = ["EXPOSED", "exposed"]

EXPOSED = ("bits", "least", "share", "low", "high", "chance", "secrets", "method")


def exposed(found: Exposures) -> pd.DataFrame:
    """Secrets by whole bits of exposure: a row for each bit; shares, and what chance gives, are of 100."""
    last = len(found.steps) - 1
    rows = [
        (
            f"{its.least} or more" if its.least == last else f"{its.least} to {its.least + 1}",
            its.least,
            *(100 * number for number in (its.share.value, its.share.low, its.share.high, its.chance)),
            its.share.n,
            its.share.method,
        )
        for its in found.steps
    ]
    return pd.DataFrame(rows, columns=list(EXPOSED))
