"""Adapters: each gives one kind of generative model its capabilities, and imports its heavy package inside itself."""
