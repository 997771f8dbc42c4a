"""Features of two texts of each document, one by the model and one not → how well, and whom, a classifier tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records import Absence, Counts, Estimate, Interval, Judged
from harness.seeds import derive
from harness.stats.calibration import brier
from harness.stats.compare import independent_difference
from harness.stats.cross_fit import LEAST, Told, paired_auc, told_apart
from harness.stats.rates import proportion
from harness.stats.roc import negatives_for, tpr_at_fpr
from harness.text.sentences import share_text
from harness.text.stylometry import FEATURES
from probes.summaries import by_group, share_of_units, tally
from probes.watermark.machine_text_card import (
    AUC,
    BRIER,
    CARD,
    CURVATURE,
    FALSE,
    FALSE_AT,
    FOUND,
    GAP,
    LENGTH,
    RATES,
)

__all__ = ["LIKELY", "NATIVE", "NON_NATIVE", "OTHERS", "OWN", "REGISTER", "STYLE_AND_LIKELIHOOD", "WRITER", "told_of"]

OWN, OTHERS = "own", "others"
"""Before the name of a value: of the model's text, and of what the document itself goes on with."""
LIKELY = ("curvature", "nats")
"""Values that another model gives: the curvature, and the mean log-likelihood of a token."""
STYLE_AND_LIKELIHOOD = (*FEATURES, *LIKELY)
"""What the classifier looks at, as far as it is there."""
REGISTER, WRITER = "register", "writer"
"""Groups of a document."""
NATIVE, NON_NATIVE = "native", "non-native"

EVEN = 0.5
"""Chance above which a text is called the model's."""
SURE = 0.99
"""Confidence at which lengths are compared: a false alarm withholds every other number."""

Result = Estimate | Absence
Floats = NDArray[np.float64]


def told_of(scores: Sequence[Judged], instrument: str | None) -> Iterator[Result]:
    """Every number of the card; nothing but the reason where documents are few, or lengths give the writer away.

    Args:
        scores: All cases, in an order that has nothing to do with what was written.
        instrument: What said how likely texts are; None where nothing did.
    """
    scored = [its for its in scores if its.score.values]
    names = [name for name in STYLE_AND_LIKELIHOOD if any(f"{OWN}/{name}" in its.score.values for its in scored)]
    reason = _withheld(scored, names)
    if reason:
        yield from (metric.absent(reason, tally(scores)) for metric in CARD.metrics if metric is not LENGTH)
    else:
        yield from _numbers(scores, scored, names, instrument)
    if len(scored) < 2:
        yield LENGTH.absent(f"two documents are needed, not {len(scored)}", tally(scores))
    else:
        yield LENGTH.estimate(_by(scored, "words", SURE), tally(scores))


def _numbers(
    scores: Sequence[Judged], scored: Sequence[Judged], names: Sequence[str], instrument: str | None
) -> Iterator[Result]:
    counts = tally(scores)
    told = told_apart(_table(scored, OWN, names), _table(scored, OTHERS, names), seed=derive(0, AUC.name))
    beside = instrument if set(names) & set(LIKELY) else None
    yield AUC.estimate(told.area, counts, instrument=beside)
    yield _curvature(scored, counts, instrument)
    yield from _at_rates(scored, told, beside)
    yield from _at_even_odds(scores, scored, told, beside)
    yield BRIER.estimate(_brier(scored, told), counts, instrument=beside)


def _withheld(scored: Sequence[Judged], names: Sequence[str]) -> str:
    """Why no number is told; empty where there are some."""
    if len(scored) < LEAST:
        return f"a classifier needs {LEAST} documents with two texts that can be compared, not {len(scored)}"
    if not names:
        return "no text has anything that a classifier could look at"
    length = _by(scored, "words", SURE)
    if length.low <= EVEN <= length.high:
        return ""
    return (
        f"INVALID: the number of words alone tells the texts apart ({length.value:.2f} of pairs, {100 * SURE:g} %"
        f" interval {length.low:.2f} to {length.high:.2f}, where 0.50 is chance), and texts are to be equally long"
    )


# ── the two texts of each document ────────────────────────────────────────────────────────


def _table(scored: Sequence[Judged], side: str, names: Sequence[str]) -> Floats:
    return np.array([[its.score.values.get(f"{side}/{name}", np.nan) for name in names] for its in scored])


def _by(scored: Sequence[Judged], name: str, confidence: float = 0.95) -> Interval:
    """How often the model's text has more of a value that both texts have."""
    values = [(its.score.values[f"{OWN}/{name}"], its.score.values[f"{OTHERS}/{name}"]) for its in scored]
    first, second = zip(*values, strict=True)
    return paired_auc(first, second, confidence=confidence)


def _curvature(scored: Sequence[Judged], counts: Counts, instrument: str | None) -> Result:
    both = [its for its in scored if f"{OWN}/{LIKELY[0]}" in its.score.values]
    if len(both) >= LEAST:
        return CURVATURE.estimate(_by(both, LIKELY[0]), counts, instrument=instrument)
    if instrument is None and not both:
        return CURVATURE.absent("no instrument is named by `reference`, which would ask another model", counts)
    return CURVATURE.absent(f"both texts of {len(both)} documents have a curvature; {LEAST} are needed", counts)


# ── rates ─────────────────────────────────────────────────────────────────────────────────


def _at_rates(scored: Sequence[Judged], told: Told, instrument: str | None) -> Iterator[Result]:
    """Shares above thresholds set by half of the other writers' texts: of the model's texts, and of the other half."""
    half, counts = len(scored) // 2, tally(scored)
    rest = tally(scored[half:])
    for metric, fpr in RATES:
        part = {} if metric is RATES[0][0] else {"threshold": f"meant for {share_text(fpr)}"}
        if len(scored) < negatives_for(fpr):
            reason = _too_few(len(scored), fpr)
            yield metric.absent(reason, counts)
            if not part:
                yield FALSE_AT.absent(reason, rest)
            continue
        own, others = told.first.tolist(), told.second.tolist()
        tpr, actual = tpr_at_fpr(own, others[half:], calibration=others[:half], fpr=fpr)
        yield metric.estimate(tpr, counts, instrument=instrument)
        yield FALSE_AT.estimate(actual, rest, slice=part, null=fpr, instrument=instrument)


def _too_few(others: int, fpr: float) -> str:
    """Why so many texts of others show no rate as low as that."""
    most = proportion(0, others, method="clopper-pearson").high
    return (
        f"a rate of {share_text(fpr)} needs {negatives_for(fpr):,} documents: none of {others:,} above a threshold"
        f" would only show that it lies below {share_text(most)}"
    )


def _at_even_odds(
    scores: Sequence[Judged], scored: Sequence[Judged], told: Told, instrument: str | None
) -> Iterator[Result]:
    """Shares that are called the model's, of its own texts and of others', by register and by who wrote them."""
    called = {
        its.case.id: (float(own > EVEN), float(others > EVEN))
        for its, own, others in zip(scored, told.first, told.second, strict=True)
    }
    slices: list[tuple[Mapping[str, str], Sequence[Judged]]] = [({}, scores)]
    slices += [({label: its}, part) for label in (REGISTER, WRITER) for its, part in by_group(scores, label).items()]
    for metric, side in ((FOUND, 0), (FALSE, 1)):
        for groups, part in slices:
            units = [(called[its.case.id][side], its.case.cluster) for its in part if its.case.id in called]
            yield share_of_units(metric, units, tally(part), groups=groups, instrument=instrument)
    yield _gap(scores, {name: others for name, (_, others) in called.items()}, instrument)


def _gap(scores: Sequence[Judged], accused: Mapping[str, float], instrument: str | None) -> Result:
    parts = by_group(scores, WRITER)
    known = [its for part in parts.values() for its in part]
    if not known:
        return GAP.absent(
            'no row says by "native", true or false, whether its writer wrote in a first language', tally([])
        )
    sides = [
        [accused[its.case.id] for its in parts.get(side, []) if its.case.id in accused] for side in (NON_NATIVE, NATIVE)
    ]
    if not all(sides):
        return GAP.absent(
            "texts of writers in a first and in a second language are needed, and one is missing", tally(known)
        )
    second, first = (proportion(int(sum(side)), len(side)) for side in sides)
    return GAP.estimate(independent_difference(second, first), tally(known), instrument=instrument)


def _brier(scored: Sequence[Judged], told: Told) -> Interval:
    chances, truth = np.concatenate([told.first, told.second]), [1] * len(scored) + [0] * len(scored)
    clusters = [its.case.cluster for its in scored]
    return brier(chances, truth, [*clusters, *clusters], seed=derive(0, BRIER.name))
