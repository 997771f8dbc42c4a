"""First-party probes."""
