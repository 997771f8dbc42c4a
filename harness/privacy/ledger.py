"""What was done to private records, as frozen events: complete without any accountant, and readable by every one.

A training writes its events; claims are computed from them, then or years later. The two ways of not knowing are
events too: `NonPrivate`, whose epsilon is infinite, and `Unsupported`, which every accountant refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from harness.records import Value

__all__ = ["Event", "GaussianSteps", "Ledger", "NonPrivate", "Unsupported"]


@dataclass(frozen=True, slots=True)
class GaussianSteps:
    """Steps of the subsampled Gaussian mechanism: DP-SGD with one setting throughout.

    Attributes:
        player: The network that stepped.
        sample_rate: Probability of each record to be in a step, in (0, 1].
        noise_multiplier: Standard deviation of the noise on the sum of gradients, in units of ``clip``; above 0.
        clip: Largest l2 norm of one record's gradient; above 0.
        steps: Steps taken, empty batches included.
    """

    player: str
    sample_rate: float
    noise_multiplier: float
    clip: float
    steps: int

    def __post_init__(self) -> None:
        if not 0 < self.sample_rate <= 1:
            raise ValueError(f"a sample rate is in (0, 1], not {self.sample_rate}")
        for name, value in (("noise multiplier", self.noise_multiplier), ("clip", self.clip)):
            if not (isfinite(value) and value > 0):
                raise ValueError(f"a {name} is finite and above 0, not {value}")
        if self.steps < 0:
            raise ValueError(f"steps are at least 0, not {self.steps}")


@dataclass(frozen=True, slots=True)
class NonPrivate:
    """Records were used without privacy: epsilon is infinite.

    Attributes:
        reason: How, in one sentence.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something was done that no accountant here can price: epsilon is unknown.

    Attributes:
        reason: What, in one sentence.
    """

    reason: str


Event = GaussianSteps | NonPrivate | Unsupported
_KINDS: tuple[type[Event], ...] = (GaussianSteps, NonPrivate, Unsupported)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything a claim about one model rests on.

    Attributes:
        events: What was done, in order.
        sampling: How batches were drawn: ``poisson``, each record by itself.
        adjacency: Which data sets are neighbours: ``add or remove one record``.
        unit: What one record is: ``one passage of text``, ``one image``.
        records: Training records, those trained on several times counted so often.
        touched: What else saw the private records, and how; no event covers it.
        largest_unit: Most records that belong to one unit, repetitions included, at least 1.
    """

    events: tuple[Event, ...]
    sampling: str
    adjacency: str
    unit: str
    records: int
    touched: tuple[str, ...]
    largest_unit: int = 1

    def __post_init__(self) -> None:
        if self.records < 0 or not 1 <= self.largest_unit <= max(1, self.records):
            raise ValueError(f"{self.records} records with {self.largest_unit} in the largest unit")

    @property
    def gaussian(self) -> tuple[GaussianSteps, ...]:
        """The events that have a price."""
        return tuple(event for event in self.events if isinstance(event, GaussianSteps))

    def dump(self) -> dict[str, Value]:
        """JSON values that `parse` reads back."""
        events: list[Value] = [{"kind": type(event).__name__, **asdict(event)} for event in self.events]
        return {
            "events": events,
            "sampling": self.sampling,
            "adjacency": self.adjacency,
            "unit": self.unit,
            "records": self.records,
            "touched": list(self.touched),
            "largest_unit": self.largest_unit,
        }

    @classmethod
    def parse(cls, value: Any) -> Ledger:
        """Read what `dump` gave.

        Raises:
            ValueError: it is not a ledger.
        """
        fields = _fields(
            value, events=list, sampling=str, adjacency=str, unit=str, records=int, touched=list, largest_unit=int
        )
        if not all(isinstance(item, str) for item in fields["touched"]):
            raise ValueError("touched is a list of sentences")
        events = tuple(_event(item) for item in fields.pop("events"))
        return cls(events=events, touched=tuple(fields.pop("touched")), **fields)


def _event(value: Any) -> Event:
    kinds = {kind.__name__: kind for kind in _KINDS}
    if not isinstance(value, Mapping) or value.get("kind") not in kinds:
        raise ValueError(f"no such event: {str(value)[:80]!r}")
    rest = {name: item for name, item in value.items() if name != "kind"}
    if value["kind"] != "GaussianSteps":
        return kinds[value["kind"]](**_fields(rest, reason=str))
    return GaussianSteps(**_fields(rest, player=str, sample_rate=float, noise_multiplier=float, clip=float, steps=int))


def _fields(value: Any, **kinds: type) -> dict[str, Any]:
    """The entries of ``value``, exactly those named, each of its kind.

    Raises:
        ValueError: one is missing, one too many, or of another kind.
    """
    if not isinstance(value, Mapping) or set(value) != set(kinds):
        found = sorted(value) if isinstance(value, Mapping) else type(value).__name__
        raise ValueError(f"expected the fields {sorted(kinds)}, not {str(found)[:200]}")
    for name, kind in kinds.items():
        accepted = (int, float) if kind is float else kind
        if isinstance(value[name], bool) or not isinstance(value[name], accepted):
            raise ValueError(f"{name} is of the wrong kind: {str(value[name])[:80]!r}")  # noqa: TRY004  as for all stored data
    return {name: float(value[name]) if kind is float else value[name] for name, kind in kinds.items()}
