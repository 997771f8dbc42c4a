"""Variables by which `harness dashboard` tells the pages what they were started with."""

__all__ = ["ROLE", "STORE"]

STORE = "HARNESS_DASHBOARD_STORE"
"""The folder of runs."""
ROLE = "HARNESS_DASHBOARD_ROLE"
"""Who reads, where nobody logs in."""
