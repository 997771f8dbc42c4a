"""Effects in words: what moved, which way, by how much, with its interval."""

from __future__ import annotations

from harness.records import Better, Interval
from harness.study.records import Effect
from harness.text.sentences import DIFFERENCE, number, share_text

__all__ = ["moved", "named", "said", "size"]


def moved(effect: Effect) -> str:
    """Say what moved, in which direction, and by how much."""
    if effect.gain is not None and effect.better is Better.NULL and effect.null is not None:
        verb = "brought" if effect.gain.value > 0 else "moved"
        way = "closer to" if effect.gain.value > 0 else "away from"
        null = said(effect.null, effect.unit)
        return f"{verb} {named(effect)} {size(effect.gain, effect.unit)} {way} {null}{_from_to(effect)}"
    if effect.change is None:
        return f"has no change of {named(effect)}"
    verb = "raised" if effect.change.value > 0 else "lowered"
    return f"{verb} {named(effect)} by {size(effect.change, effect.unit)}{_from_to(effect)}"


def named(effect: Effect) -> str:
    """Title of the metric in quotation marks, with the group that it speaks of."""
    group = ", ".join(effect.slice.values())
    title = f"“{effect.title}”"
    return f"{title} for {group}" if group else title


def size(interval: Interval, unit: str, *, signed: bool = False) -> str:
    """Say a difference with its interval; of shares in points, which are hundredths."""
    points = unit in {"share", DIFFERENCE}
    scale = 100.0 if points else 1.0
    value, low, high = (scale * one for one in (interval.value, interval.low, interval.high))
    if not signed and value < 0:
        value, low, high = -value, -high, -low
    noun = ("point" if abs(value) == 1 else "points") if points else unit
    bounds = f"{interval.confidence * 100:g} % interval {_short(low)} to {_short(high)}"
    return f"{_short(value)} {noun} ({bounds})"


def said(value: float, unit: str) -> str:
    """Say a number: a share as so many of 100."""
    return share_text(value) if unit == "share" and 0 <= value <= 1 else number(value)


def _from_to(effect: Effect) -> str:
    if effect.before is None or effect.after is None:
        return ""
    return f", from {said(effect.before, effect.unit)} to {said(effect.after, effect.unit)}"


def _short(value: float) -> str:
    text = f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"
    return text.replace("-0", "0") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
