"""What a run leaves behind: a folder that anyone can verify again, offline and without the model."""

from __future__ import annotations
