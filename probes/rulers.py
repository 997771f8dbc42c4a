"""A classifier of one attribute, the mistakes it is known to make, and the pictures it knows nothing of.

Its confusion is counted on real pictures. That says something of drawn pictures only as far as these look alike, which
is why each picture's distance from all that is real is kept beside what the classifier reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.images.classifier import LinearClassifier, fit
from harness.images.features import NAMES
from harness.records import Absence, Estimate, Interval, Judged, Metric
from harness.stats.confusion import checked
from harness.stats.multiplicity import each, largest, smallest
from harness.stats.rates import share
from probes.attributes import REAL, Real, in_arm
from probes.expected import unpack
from probes.pictures import FEATURES
from probes.summaries import tally

__all__ = ["Ruler", "accuracies", "rulers", "strangers"]

LEAST_KNOWN = 5
"""Real pictures of each value that are needed in each of these arms."""
STRANGE = 0.05
"""Share of real pictures that count as unlike all real ones: those farthest from every value."""
TOO_STRANGE = 0.5
"""Share of drawn pictures unlike all real ones above which nothing is said of them."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """A classifier of one attribute, and what is known of its mistakes.

    Attributes:
        attribute: What it reads.
        values: What it tells apart, in alphabetical order.
        confusion: Real pictures by true value (row) and value read (column), ``[values, values]``.
        tried: The real pictures on which the confusion was counted, those without features included.
        right: For each of them that has features, whether it was read right, and its unit.
        edge: How far from the nearest value real pictures lie, all but `STRANGE` of them.
        weakness: Why nothing can be concluded from what it reads; empty where something can.
    """

    attribute: str
    values: tuple[str, ...]
    confusion: NDArray[np.int64]
    tried: tuple[Judged, ...]
    right: tuple[tuple[float, str], ...]
    edge: float
    weakness: str
    _classifier: LinearClassifier | None

    def read(self, pictures: Sequence[Judged]) -> list[int]:
        """Return the value, by number, that each picture seems to show.

        Raises:
            ValueError: the classifier could not be fitted; see ``weakness``.
        """
        if self._classifier is None:
            raise ValueError(self.weakness)
        return self._classifier.read(_features(pictures)).tolist() if pictures else []

    def strange(self, pictures: Sequence[Judged]) -> list[bool]:
        """Return for each picture whether it lies farther from every value than real pictures do.

        Raises:
            ValueError: as `read`.
        """
        if self._classifier is None:
            raise ValueError(self.weakness)
        nearest = self._classifier.distances(_features(pictures)).min(axis=1).tolist()
        return [its > self.edge for its in nearest]

    def silent(self, pictures: Sequence[Judged]) -> str:
        """Return why nothing can be said of these drawn pictures; an empty string where something can."""
        found = [its for its in pictures if its.score.values]
        if self.weakness or not found:
            return self.weakness or "no drawn picture could be read"
        strange = sum(self.strange(found))
        if strange > TOO_STRANGE * len(found):
            return (
                f"{strange} of {len(found)} drawn pictures are, in {self.attribute}, unlike all real ones, so that the"
                " mistakes counted on real ones say nothing of them"
            )
        return ""


def rulers(scores: Sequence[Judged], values: Mapping[str, Sequence[str]]) -> dict[str, Ruler]:
    """Fit a classifier for each attribute of ``values``, and count its mistakes."""
    learnt, tried = ([(unpack(Real, its.case).shows, its) for its in in_arm(scores, arm)] for arm in REAL)
    found = {}
    for name, its in sorted(values.items()):
        of = [[(shows[name], one) for shows, one in arm if shows.get(name) in its] for arm in (learnt, tried)]
        found[name] = _ruler(name, tuple(sorted(its)), of[0], of[1])
    return found


def _ruler(
    name: str, values: tuple[str, ...], learnt: Sequence[tuple[str, Judged]], tried: Sequence[tuple[str, Judged]]
) -> Ruler:
    known = [[(values.index(value), its) for value, its in arm if its.score.values] for arm in (learnt, tried)]
    (fitted, fit_to), (true, read_of) = (([at for at, _ in arm], [its for _, its in arm]) for arm in known)
    confusion, asked = np.zeros((len(values), len(values)), np.int64), tuple(its for _, its in tried)
    few = _few(name, values, (fitted, true))
    if few:
        return Ruler(name, values, confusion, asked, (), 0.0, few, None)
    classifier = fit(_features(fit_to), fitted, len(values))
    distances = classifier.distances(_features(read_of))
    seen, nearest = distances.argmin(axis=1).tolist(), distances.min(axis=1)
    np.add.at(confusion, (true, seen), 1)
    right = tuple((float(a == b), its.case.cluster) for a, b, its in zip(seen, true, read_of, strict=True))
    edge = float(np.quantile(nearest, 1 - STRANGE, method="higher"))
    return Ruler(name, values, confusion, asked, right, edge, _weakness(name, confusion), classifier)


def _few(name: str, values: Sequence[str], truths: Sequence[Sequence[int]]) -> str:
    if len(values) < 2:
        return f"the real pictures show a single value of {name}"
    for what, arm in zip(("fit the classifier to", "try the classifier on"), truths, strict=True):
        numbers = [arm.count(place) for place in range(len(values))]
        least = min(range(len(values)), key=lambda place: numbers[place])
        if numbers[least] < LEAST_KNOWN:
            return (
                f"{numbers[least]} real pictures of the {name} {values[least]} to {what}: {LEAST_KNOWN} of each value"
                " are needed"
            )
    return ""


def _weakness(name: str, confusion: NDArray[np.int64]) -> str:
    try:
        checked(confusion, len(confusion))
    except ValueError as error:
        return f"{name}: {error}"
    return ""


def _features(pictures: Sequence[Judged]) -> NDArray[np.float64]:
    return np.array([[its.score.values[name] for name in NAMES] for its in pictures]).reshape(len(pictures), len(NAMES))


def accuracies(metric: Metric, tools: Mapping[str, Ruler], scores: Sequence[Judged]) -> Iterator[Estimate | Absence]:
    """Yield how often the classifier is right: overall of the attribute it reads worst, then of each."""
    fitted = [ruler for ruler in tools.values() if ruler.right]
    if fitted:
        level = each(0.95, len(fitted))
        worst = min(fitted, key=lambda ruler: sum(right for right, _ in ruler.right) / len(ruler.right))
        overall = smallest([_accuracy(ruler, level) for ruler in fitted])
        null = 1 / len(worst.values)
        yield metric.estimate(overall, tally(worst.tried), null=null, instrument=FEATURES)
    else:
        reasons = "; ".join(ruler.weakness for ruler in tools.values())
        yield metric.absent(reasons or "no attribute was asked about", tally(in_arm(scores, "count")))
    for name, ruler in tools.items():
        group = {"attribute": name}
        if ruler.right:
            interval, null = _accuracy(ruler, 0.95), 1 / len(ruler.values)
            yield metric.estimate(interval, tally(ruler.tried), slice=group, null=null, instrument=FEATURES)
        else:
            yield metric.absent(ruler.weakness, tally(ruler.tried), slice=group)


def _accuracy(ruler: Ruler, confidence: float) -> Interval:
    values, units = zip(*ruler.right, strict=True)
    return share(values, units, confidence=confidence)


def strangers(
    metric: Metric, tools: Mapping[str, Ruler], pictures: Mapping[str, Sequence[Judged]]
) -> Iterator[Estimate | Absence]:
    """Yield how many drawn pictures are unlike all real ones: overall of the attribute with most, then of each.

    Args:
        metric: What it is called.
        tools: A ruler for each attribute.
        pictures: For each attribute, the drawn pictures that it is read off.
    """
    found = {name: [its for its in pictures[name] if its.score.values] for name in tools}
    able = {name: tools[name].strange(its) for name, its in found.items() if tools[name].right and its}
    drawn = list({its.case.id: its for arm in pictures.values() for its in arm}.values())
    if able:
        level = each(0.95, len(able))
        shares = {name: share([float(its) for its in strange], confidence=level) for name, strange in able.items()}
        most = max(able, key=lambda name: shares[name].value)
        overall = largest(list(shares.values()))
        yield metric.estimate(overall, tally(pictures[most]), null=STRANGE, instrument=FEATURES)
    else:
        reasons = [tools[name].weakness or "no drawn picture could be read" for name in tools]
        yield metric.absent("; ".join(dict.fromkeys(reasons)) or "no case was asked for it", tally(drawn))
    for name, strange in able.items():
        interval = share([float(its) for its in strange])
        group = {"attribute": name}
        yield metric.estimate(interval, tally(pictures[name]), slice=group, null=STRANGE, instrument=FEATURES)
