"""Pages about the runs of a store. They read `harness.query` and compute nothing."""
