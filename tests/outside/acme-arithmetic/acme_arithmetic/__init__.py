"""A stranger's plugins for the harness: a probe and a backend."""
