"""A stranger's model that can be told how strongly to mark its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import expm1
from typing import Any

from harness.backends.control import Control
from harness.watermark.kgw import GreenLists

FAINT = 1e-6


@dataclass(kw_only=True)
class Marker(Control):
    """The scripted model, which marks the more of its texts the larger delta is: 4 of 10 at a half, nearly all at 4.

    It marks by the default lists alone. By others it marks as much, and who looks for the default ones finds nothing:
    here it leaves these texts unmarked.
    """

    watermark: str = "kgw"
    watermark_key_env: str | None = None
    watermark_settings: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        lists = GreenLists(**(self.watermark_settings or {}))
        same = replace(lists, delta=GreenLists().delta) == GreenLists()
        self.marks_text = -expm1(-lists.delta if same else -FAINT)
        Control.__post_init__(self)

    def steered(self, **settings: Any) -> Marker:
        """Return it with another mark."""
        return replace(self, **settings)
