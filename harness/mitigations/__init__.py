"""Mitigations that ship: each changes a backend, and is a plugin like anyone's."""
