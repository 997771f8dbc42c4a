"""Variables by which `harness dashboard` tells the pages what they were started with."""

__all__ = ["LOGIN", "POLICIES", "ROLE", "STORE", "URL"]

STORE = "HARNESS_DASHBOARD_STORE"
"""The folder of runs."""
ROLE = "HARNESS_DASHBOARD_ROLE"
"""Who reads, where nobody logs in."""
POLICIES = "HARNESS_DASHBOARD_POLICIES"
"""JSON: files of further policies by name."""
LOGIN = "HARNESS_DASHBOARD_LOGIN"
"""The file that says who may log in as what; empty where nobody has to."""
URL = "HARNESS_DASHBOARD_URL"
"""Where the store really is, of which `STORE` is a copy; empty where it is no copy."""
