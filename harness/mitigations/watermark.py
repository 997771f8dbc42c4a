"""A model marks what it makes, so that it can be recognised later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from harness.contracts import Backend
from harness.contracts.mitigations import LayeredBackend, MitigationCard, SteerableBackend, beneath
from harness.errors import UsageError, nearest
from harness.mitigations.watermark_card import CARD
from harness.records import Capability, Value
from harness.watermark.keys import check_variable
from harness.watermark.look import SCHEMES as OF_IMAGES

__all__ = ["OF_TEXTS", "Watermark"]

OF_TEXTS = ("kgw", "unigram", "gumbel", "synthid")
STRONGER_OR_WEAKER = ("kgw", "unigram", *OF_IMAGES)
"""Schemes with a strength; the others mark as much as chance leaves room for."""
FAINT = 1e-6
"""A strength at which no token and no pixel is another one than without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """A mark in all that a model makes.

    Attributes:
        scheme: Of texts: ``kgw``, ``unigram``, ``gumbel`` or ``synthid``. Of images: ``spread_spectrum`` or
            ``tree_ring``.
        strength: The dose, above 0: nats added to the logits of green tokens (kgw, unigram), standard deviation in
            levels of 0 to 255 (spread_spectrum), radius in frequencies (tree_ring). None for the scheme's default, and
            for the others, which have none.
        key_env: Environment variable that holds the key; None for the public test key, which anybody knows.
        settings: Others of a scheme of texts, such as ``{ gamma = 0.5 }``.
        replaces: True where the model marks its texts already: its own mark gives way to this one. So a mark can be
            tried at several strengths beside itself, too faint to change a word.
    """

    scheme: str = "kgw"
    strength: float | None = None
    key_env: str | None = None
    settings: Mapping[str, Value] | None = None
    replaces: bool = False
    card: ClassVar[MitigationCard] = CARD

    def __post_init__(self) -> None:
        known = (*OF_TEXTS, *OF_IMAGES)
        if self.scheme not in known:
            raise ValueError(f"scheme is one of {', '.join(known)}, not {self.scheme!r}.{nearest(self.scheme, known)}")
        if self.strength is not None and self.scheme not in STRONGER_OR_WEAKER:
            raise ValueError(f"strength is none that {self.scheme} has: it marks as much as chance leaves room for")
        if self.strength is not None and not 0 < self.strength <= 100:
            raise ValueError(f"strength is above 0 and at most 100, not {self.strength}")
        if self.settings is not None and self.scheme in OF_IMAGES:
            raise ValueError(f"settings are for schemes of texts; {self.scheme} has its strength alone")
        if self.strength is not None and "delta" in (self.settings or {}):
            raise ValueError("strength is the delta of this scheme: give one of both")
        if self.replaces and self.scheme in OF_IMAGES:
            raise ValueError(f"replaces is for schemes of texts; {self.scheme} needs no mark to be there before")
        check_variable(self.key_env, "key_env")

    @property
    def placebo(self) -> Mapping[str, Value] | None:
        """The same scheme too faint to change anything; none where a scheme has no strength, or needs a whole number.

        A tree-ring mark takes coefficients of the noise or leaves them; there is no faint one.
        """
        if self.scheme not in STRONGER_OR_WEAKER or self.scheme == "tree_ring" or "delta" in (self.settings or {}):
            return None
        return {"strength": FAINT}

    def material(self) -> Sequence[str]:
        """None: a mark shows no item."""
        return ()

    def misfit(self, target: Backend) -> str | None:
        """What cannot be told to mark, marks already, or has no mark that it could replace, does not fit."""
        if isinstance(target, LayeredBackend) and isinstance(beneath(target), SteerableBackend):
            return "the mark is put in where the model draws, over which another mitigation lies already: name it first"
        if not isinstance(target, SteerableBackend):
            return "the mark is put in while the model draws, which this backend does not let anyone change"
        wanted, what = (Capability.GENERATE, "texts") if self.scheme in OF_TEXTS else (Capability.DRAW, "images")
        if wanted not in target.capabilities:
            return f"{self.scheme} marks {what}, and this backend makes none"
        marks = Capability.MARK_TEXT in target.capabilities
        if marks and not self.replaces:
            return "it marks its texts already; replaces = true says that this mark takes the place of that one"
        if self.replaces and not marks:
            return "it puts no mark into its texts that this one could replace; leave replaces out"
        return None

    def apply(self, target: Backend, work: Path) -> Backend:
        """Return ``target`` as it marks what it makes.

        Raises:
            UsageError: it cannot, or its scheme has no such setting.
        """
        del work
        if not isinstance(target, SteerableBackend):
            raise UsageError(f"watermark: {self.misfit(target)}.")
        return target.steered(watermark=self.scheme, watermark_key_env=self.key_env, **self._strength())

    def _strength(self) -> dict[str, Any]:
        if self.scheme in OF_IMAGES:
            return {"watermark_strength": self.strength}
        delta = {} if self.strength is None else {"delta": self.strength}
        return {"watermark_settings": {**(self.settings or {}), **delta} or None}
