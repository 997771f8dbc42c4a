"""Links from findings to the single cases behind them."""

from __future__ import annotations

import streamlit as st

from dashboards.opened import library
from harness.query import Role

__all__ = ["samples_link"]


def samples_link(run: str, cell: str) -> None:
    """A link to the cases of one cell, for those who may see them.

    Args:
        run: Name of the bundle.
        cell: Probe and data set, ``probe@dataset``.
    """
    if library().role is not Role.POLICY:
        st.page_link("screens/samples.py", label="See its single cases", query_params={"run": run, "cell": cell})
