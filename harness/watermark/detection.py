"""What a detector found, or that the text is too short for it; and what may be concluded from it.

A detector counts every *unit* once: what its hash reads, such as a token and the one before it. A repeated unit says
nothing new, and counting it again makes false alarms: a passage pasted four times raises the false alarms of z > 3 from
1 in 740 to 1 in 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, isfinite, log1p

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Detection", "TooShort", "if_long_enough", "of_several", "rank_p"]


@dataclass(frozen=True, slots=True)
class Detection:
    """One text looked at for one mark with one key.

    Attributes:
        scheme: Name of the scheme's module, such as ``kgw``.
        n: Units that were scored, at least 1, each of them once.
        repeats: Units left out because they had been scored before in this text.
        statistic: What the scheme adds up over its units; larger is more like the mark.
        expected: The statistic's mean for a text without the mark.
        p: Probability that a key drawn at random would fit this text as well: exact, one-sided, in (0, 1] but for
            marks so strong that it is below what doubles hold.
        z: The score that the scheme's authors publish, which may count repeats; None where they have none.
    """

    scheme: str
    n: int
    repeats: int
    statistic: float
    expected: float
    p: float
    z: float | None = None

    def __post_init__(self) -> None:
        numbers = (self.statistic, self.expected, self.p, 0.0 if self.z is None else self.z)
        if not all(isfinite(number) for number in numbers) or not 0 <= self.p <= 1:
            raise ValueError(f"a detection is finite and its p-value lies in [0, 1], not {self}")
        if self.n < 1 or self.repeats < 0:
            raise ValueError(f"a detection has at least one unit; fewer are TooShort, not {self}")


@dataclass(frozen=True, slots=True)
class TooShort:
    """There is no saying whether the text carries the mark.

    Attributes:
        scheme: Name of the scheme's module.
        n: Units that could be scored, 0 or more.
        needed: Units that would be needed; None where no length would do.
    """

    scheme: str
    n: int
    needed: int | None

    @property
    def reason(self) -> str:
        """One sentence for a reader."""
        if self.needed is None:
            return f"No text is long enough for {self.scheme} to show this mark at this level and power."
        return f"Too short to decide: {self.scheme} can score {self.n} different units here and needs {self.needed}."


def if_long_enough(found: Detection | TooShort, *, needed: int | None) -> Detection | TooShort:
    """Return ``found`` where it has the units that were ``needed`` for the power asked for, else say that it has not.

    Args:
        found: By a detector.
        needed: As `harness.watermark.lengths` gives it; None where no length would do.
    """
    if isinstance(found, Detection) and needed is not None and found.n >= needed:
        return found
    return TooShort(found.scheme, found.n, needed)


def rank_p(strengths: ArrayLike) -> float:
    """The p-value of a key among keys like it: its rank, ``(1 + #{others at least as strong}) / (others + 1)``.

    Exact when the key was drawn as the others were, whatever the text and whatever is wrong with the hash. It cannot
    be below 1 / (others + 1).

    Args:
        strengths: ``[1 + others]``, the key's own first; as a scheme's ``strengths`` gives them.

    Raises:
        ValueError: there are no others.
    """
    values = np.asarray(strengths, np.float64)
    if values.ndim != 1 or values.size < 2:
        raise ValueError(f"the key's own strength is compared with those of others, not {values.size} in all")
    return float((1 + (values[1:] >= values[0]).sum()) / values.size)


def of_several(ps: Sequence[float], *, independent: bool = False) -> float:
    """The p-value of the smallest of several: of several keys, schemes or places looked at in one text.

    Args:
        ps: At least one, each valid by itself.
        independent: Sidak's correction ``1 - (1 - p)^K``, which holds for different keys; else Bonferroni's ``K p``,
            which always holds.

    Raises:
        ValueError: there is none, or one is outside [0, 1].
    """
    if not ps or not all(0 <= p <= 1 for p in ps):
        raise ValueError(f"needs at least one p-value, each in [0, 1], not {list(ps)}")
    least, count = min(ps), len(ps)
    if not independent:
        return min(1.0, count * least)
    return 1.0 if least == 1 else -expm1(count * log1p(-least))
